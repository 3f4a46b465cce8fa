"""The exercises of chapter 1, with solutions and frequent wrong answers."""

from __future__ import annotations

from collections.abc import Mapping

from distlab.cap.cp_store import ConfigStore
from distlab.cap.dynamo import Found, Get, Replica, Store
from distlab.course.exercise import Case, Exercise, Mistake
from distlab.scenario import Run

# 1. How many replicas must a read ask?


def choose_r_stub(n: int, w: int) -> int:
    """How many of `n` replicas a read must wait for, if writes wait for `w`: as few as will do."""
    raise NotImplementedError


def choose_r(n: int, w: int) -> int:
    """One more than a write may have left out: such a set meets every set of `w` replicas."""
    return n - w + 1


def asked(run: Run) -> int:
    """How many replicas the read of this run waited for."""
    sent = (event.what for event in run.trace.of_kind("send"))
    return next(message.r for message in sent if isinstance(message, Get))


def quorum_case(w: int, *schedules: str) -> Case:
    return Case("cap/r-plus-w", {"w": w}, schedules, range(10), ("fresh", "available"))


QUORUM = Exercise(
    id="cap/choose-r",
    title="The smallest R",
    task=(
        "Write `choose_r(n, w)`: of `n` replicas, how many must a read wait for, so that it always "
        "sees a write that `w` replicas have acknowledged? As few as possible: each one more is "
        "one more that can keep the read waiting."
    ),
    name="choose_r",
    returns={"": int},
    cases=(
        quorum_case(3, "", "crash:n1@90;crash:n2@90"),
        quorum_case(1, "lose:n1>n2@25;lose:n1>n3@25"),
        quorum_case(2, "lose:n1>n3@25", "lose:n1>n3@25;crash:n2@90"),
    ),
    stub=choose_r_stub,
    reference=choose_r,
    hints=(
        "A write was acknowledged by w replicas. How many may lack it, at worst?",
        "If a read asks only replicas that lack the write, it is stale. How many are too many for "
        "that?",
        "n - w replicas may lack it. One more than that, and at least one has it: R + W > N.",
    ),
    mistakes=(
        Mistake(
            "one too few",
            "With R + W = N the two sets can miss each other: all that the write left out may be "
            "just those that the read asks.",
            lambda run: asked(run) == 3 - int(run.knobs["w"]),
            lambda n, w: n - w,
        ),
        Mistake(
            "one is enough",
            "One replica is enough only if every write waits for all of them.",
            lambda run: asked(run) == 1,
            lambda n, w: 1,
        ),
        Mistake(
            "always a majority",
            "A majority of both is one choice among several. If writes wait for all, a read needs "
            "one, and goes on when the others are down.",
            lambda run: asked(run) == 2,
            lambda n, w: n // 2 + 1,
        ),
        Mistake(
            "ask everybody",
            "This is always fresh, and never answers when a single replica is down. Ask for fewer.",
            lambda run: asked(run) == 3,
            lambda n, w: n,
        ),
    ),
)


# 2. The second phase of a read


class WriteBackStub(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        """Called when a read knows its answer, `newest`, and before it gives it.

        `found` is what each replica that answered had. True: answer. False: refuse.
        """
        raise NotImplementedError


class WriteBack(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        holders = [name for name, each in found.items() if each.versions == newest.versions]
        others = [name for name in self.home if name not in holders]
        missing = self.majority - len(holders)
        stored = await self.ask(newest, others, wait_for=missing)
        return len(stored) >= missing


class AnswersAtOnce(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        return True


class SendsAndForgets(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        self.spawn(self.ask(newest, self.home, wait_for=0), background=True)
        return True


class WaitsForAll(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        stored = await self.ask(newest, self.home, wait_for=len(self.home))
        return len(stored) == len(self.home)


class AnswersAllTheSame(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        await self.ask(newest, self.home, wait_for=self.majority)
        return True


PATIENCE_MS = 30
"""Long enough for a round trip, and short enough that a read gives up before the next begins."""


def answered_all_the_same(run: Run) -> bool:
    """Whether a read waited for a store that was lost, and then answered all the same."""
    lost = [e.at_us for e in run.trace.of_kind("drop") if isinstance(e.what, Store)]
    answers = [op.completed_us for op in run.history if op.function == "read" and op.result == 2]
    waited_us = [end - lost[0] for end in answers[:1] if lost and end is not None]
    return run.verdict("linearizable").ok is False and any(
        us >= PATIENCE_MS * 1000 for us in waited_us
    )


TWO_SLOW = "delay:n1>n2@85+10=150;delay:n1>n3@85+150=150"

WRITE_BACK = Exercise(
    id="cap/write-back",
    title="Write back before you answer",
    task=(
        "Write a class `WriteBack(Replica)` with `async def write_back(self, newest, found)`, the "
        "second phase of an ABD read: before the read answers, a majority must have `newest`. "
        "`await self.ask(newest, names, wait_for=count)` sends it to the replicas `names`, waits "
        "until `count` have stored it and returns the answers by name. `self.home` has the names "
        "of all replicas; `self.majority` is a number."
    ),
    name="WriteBack",
    base=Replica,
    returns={"write_back": bool},
    cases=(
        Case(
            "cap/new-old-inversion",
            schedules=(TWO_SLOW, f"{TWO_SLOW};lose:n1>n2@130"),
            seeds=range(20),
            must_hold=("linearizable",),
        ),
        Case(
            "cap/new-old-inversion",
            schedules=(TWO_SLOW, "crash:n2@60"),
            seeds=range(10),
            must_hold=("linearizable", "available"),
        ),
        Case(
            "cap/new-old-inversion",
            schedules=(f"{TWO_SLOW};lose:n1>n2@130",),
            seeds=range(20),
            must_hold=("linearizable",),
            searched=0,
            parts={"patience_ms": PATIENCE_MS},
        ),
    ),
    stub=WriteBackStub,
    reference=WriteBack,
    hints=(
        "Which replicas have the newest versions already? Compare each `found[name].versions` with "
        "`newest.versions`.",
        "A majority must have it. How many are still missing, and which replicas can be asked?",
        "`stored = await self.ask(newest, others, wait_for=missing)`, then compare `len(stored)` "
        "with `missing`.",
    ),
    mistakes=(
        Mistake(
            "answers all the same",
            "You wait, but you answer whatever came of it. If too few replicas have stored the "
            "value in time, the read must be refused: return False.",
            answered_all_the_same,
            AnswersAllTheSame,
        ),
        Mistake(
            "sends and forgets",
            "You send the newest value to the others, and answer without waiting. If that message "
            "is slow or lost, the next read still misses the value.",
            lambda run: any(fault.kind == "lose" for fault in run.faults),
            SendsAndForgets,
        ),
        Mistake(
            "waits for all",
            "You wait for particular replicas: one that is slow or down stops the read. Ask all, "
            "and wait for as many as are missing.",
            lambda run: (
                run.verdict("available").ok is False and run.verdict("fresh").ok is not False
            ),
            WaitsForAll,
        ),
        Mistake(
            "answers at once",
            "The first reader has the new value, but a majority has not: the second reader asks "
            "the two others.",
            "linearizable=violated",
            AnswersAtOnce,
        ),
    ),
)


# 3. A leader that knows when to be silent


class CarefulLeaderStub(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        """Whether a majority has acknowledged a round that began at most `ms` ago.

        `self.confirmed_ms` is when the last such round began; `self.monotonic_ms()` is now.
        """
        raise NotImplementedError


class CarefulLeader(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        return self.monotonic_ms() - self.confirmed_ms <= ms


class AlwaysSure(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        return self.role == "leader"


class NeverSure(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        return self.now_ms() - self.confirmed_ms <= ms  # the wall clock counts from 1970


CAREFUL_LEADER = Exercise(
    id="cap/careful-leader",
    title="A leader that knows when to stop",
    task=(
        "Write a class `CarefulLeader(ConfigStore)` with `def confirmed_within(self, ms)`: may the "
        "leader still believe in its majority? It answers reads from memory only while that is "
        "true for its lease, and steps down when it is no longer true for its patience."
    ),
    name="CarefulLeader",
    base=ConfigStore,
    returns={"confirmed_within": bool},
    cases=(
        Case(
            "cap/deposed-leader", {"reads": "lease"}, seeds=range(20), must_hold=("linearizable",)
        ),
        Case(
            "cap/deposed-leader",
            {"reads": "lease"},
            schedules=("",),
            seeds=range(10),
            must_hold=("linearizable", "available", "prompt"),
        ),
        Case("cap/one-way-cut", {"leader": "checks"}, must_hold=("available",)),
    ),
    stub=CarefulLeaderStub,
    reference=CarefulLeader,
    hints=(
        "Being the leader proves nothing: another one may have been elected. What can a node know "
        "by itself?",
        "It knows when a round began that a majority has acknowledged. How long ago is that?",
        "Compare `self.monotonic_ms() - self.confirmed_ms` with `ms`. Never use the wall clock for "
        "a duration.",
    ),
    mistakes=(
        Mistake(
            "always sure",
            "Your leader believes in itself for ever. Cut off, it answers from memory what the "
            "majority has long replaced.",
            "linearizable=violated",
            AlwaysSure,
        ),
        Mistake(
            "never sure",
            "Your leader never believes in its majority, so it steps down at once and nobody is "
            "served. Are both times from the same clock?",
            "available=violated",
            NeverSure,
        ),
    ),
)

EXERCISES = (QUORUM, WRITE_BACK, CAREFUL_LEADER)
