"""The triangle as an instrument: the same cut and the same clients, one system after the other."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from distlab.cap.dynamo import Get, Put
from distlab.cap.requests import Read, Write, visits
from distlab.cap.scenarios.common import ANY_FAULT, CapScenario, add_pair, add_replicas, add_stores
from distlab.check.invariants import available
from distlab.check.linearizability import linearizable
from distlab.knobs import Way, Ways
from distlab.sim import World


class System(NamedTuple):
    """Machines, and how a client reads and writes there."""

    add: Callable[[World], None]
    get: Callable[[str], Any] = Read
    put: Callable[[str, Any], Any] = Write


SYSTEM = Ways(
    "system",
    Way("ONE", System(add_replicas, partial(Get, r=1), partial(Put, w=1)), "replicas at ONE",
        mistake="a system is chosen by its label",
        source="Gilbert & Lynch 2002, theorem 1"),
    Way("QUORUM", System(add_replicas, partial(Get, r=2), partial(Put, w=2)), "replicas at QUORUM",
        role="right"),
    Way("leader", System(add_stores), "a leader with a majority", role="right"),
    Way("pair", System(add_pair), "a primary with a replica that answers reads",
        mistake="a replica's answer is taken for the primary's",
        source="PostgreSQL manual, Hot Standby"),
)  # fmt: skip


@CapScenario(
    id="cap/triangle",
    outcomes=("C gives way", "A gives way"),
    title="Which corner gives way?",
    claim="While the network is cut, a store gives up either right answers or answers.",
    checks=(linearizable(), available(within_ms=150)),
    knobs=(SYSTEM,),
    satisfying={"system": "leader"},
    faults="partition:n1,n3|n2@130+300",
    nemesis=ANY_FAULT,
    horizon_ms=440,
    instruments=("triangle",),
)
def triangle(world: World, system: System) -> None:
    west = ((30, "n1", system.put("x", 1)), (150, "n1", system.put("x", 2)))
    world.client("west", visits(*west))
    system.add(world)
    world.client("east", visits((90, "n2", system.get("x")), (230, "n2", system.get("x"))))
