"""Clocks that are wrong, as real ones are.

A machine has two clocks. The **wall clock** (`now_us`) says what time it believes it is: it may be
ahead (skew), run too fast (drift) and be set back by an administrator or by NTP (jump). The
**monotonic clock** only measures durations: it drifts as the same crystal does, but never jumps.
Timers run on it, as they do in real systems (`CLOCK_MONOTONIC`).
"""

EPOCH_US = 1_767_225_600_000_000
"""The virtual run begins on 2026-01-01 00:00 UTC."""


class Clock:
    """One machine's clocks, as functions of the true (virtual) time in microseconds.

    At the beginning the monotonic clock shows `uptime_us`: so long the machine has been on.
    """

    def __init__(self, skew_us: int = 0, drift_ppm: int = 0, uptime_us: int = 0) -> None:
        self._offset_us = EPOCH_US + skew_us - uptime_us
        self.drift_ppm = drift_ppm
        self._since_us = 0  # true time of the last change of drift
        self._elapsed_us = uptime_us  # what the monotonic clock showed then

    def monotonic_us(self, true_us: int) -> int:
        elapsed = true_us - self._since_us
        return self._elapsed_us + elapsed + elapsed * self.drift_ppm // 1_000_000

    def now_us(self, true_us: int) -> int:
        return self._offset_us + self.monotonic_us(true_us)

    def jump(self, by_us: int) -> None:
        """Set the wall clock forward (or back, if negative) by `by_us`."""
        self._offset_us += by_us

    def drift(self, ppm: int, true_us: int) -> None:
        """From `true_us` on run `ppm` millionths too fast (negative: too slow)."""
        self._elapsed_us = self.monotonic_us(true_us)
        self._since_us = true_us
        self.drift_ppm = ppm

    def when_us(self, monotonic_us: int) -> int:
        """The true time at which the monotonic clock first shows `monotonic_us`."""
        elapsed = monotonic_us - self._elapsed_us
        return self._since_us - (-elapsed * 1_000_000 // (1_000_000 + self.drift_ppm))
