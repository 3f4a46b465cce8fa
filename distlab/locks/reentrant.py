"""Reentrancy: a holder may take its lock again, and holds it until it has given it back as often.

    stock = ReentrantLock(RedisLock(redis, "stock"))
    async with stock:          # asks the server
        async with stock:      # counts
            ...

The server cannot help: it sees a token, and does not know who stands behind it. So the holder
counts. But who is the holder? With threads, it is a thread. With asyncio it is a task. Another task
that asks by the same object is refused (`ObjectInUse`), even one that the holder has started: for
both would be inside at once.

There is a hidden price: an inner block runs in the time that the outer block has left. So each new
entry extends the lock to a whole timeout, and notices if the lock was lost meanwhile.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Self

from distlab.locks.lock import Lock, NotAcquired


class ReentrantLock:
    """Counts how often `lock` was acquired. It ends as `lock` would, with the same errors.

    Do not wait by `asyncio.wait_for(lock.acquire(), ...)`: in Python 3.11 that asks in a task of
    its own. Use `blocking_timeout`, or `asyncio.timeout`.
    """

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.depth = 0

    async def acquire(self, **options: Any) -> bool:
        """Take the lock once more, and return whether it is ours. Raises `LockNotOwned` when it was
        ours and is no longer, and `ObjectInUse` when another task is inside.
        """
        self.lock.require_own_task("acquire")
        if self.depth and self.lock.timeout is not None:
            seconds = max(self.lock.timeout, self.lock.remaining_ms() / 1000)
            await self.lock.extend(seconds, replace_ttl=True)
        elif not self.depth and not await self.lock.acquire(**options):
            return False
        self.depth += 1
        return True

    async def release(self) -> None:
        """Undo the last `acquire`; the last release gives back the lock.

        After `OutcomeUnknown` it may be called again.
        """
        await self._leave(self.lock.release)

    @property
    def fencing_token(self) -> int | None:
        """The same on all levels: to the resource they are one holder."""
        return self.lock.fencing_token

    async def __aenter__(self) -> Self:
        if await self.acquire():
            return self
        raise NotAcquired(f"{self.lock.name!r} was not free within the time given")

    async def __aexit__(self, *error: Any) -> None:
        await self._leave(self.lock.__aexit__, *error)

    async def _leave(self, give_back: Callable[..., Awaitable[None]], *error: Any) -> None:
        self.lock.require_own_task("release")
        if self.depth > 1:
            self.depth -= 1
            return
        try:
            await give_back(*error)
        finally:
            self.depth = 0 if self.lock.local.token is None else 1
