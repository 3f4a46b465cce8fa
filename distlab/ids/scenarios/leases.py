"""Experiments with worker ids: who has which, and until when.

They are leased from a Redis that writes to its disk before it answers; leases end by its own clock.
"""

from distlab.check.invariants import available
from distlab.ids.checks import UNIQUE
from distlab.ids.lease import LeasedSnowflake
from distlab.ids.lease_mistakes import TRUSTS
from distlab.ids.scenarios.clocks import snowflake
from distlab.ids.scenarios.workers import (
    START_MS,
    Boot,
    IdScenario,
    Take,
    Worker,
    add_workers,
    short,
    taking,
    worker,
)
from distlab.ids.snowflake import Snowflake
from distlab.knobs import Way, Ways
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import World
from distlab.sim.state import State

REDIS = "redis"
TIMEOUT_MS = 20
TTL_MS = 36
PATIENCE_MS = 55
LAYOUT = short(3)


class Leases(RedisServer):
    """Shows who has which worker id, and until when: `worker-2: w1 to 127`.

    It leaves out keys and marks, and puts the name first: pictures have little room.
    """

    def describe(self) -> State:
        state = super().describe()
        held = [
            f"{kept.by}: w{kept.what.removeprefix('id:')} to {kept.until_ms - START_MS}"
            for kept in state.kept
            if kept.until_ms is not None
        ]
        return State(", ".join(held) or "no lease", state.kept)


def window_text(leased: LeasedSnowflake) -> str:
    """The worker id that is held, and for which milliseconds of the run: `w1 49 to 85`."""
    window = leased.lease.window
    if leased.snowflake is None or window is None:
        return "no worker id"
    from_ms = f"{window.from_ms - START_MS} " if window.from_ms else ""
    return f"w{window.worker_id} {from_ms}to {window.until_ms - START_MS}"


def leasing(trusts: str, worker_ids: range) -> Boot:
    lease, generator = TRUSTS[trusts]

    async def boot(client: Worker) -> Take:
        redis = SimulatedRedis(client, REDIS, TIMEOUT_MS)
        held = lease(redis, client, TTL_MS, worker_ids, "id")
        leased = generator(held, client, LAYOUT)
        client.holds = lambda: window_text(leased)
        client.spawn(leased.keep(), background=True)
        return taking(LAYOUT, leased.next_id, client, PATIENCE_MS)

    return boot


WORKER_IDS = Ways(
    "worker_ids",
    Way("configured", snowflake(Snowflake, 1), "worker id 1 from the configuration file",
        mistake="the worker id comes from the configuration, which all copies share",
        source="Kubernetes deployments with WORKER_ID in the environment"),
    Way("leased", leasing("lease-and-mark", range(8)), "one that is leased from a store",
        role="right"),
)  # fmt: skip


@IdScenario(
    id="ids/same-worker-id",
    title="Two copies of one container",
    claim="A worker id from the configuration is unique until somebody starts a second copy.",
    checks=(UNIQUE, available(within_ms=80)),
    knobs=(WORKER_IDS,),
    nemesis="pause:worker-1,worker-2+1..60; jump:worker-1,worker-2=-60..60; crash:redis; "
    "crash:worker-1,worker-2+1..40; lose; at most 4",
    faults="partition:redis|worker-2@25+50",
    horizon_ms=140,
)
def same_worker_id(world: World, worker_ids: Boot) -> None:
    world.add(Leases(REDIS, persistence="always"))
    add_workers(world, worker(worker_ids), worker(worker_ids, first_ms=30))


ONE_ID = range(1, 2)
TRUST = Ways(
    "trusts",
    Way("heartbeat", leasing("heartbeat", ONE_ID), "until a renewal fails",
        mistake="a lease is thought to be held until somebody says otherwise",
        source="Gray & Cheriton 1989; Kleppmann 2016 on paused lock holders"),
    Way("lease", leasing("lease", ONE_ID), "while the lease lasts by its own clock",
        mistake="a lease that looks at the clock's hours, and not at the times inside the ids",
        source="Gray & Cheriton 1989, on clocks that fail"),
    Way("lease-and-mark", leasing("lease-and-mark", ONE_ID),
        "the same, and from where the last lease ended", role="right"),
    about="when it makes ids",
)  # fmt: skip


@IdScenario(
    id="ids/lease-over",
    title="Asleep past the end of the lease",
    claim="A lease is safe only if the time inside each id lies in this lease and in no other.",
    checks=(UNIQUE, available(within_ms=80)),
    knobs=(TRUST,),
    nemesis="pause:worker-1,worker-2+1..80; jump:worker-1,worker-2,redis=-60..60; "
    "crash:worker-1,worker-2+1..60; lose; at most 4",
    faults="pause:worker-1@42+70",
    horizon_ms=190,
)
def lease_over(world: World, trusts: Boot) -> None:
    world.add(Leases(REDIS, persistence="always"))
    add_workers(world, worker(trusts, until_ms=125), worker(trusts, first_ms=60, until_ms=125))
