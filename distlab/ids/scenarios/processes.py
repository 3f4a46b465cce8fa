"""Experiments with ObjectIds: copies of a process, and a counter that goes round."""

from copy import copy

from distlab.check.invariants import available, prompt
from distlab.ids.checks import ORDERED_EVERYWHERE, UNIQUE, ShownId
from distlab.ids.objectid import InheritingObjectIds, ObjectIds, WrappingObjectIds
from distlab.ids.scenarios.workers import START_MS, IdScenario, Take, Worker, add_workers, worker
from distlab.ids.snowflake import patient
from distlab.knobs import Way, Ways
from distlab.sim import Client, Node, World


def taking(made: ObjectIds, client: Client, max_wait_ms: float = 0) -> Take:
    async def take() -> ShownId:
        text = await patient(client, made.next_id, max_wait_ms)
        ms = int(text[:8], 16) * 1000 - START_MS
        return ShownId(int(text, 16), ms, f"{ms // 1000}s·{text[8:12]}…·{text[-3:]}")

    return take


AFTER_FORK = Ways(
    "after_fork",
    Way("inherits", InheritingObjectIds, "the parent's random bytes and counter",
        mistake="random bytes drawn before the fork",
        source="MongoDB specification of ObjectId, on forks"),
    Way("draws-anew", ObjectIds, "its own, drawn at the first id", role="right"),
)  # fmt: skip


@IdScenario(
    id="ids/objectid-fork",
    title="Two copies of one process",
    claim="A process that forks copies its random bytes too, and its counter with them.",
    checks=(UNIQUE, ORDERED_EVERYWHERE),
    knobs=(AFTER_FORK,),
    nemesis="pause:worker-1,worker-2; jump:worker-1,worker-2=-60..60; at most 3",
    horizon_ms=90,
)
def objectid_fork(world: World, after_fork: type[ObjectIds]) -> None:
    master = world.add(Node("master"))
    loaded: list[ObjectIds] = []  # what the master had in memory when it forked

    async def boot(client: Worker) -> Take:
        if not loaded:
            loaded.append(after_fork(master))
        inherited = copy(loaded[0])
        inherited.host = client
        return taking(inherited, client)

    program = worker(boot, until_ms=60, lines=1)
    add_workers(world, program, program)


ROUND_BITS = 4
COUNTER = Ways(
    "counter",
    Way("wraps", WrappingObjectIds, "goes round",
        mistake="a counter that goes round unnoticed",
        source="MongoDB specification of ObjectId, on overflow"),
    Way("waits", ObjectIds, "waits for the next second", role="right"),
    about=f"at the end of its {ROUND_BITS} bits",
)  # fmt: skip


@IdScenario(
    id="ids/objectid-overflow",
    title="Once round in a second",
    claim="A counter that goes round within a second begins to repeat its ids.",
    checks=(UNIQUE, prompt(2), available(within_ms=1_200)),
    knobs=(COUNTER,),
    nemesis="jump:worker-1=-60..60; pause:worker-1; at most 3",
    faults="pause:worker-1@42+20",
    horizon_ms=1_100,
)
def objectid_overflow(world: World, counter: type[ObjectIds]) -> None:
    async def boot(client: Worker) -> Take:
        return taking(counter(client, ROUND_BITS), client, 1_200)

    add_workers(world, worker(boot))
