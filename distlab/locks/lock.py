"""What all locks of this chapter have in common: asking, waiting, giving back.

    async with RedisLock(redis, "stock", timeout=10) as lock:
        await shop.sell(token=lock.fencing_token)

The interface is the one of redis-py's asyncio `Lock`: durations are seconds, `acquire` answers True
or False. A lock fills in what begins with `do_`. Every lock here but the advisory one is a *lease*:
it ends by itself after `timeout`, whether its holder is ready or not, so that a dead holder does
not lock out everybody for ever. Hence three things that the interface cannot hide:

* a lock may be lost while its holder works: `still_mine` says what the holder can know of it;
* what protects the resource in the end is the fencing token (`distlab.locks.fencing`);
* no answer is no refusal. It is raised as `OutcomeUnknown`, and what may have been locked is given
  back; if that fails too, it ends after `timeout`. With `timeout=None` it stays locked until the
  server answers again and, if its asker does not live to see that, for ever. (So does what reaches
  the server minutes after it was sent.)

**What a fencing token promises.** Of two acquisitions of a lock the later one has the higher token,
as long as the server that counts keeps its data. A server that comes back empty, or a replica that
takes over and had not heard the latest number yet, gives numbers again that are in use. `Redlock`
has no counter that all its servers share, and so no token at all.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, Self

from redis import exceptions
from redis.exceptions import LockError, LockNotOwnedError

from distlab.host import BadInput, Host, Refused, Unavailable, ended
from distlab.locks.arguments import as_bytes, patience_ms, whole_ms

WITHDRAWN_MS = 5
"""How often a new claim looks whether the last one is undone."""

INSIST_MS = 1_000
"""How often we try again to give back what would never end."""

LATE_MS = 128_000
"""For about so long a question that nobody has answered may still be on its way."""

IT_STAYS = "timeout None: it may be locked until the server answers again"


def this_process() -> Host:
    """The host of a lock that was given none. Only real clients need it, so it is loaded late."""
    from distlab.locks.process import THIS_PROCESS

    return THIS_PROCESS


class NotAcquired(LockError, Refused):
    """Somebody else has the lock, or nobody: it is not ours to work under or to give back."""


class LockNotOwned(LockNotOwnedError, Refused):
    """The lock is no longer ours: it has expired, and perhaps somebody else has it."""


class LockLost(LockNotOwned):
    """The lock is lost, or may be, while its holder works: the holder has to stop."""


class OutcomeUnknown(LockError, TimeoutError):
    """No answer came. What was asked for may have happened, or may yet happen."""


CERTAIN = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.BusyLoadingError,
    exceptions.MaxConnectionsError,
)
"""Errors of the connection after which nothing was executed for certain."""


@contextmanager
def asking(what: str, name: str) -> Iterator[None]:
    """When no answer comes, nobody knows what has become of the question: `OutcomeUnknown`."""
    try:
        yield
    except CERTAIN:
        raise
    except (exceptions.ConnectionError, exceptions.TimeoutError, TimeoutError) as error:
        if isinstance(error.__cause__, CERTAIN):  # redis-py says so of a wrong password
            raise error.__cause__ from None
        raise OutcomeUnknown(f"no answer to {what} of {name!r}: {reason(error)}", name) from error


def reason(error: Exception) -> str:
    """What an error says, or its name: a time-out often says nothing."""
    return str(error) or type(error).__name__


class Held(NamedTuple):
    """The lock is ours until the asker's monotonic clock shows `until_ms`."""

    until_ms: float
    fencing_token: int | None = None


class Busy(NamedTuple):
    """Somebody else has it, for at most `for_ms` more (None: unknown, or for ever)."""

    for_ms: float | None = None


class Lock:
    """One claim to the lock called `name`. Who shares a lock object shares the claim.

    `timeout` seconds after it was acquired or last extended the lock ends; None: never. A waiter
    looks again every `sleep` seconds or, where a release wakes it, less often. `thread_local` is
    accepted as redis-py accepts it and changes nothing: an asyncio client belongs to one event
    loop, and that to one thread. `host` None: the process that we are in. Raises `BadInput` for
    wrong values.
    """

    longest_pause_ms = 0
    """Of a waiter that can trust to be woken."""

    def __init__(
        self,
        name: str | bytes,
        timeout: float | None = 10.0,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
        *,
        host: Host | None = None,
    ) -> None:
        if not isinstance(name, str | bytes) or not name:
            raise BadInput(f"a lock's name is {name!r}: a text of at least one character is needed")
        try:
            self._text = name if isinstance(name, str) else name.decode()
        except UnicodeDecodeError:
            raise BadInput(f"a lock's name is {name!r}: bytes have to be UTF-8") from None
        self.name, self.timeout, self.sleep = name, timeout, sleep
        self.timeout_ms = None if timeout is None else whole_ms("timeout", timeout)
        whole_ms("sleep", sleep)
        patience_ms(blocking_timeout)
        self.blocking, self.blocking_timeout = blocking, blocking_timeout
        self.thread_local = bool(thread_local)
        self.raise_on_release_error = raise_on_release_error
        self.host = host or this_process()
        self.local = SimpleNamespace(token=None)
        self.until_ms = -math.inf  # by the host's monotonic clock
        self._fencing_token: int | None = None
        self._withdrawal: Any = None  # the task that undoes the last claim
        self._unanswered: bytes | None = None  # the last claim that was asked for in vain

    # What a lock fills in

    async def do_acquire(self, token: bytes) -> Held | Busy:
        """Ask for the lock once. The same claim may ask again: an answer may have been lost."""
        raise NotImplementedError

    async def do_release(self, token: bytes) -> None:
        """Give it back. Raises `LockNotOwned` when it was not this token's."""
        raise NotImplementedError

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        """Let it end `ms` from now or, without `replace`, `ms` later than it would have; return
        the new `until_ms`. Raises `LockNotOwned`.
        """
        raise NotImplementedError

    async def do_owner(self) -> bytes | None:
        """The token that holds the lock now."""
        raise NotImplementedError

    async def do_wait(self, token: bytes, ms: float, left_ms: float) -> None:
        """Wait for `ms` of the `left_ms` that the caller has, or until it is worth to ask again."""
        await self.host.sleep(ms)

    async def do_leave(self, token: bytes) -> None:
        """The waiter gives up: take back what it has left in a queue."""

    def new_token(self) -> bytes:
        """What tells this claim from all others: 64 random bits; the name is for readers."""
        return f"{self.host.name}/{self.host.random.getrandbits(64):016x}".encode()

    def own_token(self, chosen: bytes) -> bytes:
        """A token that the caller chose, told from the same one when others choose it."""
        return chosen + f"/{self.host.random.getrandbits(64):016x}".encode()

    # What its users call

    async def acquire(
        self,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
        *,
        sleep: float | None = None,
    ) -> bool:
        """Whether the lock is ours now. Waits for it unless told not to (`blocking=False`), but
        not longer than `blocking_timeout` seconds; None waits for ever. (What a silent server adds
        to that are the client's own time-outs.) A `token` of your choice is for those who look
        at the server; of two who choose the same one, only one gets the lock.

        Raises `OutcomeUnknown` when no answer came; errors of the server pass through.
        """
        pause_ms = whole_ms("sleep", self.sleep if sleep is None else sleep)
        left_ms = patience_ms(
            self.blocking_timeout if blocking_timeout is None else blocking_timeout
        )
        if not (self.blocking if blocking is None else blocking):
            left_ms = 0
        claim = self.new_token() if token is None else self.own_token(as_bytes(token))
        while self._withdrawal is not None and not ended(self._withdrawal):
            await self.host.sleep(WITHDRAWN_MS)  # or it would undo this claim as well
        try:
            answer = await self._keep_asking(claim, pause_ms, self.host.monotonic_ms() + left_ms)
        except (GeneratorExit, *CERTAIN):  # the simulated world has ended; it was not asked for
            raise
        except BaseException as error:  # or a cancellation: it may be ours, and nobody knows
            if isinstance(error, OutcomeUnknown) and self.timeout_ms is None:
                error.add_note(IT_STAYS)
            late = self._unanswered is claim
            self._withdrawal = self.host.spawn(self._withdraw(claim, late))
            raise
        if isinstance(answer, Busy):
            return False
        self.local.token = claim
        self.until_ms, self._fencing_token = answer
        return True

    async def _keep_asking(self, token: bytes, sleep_ms: int, stop_ms: float) -> Held | Busy:
        pause_ms = sleep_ms
        while isinstance(answer := await self._ask(token), Busy):
            left_ms = stop_ms - self.host.monotonic_ms()
            if left_ms < sleep_ms:
                await self.do_leave(token)
                break
            ends_ms = math.inf if answer.for_ms is None else answer.for_ms + 1
            jitter = 0.5 + self.host.random.random() / 2  # or all that wait would ask at once
            wait_ms = min(pause_ms * jitter, ends_ms, left_ms - sleep_ms / 2)
            await self.do_wait(token, wait_ms, left_ms)
            pause_ms = min(2 * pause_ms, max(sleep_ms, self.longest_pause_ms))
        return answer

    async def _ask(self, token: bytes) -> Held | Busy:
        try:
            answer = await self.do_acquire(token)
        except Refused:
            raise
        except BaseException:
            self._unanswered = token
            raise
        if isinstance(answer, Busy) or self.host.monotonic_ms() < answer.until_ms:
            return answer
        with suppress(LockNotOwned):  # we stood still for too long: its time is over
            await self.do_release(token)
        return Busy(0)

    async def _withdraw(self, token: bytes, late: bool = False) -> None:
        """Try to undo a claim of which we know nothing. If that fails: it ends by itself. One that
        would never end is undone as soon as there is an answer or, when the claim itself comes
        `late`, after it.
        """
        if not await self._undone(token, late) and self.timeout_ms is None:
            self.host.spawn(self._insist(token, late))

    async def _insist(self, token: bytes, late: bool) -> None:
        pause_ms = INSIST_MS
        while self.local.token != token and pause_ms < LATE_MS:
            await self.host.sleep(pause_ms)
            undone = await self._undone(token, late)
            if undone:
                return
            pause_ms *= 1 if undone is None else 2

    async def _undone(self, token: bytes, late: bool) -> bool | None:
        """Whether it is, or cannot be. False: it was not ours, but may be yet; None: no answer."""
        with suppress(Exception):  # no way to do it
            try:
                await self.do_leave(token)
                await self.do_release(token)
            except LockNotOwned:
                return not late
            except (OutcomeUnknown, Unavailable, *CERTAIN):
                return None
        return True

    async def release(self) -> None:
        """Give the lock back. Raises `NotAcquired` when this object holds none, `LockNotOwned` when
        it was lost before, and `OutcomeUnknown`: then `release` may be called again.
        """
        token = self._claim("release")
        try:
            await self.do_release(token)
        except LockNotOwned:
            self._forget()
            raise
        self._forget()

    async def extend(self, additional_time: float, replace_ttl: bool = False) -> Literal[True]:
        """Hold the lock for so many seconds more or, with `replace_ttl`, so many from now.

        Raises `LockNotOwned` when it was lost before, and `OutcomeUnknown`.
        """
        await self._extend("extend", whole_ms("additional_time", additional_time), replace_ttl)
        return True

    async def reacquire(self) -> Literal[True]:
        """Hold the lock for `timeout` from now. Raises as `extend`."""
        await self._extend("reacquire", self.timeout_ms, True)
        return True

    async def _extend(self, what: str, ms: int | None, replace: bool) -> None:
        token = self._claim(what)
        if self.timeout_ms is None or ms is None:
            raise LockError(f"cannot {what} {self._text!r}: it has no timeout", self._text)
        lost = None
        try:
            until_ms = await self.do_extend(token, ms, replace)
        except LockNotOwned as error:
            until_ms, lost = -math.inf, error
        if self.local.token == token:  # and not released meanwhile
            self.until_ms = until_ms
        if lost:
            raise lost

    @property
    def fencing_token(self) -> int | None:
        """The number of this acquisition, for the resource to compare (see the beginning of this
        module); None while the lock is not held.
        """
        return self._fencing_token

    async def owned(self) -> bool:
        """Whether the server says that the lock is ours. It may be over when the answer is here."""
        return self.local.token is not None and await self.do_owner() == self.local.token

    async def locked(self) -> bool:
        """Whether anybody holds it."""
        return await self.do_owner() is not None

    def remaining_ms(self) -> float:
        """How long the lock is ours by this machine's monotonic clock: not longer than by the
        server's, if both run equally fast. Below 0: it is over.
        """
        return self.until_ms - self.host.monotonic_ms()

    def still_mine(self) -> None:
        """Raises `LockLost` when by this machine's clock the lock is over.

        A pause may come right after the answer: so only the resource, by the fencing token, can
        refuse what comes too late.
        """
        if self.remaining_ms() <= 0:
            raise LockLost(f"the time of {self._text!r} is over", self._text)

    async def __aenter__(self) -> Self:
        if await self.acquire():
            return self
        raise NotAcquired(f"{self._text!r} was not free within the time given", self._text)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, GeneratorExit):  # the simulated world has ended
            return
        token = self.local.token
        try:
            await self.release()
        except GeneratorExit:
            raise
        except BaseException as problem:
            if self.local.token is not None and self.timeout_ms is None:
                self._forget()  # nobody will call release again, so we do
                problem.add_note(IT_STAYS)
                self._withdrawal = self.host.spawn(self._withdraw(token))
            if not isinstance(problem, LockError):
                raise
            if error is not None:  # what failed inside is told, and this beside it
                error.add_note(str(problem))
            elif self.raise_on_release_error:
                raise
            else:
                logging.getLogger(__name__).warning("%s", problem)

    def _claim(self, what: str) -> bytes:
        token: bytes | None = self.local.token
        if token is None:
            raise NotAcquired(f"cannot {what} {self._text!r}: it was not acquired", self._text)
        return token

    def _forget(self) -> None:
        self.local.token, self.until_ms, self._fencing_token = None, -math.inf, None
