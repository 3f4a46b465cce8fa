"""Experiments with a primary and a replica: what the replica may answer, and what it may lack."""

from collections.abc import Callable, Coroutine
from typing import Any

from distlab.cap.checks import HONEST, PLAIN
from distlab.cap.primary_replica import get_user, get_user_current, get_user_marked
from distlab.cap.requests import Read, Write, visits, wait_until
from distlab.cap.scenarios.common import CapScenario, add_servers
from distlab.check.invariants import (
    available,
    no_lost_acknowledged_writes,
    prompt,
    read_your_writes,
)
from distlab.knobs import Choice, Way, Ways
from distlab.sim import Client, World

GetUser = Callable[[Client, str, str, str], Coroutine[Any, Any, Any]]

FALLBACK = Ways(
    "fallback",
    Way("silent", get_user, "what the replica says is given as it is",
        mistake="a catch-all that reads from the replica and tells nobody",
        source="Terry et al. 1994"),
    Way("marked", get_user_marked, "is marked as maybe stale", role="right"),
    Way("none", get_user_current, "is not asked for", role="right"),
)  # fmt: skip


@CapScenario(
    id="cap/read-fallback",
    outcomes=("stale in silence", "marked"),
    title="There is still the replica",
    claim="A silent fallback to the replica may return an old value as if it were new.",
    checks=(HONEST, PLAIN, available(within_ms=150)),
    knobs=(FALLBACK,),
    faults="partition:db1,admin|db2,shop@80+180",
    horizon_ms=340,
)
def read_fallback(world: World, fallback: GetUser, solution: GetUser | None = None) -> None:
    user = "user-7"
    admin = ((10, "db1", Write(user, "active")), (100, "db1", Write(user, "blocked")))
    world.client("admin", visits(*admin))
    add_servers(world, "db1", "db2")

    async def shop(client: Client) -> None:
        for at_ms in (50, 150, 290):
            await wait_until(client, at_ms)
            reading = (solution or fallback)(client, "db1", "db2", user)
            await client.perform("read", user, None, reading)

    world.client("shop", shop)


REPLICATION = Ways(
    "replication",
    Way("asynchronous", False, "the primary answers a write at once"),
    Way("synchronous", True, "when the replica has it, too", role="right"),
)  # fmt: skip


@CapScenario(
    id="cap/read-after-write",
    outcomes=("own write missed", "not acknowledged"),
    title="It is certainly there by now",
    claim="Another machine may lack what was just written, although it had it in every test.",
    checks=(read_your_writes(), available(within_ms=100)),
    knobs=(
        REPLICATION,
        Choice("read_from", ("replica", "primary"), "replica", "who is asked after the write"),
    ),
    violating={"replication": "asynchronous", "read_from": "replica"},
    satisfying={"replication": "synchronous", "read_from": "replica"},
    mistake="a read elsewhere is taken to see the write before it",
    source="Terry et al. 1994",
    faults="partition:db1|db2@100+150",
    horizon_ms=320,
)
def read_after_write(world: World, replication: bool, read_from: str) -> None:
    asked = "db1" if read_from == "primary" else "db2"
    steps = (
        (10, "db1", Write("x", 1)),
        (10, asked, Read("x")),  # as soon as the write is acknowledged
        (120, "db1", Write("x", 2)),
        (120, asked, Read("x")),
    )
    world.client("client", visits(*steps))
    add_servers(world, "db1", "db2", replication)


def build_failover(world: World, replication: bool) -> None:
    world.client("writer", visits((0, "db1", Write("x", 1)), (50, "db1", Write("x", 2))))
    add_servers(world, "db1", "db2", replication, failover=True)
    world.client("reader", visits((210, "db2", Read("x"))))


FAILOVER = CapScenario(
    id="cap/failover",
    outcomes=("write lost", "slower"),
    title="Failover",
    claim="When the replica takes over, it lacks what was acknowledged and not yet copied.",
    build=build_failover,
    checks=(no_lost_acknowledged_writes(), prompt(28)),
    knobs=(REPLICATION,),
    mistake="writes are acknowledged before they are copied",
    source="PostgreSQL manual, Log-Shipping Standby Servers",
    faults="cut:db1>db2@45;crash:db1@85",
    nemesis="cut:db1>db2@30..60+end; crash:db1@60..100+end; at most 2",
    horizon_ms=260,
)
