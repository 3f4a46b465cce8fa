"""The shop in which all ids of this chapter are used: workers take orders, a table keeps them.

A worker makes the ids itself and sends the order to the table `orders`, which holds one row an id.
The ids are shown as time·worker·sequence, in milliseconds since the start of the run; they have few
bits for a sequence, so that few orders fill it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from distlab.ids.checks import ShownId
from distlab.ids.layout import EPOCH_MS, Layout
from distlab.ids.snowflake import patient
from distlab.sim import Client, Node, World
from distlab.sim.client import Program
from distlab.sim.clocks import EPOCH_US

START_MS = EPOCH_US // 1000
LATENCY_MS = (4, 8)
EVERY_MS = 10
TABLE = "orders"

Take = Callable[[], Awaitable[ShownId]]
Open = Callable[["Worker"], Awaitable[Take]]
"""What a worker does when it boots, and what it then calls for each id."""


class Worker(Client):
    """A client whose program may say what it holds: `client.holds` is asked for the pictures."""

    holds: Callable[[], str] | None = None

    def describe(self) -> str:
        return self.holds() if self.holds else ""


def short(sequence_bits: int, *between: tuple[str, int]) -> Layout:
    """A layout with so many bits for the sequence."""
    rest = 63 - 41 - sequence_bits - sum(bits for _, bits in between)
    fields = (("time", 41), *between, ("worker_id", rest), ("sequence", sequence_bits))
    return Layout(EPOCH_MS, fields)


def shown(layout: Layout, number: int) -> ShownId:
    parts = layout.parse(number)
    line = f"/{parts['rollback']}" if parts.get("rollback") else ""
    ms = layout.at_ms(number) - START_MS
    return ShownId(number, ms, f"{ms}{line}·w{parts['worker_id']}·{parts['sequence']}")


def taking(layout: Layout, make: Callable[[], int], client: Client, max_wait_ms: float) -> Take:
    """Ids of a Snowflake, with patience for clocks that move back."""

    async def take() -> ShownId:
        return shown(layout, await patient(client, make, max_wait_ms))

    return take


@dataclass(frozen=True, slots=True)
class Insert:
    """Keep this order: one row for each of its lines."""

    ids: tuple[ShownId, ...]


class Table(Node):
    """Rows by their id. A row that comes with an id that is there already replaces the old one."""

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
    open_shop: Open, first_ms: int = 0, until_ms: int = 100, lines: int = 2, retry_ms: int = 4
) -> Program:
    """An order of so many lines whenever its clock shows a multiple of `EVERY_MS`.

    A refused order comes again after `retry_ms`, as customers do.
    """

    async def program(client: Client) -> None:
        assert isinstance(client, Worker)
        await client.sleep(first_ms)
        take = await open_shop(client)
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
    """So many ids; one is no tuple, which pictures would show with a comma behind it."""
    ids = tuple([await take() for _ in range(count)])
    return ids if count > 1 else ids[0]


def add_workers(world: World, *programs: Program) -> None:
    """worker-1, worker-2, … and the table."""
    for number, program in enumerate(programs, 1):
        world.add(Worker(f"worker-{number}", program))
    world.add(Table(TABLE))
