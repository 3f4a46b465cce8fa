"""Experiments with the configuration store: what a leader may do, and when it must stop."""

from collections.abc import Callable
from functools import partial

from distlab.cap.checks import STEADY
from distlab.cap.cp_mistakes import AnswersFromOwnCopy, TrustingLeader
from distlab.cap.cp_store import PATIENCE_MS, ConfigStore
from distlab.cap.requests import Read, Write, ask, visits, wait_until
from distlab.cap.scenarios.common import ANY_FAULT, CapScenario, add_pair, add_stores
from distlab.check.invariants import available, prompt
from distlab.check.linearizability import linearizable
from distlab.host import Unavailable
from distlab.knobs import Way, Ways
from distlab.sim import Client, World

Store = type[ConfigStore]

CUT_OFF = Ways(
    "cut_off",
    Way("answer", AnswersFromOwnCopy, "answers from its own copy",
        mistake="a node that is cut off answers from its own copy",
        source="Gilbert & Lynch 2002, theorem 1"),
    Way("refuse", ConfigStore, "refuses", role="right"),
    about="what a node without a leader does",
)  # fmt: skip


@CapScenario(
    id="cap/minority-refuses",
    outcomes=("stale answer", "refused"),
    title="The minority refuses",
    claim="Cut off from the majority, a node must refuse, or it answers from the past.",
    checks=(linearizable(), available(within_ms=150)),
    knobs=(CUT_OFF,),
    faults="partition:n1|n2,n3@90+290",
    nemesis="partition:n1,n2,n3@50..200+150..300; pause:n1,n2,n3; at most 2",
    horizon_ms=420,
    instruments=("triangle",),
)
def minority_refuses(world: World, cut_off: Store, solution: Store | None = None) -> None:
    world.client("west", visits((30, "n1", Write("x", 1)), (330, "n1", Read("x"))))
    add_stores(world, solution or cut_off)
    world.client("east", visits((270, "n2", Write("x", 2))))


READS = Ways(
    "reads",
    Way("trust", (TrustingLeader, 0), "a leader reads from memory",
        mistake="a leader that never checks whether it still leads",
        source="Raft dissertation, section 6.4"),
    Way("lease", (ConfigStore, 80), "from memory while its lease lasts", role="right"),
    Way("confirm", (ConfigStore, 0), "after a round with a majority (read index)", role="right"),
)  # fmt: skip


@CapScenario(
    id="cap/deposed-leader",
    outcomes=("stale answer", "slower"),
    title="The deposed leader",
    claim="A leader that does not know of its successor answers from an old memory.",
    checks=(linearizable(), prompt(28, "read"), available(within_ms=150)),
    knobs=(READS,),
    satisfying={"reads": "confirm"},
    faults="partition:n1|n2,n3@130+300",
    nemesis=ANY_FAULT,
    horizon_ms=440,
)
def deposed_leader(
    world: World,
    reads: tuple[Store, int],
    solution: Store | None = None,
    lease_ms: int | None = None,
    patience_ms: int = PATIENCE_MS,
) -> None:
    """`lease_ms` is another length of the lease."""
    store, usual_ms = reads
    lease_ms = usual_ms if lease_ms is None else lease_ms
    west = ((30, "n1", Write("x", 1)), (80, "n1", Read("x")), (370, "n1", Read("x")))
    world.client("west", visits(*west))
    add_stores(world, solution or store, lease_ms, patience_ms)
    world.client("east", visits((310, "n2", Write("x", 2))))


LEADER = Ways(
    "leader",
    Way("trusts", TrustingLeader, "stays until it hears of another leader",
        mistake="a leader that never checks whether anybody hears it",
        source="Raft dissertation, section 6.2"),
    Way("checks", ConfigStore, "steps down when no majority answers it", role="right"),
)  # fmt: skip


@CapScenario(
    id="cap/one-way-cut",
    outcomes=("nobody served", "new leader"),
    title="It can send, and cannot hear",
    claim="A leader that hears nobody keeps everybody waiting, unless it steps down by itself.",
    checks=(available(within_ms=150, clients=("late",)), STEADY, linearizable()),
    knobs=(LEADER,),
    faults="cut:*>n1@100+460",
    nemesis="cut:n2>n1,n3>n1@60..150+300..460; at most 2",
    horizon_ms=580,
)
def one_way_cut(world: World, leader: Store, solution: Store | None = None) -> None:
    world.client("early", visits((40, "n2", Write("x", 1)), (120, "n2", Write("x", 2))))
    add_stores(world, solution or leader)

    async def write_anywhere(client: Client) -> None:
        try:
            await ask(client, "n2", Write("x", 3), timeout_ms=60)
        except (Unavailable, TimeoutError):
            await ask(client, "n3", Write("x", 3), timeout_ms=60)

    async def late(client: Client) -> None:
        await wait_until(client, 420)
        await client.perform("write", "x", 3, write_anywhere(client))

    world.client("late", late)


TAKEOVER = Ways(
    "takeover",
    Way("timeout", partial(add_pair, failover=True), "of two machines one takes over after silence",
        mistake="silence is taken for death",
        source="Chandra & Toueg 1996"),
    Way("majority", add_stores, "of three a majority must agree", role="right"),
)  # fmt: skip


@CapScenario(
    id="cap/false-timeout",
    outcomes=("two primaries", "no answer"),
    title="Slow is not dead",
    claim="A replica that takes silence for death makes a second primary; both take writes.",
    checks=(linearizable(), available(within_ms=150)),
    knobs=(TAKEOVER,),
    faults="pause:n1@80+270",
    nemesis=ANY_FAULT,
    horizon_ms=480,
    instruments=("triangle",),
)
def false_timeout(world: World, takeover: Callable[[World], None]) -> None:
    world.client("west", visits((20, "n1", Write("x", 1)), (310, "n1", Write("x", 3))))
    takeover(world)
    east = ((170, "n2", Read("x")), (260, "n2", Write("x", 2)), (420, "n2", Read("x")))
    world.client("east", visits(*east))
