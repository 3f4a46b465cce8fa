"""The triangle as an instrument: the same cut and the same clients, one system after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from distlab.cap.cp_store import ConfigStore
from distlab.cap.dynamo import Get, Put, Replica, needed
from distlab.cap.primary_replica import PRIMARY, REPLICA, Server
from distlab.cap.requests import Read, Write, visits
from distlab.cap.scenarios.declare import ANY_FAULT, NODES, lab
from distlab.check.invariants import available
from distlab.check.linearizability import linearizable
from distlab.knobs import Choice
from distlab.sim import Node, World


def build_triangle(world: World, system: str) -> None:
    get: Callable[[str], Any] = Read
    put: Callable[[str, Any], Any] = Write
    if system in ("ONE", "QUORUM"):
        get, put = partial(Get, r=needed(system, 3)), partial(Put, w=needed(system, 3))
    world.client("west", visits((30, "n1", put("x", 1)), (150, "n1", put("x", 2))))
    if system == "pair":
        world.add(Server("n1", "n2", PRIMARY))
        world.add(Server("n2", "n1", REPLICA))
        world.add(Node("n3"))  # has no part in it
    elif system == "leader":
        for name in NODES:
            world.add(ConfigStore(name, NODES))
    else:
        for name in NODES:
            world.add(Replica(name, NODES))
    world.client("east", visits((90, "n2", get("x")), (230, "n2", get("x"))))


TRIANGLE = lab(
    "triangle",
    instruments=("triangle",),
    outcomes=("C gives way", "A gives way"),
    title="Which corner gives way?",
    claim="While the network is cut, a store gives up either right answers or answers.",
    build=build_triangle,
    checks=(linearizable(), available(within_ms=150)),
    knobs=(
        Choice(
            "system",
            ("ONE", "QUORUM", "leader", "pair"),
            "ONE",
            "replicas at ONE or at QUORUM; a leader with a majority; a primary with a replica that "
            "answers reads",
        ),
    ),
    violating={"system": "ONE"},
    satisfying={"system": "leader"},
    mistake="a system is chosen by its label",
    source="Gilbert & Lynch 2002, theorem 1",
    faults="partition:n1,n3|n2@130+300",
    nemesis=ANY_FAULT,
    horizon_ms=440,
)
