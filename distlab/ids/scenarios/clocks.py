"""Experiments with a clock that moves back, or does not move on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from distlab.check.invariants import available, prompt
from distlab.host import Refused
from distlab.ids import snowflake_mistakes as mistakes
from distlab.ids.checks import ORDERED, TRUE_TIME, UNIQUE, ShownId
from distlab.ids.layout import Layout
from distlab.ids.scenarios.workers import (
    START_MS,
    Boot,
    IdScenario,
    Take,
    Worker,
    add_workers,
    short,
    shown,
    taking,
    worker,
)
from distlab.ids.snowflake import DurableSnowflake, Snowflake, SpareBitsSnowflake
from distlab.ids.uuids import Uuid7
from distlab.knobs import Way, Ways
from distlab.scenario import BAD, Outcome
from distlab.sim import Client, World
from distlab.sim.trace import Note

MAX_WAIT_MS = 60
LAYOUT = short(3)

TWICE = {"unique": Outcome("not unique", BAD)}
"""An id that was given out twice is bad also where an experiment is about another promise."""

Generator = Callable[..., Any]
"""A class with `next_id()`, made from a worker id, a clock and a layout."""


def snowflake(
    generator: Generator, max_wait_ms: float = 0, worker_id: int = 1, layout: Layout = LAYOUT
) -> Boot:
    async def boot(client: Worker) -> Take:
        made = generator(worker_id, client, layout)
        return taking(layout, made.next_id, client, max_wait_ms)

    return boot


@dataclass(frozen=True, slots=True)
class NoSnowflake(Note):
    """An id that this worker cannot have made at this time."""

    number: ShownId
    at_ms: int

    def __str__(self) -> str:
        return f"{self.number!r} is no Snowflake of worker 1 at {self.at_ms} ms"


def inspected(generator: Generator) -> Boot:
    """Take ids of a learner's generator, and refuse one that is no Snowflake.

    Each must have the number of the worker. Until the clock is set back for the first time, each
    must have the time of the clock as well.
    """

    async def boot(client: Worker) -> Take:
        made = generator(1, client, LAYOUT)
        ahead_ms, was_set_back = 0.0, False

        def next_id() -> int:
            nonlocal ahead_ms, was_set_back
            number: int = made.next_id()
            now_ms = client.now_ms()
            before_ms, ahead_ms = ahead_ms, now_ms - client.monotonic_ms()
            was_set_back |= ahead_ms < before_ms - 1
            true = was_set_back or LAYOUT.at_ms(number) == now_ms
            if not true or LAYOUT.parse(number)["worker_id"] != 1:
                wrong = NoSnowflake(shown(LAYOUT, number), now_ms - START_MS)
                client.note(wrong)
                raise Refused(str(wrong))
            return number

        return taking(LAYOUT, next_id, client, 1)

    return boot


TRUSTING = snowflake(mistakes.TrustingSnowflake)
ON_ROLLBACK = Ways(
    "on_rollback",
    Way("throw", snowflake(Snowflake), "refuse until the clock has caught up",
        mistake="a generator that throws whenever the clock moves back",
        source="Twitter Snowflake 2010, IdWorker.nextId"),
    Way("trust", TRUSTING, "do not look",
        mistake="a generator that does not look whether the clock has moved back",
        source="Twitter Snowflake 2010, README, System Clock Dependency", property="unique"),
    Way("wait", snowflake(Snowflake, MAX_WAIT_MS), "wait, for at most 60 ms", role="right"),
    Way("spare-bits", snowflake(SpareBitsSnowflake, layout=short(3, ("rollback", 2))),
        "go on with other spare bits", role="right"),
)  # fmt: skip


@IdScenario(
    id="ids/clock-rollback",
    title="The clock moves back",
    claim="When a clock is set back, ids are repeated or refused, or another promise fails.",
    checks=(available(within_ms=80), prompt(2), UNIQUE, ORDERED),
    others=TWICE,
    knobs=(ON_ROLLBACK,),
    nemesis="jump:worker-1=-25..25; pause:worker-1+1..15; at most 2",
    faults="jump:worker-1@32=-20",
    horizon_ms=180,
)
def clock_rollback(world: World, on_rollback: Boot, solution: Generator | None = None) -> None:
    """A learner's generator takes the place of the trusting one, beside the other ways."""
    learners = inspected(solution) if solution and on_rollback is TRUSTING else None
    add_workers(world, worker(learners or on_rollback))


FIRST = Ways(
    "first",
    Way("reset", snowflake(mistakes.ResetsFirstSnowflake), "set the sequence back, then refuse",
        mistake="the sequence is reset before the clock is checked",
        source="order of two ifs, in many ports of Snowflake"),
    Way("refuse", snowflake(Snowflake), "refuse", role="right"),
    Way("wait", snowflake(Snowflake, MAX_WAIT_MS), "wait", role="right"),
    about="when the clock is behind",
)  # fmt: skip


@IdScenario(
    id="ids/sequence-reset",
    title="A refusal while the clock is behind",
    claim="A sequence that is set back before the refusal makes duplicates after it.",
    checks=(UNIQUE, prompt(2), available(within_ms=80)),
    knobs=(FIRST,),
    satisfying={"first": "wait"},
    nemesis="jump:worker-1=-25..25; pause:worker-1+1..15; at most 3",
    faults="jump:worker-1@32=-15",
    horizon_ms=120,
)
def sequence_reset(world: World, first: Boot) -> None:
    add_workers(world, worker(first, retry_ms=1))


AHEAD_MS = 20


class DiskMark:
    """The mark on a machine's disk."""

    def __init__(self, client: Client) -> None:
        self.disk = client.disk

    def read(self) -> int:
        return int(self.disk.read("mark", 0))

    def write(self, ms: int) -> None:
        self.disk.put("mark", ms)


def remembering(worker_id: int, client: Client, layout: Layout) -> Snowflake:
    return DurableSnowflake(worker_id, client, DiskMark(client), AHEAD_MS, layout)


REMEMBERS = Ways(
    "remembers",
    Way("nothing", snowflake(Snowflake), "nothing",
        mistake="the last timestamp is kept in memory only",
        source="Meituan Leaf 2017, clock check at start-up"),
    Way("mark", snowflake(remembering, 2 * MAX_WAIT_MS),
        f"the end of the milliseconds in use, written {AHEAD_MS} ms ahead", role="right"),
    about="what survives a crash",
)  # fmt: skip


@IdScenario(
    id="ids/restart",
    title="Set back while it was down",
    claim="After a restart nobody remembers how late it was, unless it is on the disk.",
    checks=(UNIQUE, prompt(2)),
    knobs=(REMEMBERS,),
    nemesis="crash:worker-1+1..20; jump:worker-1=-25..5; at most 3",
    faults="crash:worker-1@32+8;jump:worker-1@36=-20",
    horizon_ms=240,
)
def restart(world: World, remembers: Boot) -> None:
    add_workers(world, worker(remembers))


TINY = short(2)


def spinning(worker_id: int) -> Boot:
    async def boot(client: Worker) -> Take:
        made = Snowflake(worker_id, client, TINY)

        async def take() -> ShownId:
            return shown(TINY, await mistakes.spin(client, made.next_id))

        return take

    return boot


WHEN_FULL = Ways(
    "when_full",
    Way("spin", spinning, "look at the clock until it moves on",
        mistake="a busy wait for the next millisecond that nothing ends",
        source="Twitter Snowflake 2010, IdWorker.tilNextMillis"),
    Way("wait", partial(snowflake, Snowflake, 10, layout=TINY), "wait, for at most 10 ms",
        role="right"),
    Way("overflow", partial(snowflake, mistakes.OverflowingSnowflake, 0, layout=TINY),
        "carry into the bits of the worker",
        mistake="a sequence that is added to the id and not held to its bits",
        source="Twitter Snowflake 2010, sequenceMask", property="unique"),
    about="the sequence (2 bits) is full",
)  # fmt: skip


@IdScenario(
    id="ids/sequence-exhausted",
    title="More ids than the millisecond has",
    claim="A wait for the next millisecond needs an end: the clock may be far behind.",
    checks=(prompt(20), available(within_ms=80), UNIQUE),
    others=TWICE,
    knobs=(WHEN_FULL,),
    nemesis="jump:worker-1,worker-2=-60..60; at most 3",
    faults="jump:worker-1@30.5=-50",
    horizon_ms=140,
)
def sequence_exhausted(world: World, when_full: Callable[[int], Boot]) -> None:
    add_workers(world, *(worker(when_full(number), until_ms=60, lines=6) for number in (1, 2)))


class Uuid7WithCounter(Uuid7):
    """Counts within a millisecond, and goes back in time with the clock."""

    def next_id(self) -> str:
        if self.host.now_ms() < self._last >> self.random_bits:
            self._last = -1
        return super().next_id()


def uuid7(generator: Generator) -> Boot:
    async def boot(client: Worker) -> Take:
        made = generator(client)

        async def take() -> ShownId:
            bits = int(made.next_id().replace("-", ""), 16)
            ms = (bits >> 80) - START_MS
            return ShownId(bits, ms, f"{ms}·{bits >> 64 & 0xFFF:03x}…{bits & 0xFFF:03x}")

        return take

    return boot


ORDER = Ways(
    "order",
    Way("random", uuid7(partial(Uuid7, monotonic=False)), "random bits",
        mistake="new random bits for every id of a millisecond",
        source="RFC 9562, section 6.2"),
    Way("counter", uuid7(Uuid7WithCounter), "the id before it plus something",
        mistake="a counter within the millisecond that begins anew when the clock moves back",
        source="RFC 9562, section 6.2, on clock rollbacks"),
    Way("monotonic", uuid7(Uuid7), "the same, and the clock is not followed back", role="right"),
    about="after the milliseconds",
)  # fmt: skip


@IdScenario(
    id="ids/uuid7-rollback",
    title="Time-ordered, as long as time is",
    claim="UUID v7 sorts by time. Within a millisecond, or if clocks go back, it needs luck.",
    checks=(ORDERED, TRUE_TIME, UNIQUE, available(within_ms=2)),
    knobs=(ORDER,),
    nemesis="jump:worker-1,worker-2=-25..25; pause:worker-1,worker-2; at most 4",
    faults="jump:worker-1@42=-20",
    horizon_ms=100,
)
def uuid7_rollback(world: World, order: Boot) -> None:
    add_workers(world, worker(order, until_ms=70), worker(order, until_ms=70))
