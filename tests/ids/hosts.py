"""Hosts for tests: one whose clock is moved by hand, one on asyncio."""

import asyncio
import time
from random import Random

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


class OnAsyncio:
    """An asyncio program as a host."""

    def __init__(self, name="asyncio"):
        self.name = name
        self.random = Random()
        self.skew_ms = 0

    def now_ms(self):
        return time.time_ns() // 1_000_000 + self.skew_ms

    def monotonic_ms(self):
        return time.monotonic_ns() // 1_000_000

    async def sleep(self, ms):
        await asyncio.sleep(ms / 1000)

    def spawn(self, coroutine):
        return asyncio.create_task(coroutine)
