"""Experiments with ObjectIds: copies of a process, and a counter that goes round."""

from __future__ import annotations

from copy import copy

from distlab.check.invariants import available, prompt
from distlab.ids.checks import ORDERED_EVERYWHERE, UNIQUE, ShownId
from distlab.ids.objectid import InheritingObjectIds, ObjectIds, WrappingObjectIds
from distlab.ids.scenarios.shop import LATENCY_MS, START_MS, Take, add_workers, worker
from distlab.ids.snowflake import patient
from distlab.knobs import Choice
from distlab.registry import register
from distlab.scenario import Scenario
from distlab.sim import Client, Node, World

FORKED = {"inherits": InheritingObjectIds, "draws-anew": ObjectIds}


def using(made: ObjectIds, client: Client, max_wait_ms: float = 0) -> Take:
    async def take() -> ShownId:
        text = await patient(client, made.next_id, max_wait_ms)
        ms = int(text[:8], 16) * 1000 - START_MS
        return ShownId(int(text, 16), ms, f"{ms // 1000}s·{text[8:12]}…·{text[-3:]}")

    return take


def build_fork(world: World, after_fork: str) -> None:
    master = world.add(Node("master"))
    loaded: list[ObjectIds] = []  # what the master had in memory when it forked

    async def open_shop(client: Client) -> Take:
        if not loaded:
            loaded.append(FORKED[after_fork](master))
        inherited = copy(loaded[0])
        inherited.host = client
        return using(inherited, client)

    program = worker(open_shop, until_ms=60, lines=1)
    add_workers(world, program, program)


OBJECTID_FORK = register(
    Scenario(
        id="ids/objectid-fork",
        title="Two copies of one process",
        claim="A process that forks copies its random bytes too, and its counter with them.",
        build=build_fork,
        checks=(UNIQUE, ORDERED_EVERYWHERE),
        property="unique",
        price="ordered everywhere",
        knobs=(
            Choice(
                "after_fork",
                tuple(FORKED),
                "inherits",
                "the parent's random bytes and counter; its own, drawn at the first id",
            ),
        ),
        violating={"after_fork": "inherits"},
        satisfying={"after_fork": "draws-anew"},
        mistake="random bytes drawn before the fork",
        source="MongoDB specification of ObjectId, on forks",
        nemesis="pause:worker-1,worker-2; jump:worker-1,worker-2=-60..60; at most 3",
        horizon_ms=90,
        latency_ms=LATENCY_MS,
    )
)

ROUND_BITS = 4
COUNTERS = {"wraps": WrappingObjectIds, "waits": ObjectIds}


def build_overflow(world: World, counter: str) -> None:
    async def open_shop(client: Client) -> Take:
        return using(COUNTERS[counter](client, ROUND_BITS), client, 1_200)

    add_workers(world, worker(open_shop))


OBJECTID_OVERFLOW = register(
    Scenario(
        id="ids/objectid-overflow",
        title="Once round in a second",
        claim="A counter that goes round within a second begins to repeat its ids.",
        build=build_overflow,
        checks=(UNIQUE, prompt(2), available(within_ms=1_200)),
        property="unique",
        price="prompt",
        knobs=(
            Choice(
                "counter",
                tuple(COUNTERS),
                "wraps",
                f"at the end of its {ROUND_BITS} bits: goes round; waits for the next second",
            ),
        ),
        violating={"counter": "wraps"},
        satisfying={"counter": "waits"},
        mistake="a counter that goes round unnoticed",
        source="MongoDB specification of ObjectId, on overflow",
        nemesis="jump:worker-1=-60..60; pause:worker-1; at most 3",
        faults="pause:worker-1@42+20",
        horizon_ms=1_100,
        latency_ms=LATENCY_MS,
    )
)
