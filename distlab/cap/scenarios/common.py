"""What the experiments of this chapter have in common: machines, faults, the speed of messages."""

from functools import partial
from typing import Any

from distlab.cap.cp_store import PATIENCE_MS, ConfigStore
from distlab.cap.dynamo import Replica
from distlab.cap.primary_replica import PRIMARY, REPLICA, Server
from distlab.scenario import PRICE, Outcome, Scenario
from distlab.sim import Node, World

NODES = ("n1", "n2", "n3")
ANY_FAULT = (
    "partition:n1,n2,n3; cut; pause:n1,n2,n3; crash:n1,n2,n3; delay=1..200; loss; "
    "duplicate:n1>n2,n1>n3,n2>n1,n3>n1; at most 3"
)

CapScenario = partial(
    Scenario, latency_ms=(9, 11), others={"available": Outcome("no answer", PRICE)}
)
"""A message takes 9 to 11 ms, so the number of hops can be read off a duration."""


def add_stores(
    world: World,
    store: type[ConfigStore] = ConfigStore,
    lease_ms: int = 0,
    patience_ms: int = PATIENCE_MS,
) -> None:
    for name in NODES:
        world.add(store(name, NODES, lease_ms, patience_ms))


def add_replicas(
    world: World, kind: Any = Replica, nodes: tuple[str, ...] = NODES, **options: Any
) -> None:
    for name in nodes:
        world.add(kind(name, nodes, **options))


def add_servers(
    world: World, primary: str, replica: str, synchronous: bool = False, failover: bool = False
) -> None:
    world.add(Server(primary, replica, PRIMARY, synchronous, failover))
    world.add(Server(replica, primary, REPLICA, synchronous, failover))


def add_pair(world: World, failover: bool = False) -> None:
    """A primary n1 with a replica n2. The third node has no part in it."""
    add_servers(world, "n1", "n2", failover=failover)
    world.add(Node("n3"))
