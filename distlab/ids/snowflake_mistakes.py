"""Snowflake as it is often published: twenty lines that are right on a good day."""

from collections.abc import Callable
from contextlib import suppress

from distlab.host import Host
from distlab.ids.layout import Layout
from distlab.ids.snowflake import Clock, ClockMovedBackwards, NotYet, SequenceExhausted


class TrustingSnowflake:
    """Does not see that the clock has moved back, and makes the ids of those milliseconds again."""

    def __init__(self, worker_id: int, clock: Clock, layout: Layout) -> None:
        self.worker_id = worker_id
        self.now_ms = clock.now_ms
        self.layout = layout
        self.max_sequence = layout.highest("sequence")
        self.last_ms = -1
        self.sequence = 0

    def next_id(self) -> int:
        now_ms = self.now_ms()
        if now_ms == self.last_ms:
            self.sequence += 1
            if self.sequence > self.max_sequence:
                raise SequenceExhausted("no more ids in this millisecond", 1)
        else:
            self.sequence = 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)

    def make(self, ms: int, sequence: int) -> int:
        """The id of this worker with these two other parts."""
        time = ms - self.layout.epoch_ms
        return self.layout.make(time=time, worker_id=self.worker_id, sequence=sequence)


class ResetsFirstSnowflake(TrustingSnowflake):
    """Refuses while the clock is behind, but has set the sequence back before it says so.

    When the clock comes to `last_ms` again, that millisecond's numbers begin anew.
    """

    def next_id(self) -> int:
        now_ms = self.now_ms()
        if now_ms == self.last_ms:
            self.sequence += 1
            if self.sequence > self.max_sequence:
                raise SequenceExhausted("no more ids in this millisecond", 1)
        else:
            self.sequence = 0
        if now_ms < self.last_ms:
            back_ms = self.last_ms - now_ms
            raise ClockMovedBackwards(f"the clock moved back by {back_ms} ms", back_ms)
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


class OverflowingSnowflake(TrustingSnowflake):
    """Adds a sequence without a bound: when it is full it carries into the worker's bits."""

    def next_id(self) -> int:
        now_ms = self.now_ms()
        self.sequence = self.sequence + 1 if now_ms == self.last_ms else 0
        self.last_ms = now_ms
        return self.make(now_ms, 0) + self.sequence


LOOK_MS = 0.05


async def spin(host: Host, make: Callable[[], int]) -> int:
    """When a millisecond is used up, loop `while now <= last: now = clock()`, without a bound.

    A real loop would keep a processor busy. Here each look costs a little virtual time.
    """
    try:
        return make()
    except SequenceExhausted:
        while True:
            await host.sleep(LOOK_MS)
            with suppress(NotYet):
                return make()
