"""The heart of Redlock: enough votes, and time left."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from distlab.check.invariants import moves
from distlab.check.look import sent
from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.locks.exercises.own_lock import asked, askings, lifetimes, unconditional
from distlab.locks.exercises.redlock_probe import servers_at_random
from distlab.locks.lock import Busy, Held
from distlab.locks.redlock import RELEASE, Ask, Redlock
from distlab.scenario import Run
from distlab.servers.redis.messages import Command, Reply


class OwnRedlockStub(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        raise NotImplementedError


class OwnRedlock(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        answers = await self.everywhere(lambda r: r.set(self.key, token, nx=True, px=self.ttl_ms))
        until_ms = asked_ms + self.valid_ms(self.ttl_ms)
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
        asked_ms, ttl_ms, nx = self.host.monotonic_ms(), self.ttl_ms, self.only_if_free
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


class AsksNobody(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        return Held(self.host.monotonic_ms() + self.valid_ms(self.ttl_ms))


class AsksOneServer(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        answer = await self.redises[0].set(self.key, token, nx=True, px=self.ttl_ms)
        return Held(asked_ms + self.valid_ms(self.ttl_ms)) if answer else Busy()


class AsksForEver(Redlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        while True:
            await self.everywhere(lambda r: r.set(self.key, token, nx=True, px=self.ttl_ms))


class AskedOtherwise(OwnRedlock):
    """Asks the servers for something else."""

    def ask(self, redis: Any, token: bytes) -> Any:
        raise NotImplementedError

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        answers = await self.everywhere(lambda r: self.ask(r, token))
        if answers.count(True) >= self.majority:
            return Held(asked_ms + self.valid_ms(self.ttl_ms))
        await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return Busy()


class NeverEnds(AskedOtherwise):
    def ask(self, redis: Any, token: bytes) -> Any:
        return redis.set(self.key, token, nx=True)


class InSeconds(AskedOtherwise):
    def ask(self, redis: Any, token: bytes) -> Any:
        return redis.set(self.key, token, nx=True, ex=self.ttl_ms)


class AnotherToken(AskedOtherwise):
    def ask(self, redis: Any, token: bytes) -> Any:
        return redis.set(self.key, self.new_token(), nx=True, px=self.ttl_ms)


class AnotherKey(AskedOtherwise):
    def ask(self, redis: Any, token: bytes) -> Any:
        return redis.set(self.host.name, token, nx=True, px=self.ttl_ms)


class GivesTheRest(OwnRedlock):
    """Says how long the lock is ours, and not until when."""

    async def do_acquire(self, token: bytes) -> Held | Busy:
        answer = await super().do_acquire(token)
        if isinstance(answer, Held):
            return Held(answer.until_ms - self.host.monotonic_ms())
        return answer


class ByTheWallClock(OwnRedlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms, answer = self.host.now_ms(), await super().do_acquire(token)
        return Held(asked_ms + self.valid_ms(self.ttl_ms)) if isinstance(answer, Held) else answer


class GivesBackAndTakes(OwnRedlock):
    async def do_acquire(self, token: bytes) -> Held | Busy:
        answer = await super().do_acquire(token)
        await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return answer


class OneAfterAnother(OwnRedlock):
    async def everywhere(self, ask: Ask) -> list[Any]:
        return [await self.one(redis, ask) for redis in self.redises]


class TakesANo(Careless):
    enough = 0


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
LEFT_IN_DOUBT = "lose:redis-2>alice@5;lose:redis-3>alice@5;crash:alice@50"
HOLDER_DIES = "crash:alice@40"
ASLEEP_WHILE_ASKING = f"{ONE_SILENT};pause:alice@25+180"
LEFT_BEHIND = "partition:alice|redis-2,redis-3@5+30;crash:alice@50;partition:bob|redis-3@55+100"
NO_JUMPS = (
    "partition:alice,redis-1,redis-2,redis-3; lose; crash:redis-1,redis-2,redis-3+1..60; at most 3"
)


def kinds(run: Run) -> set[str]:
    return {fault.kind for fault in run.faults}


SETS = (b"SET", b"SETNX")


def settings(run: Run) -> Iterator[tuple[str, str, tuple[bytes, ...]]]:
    """Each command that sets a key: who sent it, to which server, and its fields."""
    for _, event in sent(run.trace, Command):
        if event.what.body[0] in SETS:
            yield event.node, event.peer, event.what.body


def asks_too_few(run: Run) -> bool:
    """Whether a client asked, and not all of the three servers."""
    asked_by: dict[str, set[str]] = defaultdict(set)
    for client, server, _ in settings(run):
        asked_by[client].add(server)
    return any(len(servers) < 3 for servers in asked_by.values())


def asks_in_turn(run: Run) -> bool:
    """Whether a client does not ask its servers at one instant."""
    asked_us = defaultdict(list)
    for _, event in sent(run.trace, Command):
        if event.what.body[0] in SETS:
            asked_us[event.node].append(event.at_us)
    return any(len({*instants[:3]}) > 1 for instants in asked_us.values())


def asks_for_ever(run: Run) -> bool:
    """Whether a client asks again and again without giving back, and comes to no end."""
    gave_back = any(gives_back(event.what) for _, event in sent(run.trace, Command))
    finished = any(each.taken for each in askings(run))
    return not gave_back and not finished and len([*settings(run)]) > 3 * len(run.machines)


def another_token(run: Run) -> bool:
    """Whether what was set is not what the release looks for."""
    looked_for = {e.what.body[-1] for _, e in sent(run.trace, Command) if gives_back(e.what)}
    return not looked_for <= {fields[2] for _, _, fields in settings(run)}


def another_key(run: Run) -> bool:
    return any(fields[1] != b"lock" for _, _, fields in settings(run))


def another_time(run: Run) -> bool:
    return lifetimes(run) != {TTL_MS}


def not_granted(run: Run) -> bool:
    return run.verdict("granted").ok is False


def longest_ms(run: Run) -> float:
    """How long a client believed to hold the lock, at most."""
    taken_us: dict[str, int] = {}
    longest_us = 0
    for position, client, _, enters in moves(run.trace):
        now_us = run.trace.events[position].at_us
        if enters:
            taken_us[client] = now_us
        elif client in taken_us:
            longest_us = max(longest_us, now_us - taken_us.pop(client))
    end_us = run.trace.events[-1].at_us
    return max([longest_us, *(end_us - since for since in taken_us.values())]) / 1000


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
    """Whether somebody waited long or in vain, and nobody else was in the lock with its holder."""
    crashed = {event.node for event in run.trace.of_kind("crash")}
    in_vain = any(not each.taken and each.client not in crashed for each in askings(run))
    waited = in_vain or run.verdict("prompt").ok is False
    return waited and run.verdict("mutual exclusion").ok is not False


UPTIME_MS, TTL_MS = 5_000_000, 160
"""Machines that have been on for hours: an instant and a duration look different."""


def taking(*schedules: str, seeds: int, must_hold: tuple[str, ...], searched: int = 0) -> Case:
    return Case("locks/redlock-clock-jump", {"expiry": "monotonic"}, schedules, range(seeds),
                must_hold, nemesis=NO_JUMPS, searched=searched,
                parts={"uptime_ms": UPTIME_MS})  # fmt: skip


OWN_REDLOCK = Exercise(
    texts("locks/own-redlock"), name="OwnRedlock", base=Redlock,
    returns={"do_acquire": (Held, Busy)},
    cases=(
        taking("", ONE_SILENT, seeds=6, must_hold=("mutual exclusion", "granted")),
        taking(HOLDER_DIES, seeds=4, must_hold=("granted",)),
        taking(LEFT_BEHIND, LEFT_IN_DOUBT, seeds=4, must_hold=("prompt", "granted")),
        taking(SLOW_SHOP, ASLEEP_WHILE_ASKING, seeds=12, must_hold=("mutual exclusion",),
            searched=30),
    ),
    stub=OwnRedlockStub, reference=OwnRedlock, probes=(servers_at_random,),
    mistakes=(
        Mistake("asks nobody", lambda run: not any(settings(run)), AsksNobody,
            also=("do_acquire refuses", "do_acquire always .*")),
        Mistake("another key", another_key, AnotherKey),
        Mistake("asks too few", asks_too_few, AsksOneServer),
        Mistake("asks for ever", asks_for_ever, AsksForEver),
        Mistake("takes even if taken", unconditional, TakesEvenIfTaken),
        Mistake("never ends", lambda run: not lifetimes(run), NeverEnds),
        Mistake("another time", another_time, InSeconds),
        Mistake("another token", another_token, AnotherToken, also=("do_acquire ignores token",)),
        Mistake("frees others", lambda run: asked(run, b"DEL"), FreesOthers),
        Mistake("gives back and takes",
            lambda run: any(taken and not yes and not no for taken, yes, no in decided(run)),
            GivesBackAndTakes),
        Mistake("takes a no for a yes",
            lambda run: any(taken and not yes and no >= 2 for taken, yes, no in decided(run)),
            TakesANo),
        Mistake("one is enough",
            lambda run: any(taken and yes < 2 <= no for taken, yes, no in decided(run)),
            OneIsEnough),
        Mistake("counts silence",
            lambda run: any(taken and yes < 2 for taken, yes, _ in decided(run)), CountsSilence),
        Mistake("one after another", asks_in_turn, OneAfterAnother),
        Mistake("gives up what it won",
            lambda run: not_granted(run) and any(
                not taken and yes > 2 for taken, yes, _ in decided(run)),
            GivesTheRest,
            also=("do_acquire waits for ever", "without '(if votes|return Held).*")),
        Mistake("wants all",
            lambda run: (not_granted(run) or slow(run)) and any(
                not taken and yes == 2 for taken, yes, _ in decided(run)),
            WantsAll),
        Mistake("keeps what it got", slow, KeepsWhatItGot),
        Mistake("believes too long", lambda run: longest_ms(run) > TTL_MS, ByTheWallClock),
        Mistake("counts from the answer", lambda run: bool({"delay", "pause"} & kinds(run)),
            CountsFromTheAnswer),
    ),
)  # fmt: skip
