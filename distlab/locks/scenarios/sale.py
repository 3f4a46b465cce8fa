"""The flash sale itself: what goes wrong without a lock, and when none is needed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from distlab.check.invariants import prompt
from distlab.knobs import Choice
from distlab.locks.checks import AS_SHOWN, NEVER_OVERSOLD, Sold
from distlab.locks.scenarios.declare import lab
from distlab.locks.scenarios.redis import add_redis, redis_lock
from distlab.locks.scenarios.shop import (
    THINK_MS,
    ReadStock,
    Shop,
    TakeOne,
    WriteStock,
    ask,
    under_lock,
)
from distlab.sim import Client, World
from distlab.sim.client import Program

Buy = Callable[[Client], Coroutine[Any, Any, str]]


async def read_then_write(client: Client) -> str:
    found = await ask(client, ReadStock())
    if not found.pieces:
        return "sold out"
    await client.sleep(THINK_MS)
    await ask(client, WriteStock(found.pieces - 1))
    return "yours"


async def take_one(client: Client) -> str:
    """Looks first, for each shop shows its stock; but then the database decides."""
    found = await ask(client, ReadStock())
    if not found.pieces:
        return "sold out"
    await client.sleep(THINK_MS)
    return "yours" if isinstance(await ask(client, TakeOne()), Sold) else "sold out"


WAYS: dict[str, Buy] = {"read-then-write": read_then_write, "conditional-update": take_one}
BUYERS = {"alice": 10, "bob": 14, "carol": 18}
"""When they come."""


def visit(sells: str, at_ms: int, buy: Buy | None) -> Program:
    if sells == "lock":
        return under_lock(redis_lock(), at_ms)

    async def program(client: Client) -> None:
        await client.sleep(at_ms)
        await client.perform("buy", "", None, (buy or WAYS[sells])(client))

    return program


def build_oversell(world: World, sells: str, buy: Buy | None = None) -> None:
    if sells == "lock":
        add_redis(world)
    for name, at_ms in BUYERS.items():
        world.client(name, visit(sells, at_ms, buy))
    world.add(Shop(pieces=2))


OVERSELL = lab(
    "oversell",
    title="Two pieces, three buyers",
    claim="Whoever reads the stock and writes what is left sells pieces that are gone.",
    build=build_oversell,
    checks=(NEVER_OVERSOLD, AS_SHOWN, prompt(60)),
    knobs=(
        Choice(
            "sells",
            (*WAYS, "lock"),
            "read-then-write",
            "SELECT stock, then UPDATE to one less; UPDATE … SET stock = stock - 1 WHERE "
            "stock > 0; the first, under a lock",
        ),
    ),
    violating={"sells": "read-then-write"},
    satisfying={"sells": "conditional-update"},
    mistake="the stock is read in one statement and written in another",
    source="PostgreSQL manual, section 13.2, on Read Committed",
    nemesis="pause; partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; "
    "at most 3",
    outcomes=("oversold", "refused at the till"),
    horizon_ms=180,
)
