"""A lock on one Redis that is nobody else's: acquire and release."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from random import Random
from typing import Any, NamedTuple

from distlab.check.look import sent, under_way
from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.locks.exercises.lock_probe import tried_at_length
from distlab.scenario import Run
from distlab.servers.redis.messages import Command, Reply

TTL_MS = 80


class PlainLock:
    """A lock on one Redis, to be finished. `redis` has redis-py's commands."""

    random, ttl_ms = Random(), TTL_MS
    """Experiments put the machine's own random numbers and another time in their place."""

    def __init__(self, redis: Any, name: str) -> None:
        self.redis, self.name = redis, name

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


class AsksNobody(OwnLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        return True


class NeverTakes(OwnLock):
    async def acquire(self) -> bool:
        await super().acquire()
        return False


class TakesANo(OwnLock):
    async def acquire(self) -> bool:
        await super().acquire()
        return True


class TakesSilence(OwnLock):
    """Its answer when none comes."""

    answer = True

    async def acquire(self) -> bool:
        try:
            return await super().acquire()
        except TimeoutError:
            return self.answer


class TakesSilenceForANo(TakesSilence):
    answer = False


class LooksThenSets(OwnLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        if await self.redis.exists(self.name):
            return False
        return bool(await self.redis.set(self.name, self.token, px=self.ttl_ms))


class OneTokenForEver(OwnLock):
    def __init__(self, redis: Any, name: str) -> None:
        super().__init__(redis, name)
        self.only: bytes = b""

    def new_token(self) -> bytes:
        self.only = self.only or super().new_token()
        return self.only


class InSeconds(OwnLock):
    async def acquire(self) -> bool:
        self.token = self.new_token()
        return bool(await self.redis.set(self.name, self.token, nx=True, ex=self.ttl_ms))


class DeletesInAScript(OwnLock):
    async def release(self) -> None:
        script = "return redis.call('DEL', KEYS[1])"
        await self.redis.eval(script, 1, self.name, self.token)


class NeverFrees(OwnLock):
    async def release(self) -> None:
        script = COMPARE_AND_DELETE.replace("ARGV[1]", "'ARGV[1]'")
        await self.redis.eval(script, 1, self.name, self.token)


# What a run shows


def commands(run: Run, name: bytes = b"") -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """The commands of this name that were sent to Redis (all without one): sender and fields."""
    for _, event in sent(run.trace, Command):
        fields = event.what.body
        if name in (b"", fields[0]):
            yield event.node, fields


def asked(run: Run, *names: bytes) -> bool:
    return any(fields[0] in names for _, fields in commands(run))


def unconditional(run: Run) -> bool:
    return any(b"NX" not in fields for _, fields in commands(run, b"SET"))


class Asking(NamedTuple):
    """One `acquire` of a client: whether it said yes, what it sent, and what Redis answered.

    `silence`: the last that it sent got no answer.
    """

    client: str
    taken: bool
    sent: list[tuple[bytes, ...]]
    heard: list[Any]
    silence: bool

    @property
    def tokens(self) -> set[bytes]:
        return {fields[2] for fields in self.sent if fields[0] in (b"SET", b"SETNX")}


def askings(run: Run) -> list[Asking]:
    found = []
    for each in run.history:
        if each.function == "acquire":
            during = [run.trace.events[at] for at in under_way(run.trace, each)]
            own = [e for e in during if e.node == each.process and e.kind in ("send", "deliver")]
            told = [e.what.body for e in own if isinstance(e.what, Command)]
            heard = [e.what.body for e in own if isinstance(e.what, Reply)]
            silence = bool(own) and own[-1].kind == "send"
            found.append(Asking(each.process, each.outcome == "ok", told, heard, silence))
    return found


def lifetimes(run: Run) -> set[int]:
    """The times to live that commands gave to keys, in milliseconds."""
    units = {b"PX": 1, b"EX": 1000}
    return {
        units[option] * int(amount)
        for each in askings(run)
        for fields in each.sent
        for option, amount in pairwise(fields)
        if option in units
    }


def shared_token(run: Run) -> bool:
    """Whether two clients wrote the same value."""
    pairs = combinations(askings(run), 2)
    return any(a.client != b.client and a.tokens & b.tokens for a, b in pairs)


def same_token_again(run: Run) -> bool:
    """Whether a client wrote the same value when it came for the second time."""
    pairs = combinations(askings(run), 2)
    return any(a.client == b.client and a.tokens & b.tokens for a, b in pairs)


def took_silence(run: Run) -> bool:
    return any(each.taken and each.silence for each in askings(run))


def took_a_no(run: Run) -> bool:
    """Whether a client took the lock although the last answer to its SET was no."""
    return any(each.taken and each.heard[-1:] == [None] for each in askings(run))


def in_two_steps(run: Run) -> bool:
    steps = (b"PEXPIRE", b"EXPIRE")
    late = any(fields[0] in steps for each in askings(run) for fields in each.sent)
    return late or asked(run, b"SETNX")


def two_holders(run: Run) -> bool:
    return run.scenario.id == "locks/foreign-release" and bool(
        run.verdict("mutual exclusion").judged
    )


def nobody_took(run: Run) -> bool:
    return not run.faults and not any(each.taken for each in askings(run))


def set_ttl_ms(run: Run) -> int:
    """How long a lock should last in this run."""
    return int(getattr(run.scenario.build, "keywords", {}).get("ttl_ms", TTL_MS))


LATE_RELEASES = "hold:alice>redis,bob>redis+1..120; crash:alice,bob,redis+1..60; at most 3"
LOST_LOCKS = "crash:alice+end; lose:alice>redis,redis>alice; at most 2"
TWICE = (("alice", 10, 50), ("alice", 100, 50), ("bob", 124, 10))
"""Alice comes again while the release of her first lock is still on its way."""
AT_LENGTH = (("alice", 10, 120), ("bob", 95, 10))


def released(*schedules: str | None, seeds: int = 3, **parts: Any) -> Case:
    return Case("locks/foreign-release", schedules=schedules, seeds=range(seeds),
                must_hold=("mutual exclusion",), nemesis=LATE_RELEASES,
                searched=0 if parts else 30, parts=parts)  # fmt: skip


OWN_LOCK = Exercise(
    texts("locks/own-lock"), name="OwnLock", base=PlainLock, returns={"acquire": bool},
    cases=(
        released("", None, "hold:alice>redis@57+63"),
        released("", visits=AT_LENGTH, ttl_ms=160, seeds=2),
        released("", "delay:alice>redis@84+12=50", visits=TWICE),
        Case("locks/setnx-expire", schedules=("", None, "jump:redis@70=-200"), seeds=range(3),
            must_hold=("available",), nemesis=LOST_LOCKS, searched=30),
    ),
    stub=OwnLockStub, reference=OwnLock, probes=(tried_at_length,),
    mistakes=(
        Mistake("never takes", nobody_took, NeverTakes,
            also=("acquire (refuses|waits for ever|always False)",)),
        Mistake("asks nobody",
            lambda run: any(each.taken and not each.sent for each in askings(run)), AsksNobody),
        Mistake("looks, then sets",
            lambda run: unconditional(run) and asked(run, b"GET", b"EXISTS"), LooksThenSets),
        Mistake("takes even if taken", unconditional, TakesEvenIfTaken),
        Mistake("two steps", in_two_steps, TwoSteps),
        Mistake("never ends", lambda run: asked(run, b"SET") and not lifetimes(run), NeverEnds),
        Mistake("another time",
            lambda run: asked(run, b"SET") and lifetimes(run) != {set_ttl_ms(run)}, InSeconds),
        Mistake("takes silence for a yes", took_silence, TakesSilence),
        Mistake("takes a no for a yes", took_a_no, TakesANo),
        Mistake("one token for all", shared_token, OneTokenForAll),
        Mistake("one token for ever", same_token_again, OneTokenForEver),
        Mistake("looks, then deletes",
            lambda run: two_holders(run) and asked(run, b"GET") and asked(run, b"DEL"),
            LooksThenDeletes),
        Mistake("deletes any lock", lambda run: two_holders(run) and asked(run, b"DEL"),
            DeletesAnyLock),
        Mistake("frees another's", two_holders, DeletesInAScript),
        Mistake("never frees", lambda run: any(fault.kind == "jump" for fault in run.faults),
            NeverFrees, also=("release does nothing", "without 'await self.redis.eval.*")),
        Mistake("takes silence for a no",
            lambda run: any(len(each.sent) > len(each.heard) for each in askings(run)),
            TakesSilenceForANo),
    ),
)  # fmt: skip
