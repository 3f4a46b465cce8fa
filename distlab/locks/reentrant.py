"""Reentrancy: who has the lock may take it again, and has it until the last one is given back.

    stock = ReentrantLock(RedisLock(redis, "stock"))
    async with stock:          # asks the server
        async with stock:      # counts
            ...

The server is no help here: it sees a token, and cannot know who stands behind it. So the holder
counts, and that leaves a question which each language answers in its own way: who is "who"? A
thread, where there are threads. In asyncio a task; but a task starts others and passes them its
work. Here it is whoever has this object: give it to a second task, and both are inside at once.

The other price is hidden: an inner block runs in the time that the outer one has left. So each new
entry sees to it that a whole timeout is left, and finds out if the lock was lost meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

from distlab.locks.lock import Lock, NotAcquired


class ReentrantLock:
    """Counts how often `lock` was acquired. It ends as `lock` would, with the same errors."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.depth = 0

    async def acquire(self, **options: Any) -> bool:
        """Whether it is ours, once more. Raises `LockNotOwned` when it was and is no longer."""
        if self.depth and self.lock.timeout is not None:
            seconds = max(self.lock.timeout, self.lock.remaining_ms() / 1000)
            await self.lock.extend(seconds, replace_ttl=True)
        elif not self.depth and not await self.lock.acquire(**options):
            return False
        self.depth += 1
        return True

    async def release(self) -> None:
        """Give back what the last `acquire` got; the first one's gives back the lock.

        After `OutcomeUnknown` it may be called again.
        """
        await self._leave(self.lock.release)

    @property
    def fencing_token(self) -> int | None:
        """One for all levels: to the resource it is one holder."""
        return self.lock.fencing_token

    async def __aenter__(self) -> Self:
        if await self.acquire():
            return self
        raise NotAcquired(f"{self.lock.name!r} was not free within the time given")

    async def __aexit__(self, *error: Any) -> None:
        await self._leave(self.lock.__aexit__, *error)

    async def _leave(self, give_back: Callable[..., Awaitable[None]], *error: Any) -> None:
        if self.depth > 1:
            self.depth -= 1
            return
        try:
            await give_back(*error)
        finally:
            self.depth = 0 if self.lock.local.token is None else 1
