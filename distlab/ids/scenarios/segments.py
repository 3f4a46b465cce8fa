"""Experiments with numbers that a database hands out in ranges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any

from distlab.check.invariants import prompt
from distlab.host import Connection, Database
from distlab.ids.checks import NOT_TAKEN, UNIQUE, WASTED, ShownId, gapless, seldom_asked
from distlab.ids.scenarios.shop import LATENCY_MS, Open, Take, add_workers, worker
from distlab.ids.segment import SCHEMA, Segments, next_range
from distlab.knobs import Choice, Integer
from distlab.registry import register
from distlab.scenario import Scenario
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from distlab.sim import Client, World

DATABASE = "database"
TIMEOUT_MS = 25

Source = Callable[[Database, int], Awaitable[range]]


async def read_then_write(database: Database, step: int) -> range:
    """Two transactions: what others do in between is lost."""

    def read_max(connection: Connection) -> int:
        return int(connection.execute("SELECT max_id FROM ids")[0][0])

    max_id = await database.transaction(read_max) + step

    def write_max(connection: Connection) -> None:
        connection.execute("UPDATE ids SET max_id = :max_id", max_id=max_id)

    await database.transaction(write_max)
    return range(max_id - step + 1, max_id + 1)


def numbering(
    source: Source, step: int, ahead: bool = False, fill: bool = False, allocator: Any = Segments
) -> Open:
    async def open_shop(client: Client) -> Take:
        database = RemoteDatabase(client, DATABASE, TIMEOUT_MS)
        taken: list[range] = []
        made: set[int] = set()

        async def fetch() -> range:
            new = await source(database, step)
            if not made.issuperset(chain(*taken[:-1])):  # the last one may be in use still
                client.note(f"range from №{new[0]} {WASTED}")
            taken.append(new)
            return new

        segments = allocator(client, fetch, ahead)
        if fill:
            await segments.fill()

        async def take() -> ShownId:
            number = await segments.next_id()
            made.add(number)
            if not any(number in each for each in taken):
                client.note(f"№{number} {NOT_TAKEN}")
            return ShownId(number, 0, f"№{number}")

        return take

    return open_shop


SOURCES: dict[str, Source] = {"two-statements": read_then_write, "one-statement": next_range}


def add_database(world: World) -> None:
    world.add(DatabaseServer(DATABASE, SCHEMA, show="SELECT 'max_id', max_id FROM ids"))


def build_overlap(world: World, take: str, step: int, allocator: Any = Segments) -> None:
    add_database(world)
    open_shop = numbering(SOURCES[take], step, allocator=allocator)
    add_workers(world, worker(open_shop, until_ms=140), worker(open_shop, until_ms=140))


SEGMENT_OVERLAP = register(
    Scenario(
        id="ids/segment-overlap",
        title="Two workers take ranges",
        claim="A range is taken in one statement, or two workers take the same one.",
        build=build_overlap,
        checks=(UNIQUE, gapless(), seldom_asked(DATABASE, 3)),
        property="unique",
        price="gapless",
        knobs=(
            Choice(
                "take",
                tuple(SOURCES),
                "two-statements",
                "SELECT max_id, then UPDATE to the sum; UPDATE … RETURNING",
            ),
            Integer("step", 1, 100, 8, "numbers in a range"),
        ),
        violating={"take": "two-statements"},
        satisfying={"take": "one-statement"},
        mistake="max_id is read in one statement and written in another",
        source="Meituan Leaf 2017, segment mode",
        nemesis="crash:worker-1,worker-2,database+1..40; pause; lose; duplicate; at most 4",
        faults="crash:worker-2@70+10",
        horizon_ms=200,
        latency_ms=LATENCY_MS,
    )
)


STALL_STEP = 16


def build_stall(world: World, buffer: str, step: int) -> None:
    add_database(world)
    open_shop = numbering(next_range, step, ahead=buffer == "double", fill=True)
    add_workers(world, worker(open_shop, until_ms=200))


SEGMENT_STALL = register(
    Scenario(
        id="ids/segment-stall",
        title="The end of a range",
        claim="Fetch the next range while the old one lasts, and nobody waits for the database.",
        build=build_stall,
        checks=(prompt(2), gapless(STALL_STEP), UNIQUE),
        property="prompt",
        price="few gaps",
        knobs=(
            Choice("buffer", ("single", "double"), "single", "ranges in memory"),
            Integer("step", 10, 100, STALL_STEP, "numbers in a range"),
        ),
        violating={"buffer": "single"},
        satisfying={"buffer": "double"},
        mistake="the next range is fetched when the last one is used up",
        source="Meituan Leaf 2017, double buffer",
        nemesis="crash:database@25..180+1..20; delay=1..10; at most 1",
        faults="crash:database@80+15;crash:worker-1@132+5",
        horizon_ms=260,
        latency_ms=LATENCY_MS,
    )
)
