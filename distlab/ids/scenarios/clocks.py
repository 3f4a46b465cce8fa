"""Experiments with a clock that moves back, or does not move on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.check.invariants import available, prompt
from distlab.host import Refused
from distlab.ids.checks import ORDERED, TRUE_TIME, UNIQUE, ShownId
from distlab.ids.scenarios.shop import (
    LATENCY_MS,
    START_MS,
    Open,
    Take,
    add_workers,
    short,
    shown,
    taking,
    worker,
)
from distlab.ids.snowflake import DurableSnowflake, Snowflake, SpareBitsSnowflake
from distlab.ids.snowflake_mistakes import (
    OverflowingSnowflake,
    ResetsFirstSnowflake,
    TrustingSnowflake,
    spin,
)
from distlab.ids.uuids import Uuid7
from distlab.knobs import Choice
from distlab.registry import register
from distlab.scenario import BAD, Outcome, Scenario, Variant
from distlab.sim import Client, World

MAX_WAIT_MS = 60
LAYOUT = short(3)
SPARE = short(3, ("rollback", 2))

TWICE = {"unique": Outcome("not unique", BAD)}
"""Also where an experiment is about another promise, an id that was given out twice is bad."""

Generator = Callable[..., Any]
"""A class with `next_id()`, made from a worker id, a clock and a layout."""


def opens(generator: Generator, max_wait_ms: float = 0, worker_id: int = 1) -> Open:
    layout = SPARE if generator is SpareBitsSnowflake else LAYOUT

    async def open_shop(client: Client) -> Take:
        made = generator(worker_id, client, layout)
        return taking(layout, made.next_id, client, max_wait_ms)

    return open_shop


ROLLBACK = {
    "throw": opens(Snowflake),
    "trust": opens(TrustingSnowflake),
    "wait": opens(Snowflake, MAX_WAIT_MS),
    "spare-bits": opens(SpareBitsSnowflake),
}


NO_SNOWFLAKE = "no Snowflake of worker"


def learners(generator: Generator) -> Open:
    """Somebody else's generator. Its ids are looked at: each has the number of the worker and, as
    long as the clock was never set back, the time of the clock.
    """

    async def open_shop(client: Client) -> Take:
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
                at = f"{now_ms - START_MS} ms"
                raise Refused(f"{shown(LAYOUT, number)!r} is {NO_SNOWFLAKE} 1 at {at}")
            return number

        return taking(LAYOUT, next_id, client, 1)

    return open_shop


def build_rollback(world: World, on_rollback: str, generator: Generator | None = None) -> None:
    open_shop = ROLLBACK[on_rollback]
    if generator and on_rollback == "trust":
        open_shop = learners(generator)
    add_workers(world, worker(open_shop))


CLOCK_ROLLBACK = register(
    Scenario(
        id="ids/clock-rollback",
        title="The clock moves back",
        claim="A clock that is set back makes old ids again, or stops the shop, or has its price.",
        build=build_rollback,
        checks=(available(within_ms=80), prompt(2), UNIQUE, ORDERED),
        property="available",
        price="prompt",
        others=TWICE,
        knobs=(
            Choice(
                "on_rollback",
                tuple(ROLLBACK),
                "throw",
                "refuse until the clock has caught up; do not look; wait, for at most 60 ms; "
                "go on with other spare bits",
            ),
        ),
        violating={"on_rollback": "throw"},
        satisfying={"on_rollback": "wait"},
        mistake="a generator that throws whenever the clock moves back",
        source="Twitter Snowflake 2010, IdWorker.nextId",
        mistakes=(
            Variant(
                {"on_rollback": "trust"},
                "a generator that does not look whether the clock has moved back",
                "Twitter Snowflake 2010, README, System Clock Dependency",
                property="unique",
            ),
        ),
        nemesis="jump:worker-1=-25..25; pause:worker-1+1..15; at most 2",
        faults="jump:worker-1@32=-20",
        horizon_ms=180,
        latency_ms=LATENCY_MS,
    )
)

FIRST = {
    "reset": opens(ResetsFirstSnowflake),
    "refuse": opens(Snowflake),
    "wait": opens(Snowflake, MAX_WAIT_MS),
}


def build_reset(world: World, first: str) -> None:
    open_shop = FIRST[first]
    add_workers(world, worker(open_shop, retry_ms=1))


SEQUENCE_RESET = register(
    Scenario(
        id="ids/sequence-reset",
        title="A refusal while the clock is behind",
        claim="A sequence that is set back before the refusal makes duplicates after it.",
        build=build_reset,
        checks=(UNIQUE, prompt(2), available(within_ms=80)),
        property="unique",
        price="prompt",
        knobs=(
            Choice(
                "first",
                tuple(FIRST),
                "reset",
                "when the clock is behind: set the sequence back, then refuse; refuse; wait",
            ),
        ),
        violating={"first": "reset"},
        satisfying={"first": "wait"},
        mistake="the sequence is reset before the clock is checked",
        source="order of two ifs, in many ports of Snowflake",
        nemesis="jump:worker-1=-25..25; pause:worker-1+1..15; at most 3",
        faults="jump:worker-1@32=-15",
        horizon_ms=120,
        latency_ms=LATENCY_MS,
    )
)

AHEAD_MS = 20


class DiskMark:
    """The mark on a machine's disk."""

    def __init__(self, client: Client) -> None:
        self.disk = client.disk

    def read(self) -> int:
        return int(self.disk.read("mark", 0))

    def write(self, ms: int) -> None:
        self.disk.put("mark", ms)


def remembering(worker_id: int, client: Client, layout: Any) -> Snowflake:
    return DurableSnowflake(worker_id, client, DiskMark(client), AHEAD_MS, layout)


REMEMBERS = {"nothing": opens(Snowflake), "mark": opens(remembering, 2 * MAX_WAIT_MS)}


def build_restart(world: World, remembers: str) -> None:
    add_workers(world, worker(REMEMBERS[remembers]))


RESTART = register(
    Scenario(
        id="ids/restart",
        title="Set back while it was down",
        claim="After a restart nobody remembers how late it was, unless it is on the disk.",
        build=build_restart,
        checks=(UNIQUE, prompt(2)),
        property="unique",
        price="prompt",
        knobs=(
            Choice(
                "remembers",
                tuple(REMEMBERS),
                "nothing",
                f"what survives a crash: nothing; the end of the milliseconds in use, written "
                f"{AHEAD_MS} ms ahead",
            ),
        ),
        violating={"remembers": "nothing"},
        satisfying={"remembers": "mark"},
        mistake="the last timestamp is kept in memory only",
        source="Meituan Leaf 2017, clock check at start-up",
        nemesis="crash:worker-1+1..20; jump:worker-1=-25..5; at most 3",
        faults="crash:worker-1@32+8;jump:worker-1@36=-20",
        horizon_ms=240,
        latency_ms=LATENCY_MS,
    )
)

TINY = short(2)
LINES = 6


def exhausting(way: str, worker_id: int) -> Open:
    async def open_shop(client: Client) -> Take:
        if way == "wait":
            return taking(TINY, Snowflake(worker_id, client, TINY).next_id, client, 10)
        if way == "spin":
            made = Snowflake(worker_id, client, TINY)

            async def take() -> ShownId:
                return shown(TINY, await spin(client, made.next_id))

            return take
        return taking(TINY, OverflowingSnowflake(worker_id, client, TINY).next_id, client, 0)

    return open_shop


def build_exhausted(world: World, when_full: str) -> None:
    programs = [
        worker(exhausting(when_full, number), until_ms=60, lines=LINES) for number in (1, 2)
    ]
    add_workers(world, *programs)


EXHAUSTED = register(
    Scenario(
        id="ids/sequence-exhausted",
        title="More ids than the millisecond has",
        claim="Who waits for the next millisecond must bound the wait: it may be long in coming.",
        build=build_exhausted,
        checks=(prompt(20), available(within_ms=80), UNIQUE),
        property="prompt",
        price="available",
        others=TWICE,
        knobs=(
            Choice(
                "when_full",
                ("spin", "wait", "overflow"),
                "spin",
                "the sequence (2 bits) is full: look at the clock until it moves on; wait, for at "
                "most 10 ms; carry into the bits of the worker",
            ),
        ),
        violating={"when_full": "spin"},
        satisfying={"when_full": "wait"},
        mistake="a busy wait for the next millisecond that nothing ends",
        source="Twitter Snowflake 2010, IdWorker.tilNextMillis",
        mistakes=(
            Variant(
                {"when_full": "overflow"},
                "a sequence that is added to the id and not held to its bits",
                "Twitter Snowflake 2010, sequenceMask",
                property="unique",
            ),
        ),
        nemesis="jump:worker-1,worker-2=-60..60; at most 3",
        faults="jump:worker-1@30.5=-50",
        horizon_ms=140,
        latency_ms=LATENCY_MS,
    )
)


class Uuid7WithCounter(Uuid7):
    """Counts within a millisecond, and goes back in time with the clock."""

    def next_id(self) -> str:
        if self.host.now_ms() < self._last >> self.random_bits:
            self._last = -1
        return super().next_id()


def seven(order: str) -> Open:
    async def open_shop(client: Client) -> Take:
        kind = Uuid7WithCounter if order == "counter" else Uuid7
        made = kind(client, monotonic=order != "random")

        async def take() -> ShownId:
            bits = int(made.next_id().replace("-", ""), 16)
            ms = (bits >> 80) - START_MS
            return ShownId(bits, ms, f"{ms}·{bits >> 64 & 0xFFF:03x}…{bits & 0xFFF:03x}")

        return take

    return open_shop


def build_uuid7(world: World, order: str) -> None:
    add_workers(world, worker(seven(order), until_ms=70), worker(seven(order), until_ms=70))


UUID7_ROLLBACK = register(
    Scenario(
        id="ids/uuid7-rollback",
        title="Time-ordered, as long as time is",
        claim="UUID v7 sorts by time; within a millisecond, and when time goes back, by luck.",
        build=build_uuid7,
        checks=(ORDERED, TRUE_TIME, UNIQUE, available(within_ms=2)),
        property="ordered",
        price="true time",
        knobs=(
            Choice(
                "order",
                ("random", "counter", "monotonic"),
                "random",
                "after the milliseconds: random bits; the id before it plus something; the same, "
                "and the clock is not followed back",
            ),
        ),
        violating={"order": "random"},
        satisfying={"order": "monotonic"},
        mistake="new random bits for every id of a millisecond",
        source="RFC 9562, section 6.2",
        mistakes=(
            Variant(
                {"order": "counter"},
                "a counter within the millisecond that begins anew when the clock moves back",
                "RFC 9562, section 6.2, on clock rollbacks",
            ),
        ),
        nemesis="jump:worker-1,worker-2=-25..25; pause:worker-1,worker-2; at most 4",
        faults="jump:worker-1@42=-20",
        horizon_ms=100,
        latency_ms=LATENCY_MS,
    )
)
