"""The heart of Redlock: enough votes, and time left."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.locks.exercises.own_lock import asked, unconditional
from distlab.locks.lock import Busy, Held
from distlab.locks.redlock import RELEASE, Ask, Redlock
from distlab.scenario import Run
from distlab.servers.redis.messages import Command, Reply


class OwnRedlockStub(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        raise NotImplementedError


class OwnRedlock(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms, ttl_ms = self.host.monotonic_ms(), self.timeout_ms or 0
        answers = await self.everywhere(lambda r: r.set(self.key, token, nx=True, px=ttl_ms))
        until_ms = asked_ms + self.valid_ms(ttl_ms)
        votes = sum(answer is True for answer in answers)
        if votes >= self.majority and self.host.monotonic_ms() < until_ms:
            return Held(until_ms)
        await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return Busy()


class Careless(Redlock):
    """Takes the lock with `enough` votes, however long they took. (`Lock.acquire` itself refuses a
    `Held` whose time is over.) With `late`, the time runs from when the answers are in.
    """

    enough, late, gives_back, only_if_free = 2, False, True, True

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms, ttl_ms, nx = self.host.monotonic_ms(), self.timeout_ms or 0, self.only_if_free
        answers = await self.everywhere(lambda r: r.set(self.key, token, nx=nx, px=ttl_ms))
        since_ms = self.host.monotonic_ms() if self.late else asked_ms
        if sum(answer is True for answer in answers) >= self.enough:
            return Held(since_ms + self.valid_ms(ttl_ms))
        if self.gives_back:
            await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return Busy()


class OneIsEnough(Careless):
    enough = 1


class CountsFromTheAnswer(Careless):
    late = True


class TakesEvenIfTaken(Careless):
    only_if_free = False


class KeepsWhatItGot(Careless):
    gives_back = False


class WantsAll(Careless):
    enough = 3


class CountsSilence(OwnRedlock):
    async def everywhere(self, ask: Ask) -> list[Any]:
        return [bool(answer) for answer in await super().everywhere(ask)]


class FreesOthers(OwnRedlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        answer = await super().do_acquire(token)
        if isinstance(answer, Busy):
            await self.everywhere(lambda r: r.delete(self.key))
        return answer


ONE_SILENT = "partition:alice|redis-3@5+60"
SLOW_SHOP = f"{ONE_SILENT};delay:alice>shop@30+160=48"
ASLEEP_WHILE_ASKING = f"{ONE_SILENT};pause:alice@25+180"
LEFT_BEHIND = "partition:alice|redis-2,redis-3@5+30;crash:alice@50;partition:bob|redis-3@55+100"
NO_JUMPS = (
    "partition:alice,redis-1,redis-2,redis-3; lose; crash:redis-1,redis-2,redis-3+1..60; at most 3"
)


def kinds(run: Run) -> set[str]:
    return {fault.kind for fault in run.faults}


def decided(run: Run) -> Iterator[tuple[bool, int, int]]:
    """At each decision of a client: whether it took the lock (or gave back), and how many servers
    had said yes and no.
    """
    heard: dict[str, Counter[bool]] = defaultdict(Counter)
    for event in run.trace.events:
        taken = event.kind == "ok" and event.what is True
        if event.kind == "deliver" and isinstance(event.what, Reply):
            if event.what.body in (b"OK", None):
                heard[event.node][event.what.body is not None] += 1
        elif taken or (event.kind == "send" and gives_back(event.what)):
            said = heard.pop(event.node, Counter())
            yield taken, said[True], said[False]


def gives_back(message: Any) -> bool:
    """Whether this runs Redlock's script for the release."""
    scripts = (RELEASE.text.encode(), RELEASE.digest.encode())
    return isinstance(message, Command) and message.body[1] in scripts


def slow(run: Run) -> bool:
    return not run.verdict("prompt").ok and bool(run.verdict("mutual exclusion").ok)


OWN_REDLOCK = Exercise(
    texts("locks/own-redlock"), name="OwnRedlock", base=Redlock,
    returns={"do_acquire": (Held, Busy)},
    cases=(
        Case("locks/redlock-clock-jump", {"expiry": "monotonic"}, schedules=(LEFT_BEHIND,),
            seeds=range(4), must_hold=("prompt",), searched=0),
        Case("locks/redlock-clock-jump", {"expiry": "monotonic"},
            schedules=("", ONE_SILENT, SLOW_SHOP, ASLEEP_WHILE_ASKING), seeds=range(12),
            must_hold=("mutual exclusion",), nemesis=NO_JUMPS, searched=30),
    ),
    stub=OwnRedlockStub, reference=OwnRedlock,
    mistakes=(
        Mistake("takes even if taken", unconditional, TakesEvenIfTaken),
        Mistake("wants all",
            lambda run: slow(run) and any(not taken and yes >= 2 for taken, yes, _ in decided(run)),
            WantsAll),
        Mistake("keeps what it got", slow, KeepsWhatItGot),
        Mistake("frees others", lambda run: asked(run, b"DEL"), FreesOthers),
        Mistake("counts from the answer", lambda run: bool({"delay", "pause"} & kinds(run)),
            CountsFromTheAnswer),
        Mistake("one is enough",
            lambda run: any(taken and yes < 2 <= no for taken, yes, no in decided(run)),
            OneIsEnough),
        Mistake("counts silence",
            lambda run: any(taken and yes < 2 for taken, yes, _ in decided(run)), CountsSilence),
    ),
)  # fmt: skip
