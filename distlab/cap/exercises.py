"""The exercises of chapter 1, with solutions and frequent wrong answers."""

from collections.abc import Mapping

from distlab.cap.cp_store import ConfigStore
from distlab.cap.dynamo import Found, Get, Replica, Store
from distlab.cap.oracles import FRESH_READS
from distlab.course.exercise import Case, Exercise, Mistake, texts
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
    texts("cap/choose-r"), name="choose_r", returns={"": int},
    cases=(
        quorum_case(3, "", "crash:n1@90;crash:n2@90"),
        quorum_case(1, "lose:n1>n2@25;lose:n1>n3@25"),
        quorum_case(2, "lose:n1>n3@25", "lose:n1>n3@25;crash:n2@90"),
    ),
    stub=choose_r_stub, reference=choose_r,
    mistakes=(
        Mistake("one too few", lambda run: asked(run) == 3 - int(run.knobs["w"]),
            lambda n, w: n - w),
        Mistake("one is enough", lambda run: asked(run) == 1, lambda n, w: 1),
        Mistake("always a majority", lambda run: asked(run) == 2, lambda n, w: n // 2 + 1),
        Mistake("ask everybody", lambda run: asked(run) == 3, lambda n, w: n),
    ),
)  # fmt: skip


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
    waited = any(us >= PATIENCE_MS * 1000 for us in waited_us)
    return run.verdict("linearizable").ok is False and waited


TWO_SLOW = "delay:n1>n2@85+10=150;delay:n1>n3@85+150=150"

WRITE_BACK = Exercise(
    texts("cap/write-back"), name="WriteBack", base=Replica, returns={"write_back": bool},
    cases=(
        Case("cap/new-old-inversion", schedules=(TWO_SLOW, f"{TWO_SLOW};lose:n1>n2@130"),
            seeds=range(20), must_hold=("linearizable",)),
        Case("cap/new-old-inversion", schedules=(TWO_SLOW, "crash:n2@60"), seeds=range(10),
            must_hold=("linearizable", "available")),
        Case("cap/new-old-inversion", schedules=(f"{TWO_SLOW};lose:n1>n2@130",), seeds=range(20),
            must_hold=("linearizable",), searched=0, parts={"patience_ms": PATIENCE_MS}),
    ),
    stub=WriteBackStub, reference=WriteBack,
    mistakes=(
        Mistake("answers all the same", answered_all_the_same, AnswersAllTheSame),
        Mistake("sends and forgets", lambda run: any(fault.kind == "lose" for fault in run.faults),
            SendsAndForgets),
        Mistake("waits for all",
            lambda run: not run.verdict("available").ok and run.verdict("fresh").ok is not False,
            WaitsForAll),
        Mistake("answers at once", "linearizable=violated", AnswersAtOnce),
    ),
)  # fmt: skip


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
    texts("cap/careful-leader"), name="CarefulLeader", base=ConfigStore,
    returns={"confirmed_within": bool},
    cases=(
        Case("cap/deposed-leader", {"reads": "lease"}, seeds=range(20),
            must_hold=("linearizable",)),
        Case("cap/deposed-leader", {"reads": "lease"}, schedules=("",), seeds=range(10),
            must_hold=("linearizable", "available", "prompt")),
        Case("cap/one-way-cut", {"leader": "checks"}, must_hold=("available",)),
    ),
    stub=CarefulLeaderStub, reference=CarefulLeader,
    mistakes=(
        Mistake("always sure", "linearizable=violated", AlwaysSure),
        Mistake("never sure", "available=violated", NeverSure),
    ),
)  # fmt: skip

EXERCISES = (QUORUM, WRITE_BACK, CAREFUL_LEADER, FRESH_READS)
