"""Hosts for tests: one whose clock is moved by hand, one on asyncio."""

from random import Random

from distlab.real.host import AsyncioHost

NOW_MS = 1_767_225_600_000


class Hand:
    """A clock that is set by the test."""

    def __init__(self, now_ms=NOW_MS, name="hand", seed=1):
        self.now = now_ms
        self.name = name
        self.random = Random(f"{seed}/{name}")

    def now_ms(self):
        return self.now

    def monotonic_ms(self):
        return self.now

    async def sleep(self, ms):
        self.now += ms


class OnAsyncio(AsyncioHost):
    """An asyncio program whose clock may be wrong."""

    skew_ms = 0

    def now_ms(self):
        return super().now_ms() + self.skew_ms
