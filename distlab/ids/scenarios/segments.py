"""Experiments with numbers that a database hands out in ranges."""

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any

from distlab.check.invariants import prompt
from distlab.host import Connection, Database
from distlab.ids.checks import UNIQUE, NotTaken, ShownId, Wasted, gapless, seldom_asked
from distlab.ids.scenarios.workers import Boot, IdScenario, Take, Worker, add_workers, worker
from distlab.ids.segment import SCHEMA, Segments, next_range
from distlab.knobs import Integer, Way, Ways
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from distlab.sim import World

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
) -> Boot:
    async def boot(client: Worker) -> Take:
        database = RemoteDatabase(client, DATABASE, TIMEOUT_MS)
        taken: list[range] = []
        made: set[int] = set()

        async def fetch() -> range:
            new = await source(database, step)
            if not made.issuperset(chain(*taken[:-1])):  # the last one may be in use still
                client.note(Wasted(new[0]))
            taken.append(new)
            return new

        segments = allocator(client, fetch, ahead)
        if fill:
            await segments.fill()

        async def take() -> ShownId:
            number = await segments.next_id()
            made.add(number)
            if not any(number in each for each in taken):
                client.note(NotTaken(number))
            return ShownId(number, 0, f"№{number}")

        return take

    return boot


TAKE = Ways(
    "take",
    Way("two-statements", read_then_write, "SELECT max_id, then UPDATE to the sum",
        mistake="max_id is read in one statement and written in another",
        source="Meituan Leaf 2017, segment mode"),
    Way("one-statement", next_range, "UPDATE … RETURNING", role="right"),
)  # fmt: skip


def add_database(world: World) -> None:
    world.add(DatabaseServer(DATABASE, SCHEMA, show="SELECT 'max_id', max_id FROM ids"))


@IdScenario(
    id="ids/segment-overlap",
    title="Two workers take ranges",
    claim="Take a range in one statement, or two workers may take the same one.",
    checks=(UNIQUE, gapless(), seldom_asked(DATABASE, 3)),
    knobs=(TAKE, Integer("step", 1, 100, 8, "numbers in a range")),
    nemesis="crash:worker-1,worker-2,database+1..40; pause; lose; duplicate; at most 4",
    faults="crash:worker-2@64+5",
    horizon_ms=150,
)
def segment_overlap(world: World, take: Source, step: int, solution: Any = None) -> None:
    add_database(world)
    boot = numbering(take, step, allocator=solution or Segments)
    add_workers(world, worker(boot), worker(boot))  # up to 100 ms: no range is cut off


STALL_STEP = 16
BUFFER = Ways(
    "buffer",
    Way("single", False, "one",
        mistake="the next range is fetched when the last one is used up",
        source="Meituan Leaf 2017, double buffer"),
    Way("double", True, "two", role="right"),
    about="ranges in memory",
)  # fmt: skip


@IdScenario(
    id="ids/segment-stall",
    title="The end of a range",
    claim="Fetch the next range while the old one lasts, and nobody waits for the database.",
    checks=(prompt(2), gapless(STALL_STEP), UNIQUE),
    knobs=(BUFFER, Integer("step", 10, 100, STALL_STEP, "numbers in a range")),
    nemesis="crash:database@25..180+1..20; delay=1..10; at most 1",
    faults="crash:database@80+15;crash:worker-1@132+5",
    horizon_ms=260,
)
def segment_stall(world: World, buffer: bool, step: int) -> None:
    add_database(world)
    boot = numbering(next_range, step, ahead=buffer, fill=True)
    add_workers(world, worker(boot, until_ms=200))
