"""An asyncio program as a host: what a simulated machine gives to protocol code, for real.

    host = AsyncioHost()
    lock = RedisLock(redis.asyncio.Redis(), "stock", host=host)

A host is not bound to an event loop. It serves the loop that is running when it is asked, and later
the next one.
"""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Coroutine, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from random import Random, SystemRandom
from typing import Any

from distlab.host import keeping

INSIST_S = 0.1
"""A library can swallow a cancellation. After this time it is sent again."""


class Spawned(asyncio.Task[Any]):
    """A task that goes on when a waiter is cancelled, as the port promises.

    A plain task of asyncio would be cancelled with its first waiter, and all other waiters with it.
    """

    def __await__(self) -> Generator[Any, None, Any]:
        return super().__await__() if self.done() else asyncio.shield(self).__await__()


class AsyncioHost:
    """This process under a name of your choice. The default name is made of machine and pid. The
    default `random` is the system's: after a fork another one would repeat itself in the child.

    A source of randomness of your choice gets a new seed in the child of a fork. Otherwise parent
    and child would draw the same numbers. The default source has no seed.

    `async with AsyncioHost() as host:` closes it in the end. A task that fails raises its error in
    all its waiters. If there is none, asyncio's exception handler reports the error as soon as the
    task is dropped.
    """

    def __init__(self, name: str | None = None, random: Random | None = None) -> None:
        self._name = name
        self.random = random or SystemRandom()
        if random and hasattr(os, "register_at_fork"):  # there is no fork on Windows
            os.register_at_fork(after_in_child=random.seed)
        self._tasks: set[asyncio.Task[Any]] = set()  # asyncio itself refers to them only weakly

    @property
    def name(self) -> str:
        """Your choice, or a name that differs after a fork."""
        return self._name or f"{platform.node()}-{os.getpid()}"

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    async def sleep(self, ms: float) -> None:
        await asyncio.sleep(ms / 1000)

    def timeout(self, ms: float) -> AbstractAsyncContextManager[Any]:
        return asyncio.timeout(ms / 1000)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = Spawned(coroutine, loop=asyncio.get_running_loop())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def this_task(self) -> asyncio.Task[Any]:
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in one
        return task

    def keeping_cancellation(self) -> AbstractContextManager[None]:
        return keeping(self.this_task().cancelling, asyncio.CancelledError)

    async def close(self) -> None:
        """End all tasks that were spawned on this loop. Raises an `ExceptionGroup` of the errors
        of tasks that failed while they were being ended.
        """
        here, me = asyncio.get_running_loop(), asyncio.current_task()
        tasks = {task for task in self._tasks if task.get_loop() is here and task is not me}
        running = tasks
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=INSIST_S)
        ended = [task.exception() for task in tasks if not task.cancelled()]
        if errors := [error for error in ended if isinstance(error, Exception)]:
            raise ExceptionGroup(f"{self.name}: tasks failed in the end", errors)

    async def __aenter__(self) -> AsyncioHost:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


THIS_PROCESS = AsyncioHost()
"""The host of a program that needs no name of its own."""
