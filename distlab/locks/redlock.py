"""Redlock: a lock on a majority of independent Redis servers.

https://redis.io/docs/latest/develop/clients/patterns/distributed-locks

1. Note the time. Ask all N servers at once, each for a short while only: SET key token NX PX ttl.
2. The lock is ours if a majority said yes and time is left: validity = ttl - elapsed - drift. The
   time that asking took is gone already, and the clocks of servers and asker may differ a little.
3. Otherwise release it everywhere, also where it seemed to fail: there it may have been set. Try
   again after a random while, or two askers could split the servers between them for ever.

Redlock assumes that servers come back with their data, or not before a ttl has passed; that no
clock jumps; that nobody pauses between step 2 and the work. Nothing here checks this. The resource
cannot check it either, for there is no fencing token: each server could count, but two holders with
different majorities share no counter that rises from one to the other.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn

from redis.exceptions import LockError, ResponseError

from distlab.host import BadInput, Unavailable, ended, is_number, shown
from distlab.locks.errors import Demoted, WrongKey
from distlab.locks.lock import Busy, Held, Lock, LockNotOwned, OutcomeUnknown, reason
from distlab.locks.redislock import EXTEND
from distlab.locks.scripts import Script, asynchronous, in_words, stored

RELEASE = Script("""
-- release
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")


Ask = Callable[[Any], Awaitable[Any]]


def address(redis: Any) -> Any:
    """Where a client connects to, if it can be told, else the client's identity."""
    options = getattr(getattr(redis, "connection_pool", None), "connection_kwargs", {})
    if place := options.get("server") or options.get("path") or options.get("host"):
        return place, options.get("port", 6379)
    return getattr(redis, "address", id(redis))


class TooFewServers(LockError, Unavailable):
    """Fewer than a majority of the servers said yes or no."""


class NoFencingToken(AttributeError):
    """Redlock has no fencing token, and can have none."""


class Redlock(Lock):
    """See `Lock`. `redises` are clients of independent servers, an odd number of them: no replicas.
    Two clients of one server are refused, as far as their addresses tell.

    `node_timeout` is how long one server may take to answer, in seconds: far below `timeout`, so
    that a dead server costs little time. `clock_drift` is how far clocks may drift apart, as a
    fraction. Raises `BadInput`.
    """

    def __init__(
        self,
        redises: Sequence[Any],
        name: str | bytes,
        *options: Any,
        node_timeout: float = 0.05,
        clock_drift: float = 0.01,
        **named_options: Any,
    ) -> None:
        super().__init__(name, *options, **named_options)
        if self.timeout_ms is None:
            raise BadInput("timeout None: a Redlock needs one, for step 2")
        if not is_number(node_timeout) or not 0.001 <= node_timeout <= self.timeout_ms / 4000:
            raise BadInput(
                f"node_timeout {shown(node_timeout)}: from 0.001 s to a fourth of the timeout"
            )
        if not is_number(clock_drift) or not 0 <= clock_drift < 0.5:
            raise BadInput(f"clock_drift {shown(clock_drift)}: from 0 to below 0.5 is allowed")
        if not isinstance(redises, Sequence):
            raise BadInput(f"redises is a {type(redises).__name__}: a list of clients is needed")
        if not redises:
            raise BadInput("redises is empty: a Redlock needs servers, at best 3 or 5")
        addresses = [address(redis) for redis in redises]
        if len(set(addresses)) < len(addresses):
            raise BadInput(
                "redises names one server twice: it would vote twice, and one crash is two"
            )
        self.redises, self.ttl_ms = tuple(map(asynchronous, redises)), self.timeout_ms
        self.majority = len(self.redises) // 2 + 1
        self.node_timeout_ms, self.clock_drift = node_timeout * 1000, clock_drift
        self._asked: list[Any] = [None for _ in self.redises]  # the last task of each server

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        answers = await self.everywhere(lambda r: r.set(self.key, token, nx=True, px=self.ttl_ms))
        until_ms = asked_ms + self.valid_ms(self.ttl_ms)
        votes = sum(answer is True for answer in answers)
        if votes >= self.majority and self.host.monotonic_ms() < until_ms:
            return Held(until_ms)
        self.refused_by_most(await self.everywhere(lambda r: RELEASE(r, [self.key], token)))
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if len(answers) - len(errors) < self.majority:
            some = f"{len(answers) - len(errors)} of {len(answers)} servers"
            why = f"only {some} said yes or no; {reason(errors[0])}"
            raise TooFewServers(f"lock {self.key!r}: {why}", self.key)
        return Busy()

    async def do_release(self, token: bytes) -> None:
        answers = await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        if answers.count(0) >= self.majority:
            raise LockNotOwned(f"cannot release {self.key!r}: it is no longer ours", self.key)
        self.majority_of(answers, "release")

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        asked_ms, how = self.host.monotonic_ms(), "replace" if replace else "add"
        answers = await self.everywhere(lambda r: EXTEND(r, [self.key], token, ms, how))
        if answers.count(-1) > len(answers) - self.majority:
            raise LockNotOwned(f"cannot extend {self.key!r}: it is no longer ours", self.key)
        ttls = sorted(self.majority_of([a for a in answers if a != -1], "extend"), reverse=True)
        return asked_ms + self.valid_ms(ttls[self.majority - 1])  # so long a majority keeps it

    async def do_owner(self) -> bytes | None:
        answers = await self.everywhere(lambda r: stored(r, self.key))
        votes = Counter(self.majority_of(answers, "owner"))
        return next((owner for owner in votes if votes[owner] >= self.majority), None)

    def majority_of(self, answers: list[Any], what: str) -> list[Any]:
        """The answers that came. Raises `OutcomeUnknown` for fewer than a majority."""
        came = [answer for answer in answers if not isinstance(answer, Exception)]
        if len(came) < self.majority:
            self.refused_by_most(answers)
            error = next(answer for answer in answers if isinstance(answer, Exception))
            why = f"no answer to {what} of {self.key!r} from most servers: {reason(error)}"
            raise OutcomeUnknown(why, self.key) from error
        return came

    def refused_by_most(self, answers: list[Any]) -> None:
        """Raise `WrongKey` or `Demoted` when a majority refuses."""
        refusals = [answer for answer in answers if isinstance(answer, WrongKey | Demoted)]
        if len(refusals) >= self.majority:
            raise refusals[0]

    def valid_ms(self, ttl_ms: float) -> float:
        """What is certain of `ttl_ms` if clocks drift. 2 ms less: servers count whole ones."""
        return ttl_ms - self.clock_drift * ttl_ms - 2

    async def everywhere(self, ask: Ask) -> list[Any]:
        """Ask all servers at once. Return their answers in order; for no answer, an exception."""
        both = zip(self.redises, self._asked, strict=True)
        tasks = [self.host.spawn(self.one(redis, ask, before)) for redis, before in both]
        self._asked = tasks
        return [await task for task in tasks]

    async def one(self, redis: Any, ask: Ask, before: Any = None) -> Any:
        """The answer of one server, or the exception that came instead."""
        try:
            if before is not None and not ended(before):
                await before  # its asker was cancelled: a release must not overtake its request
            async with self.host.timeout(self.node_timeout_ms):
                try:
                    return await ask(redis)
                except ResponseError as error:
                    what = f"use lock {self.key!r}"
                    return await in_words(redis, what, {self.key: "string"}, error)
        except Exception as error:  # stopped in the middle of a command, redis-py raises anything
            return error

    @property
    def fencing_token(self) -> NoReturn:
        """Raises `NoFencingToken`, which says why."""
        raise NoFencingToken(
            "a Redlock has no fencing token: its servers count each for itself, so nothing rises "
            "from one majority to the next. Protect the data with a version of its own."
        )
