"""Experiments with a lock that is renewed while its holder works."""

from collections.abc import Callable
from typing import Any

from distlab.check.invariants import available, mutual_exclusion
from distlab.knobs import Way, Ways
from distlab.locks.checks import FINISHED
from distlab.locks.scenarios.buyers import LockScenario, holder, purchase
from distlab.locks.scenarios.redis import add_redis, redis_lock
from distlab.locks.watchdog import Watchdog, while_held
from distlab.locks.watchdog_mistakes import OnlyPrints
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import Shop
from distlab.sim import Client, World
from distlab.sim.client import Program


class Prints(OnlyPrints):
    """The picture shows what it prints."""

    def __init__(self, lock: Any, on_lost: Any = None) -> None:
        super().__init__(lock)
        self.on_lost = lambda lost: lock.host.note("prints: lost")


ON_LOSS = Ways(
    "on_loss",
    Way("prints", Prints, "prints it", mistake="a watchdog that only prints when it loses the lock",
        source="Redisson documentation, lockWatchdogTimeout"),
    Way("tells", Watchdog, "has the work broken off", role="right"),
    about="what the watchdog does when it cannot renew",
)  # fmt: skip


def watched(
    make: Any, at_ms: float, think_ms: float, ttl_ms: float, patience_ms: float | None = 60
) -> Program:
    """A buyer whose lock is renewed while it thinks."""

    async def work(client: Client, lock: Any) -> None:
        buying = purchase(client, None, think_ms, patience_ms)
        await client.perform("buy", "", None, while_held(lock, buying, make))

    return holder(redis_lock(ttl_ms=ttl_ms), at_ms, work)


@LockScenario(
    id="locks/watchdog-cut-off",
    title="Cut off from Redis",
    claim="A holder that can no longer renew its lock has to stop before the lock ends.",
    checks=(mutual_exclusion(), FINISHED, NEVER_OVERSOLD),
    knobs=(ON_LOSS,),
    # Its nemesis is without pauses: the watchdog sleeps with its holder.
    faults="partition:alice|redis@45+150",
    outcomes=("two holders", "broken off"),
    horizon_ms=240,
)
def watchdog_cut_off(world: World, on_loss: type[Watchdog], solution: Any = None) -> None:
    make = solution or on_loss
    add_redis(world)
    world.client("alice", watched(make, 10, think_ms=150, ttl_ms=60))
    world.client("bob", watched(make, 60, think_ms=10, ttl_ms=60))
    world.add(Shop())


def at_most_120_ms(lock: Any, on_lost: Any = None) -> Watchdog:
    """Nobody is told: the holder hangs in a call that nothing can break off."""
    return Watchdog(lock, max_age=0.12)


MAX_AGE = Ways(
    "max_age",
    Way("none", Prints, "without end", mistake="a watchdog without a maximum age",
        source="Redisson documentation, lockWatchdogTimeout"),
    Way("120-ms", at_most_120_ms, "to 120 ms", role="right"),
    about="how old a lock may grow by renewal",
)  # fmt: skip


@LockScenario(
    id="locks/stuck-holder",
    title="Alive, and stuck",
    claim="A watchdog keeps the lock of a holder that hangs, until somebody restarts it.",
    checks=(available(200, clients=("bob",)), mutual_exclusion()),
    knobs=(MAX_AGE,),
    nemesis="lose:alice>shop,shop>alice; cut:alice>shop,shop>alice; pause:alice; "
    "crash:alice+end; partition:alice,shop; duplicate; at most 3",
    faults="lose:shop>alice@22",
    outcomes=("bob waits for ever", "two holders"),
    horizon_ms=320,
)
def stuck_holder(world: World, max_age: Callable[..., Watchdog]) -> None:
    add_redis(world)
    world.client("alice", watched(max_age, 10, think_ms=10, ttl_ms=80, patience_ms=None))
    world.client("bob", watched(max_age, 50, think_ms=10, ttl_ms=80, patience_ms=None))
    world.add(Shop(pieces=2))
