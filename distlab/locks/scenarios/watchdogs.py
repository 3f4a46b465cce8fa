"""Experiments with a lock that is renewed while its holder works."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from distlab.check.invariants import available, mutual_exclusion
from distlab.knobs import Choice
from distlab.locks.checks import FINISHED, NEVER_OVERSOLD
from distlab.locks.scenarios.declare import lab
from distlab.locks.scenarios.redis import add_redis, redis_lock
from distlab.locks.scenarios.shop import LOCK, Shop, acquired, purchase
from distlab.locks.watchdog import Watchdog
from distlab.locks.watchdog_mistakes import OnlyPrints
from distlab.sim import Client, World
from distlab.sim.client import Program
from distlab.sim.kernel import Cancelled


class Prints(OnlyPrints):
    """What it prints stands in the picture."""

    def __init__(self, lock: Any, on_lost: Any = None) -> None:
        super().__init__(lock)
        self.on_lost = lambda lost: lock.host.note("prints: lost")


WATCHDOGS = {"prints": Prints, "tells": Watchdog}


async def while_held(client: Client, lock: Any, make: Any, work: Coroutine[Any, Any, Any]) -> Any:
    """Do `work` while a watchdog renews the lock. When the lock is lost the work is broken off,
    whatever it waits for just then. Raises what `Watchdog.still_mine` raises.
    """
    task = client.spawn(work)
    async with make(lock, on_lost=lambda lost: task.cancel()) as watchdog:
        try:
            return await task
        except Cancelled:
            raise watchdog.lost from None


def watched(
    make: Any, at_ms: float, think_ms: float, ttl_ms: float, patience_ms: float | None = 60
) -> Program:
    """A buyer whose lock is renewed while it thinks."""

    async def program(client: Client) -> None:
        await client.sleep(at_ms)
        lock = redis_lock(ttl_ms=ttl_ms)(client)
        if await client.perform("acquire", LOCK, None, acquired(client, lock)):
            buying = purchase(client, None, think_ms, patience_ms)
            await client.perform("buy", "", None, while_held(client, lock, make, buying))
            await client.perform("release", LOCK, None, lock.release())

    return program


def build_cut_off(world: World, on_loss: str, watchdog: Any = None) -> None:
    make = watchdog or WATCHDOGS[on_loss]
    add_redis(world)
    world.client("alice", watched(make, 10, think_ms=150, ttl_ms=60))
    world.client("bob", watched(make, 60, think_ms=10, ttl_ms=60))
    world.add(Shop())


WATCHDOG_CUT_OFF = lab(
    "watchdog-cut-off",
    title="Cut off from Redis",
    claim="Who can no longer renew its lock has to stop working before the lock ends.",
    build=build_cut_off,
    checks=(mutual_exclusion(), FINISHED, NEVER_OVERSOLD),
    knobs=(
        Choice(
            "on_loss",
            tuple(WATCHDOGS),
            "prints",
            "what the watchdog does when it cannot renew: prints it; has the work broken off",
        ),
    ),
    violating={"on_loss": "prints"},
    satisfying={"on_loss": "tells"},
    mistake="a watchdog that only prints when it loses the lock",
    source="Redisson documentation, lockWatchdogTimeout",
    # Not a pause: the watchdog sleeps with its holder.
    nemesis="partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; at most 3",
    faults="partition:alice|redis@45+150",
    outcomes=("two holders", "broken off"),
    horizon_ms=240,
)


def at_most_120_ms(lock: Any, on_lost: Any = None) -> Watchdog:
    """Nobody is told: the holder hangs in a call that nothing can break off."""
    return Watchdog(lock, max_age=0.12)


MAX_AGE = {"none": Prints, "120-ms": at_most_120_ms}


def build_stuck(world: World, max_age: str) -> None:
    make = MAX_AGE[max_age]
    add_redis(world)
    world.client("alice", watched(make, 10, think_ms=10, ttl_ms=80, patience_ms=None))
    world.client("bob", watched(make, 50, think_ms=10, ttl_ms=80, patience_ms=None))
    world.add(Shop(pieces=2))


STUCK_HOLDER = lab(
    "stuck-holder",
    title="Alive, and stuck",
    claim="A watchdog keeps the lock of a holder that hangs, until somebody restarts it.",
    build=build_stuck,
    checks=(available(200, clients=("bob",)), mutual_exclusion()),
    knobs=(
        Choice(
            "max_age",
            tuple(MAX_AGE),
            "none",
            "how old a lock may grow by renewal",
        ),
    ),
    violating={"max_age": "none"},
    satisfying={"max_age": "120-ms"},
    mistake="a watchdog without a maximum age",
    source="Redisson documentation, lockWatchdogTimeout",
    nemesis="lose:alice>shop,shop>alice; cut:alice>shop,shop>alice; pause:alice; crash:alice+end; "
    "partition:alice,shop; duplicate; at most 3",
    faults="lose:shop>alice@22",
    outcomes=("bob waits for ever", "two holders"),
    horizon_ms=320,
)
