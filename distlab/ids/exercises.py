"""The exercises of chapter 5: a Snowflake that survives a rollback, and numbers by the range."""

from distlab.check.look import notes
from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.host import Host
from distlab.ids.checks import TRUE_TIME, NotTaken, Wasted, given_out, repeated
from distlab.ids.oracles import UNIQUE_AND_ORDERED
from distlab.ids.probes import clocks_at_random, ranges_at_random
from distlab.ids.scenarios.clocks import NoSnowflake
from distlab.ids.segment import Take
from distlab.ids.snowflake import ClockMovedBackwards
from distlab.ids.snowflake_mistakes import TrustingSnowflake
from distlab.scenario import Run
from distlab.sim.trace import Note

ROLLBACKS = (
    None,
    "",
    "jump:worker-1@12=-9",
    "jump:worker-1@42=-45",
    "jump:worker-1@22=-15;jump:worker-1@52=-25",
    "jump:worker-1@22=30;jump:worker-1@42=-30",
    "pause:worker-1@15+20;jump:worker-1@42=-35",
    "jump:worker-1@12=-10;jump:worker-1@22=-10;jump:worker-1@32=-10;jump:worker-1@42=-10",
)


class SteadyStub(TrustingSnowflake):
    def next_id(self) -> int:
        raise NotImplementedError


class SteadySnowflake(TrustingSnowflake):
    def next_id(self) -> int:
        now_ms = max(self.now_ms(), self.last_ms)
        if now_ms > self.last_ms:
            self.sequence = 0
        elif self.sequence < self.max_sequence:
            self.sequence += 1
        else:  # this millisecond is used up, and the clock may be far behind: borrow the next
            now_ms, self.sequence = now_ms + 1, 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


class HeedlessSnowflake(TrustingSnowflake):
    def next_id(self) -> int:
        return super().next_id()  # which never looks back


class RefusingSnowflake(TrustingSnowflake):
    def next_id(self) -> int:
        back_ms = self.last_ms - self.now_ms()
        if back_ms > 0:
            raise ClockMovedBackwards(f"the clock moved back by {back_ms} ms", back_ms)
        return super().next_id()


class AlwaysRefuses(TrustingSnowflake):
    def next_id(self) -> int:
        raise ClockMovedBackwards("not now", 1)


class JustANumber(TrustingSnowflake):
    """Counts. With two workers there would be two of each."""

    number = 0

    def next_id(self) -> int:
        self.number += 1
        return self.number


class ForgetfulSnowflake(TrustingSnowflake):
    """Stays at the last millisecond, but counts anew in it."""

    def next_id(self) -> int:
        now_ms = max(self.now_ms(), self.last_ms)
        self.sequence = self.sequence + 1 if self.now_ms() == self.last_ms else 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


def _nothing_given_out(run: Run) -> bool:
    tried = run.trace.of_kind("invoke") and not any(notes(run.trace, NoSnowflake))
    return bool(tried) and not any(given_out(run.trace))


def _did_not_look_back(run: Run) -> bool:
    """Whether the clock showed the time in each id, and yet two orders got the same id."""
    first = next(filter(None, repeated(run.trace)), None)
    return first is not None and first[0] is not first[1] and bool(TRUE_TIME(run.trace).ok)


SURVIVE_A_ROLLBACK = Exercise(
    texts("ids/survive-a-rollback"), name="SteadySnowflake", base=TrustingSnowflake,
    returns={"next_id": int},
    cases=(
        Case("ids/clock-rollback", {"on_rollback": "trust"}, ROLLBACKS, range(3),
            always=("available", "unique", "ordered")),
    ),
    stub=SteadyStub, reference=SteadySnowflake,
    mistakes=(
        Mistake("does not look back", _did_not_look_back, HeedlessSnowflake),
        Mistake("no Snowflake", lambda run: any(notes(run.trace, NoSnowflake)), JustANumber,
            also=(r"next_id always \d+", "without 'self.sequence = 0'")),
        Mistake("makes no ids", _nothing_given_out, AlwaysRefuses, also=("next_id refuses",)),
        Mistake("refuses", "available=violated and unique=holds", RefusingSnowflake),
        Mistake("counts anew", "unique=violated", ForgetfulSnowflake, also=(r"without '.*'",)),
    ),
    probes=(clocks_at_random,),
)  # fmt: skip


class Ranges:
    """Where an allocator starts. `await self.take()` fetches a range that nobody else gets."""

    def __init__(self, host: Host, take: Take, ahead: bool = False) -> None:
        self.take = take
        self.left = range(0)

    async def next_id(self) -> int:
        raise NotImplementedError


class HiLo(Ranges):
    async def next_id(self) -> int:
        if not self.left:
            self.left = await self.take()
        number, self.left = self.left[0], self.left[1:]
        return number


class AlwaysAsking(Ranges):
    async def next_id(self) -> int:
        return (await self.take())[0]


class DrawsNumbers(Ranges):
    """Draws numbers, and never asks."""

    def __init__(self, host: Host, take: Take, ahead: bool = False) -> None:
        super().__init__(host, take, ahead)
        self.random = host.random

    async def next_id(self) -> int:
        return self.random.getrandbits(40)


class NeverAnswers(Ranges):
    async def next_id(self) -> int:
        while True:
            await self.take()


class HalfUsing(Ranges):
    async def next_id(self) -> int:
        if len(self.left) <= 4:
            self.left = await self.take()
        number, self.left = self.left[0], self.left[1:]
        return number


class NeverAsking(Ranges):
    """Takes one range and counts on past its end."""

    number = 0

    async def next_id(self) -> int:
        if not self.number:
            self.number = (await self.take())[0] - 1
        self.number += 1
        return self.number


class StandingStill(Ranges):
    async def next_id(self) -> int:
        if not self.left:
            self.left = await self.take()
        return self.left[0]


def _proved_by(run: Run, kind: type[Note]) -> bool:
    """Whether a note of this kind proves what is wrong with the numbers, and all of them differ."""
    witness = run.verdict("seldom asked").witness
    proof = [run.trace.events[position].what for position in witness]
    return bool(run.verdict("unique").ok) and any(isinstance(each, kind) for each in proof)


def _one_worker_twice(run: Run) -> bool:
    first = next(filter(None, repeated(run.trace)), None)
    return first is not None and first[0].process == first[1].process


HI_LO = Exercise(
    texts("ids/hi-lo"), name="HiLo", base=Ranges, returns={"next_id": int},
    cases=(
        Case("ids/segment-overlap", {"take": "one-statement"},
            (None, "", "crash:database@40+20", "lose:worker-1>database@40"), range(5),
            must_hold=("unique", "seldom asked")),
        Case("ids/segment-overlap", {"take": "one-statement", "step": 5}, ("",), range(3),
            must_hold=("unique", "seldom asked"), searched=0),
    ),
    stub=Ranges, reference=HiLo,
    mistakes=(
        Mistake("never answers", _nothing_given_out, NeverAnswers, also=("next_id refuses",)),
        Mistake("makes numbers up", lambda run: _proved_by(run, NotTaken), DrawsNumbers),
        Mistake("throws away", lambda run: _proved_by(run, Wasted), HalfUsing),
        Mistake("always asks", "seldom asked=violated and unique=holds", AlwaysAsking),
        Mistake("stands still", _one_worker_twice, StandingStill, also=(r"next_id always \d+",)),
        Mistake("runs past the end", "unique=violated", NeverAsking),
    ),
    probes=(ranges_at_random,),
)  # fmt: skip

EXERCISES = (SURVIVE_A_ROLLBACK, HI_LO, UNIQUE_AND_ORDERED)
