"""Renewing a lock while its holder works.

    async with lock, Watchdog(lock, max_age=60) as watchdog:
        for order in orders:
            watchdog.still_mine()  # raises LockLost
            await ship(order, token=lock.fencing_token)

A short timeout frees the lock of a dead holder soon, and a watchdog lets a living holder keep it.
This has two prices. Renewals can fail while the holder works: a watchdog that tells nobody is worse
than none. And a watchdog keeps the lock of a holder that is alive but stuck: so it has a maximum
age.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Self

from redis.exceptions import RedisError

from distlab.host import BadInput, Refused, ended, is_number
from distlab.locks.lock import Lock, LockLost, NotAcquired


class Watchdog:
    """Renews `lock`, which is held, every third of its timeout.

    It ends with `stop`, or when the lock is lost or given back. After `max_age` seconds (default:
    ten timeouts) it renews no more, and the lock ends by itself. When the lock is lost, `on_lost`
    is called once with the error that `still_mine` raises from then on. `problem` says why the last
    renewal failed, or is empty. Raises `BadInput` for a lock without timeout and for a `max_age`
    below the timeout.
    """

    def __init__(
        self,
        lock: Lock,
        max_age: float | None = None,
        on_lost: Callable[[LockLost], object] | None = None,
    ) -> None:
        if lock.timeout_ms is None:
            raise BadInput(f"lock {lock.name!r} has timeout None: there is nothing to renew")
        max_age = lock.timeout_ms / 100 if max_age is None else max_age
        if not is_number(max_age) or not 1000 * max_age >= lock.timeout_ms:
            raise BadInput(f"max_age {max_age!r}: seconds, at least the timeout {lock.timeout!r}")
        self.lock, self.host = lock, lock.host
        self.timeout_ms, self.max_age_ms = lock.timeout_ms, 1000 * max_age
        self.on_lost = on_lost
        self.problem = ""
        self.lost: LockLost | None = None
        self._task: Any = None
        self._token: bytes | None = None  # of the claim that it renews, until it is stopped

    def still_mine(self) -> None:
        """Raises `LockLost` when the lock is over by our own clock: the holder has to stop.

        The holder need not hear of it from the server, and perhaps never will.
        """
        self._look()
        if self.lost is not None:
            raise self.lost
        self.lock.still_mine()

    def start(self) -> None:
        """Begin to renew. Raises `NotAcquired` when the lock is not held."""
        if self.lock.local.token is None:
            raise NotAcquired(f"{self.lock.name!r} was not acquired: there is nothing to renew")
        self.problem, self.lost, self._token = "", None, self.lock.local.token
        self._task = self.host.spawn(self._watch())

    def stop(self) -> None:
        """Renew no more. This cancels only a sleep: redis-py, cancelled in the middle of a command,
        may lose the cancellation or fail. A renewal that is on its way goes on; when the lock is no
        longer ours it changes nothing.
        """
        self._token = None
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        old_ms = self.host.monotonic_ms() + self.max_age_ms
        while self.lost is None:
            await self.host.sleep(max(0, min(self.timeout_ms / 3, self.lock.remaining_ms())))
            if self._given_back():
                return
            too_old = self.host.monotonic_ms() >= old_ms
            if too_old:
                self.problem = f"held for {self.max_age_ms / 1000:g} s: it is renewed no more"
            self._look()
            longer = self.lock.remaining_ms() > self.timeout_ms  # its holder has extended it
            if not too_old and not longer and self.lost is None:
                self.host.spawn(self._renew())  # even if the last one has no answer yet

    def _given_back(self) -> bool:
        """Whether there is nothing to renew: the lock object may have a new claim by now."""
        return self._token is None or self.lock.local.token != self._token

    async def _renew(self) -> None:
        try:
            await self.lock.reacquire()
            self.problem = ""
        except (Refused, RedisError, TimeoutError) as error:  # it is ours until its time is over
            self.problem = str(error)
        self._look()

    def _look(self) -> None:
        """Report the loss, once, when the lock is over by our own clock."""
        if self._given_back() or self.lost is not None:
            return
        if self.lock.remaining_ms() <= 0:
            why = self.problem or "the renewal comes too late"
            self.lost = LockLost(f"lock {self.lock.name!r} is lost: its time is over ({why})")
            if self.on_lost is not None:
                self.on_lost(self.lost)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.stop()


async def while_held(lock: Lock, work: Coroutine[Any, Any, Any], make: Any = Watchdog) -> Any:
    """Do `work` while a watchdog renews `lock`, and return its result. The caller releases.

    When the lock is lost the work is cancelled, whatever it waits for just then; this raises
    `LockLost`. When the caller is cancelled, so is the work. In both cases this ends after the
    work has ended: until then it may still write, and the lock is renewed.
    """
    task: Any
    with lock.host.keeping_cancellation():
        async with make(lock, on_lost=lambda lost: task.cancel()) as watchdog:
            task = lock.host.spawn(work)
            try:
                return await task
            except (Exception, GeneratorExit):  # the work's own; or the simulated world has ended
                raise
            except BaseException:  # the work was cancelled, or we were
                await _end(task)
                if watchdog.lost is not None:
                    raise watchdog.lost from None
                raise


async def _end(task: Any) -> None:
    """Cancel the task, and wait for its end, even when we are cancelled once more meanwhile."""
    task.cancel()
    while not ended(task):
        try:
            await task
        except GeneratorExit:
            raise
        except BaseException:
            continue
