"""A lock on one Redis that is nobody else's: acquire and release."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

from distlab.check.look import sent
from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.scenario import Run
from distlab.servers.redis.messages import Command


class PlainLock:
    """A lock on one Redis, to be finished. `redis` has redis-py's commands."""

    random = Random()
    """Experiments put the machine's own in its place."""

    def __init__(self, redis: Any, name: str) -> None:
        self.redis, self.name = redis, name
        self.ttl_ms = 80

    def new_token(self) -> bytes:
        """128 random bits, different at each call."""
        return f"{self.random.getrandbits(128):032x}".encode()

    async def acquire(self) -> bool:
        raise NotImplementedError

    async def release(self) -> None:
        raise NotImplementedError


class OwnLockStub(PlainLock):
    async def acquire(self) -> bool:
        raise NotImplementedError

    async def release(self) -> None:
        raise NotImplementedError


COMPARE_AND_DELETE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class OwnLock(PlainLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        return bool(await self.redis.set(self.name, self.token, nx=True, px=self.ttl_ms))

    async def release(self) -> None:
        await self.redis.eval(COMPARE_AND_DELETE, 1, self.name, self.token)


class DeletesAnyLock(OwnLock):
    async def release(self) -> None:
        await self.redis.delete(self.name)


class LooksThenDeletes(OwnLock):
    async def release(self) -> None:
        if await self.redis.get(self.name) == self.token:
            await self.redis.delete(self.name)


class OneTokenForAll(OwnLock):
    def new_token(self) -> bytes:
        return b"locked"


class TwoSteps(OwnLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        if not await self.redis.setnx(self.name, self.token):
            return False
        await self.redis.pexpire(self.name, self.ttl_ms)
        return True


class NeverEnds(OwnLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        return bool(await self.redis.set(self.name, self.token, nx=True))


class TakesEvenIfTaken(OwnLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        return bool(await self.redis.set(self.name, self.token, px=self.ttl_ms))


class NeverFrees(OwnLock):
    async def release(self) -> None:
        script = COMPARE_AND_DELETE.replace("ARGV[1]", "'ARGV[1]'")
        await self.redis.eval(script, 1, self.name, self.token)


def commands(run: Run, name: bytes = b"") -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """The commands of this name that were sent to Redis (all without one): sender and fields."""
    for _, event in sent(run.trace, Command):
        fields = event.what.body
        if name in (b"", fields[0]):
            yield event.node, fields


def asked(run: Run, name: bytes) -> bool:
    return any(commands(run, name))


def same_token(run: Run) -> bool:
    """Whether two clients wrote the same value."""
    written = {(who, fields[2]) for who, fields in commands(run, b"SET")}
    return len({value for _, value in written}) < len({who for who, _ in written})


def unconditional(run: Run) -> bool:
    return any(b"NX" not in fields for _, fields in commands(run, b"SET"))


def ends_by_itself(run: Run) -> bool:
    """Whether a command gave the key its time to live."""
    return any((b"PX", b"80") in pairwise(fields) for _, fields in commands(run))


LATE_RELEASES = "hold:alice>redis,bob>redis+1..120; crash:alice,bob,redis+1..60; at most 3"
LOST_LOCKS = "crash:alice+end; lose:alice>redis,redis>alice; at most 2"

OWN_LOCK = Exercise(
    texts("locks/own-lock"), name="OwnLock", base=PlainLock, returns={"acquire": bool},
    cases=(
        Case("locks/foreign-release", schedules=("", None, "hold:alice>redis@57+63"),
            seeds=range(5), must_hold=("mutual exclusion",), nemesis=LATE_RELEASES),
        Case("locks/setnx-expire", schedules=(None, "jump:redis@70=-200"), seeds=range(5),
            must_hold=("available",), nemesis=LOST_LOCKS),
    ),
    stub=OwnLockStub, reference=OwnLock,
    mistakes=(
        Mistake("takes even if taken", unconditional, TakesEvenIfTaken),
        Mistake("looks, then deletes", lambda run: asked(run, b"GET") and asked(run, b"DEL"),
            LooksThenDeletes),
        Mistake("deletes any lock",
            lambda run: run.scenario.id == "locks/foreign-release" and asked(run, b"DEL"),
            DeletesAnyLock),
        Mistake("one token for all", same_token, OneTokenForAll),
        Mistake("two steps", lambda run: asked(run, b"SETNX") or asked(run, b"PEXPIRE"), TwoSteps),
        Mistake("never ends", lambda run: not ends_by_itself(run), NeverEnds),
        Mistake("never frees", lambda run: any(fault.kind == "jump" for fault in run.faults),
            NeverFrees),
    ),
)  # fmt: skip
