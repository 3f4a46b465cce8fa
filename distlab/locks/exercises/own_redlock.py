"""The heart of Redlock: enough votes, and time left."""

from __future__ import annotations

from distlab.course.exercise import Case, Exercise, Mistake
from distlab.locks.lock import Busy, Held
from distlab.locks.redlock import RELEASE, Redlock
from distlab.scenario import Run


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
    """`enough` votes, whatever time they took. `late` also counts from when the answers are in."""

    enough, late, gives_back = 2, False, True

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms, ttl_ms = self.host.monotonic_ms(), self.timeout_ms or 0
        answers = await self.everywhere(lambda r: r.set(self.key, token, nx=True, px=ttl_ms))
        since_ms = self.host.monotonic_ms() if self.late else asked_ms
        if sum(answer is True for answer in answers) >= self.enough:
            return Held(since_ms + self.valid_ms(ttl_ms))
        if self.gives_back:
            await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return Busy()


class OneIsEnough(Careless):
    enough = 1


class OnlyCounts(Careless):
    pass


class CountsFromTheAnswer(Careless):
    late = True


class KeepsWhatItGot(Careless):
    gives_back = False


ONE_SILENT = "partition:alice|redis-3@5+60"
SLOW_SHOP = f"{ONE_SILENT};delay:alice>shop@30+160=48"
ASLEEP_WHILE_ASKING = f"{ONE_SILENT};pause:alice@25+180"
LEFT_BEHIND = "partition:alice|redis-2,redis-3@5+30;crash:alice@50;partition:bob|redis-3@55+100"
NO_JUMPS = (
    "partition:alice,redis-1,redis-2,redis-3; lose; crash:redis-1,redis-2,redis-3+1..60; at most 3"
)


def kinds(run: Run) -> set[str]:
    return {fault.kind for fault in run.faults}


OWN_REDLOCK = Exercise(
    id="locks/own-redlock",
    title="The heart of Redlock",
    task=(
        "Write a class `OwnRedlock(Redlock)` with `async def do_acquire(self, token)`, which asks "
        "once. `await self.everywhere(lambda r: r.set(self.key, token, nx=True, px=ms))` asks all "
        "servers at once and returns a list: True from each that granted it. Return "
        "`Held(until_ms)`, until when it is ours by `self.host.monotonic_ms()`, or `Busy()`; in "
        "that case give back everywhere, by `lambda r: RELEASE(r, [self.key], token)`. There are "
        "`self.timeout_ms`, `self.majority`, and `self.valid_ms(ms)`: what is certain of `ms` if "
        "clocks drift."
    ),
    name="OwnRedlock",
    base=Redlock,
    returns={"do_acquire": (Held, Busy)},
    cases=(
        Case(
            "locks/redlock-clock-jump",
            "redlock_kind",
            {"expiry": "monotonic"},
            schedules=(LEFT_BEHIND,),
            seeds=range(4),
            must_hold=("prompt",),
            searched=0,
        ),
        Case(
            "locks/redlock-clock-jump",
            "redlock_kind",
            {"expiry": "monotonic"},
            schedules=("", ONE_SILENT, SLOW_SHOP, ASLEEP_WHILE_ASKING),
            seeds=range(4),
            must_hold=("mutual exclusion",),
            nemesis=NO_JUMPS,
            searched=30,
        ),
    ),
    stub=OwnRedlockStub,
    reference=OwnRedlock,
    hints=(
        "The first server began to count when your first request arrived. When was that, at the "
        "earliest?",
        "Note the time before you ask. A majority of True is needed, and time must be left.",
        "`until_ms = asked_ms + self.valid_ms(self.timeout_ms)`; it is ours if there are enough "
        "votes and `self.host.monotonic_ms() < until_ms`.",
    ),
    mistakes=(
        Mistake(
            "keeps what it got",
            "You have failed and kept the servers that said yes. For everybody else they are taken "
            "until the time is over: give back everywhere.",
            "prompt=violated and mutual exclusion=holds",
            KeepsWhatItGot,
        ),
        Mistake(
            "counts from the answer",
            "You count from when the answers are in. The servers began when they were asked, so "
            "they are done before you.",
            lambda run: "delay" in kinds(run),
            CountsFromTheAnswer,
        ),
        Mistake(
            "only counts votes",
            "A majority said yes, but the answers took longer than the lock lasts: it was over "
            "before you had it. Look at the clock once more.",
            lambda run: "pause" in kinds(run),
            OnlyCounts,
        ),
        Mistake(
            "one is enough",
            "Two clients can have one server each. But two majorities always share a server.",
            "mutual exclusion=violated",
            OneIsEnough,
        ),
    ),
)
