"""What all locks of this chapter have in common: asking, waiting, giving back.

    async with RedisLock(redis, "stock", timeout=10) as lock:
        await shop.sell(token=lock.fencing_token)

The interface is that of redis-py's asyncio `Lock`: durations are seconds, `acquire` returns True or
False. A kind of lock fills in the methods that begin with `do_`. Every lock here but the advisory
one is a *lease*: it ends by itself after `timeout`, even while its holder works. So a dead holder
does not keep others out for ever. The interface cannot hide three things:

* A holder can lose the lock while it works. `still_mine` says what the holder can know of that.
* In the end only the fencing token protects the resource (`distlab.locks.fencing`).
* No answer is not a refusal. It is raised as `OutcomeUnknown`, and what may have been locked is
  given back, with one retry. If that fails too, the lock ends after `timeout`; with
  `timeout=None` it may stay locked for ever, as in redis-py.

**What a fencing token promises.** Of two acquisitions of a lock the later one has the higher token,
as long as the server that counts keeps its data. A server that comes back empty gives numbers again
that are in use; so does a replica that takes over without having heard the latest number. `Redlock`
has no counter that all its servers share, and so it has no token at all.
"""

import logging
import math
from collections.abc import Iterable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, Self

from redis.exceptions import LockError, LockNotOwnedError

from distlab.host import Host
from distlab.locks.arguments import as_bytes, as_key, patience_ms, whole_ms
from distlab.locks.errors import (
    CERTAIN,
    LockLost,
    LockNotOwned,
    NotAcquired,
    ObjectInUse,
    OutcomeUnknown,
    asking,
    reason,
)

__all__ = [
    "Busy", "Held", "Lock", "LockError", "LockLost", "LockNotOwned", "LockNotOwnedError",
    "NotAcquired", "ObjectInUse", "OutcomeUnknown", "asking", "reason",
]  # fmt: skip

RETRY_MS = 1_000
"""When a claim could not be given back, it is given back once more after this time."""

GIVE_BACK_MS = 5_000
"""How long each of the two tries may take."""


def this_process() -> Host:
    """The host of a lock that was given none. Only real clients need it, so it is loaded late."""
    from distlab.locks.process import THIS_PROCESS

    return THIS_PROCESS


class Held(NamedTuple):
    """The lock is ours until the asker's monotonic clock shows `until_ms`."""

    until_ms: float
    fencing_token: int | None = None


class Busy(NamedTuple):
    """Somebody else has it, for at most `for_ms` more (None: unknown, or for ever)."""

    for_ms: float | None = None


class Extension:
    """A request to let the lock end in `ms` (inf: later than now). `shortest_ms` is the shortest
    time that was asked for beside it.
    """

    def __init__(self, ms: float, others: Iterable["Extension"]) -> None:
        self.ms, self.shortest_ms = ms, math.inf
        for other in others:
            self.shortest_ms = min(self.shortest_ms, other.ms)
            other.shortest_ms = min(other.shortest_ms, ms)


class Lock:
    """A claim to the lock called `name`. Make an object for each task that wants the lock.

    One object is one claim. From its `acquire` to its `release` it is that task's, even when the
    lock has ended meanwhile; `acquire` of another task raises `ObjectInUse`. Else the first task,
    late, would write with the second one's fencing token and release its lock. Other tasks may
    extend and release what the first one has acquired.

    The lock ends `timeout` seconds after it was acquired or last extended; None: never. A waiter
    looks again every `sleep` seconds, or less often where a release wakes it. `thread_local` is
    accepted as redis-py accepts it and changes nothing: an asyncio client belongs to one event
    loop, and the loop to one thread. `host` None: the process that we are in. Raises `BadInput`.
    """

    longest_pause_ms = 0
    """The longest pause between two tries where a release wakes the waiter."""

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
        self.name, self.key = name, as_key(name)
        self.timeout, self.sleep = timeout, sleep
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
        self._task: Any = None  # the claim is this task's
        self._extensions: set[Extension] = set()  # that have no answer yet
        self._giving_back: dict[bytes, Any] = {}  # the tasks, by token

    # What a kind of lock fills in

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
        """Wait for `ms` of the `left_ms` that the caller has, or until it may be free."""
        await self.host.sleep(ms)

    async def do_leave(self, token: bytes) -> None:
        """The waiter gives up: take back what it has left in a queue."""

    def valid_ms(self, ttl_ms: float) -> float:
        """What is certain of `ttl_ms`, counted from when we asked."""
        return ttl_ms

    def new_token(self) -> bytes:
        """A token that no other claim has: 64 random bits; the name is for readers."""
        return f"{self.host.name}/{self.host.random.getrandbits(64):016x}".encode()

    # Acquire

    async def acquire(
        self,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
        *,
        sleep: float | None = None,
    ) -> bool:
        """Wait for the lock, and return whether it is ours now.

        With `blocking=False` it asks once. `blocking_timeout` is how long it waits, in seconds;
        None: for ever. When that time is over it asks once more (redis-py gives up up to `sleep`
        earlier). A silent server adds the client's own time-outs. A `token` of your choice has to
        differ from that of every other claim: two claims with one token are one owner.

        Raises `OutcomeUnknown` when no answer came, and `ObjectInUse`. Errors of the server pass
        through.
        """
        pause_ms = whole_ms("sleep", self.sleep if sleep is None else sleep)
        left_ms = patience_ms(
            self.blocking_timeout if blocking_timeout is None else blocking_timeout
        )
        if not (self.blocking if blocking is None else blocking):
            left_ms = 0
        claim = self.new_token() if token is None else as_bytes("token", token)
        self.require_own_task("acquire")
        self._task = self.host.this_task()
        try:
            if claim in self._giving_back:  # a token that was chosen again
                await self._giving_back[claim]
            answer = await self._claim_it(claim, pause_ms, self.host.monotonic_ms() + left_ms)
            if isinstance(answer, Held):
                self.local.token = claim
                self.until_ms, self._fencing_token = answer
            return isinstance(answer, Held)
        finally:
            if self.local.token is None:
                self._task = None

    async def _claim_it(self, claim: bytes, sleep_ms: int, stop_ms: float) -> Held | Busy:
        try:
            return await self._keep_asking(claim, sleep_ms, stop_ms)
        except (GeneratorExit, *CERTAIN):  # the simulated world has ended; nothing was executed
            raise
        except BaseException:  # no answer, or we were cancelled: the lock may be ours
            self._give_back(claim)
            raise

    async def _keep_asking(self, token: bytes, sleep_ms: int, stop_ms: float) -> Held | Busy:
        pause_ms = sleep_ms
        while True:
            with self.host.keeping_cancellation():
                answer = await self._ask(token)
                if isinstance(answer, Held):
                    return answer
                left_ms = stop_ms - self.host.monotonic_ms()
                if left_ms <= 0:
                    await self.do_leave(token)
                    return answer
                ends_ms = math.inf if answer.for_ms is None else answer.for_ms + 1
                jitter = 0.5 + self.host.random.random() / 2  # else all waiters would ask at once
                await self.do_wait(token, min(pause_ms * jitter, ends_ms, left_ms), left_ms)
                pause_ms = min(2 * pause_ms, max(sleep_ms, self.longest_pause_ms))

    async def _ask(self, token: bytes) -> Held | Busy:
        answer = await self.do_acquire(token)
        if isinstance(answer, Busy) or self.host.monotonic_ms() < answer.until_ms:
            return answer
        with suppress(LockNotOwned):  # we stood still for too long: its time is over
            await self.do_release(token)
        return Busy(0)

    def _give_back(self, token: bytes) -> None:
        """Undo a claim whose outcome is unknown, in a task of its own."""

        async def give_back() -> None:
            for pause_ms in (0, RETRY_MS):  # at first the claim itself may still be on its way
                await self.host.sleep(pause_ms)
                with suppress(Exception):
                    async with self.host.timeout(GIVE_BACK_MS):
                        await self.do_leave(token)
                        await self.do_release(token)
                        break
            self._giving_back.pop(token)

        self._giving_back[token] = self.host.spawn(give_back())

    # Release and extend

    async def release(self) -> None:
        """Give the lock back. Raises `NotAcquired` when this object holds none, `LockNotOwned` when
        it was lost before, and `OutcomeUnknown`: then `release` may be called again.
        """
        token = self._claim("release")
        with self.host.keeping_cancellation():
            try:
                await self.do_release(token)
            except LockNotOwned:
                self._forget(token)
                raise
            self._forget(token)

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
            raise LockError(f"cannot {what} {self.key!r}: it has no timeout", self.key)
        if replace:  # it may be a shorter time, and if the answer is lost we cannot know
            self.until_ms = min(self.until_ms, self.host.monotonic_ms() + self.valid_ms(ms))
        extension = Extension(ms if replace else math.inf, self._extensions)
        self._extensions.add(extension)
        with self.host.keeping_cancellation():
            until_ms, lost = -math.inf, None
            try:
                until_ms = await self.do_extend(token, ms, replace)
            except LockNotOwned as error:
                lost = error
            finally:
                self._extensions.remove(extension)
            if extension.shortest_ms < extension.ms:  # the server may have heard that one later
                until_ms = min(until_ms, self.until_ms)
            if self.local.token == token:  # it was not released meanwhile
                self.until_ms = until_ms
            if lost:
                raise lost

    def require_own_task(self, what: str) -> None:
        """Raises `ObjectInUse` when this object's claim is another task's."""
        if self._task not in (None, self.host.this_task()):
            raise ObjectInUse(
                f"cannot {what} {self.key!r}: this lock object is another task's until it is "
                "released. Make an object for each task."
            )

    def _claim(self, what: str) -> bytes:
        token: bytes | None = self.local.token
        if token is None:
            raise NotAcquired(f"cannot {what} {self.key!r}: it was not acquired", self.key)
        return token

    def _forget(self, token: bytes) -> None:
        if self.local.token == token:  # there is no new claim meanwhile
            self.local.token, self.until_ms, self._fencing_token = None, -math.inf, None
            self._task = None

    async def _owner(self) -> bytes | None:
        with self.host.keeping_cancellation():
            return await self.do_owner()

    # What its holder knows

    @property
    def fencing_token(self) -> int | None:
        """The number of this acquisition, for the resource to compare (see the beginning of this
        module); None while the lock is not held.
        """
        return self._fencing_token

    async def owned(self) -> bool:
        """Whether the server says that the lock is ours. It may be over when the answer is here."""
        return self.local.token is not None and await self._owner() == self.local.token

    async def locked(self) -> bool:
        """Whether anybody holds it."""
        return await self._owner() is not None

    def remaining_ms(self) -> float:
        """How long the lock is ours by this machine's monotonic clock. Below 0: it is over.

        The server's clock gives us at least that long, if both clocks run equally fast.
        """
        return self.until_ms - self.host.monotonic_ms()

    def still_mine(self) -> None:
        """Raises `LockLost` when by this machine's clock the lock is over.

        The holder may be paused right after the answer: so only the resource, by the fencing token,
        can refuse what comes too late.
        """
        if self.remaining_ms() <= 0:
            raise LockLost(f"the time of {self.key!r} is over", self.key)

    # async with

    async def __aenter__(self) -> Self:
        if await self.acquire():
            return self
        raise NotAcquired(f"{self.key!r} was not free within the time given", self.key)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Release. An error of the block stays the error; one of `release` is added as a note."""
        token = self.local.token
        if isinstance(error, GeneratorExit):  # the simulated world has ended
            return
        try:
            await self.release()
        except GeneratorExit:
            raise
        except BaseException as problem:
            if token is not None and self.local.token == token:
                self._forget(token)  # nobody will call `release` again
                self._give_back(token)
            if error is not None and isinstance(problem, Exception):
                error.add_note(reason(problem))
            elif isinstance(problem, LockError) and not self.raise_on_release_error:
                logging.getLogger(__name__).warning("%s", problem)
            else:
                raise
