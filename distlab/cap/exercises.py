"""The exercises of chapter 1, with solutions and frequent wrong answers."""

from collections.abc import Mapping

from distlab.cap.cp_store import PATIENCE_MS, ConfigStore
from distlab.cap.dynamo import Found, Get, Replica, Store
from distlab.cap.oracles import FRESH_READS
from distlab.cap.probes import any_replicas, every_age, every_number
from distlab.check.look import sent
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
    first: Get = next(event.what for _, event in sent(run.trace, Get))
    return first.r


def replicas(run: Run) -> int:
    return len(run.machines) - len(("writer", "reader"))


def too_few(run: Run) -> bool:
    return asked(run) == replicas(run) - int(run.knobs["w"])


FIVE = ("n1", "n2", "n3", "n4", "n5")


def quorum_case(w: int, *schedules: str, seeds: int = 10, **parts: object) -> Case:
    return Case("cap/r-plus-w", {"w": w}, schedules, range(seeds), ("fresh", "available"),
                searched=0 if parts else 30, parts=parts)  # fmt: skip


QUORUM = Exercise(
    texts("cap/choose-r"), name="choose_r", returns={"": int},
    cases=(
        quorum_case(3, "", "crash:n1@90;crash:n2@90"),
        quorum_case(1, "lose:n1>n2@25;lose:n1>n3@25"),
        quorum_case(2, "", "lose:n1>n3@25", "lose:n1>n3@25;crash:n2@90"),
        quorum_case(3, "lose:n1>n3@25;lose:n1>n4@25", "crash:n1@90;crash:n2@90", nodes=FIVE),
        quorum_case(1, "lose:n1>n2@25;lose:n1>n3@25;lose:n1>n4@25;lose:n1>n5@25", nodes=FIVE),
    ),
    stub=choose_r_stub, reference=choose_r,
    mistakes=(
        Mistake("thinks of three", lambda run: replicas(run) > 3, lambda n, w: 4 - w),
        Mistake("asks nobody", lambda run: asked(run) < 1, lambda n, w: n // 2 - w),
        Mistake("one is enough", lambda run: asked(run) == 1 and not too_few(run),
            lambda n, w: 1),
        Mistake("one too few", too_few, lambda n, w: max(1, n - w)),
        Mistake("always a majority", lambda run: asked(run) == 2, lambda n, w: n // 2 + 1),
        Mistake("ask everybody", lambda run: asked(run) == 3, lambda n, w: n),
        Mistake("asks more than there are", lambda run: asked(run) > 3, lambda n, w: n + w),
    ),
    probes=(every_number,),
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


class Refuses(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        return all(each.versions == newest.versions for each in found.values())


class AlwaysRefuses(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        return False


class WaitsForAll(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        stored = await self.ask(newest, self.home, wait_for=len(self.home))
        return len(stored) == len(self.home)


class AnswersAllTheSame(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        await self.ask(newest, self.home, wait_for=self.majority)
        return True


class BringsSomethingElse(Replica):
    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        nothing = Store(newest.key, ())
        stored = await self.ask(nothing, self.home, wait_for=self.majority)
        return len(stored) >= self.majority


SHORT_MS = 30
"""Long enough for a round trip, and short enough that a read gives up before the next begins."""


def inverted(run: Run) -> bool:
    return run.verdict("linearizable").ok is False


def unavailable(run: Run) -> bool:
    return run.verdict("available").ok is False


def brought(run: Run) -> list[int]:
    """Where a replica was sent a value after the first read had begun, as a read brings it."""
    began = [each.invoked for each in run.history if each.function == "read"]
    return [at for at, _ in sent(run.trace, Store) if at > min(began, default=at)]


def brings_something_else(run: Run) -> bool:
    """Whether the value of a read is not in what the read brought to others."""
    reads = [op.result for op in run.history if op.function == "read" and op.outcome == "ok"]
    stores = [run.trace.events[at].what for at in brought(run)]
    values = [version.value for store in stores for version in store.versions]
    return inverted(run) and bool(stores) and not {*reads[:1]} & {*values}


def answered_all_the_same(run: Run) -> bool:
    """Whether a read answered long after it had brought the value: it waited in vain."""
    brings = [run.trace.events[at].at_us for at in brought(run)[:1]]
    reads = [op for op in run.history if op.function == "read" and op.outcome == "ok"]
    ends_us = [op.completed_us for op in reads[:1] if op.completed_us is not None]
    waited = any(end - begin >= SHORT_MS * 1000 for end in ends_us for begin in brings)
    return inverted(run) and waited


TWO_SLOW = "delay:n1>n2@85+10=150;delay:n1>n3@85+150=150"

WRITE_BACK = Exercise(
    texts("cap/write-back"), name="WriteBack", base=Replica, returns={"write_back": bool},
    cases=(
        Case("cap/new-old-inversion", schedules=("", TWO_SLOW, "crash:n2@60"), seeds=range(10),
            must_hold=("linearizable", "available"), searched=0),
        Case("cap/new-old-inversion", schedules=(TWO_SLOW,), seeds=range(5),
            must_hold=("linearizable", "available"), searched=0, parts={"values": (3, 4)}),
        Case("cap/new-old-inversion", schedules=(f"{TWO_SLOW};lose:n1>n2@130",),
            seeds=range(20), must_hold=("linearizable",)),
        Case("cap/new-old-inversion", schedules=(f"{TWO_SLOW};lose:n1>n2@130",), seeds=range(20),
            must_hold=("linearizable",), searched=0, parts={"patience_ms": SHORT_MS}),
        Case("cap/new-old-inversion", schedules=("lose:n1>n2@85;lose:n1>n3@85",), seeds=range(5),
            must_hold=("linearizable",), searched=0, parts={"again_ms": 230}),
    ),
    stub=WriteBackStub, reference=WriteBack,
    mistakes=(
        Mistake("answers at once", lambda run: inverted(run) and not brought(run), AnswersAtOnce),
        Mistake("brings something else", brings_something_else, BringsSomethingElse,
            also=("write_back ignores newest",)),
        Mistake("answers all the same", answered_all_the_same, AnswersAllTheSame),
        Mistake("sends and forgets", inverted, SendsAndForgets, also=("write_back ignores found",)),
        Mistake("always refuses", lambda run: unavailable(run) and not run.faults, AlwaysRefuses,
            also=("write_back refuses",)),
        Mistake("refuses", lambda run: unavailable(run) and not brought(run), Refuses),
        Mistake("waits for all", unavailable, WaitsForAll),
    ),
    probes=(any_replicas,),
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


class IgnoresTheTime(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        return self.monotonic_ms() - self.confirmed_ms <= 80


class NeverSure(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        return self.now_ms() - self.confirmed_ms <= ms  # the wall clock counts from 1970


class PatientReader(ConfigStore):
    """Takes its patience for its lease."""

    def confirmed_within(self, ms: int) -> bool:
        return self.monotonic_ms() - self.confirmed_ms <= self.patience_ms


class NeverTrustsItsLease(ConfigStore):
    def confirmed_within(self, ms: int) -> bool:
        return ms == self.patience_ms and super().confirmed_within(ms)


class NeverDown(ConfigStore):
    """Has an eye on its lease only."""

    def confirmed_within(self, ms: int) -> bool:
        return ms == PATIENCE_MS or super().confirmed_within(ms)


LONG = {"lease_ms": 350, "patience_ms": 400}
"""A leader that believes in its majority for longer: it survives a cut of 200 ms."""


SLOW_CLOCK = "partition:n1|n2,n3@160+270;drift:n1@0=-500000"
"""A leader whose clock runs at half the speed."""


def was_cut(run: Run, ms: int) -> bool:
    return any(fault.for_ms == ms for fault in run.faults)


CAREFUL_LEADER = Exercise(
    texts("cap/careful-leader"), name="CarefulLeader", base=ConfigStore,
    returns={"confirmed_within": bool},
    cases=(
        Case("cap/deposed-leader", {"reads": "lease"}, schedules=("",), seeds=range(10),
            must_hold=("linearizable", "available", "prompt"), searched=0),
        Case("cap/deposed-leader", {"reads": "lease"},
            schedules=(None, "partition:n1|n2,n3@160+270", SLOW_CLOCK), seeds=range(10),
            must_hold=("linearizable",), searched=30),
        Case("cap/deposed-leader", {"reads": "lease"},
            schedules=("", "partition:n1|n2,n3@100+200"), seeds=range(5),
            must_hold=("linearizable", "available"), searched=0, parts=LONG),
        Case("cap/one-way-cut", {"leader": "checks"}, schedules=("", None),
            must_hold=("available",), searched=30),
    ),
    stub=CarefulLeaderStub, reference=CarefulLeader,
    mistakes=(
        Mistake("too late by a slow clock",
            lambda run: inverted(run) and any(fault.kind == "drift" for fault in run.faults),
            PatientReader),
        Mistake("always sure", "linearizable=violated", AlwaysSure),
        Mistake("never sure", lambda run: unavailable(run) and not run.faults, NeverSure),
        Mistake("asks all the same",
            lambda run: not run.faults and run.verdict("prompt").ok is False, NeverTrustsItsLease),
        Mistake("ignores ms", lambda run: unavailable(run) and was_cut(run, 200), IgnoresTheTime),
        Mistake("never steps down", lambda run: run.scenario.id == "cap/one-way-cut", NeverDown),
    ),
    probes=(every_age,),
)  # fmt: skip

EXERCISES = (QUORUM, WRITE_BACK, CAREFUL_LEADER, FRESH_READS)
