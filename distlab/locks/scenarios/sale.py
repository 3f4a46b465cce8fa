"""The flash sale itself: what goes wrong without a lock, and when none is needed."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from distlab.check.invariants import prompt
from distlab.knobs import Way, Ways
from distlab.locks.checks import AS_SHOWN
from distlab.locks.scenarios.buyers import ANY_FAULT, THINK_MS, LockScenario, purchase, under_lock
from distlab.locks.scenarios.redis import add_redis, redis_lock
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import Shop, ask_shop
from distlab.shop.stock import ReadStock, Sold, TakeOne
from distlab.sim import Client, World
from distlab.sim.client import Program


async def take_one(client: Client) -> str:
    """Look first, as every shop shows its stock. Then let the database decide."""
    found = await ask_shop(client, ReadStock())
    if not found.pieces:
        return "sold out"
    await client.sleep(THINK_MS)
    return "yours" if isinstance(await ask_shop(client, TakeOne()), Sold) else "sold out"


def visit(buy: Callable[[Client], Coroutine[Any, Any, str]], at_ms: float) -> Program:
    async def program(client: Client) -> None:
        await client.sleep(at_ms)
        await client.perform("buy", "", None, buy(client))

    return program


LOCKED = partial(under_lock, redis_lock())
SELLS = Ways(
    "sells",
    Way("read-then-write", partial(visit, purchase), "SELECT stock, then UPDATE to one less",
        mistake="the stock is read in one statement and written in another",
        source="PostgreSQL manual, section 13.2, on Read Committed"),
    Way("conditional-update", partial(visit, take_one),
        "UPDATE … SET stock = stock - 1 WHERE stock > 0", role="right"),
    Way("lock", LOCKED, "the first, under a lock",
        mistake="the stock is protected by a lock alone, and the lock ends by itself",
        source="Kleppmann 2016, How to do distributed locking"),
)  # fmt: skip


@LockScenario(
    id="locks/oversell",
    title="Two pieces, three buyers",
    claim="If you read the stock and then write what is left, you sell pieces that are gone.",
    checks=(NEVER_OVERSOLD, AS_SHOWN, prompt(60)),
    knobs=(SELLS,),
    nemesis=f"pause; {ANY_FAULT}",
    outcomes=("oversold", "refused at the till"),
    horizon_ms=180,
)
def oversell(world: World, sells: Callable[[float], Program], solution: Any = None) -> None:
    if sells is LOCKED:
        add_redis(world)
    program = partial(visit, solution) if solution else sells
    for name, at_ms in (("alice", 10), ("bob", 14), ("carol", 18)):
        world.client(name, program(at_ms))
    world.add(Shop(pieces=2))
