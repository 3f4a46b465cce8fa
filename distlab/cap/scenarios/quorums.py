"""Experiments with the quorum store: what R and W promise, and what they do not."""

from collections.abc import Callable
from functools import partial

from distlab.cap.abd import AtomicReplica
from distlab.cap.checks import CONVERGED, FRESH, PLAIN
from distlab.cap.dynamo import BACKGROUND, BLOCKING, HINT, OFF, SLOPPY, Get, Put, Replica
from distlab.cap.requests import visits
from distlab.cap.scenarios.common import NODES, CapScenario, add_replicas
from distlab.cap.versions import KeepSiblings
from distlab.check.invariants import available, prompt
from distlab.check.linearizability import linearizable
from distlab.knobs import Integer, Way, Ways
from distlab.sim import World

QUORUM_GET, QUORUM_PUT = partial(Get, r=2), partial(Put, w=2)

LEVEL = Ways(
    "level",
    Way("ONE", 1, "one replica",
        mistake="reads and writes that wait for one replica",
        source="Gilbert & Lynch 2002, theorem 1"),
    Way("QUORUM", 2, "a majority", role="right"),
    Way("ALL", 3, "all three", role="right"),
    about="what each read and write waits for",
)  # fmt: skip


@CapScenario(
    id="cap/both-sides-accept",
    outcomes=("stale answer", "refused"),
    title="Both sides accept",
    claim="At ONE both sides of a cut take writes and give answers, old ones among them.",
    checks=(linearizable(), available(within_ms=150), CONVERGED),
    knobs=(LEVEL, Integer("exchange_ms", 0, 500, 110, "anti-entropy that often; 0 never")),
    faults="partition:n1,n2|n3@60+240",
    horizon_ms=480,
    instruments=("triangle",),
)
def both_sides_accept(world: World, level: int, exchange_ms: int) -> None:
    get, put = partial(Get, r=level), partial(Put, w=level)
    west = ((10, "n1", put("x", 1)), (120, "n1", put("x", 2)), (420, "n1", get("x")))
    east = ((190, "n3", get("x")), (250, "n3", put("x", 3)), (420, "n3", get("x")))
    world.client("west", visits(*west))
    add_replicas(world, exchange_ms=exchange_ms)
    world.client("east", visits(*east))


@CapScenario(
    id="cap/r-plus-w",
    outcomes=("stale answer", "slower"),
    title="R + W > N",
    claim="A read sees the last acknowledged write only if the two sets of replicas overlap.",
    checks=(FRESH, prompt(28), available(within_ms=150)),
    knobs=(
        Integer("r", 1, 3, 1, "replicas that a read waits for, of N = 3"),
        Integer("w", 1, 3, 1, "replicas that a write waits for, of N = 3"),
    ),
    violating={"r": 1, "w": 1},
    satisfying={"r": 2, "w": 2},
    mistake="R + W is not above N",
    source="Gifford 1979",
    faults="delay:n1>n3@20+200=100",
    nemesis="partition:n1,n2,n3; crash:n1,n2,n3; delay:n1>n2,n1>n3@10..60=10..150; at most 3",
    horizon_ms=200,
)
def r_plus_w(
    world: World,
    r: int,
    w: int,
    solution: Callable[[int, int], int] | None = None,
    nodes: tuple[str, ...] = NODES,
) -> None:
    """`solution(n, w)` says how many replicas a read waits for."""
    r = solution(len(nodes), w) if solution else r
    world.client("writer", visits((20, "n1", Put("x", 1, w))))
    add_replicas(world, nodes=nodes, copies=len(nodes))
    world.client("reader", visits((100, "n3", Get("x", r))))


READ_REPAIR = Ways(
    "read_repair",
    Way("off", OFF, "to nobody",
        mistake="a read does not bring what it found to a majority",
        source="Attiya, Bar-Noy & Dolev 1995"),
    Way("background", BACKGROUND, "to other replicas, and does not wait",
        mistake="a read repair that no answer waits for",
        source="Cassandra documentation, Read repair, on monotonic quorum reads"),
    Way("blocking", BLOCKING, "to a majority, and waits for it (ABD)", role="right"),
    about="a read brings what it found",
)  # fmt: skip


@CapScenario(
    id="cap/new-old-inversion",
    outcomes=("new, then old", "slower"),
    title="Two readers and a slow write",
    claim="R + W > N is not linearizable: while a write lasts, a later read may be older.",
    checks=(
        linearizable(),
        prompt(50, "read"),
        FRESH,
        available(within_ms=150, clients=("reader-1", "reader-2")),
    ),
    knobs=(READ_REPAIR,),
    faults="delay:n1>n2@85+10=150;delay:n1>n3@85+150=150",
    nemesis="delay:n1>n2,n1>n3@60..120+10..150=50..200; crash:n1,n2,n3; "
    "lose:n1>n2,n1>n3; at most 3",
    horizon_ms=360,
)
def new_old_inversion(
    world: World,
    read_repair: str,
    solution: type[Replica] | None = None,
    patience_ms: int = 250,
    values: tuple[int, int] = (1, 2),
    again_ms: float = 190,
) -> None:
    first, second = (QUORUM_PUT("x", value) for value in values)
    world.client("writer", visits((10, "n1", first), (80, "n1", second)))
    world.client("reader-1", visits((110, "n1", QUORUM_GET("x"))))
    kind = solution or Replica
    add_replicas(world, kind, read_repair=read_repair, patience_ms=patience_ms)
    world.client("reader-2", visits((again_ms, "n3", QUORUM_GET("x"))))


STAMPS = Ways(
    "stamps",
    Way("clock", Replica, "by wall clocks",
        mistake="the wall clock says which write was last",
        source="Lamport 1978; Lynch & Shvartsman 1997"),
    Way("vector", partial(Replica, versioning=KeepSiblings()),
        "by version vectors, which keep concurrent versions", role="right"),
    Way("counter", AtomicReplica, "by a counter that is read from a majority first (ABD)",
        role="right"),
    about="what is newer",
)  # fmt: skip


@CapScenario(
    id="cap/skewed-clocks",
    outcomes=("write lost", "slower"),
    title="The last write loses",
    claim="A machine whose clock is behind loses acknowledged writes, although R + W > N.",
    checks=(FRESH, prompt(50), PLAIN),
    knobs=(STAMPS,),
    satisfying={"stamps": "counter"},
    faults="jump:n2@10=-5000",
    nemesis="jump:n1,n2,n3=-5000..5000; partition:n1,n2,n3; crash:n1,n2,n3; at most 3",
    horizon_ms=280,
)
def skewed_clocks(world: World, stamps: Callable[..., Replica]) -> None:
    world.client("writer-1", visits((30, "n1", QUORUM_PUT("x", 1))))
    world.client("writer-2", visits((110, "n2", QUORUM_PUT("x", 2))))
    add_replicas(world, stamps)
    world.client("reader", visits((190, "n3", QUORUM_GET("x"))))


HANDOFF = Ways(
    "handoff",
    Way("sloppy", SLOPPY, "a hint for a silent replica counts as its answer",
        mistake="stand-ins count towards the quorum",
        source="Dynamo 2007, section 4.6"),
    Way("hint", HINT, "it does not count", role="right"),
)  # fmt: skip


@CapScenario(
    id="cap/sloppy-quorum",
    outcomes=("stale answer", "not acknowledged"),
    title="A sloppy quorum",
    claim="Stand-ins keep writes available, but reads miss these until they are handed off.",
    checks=(FRESH, available(within_ms=150)),
    knobs=(HANDOFF,),
    faults="partition:n1,n2|n3,n4@60+200",
    nemesis="partition:n1,n2,n3,n4@30..90+100..200; crash:n1,n2,n3,n4; at most 2",
    horizon_ms=440,
)
def sloppy_quorum(world: World, handoff: str) -> None:
    world.client("reader", visits((190, "n1", QUORUM_GET("x")), (380, "n1", QUORUM_GET("x"))))
    add_replicas(world, nodes=(*NODES, "n4"), handoff=handoff)
    world.client("writer", visits((10, "n4", QUORUM_PUT("x", 1)), (90, "n4", QUORUM_PUT("x", 2))))
