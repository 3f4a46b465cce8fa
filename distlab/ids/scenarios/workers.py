"""Workers that take orders, and the table that keeps the orders by their ids.

All experiments of this chapter run here. A worker makes the ids itself and sends the order to the
table `orders`, which holds one row for each id. Ids are shown as time·worker·sequence, in
milliseconds since the start of the run. They have few bits for a sequence, so that few orders fill
it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from distlab.ids.checks import ShownId
from distlab.ids.layout import EPOCH_MS, Layout
from distlab.ids.snowflake import patient
from distlab.scenario import Scenario
from distlab.sim import Client, Node, World
from distlab.sim.client import Program
from distlab.sim.clocks import EPOCH_US

START_MS = EPOCH_US // 1000
EVERY_MS = 10
TABLE = "orders"

Take = Callable[[], Awaitable[ShownId]]
Boot = Callable[["Worker"], Awaitable[Take]]
"""A worker calls its `Boot` once when it starts, and the `Take` that it returns for each id."""

IdScenario = partial(Scenario, latency_ms=(4, 8))


class Worker(Client):
    """A client that shows in pictures what it holds: its program sets `client.holds`."""

    holds: Callable[[], str] | None = None

    def describe(self) -> str:
        return self.holds() if self.holds else ""


def short(sequence_bits: int, *between: tuple[str, int]) -> Layout:
    """A layout with so many bits for the sequence, and `between` before the worker id."""
    rest = 63 - 41 - sequence_bits - sum(bits for _, bits in between)
    fields = (("time", 41), *between, ("worker_id", rest), ("sequence", sequence_bits))
    return Layout(EPOCH_MS, fields)


def shown(layout: Layout, number: int) -> ShownId:
    parts = layout.parse(number)
    line = f"/{parts['rollback']}" if parts.get("rollback") else ""
    ms = layout.at_ms(number) - START_MS
    return ShownId(number, ms, f"{ms}{line}·w{parts['worker_id']}·{parts['sequence']}")


def taking(layout: Layout, make: Callable[[], int], client: Client, max_wait_ms: float) -> Take:
    """Take ids of a Snowflake, and wait up to `max_wait_ms` for one that is refused."""

    async def take() -> ShownId:
        return shown(layout, await patient(client, make, max_wait_ms))

    return take


@dataclass(frozen=True, slots=True)
class Insert:
    """Keep this order: one row for each of its lines."""

    ids: tuple[ShownId, ...]


class OrdersTable(Node):
    """Rows by their id. A second row with the same id replaces the first."""

    def on_start(self) -> None:
        self.rows: frozenset[ShownId] = self.disk.read("rows", frozenset())

    def on_insert(self, message: Insert, sender: str) -> None:
        for number in message.ids:
            if number in self.rows:
                self.note(f"overwrites {number!r}")
        self.rows |= frozenset(message.ids)
        self.disk.put("rows", self.rows)

    def describe(self) -> str:
        return f"{len(self.rows)} rows"


def worker(
    boot: Boot, first_ms: int = 0, until_ms: int = 100, lines: int = 2, retry_ms: int = 4
) -> Program:
    """Take an order of `lines` ids whenever the clock shows a multiple of `EVERY_MS`.

    A refused order is tried again after `retry_ms`.
    """

    async def program(client: Client) -> None:
        assert isinstance(client, Worker)
        await client.sleep(first_ms)
        take = await boot(client)
        pause_ms = EVERY_MS - client.now_ms() % EVERY_MS
        while client.monotonic_ms() + pause_ms <= until_ms:
            await client.sleep(pause_ms)
            clock = f"{client.now_ms() - START_MS} ms"
            ids = await client.perform("order", clock, None, several(take, lines))
            if ids:
                client.send(TABLE, Insert(ids if isinstance(ids, tuple) else (ids,)))
            pause_ms = EVERY_MS - client.now_ms() % EVERY_MS if ids else retry_ms

    return program


async def several(take: Take, count: int) -> tuple[ShownId, ...] | ShownId:
    """A tuple of `count` ids. A single id comes without a tuple: pictures would show a comma."""
    ids = tuple([await take() for _ in range(count)])
    return ids if count > 1 else ids[0]


def add_workers(world: World, *programs: Program) -> None:
    """Put worker-1, worker-2, … and the table into the world."""
    for number, program in enumerate(programs, 1):
        world.add(Worker(f"worker-{number}", program))
    world.add(OrdersTable(TABLE))
