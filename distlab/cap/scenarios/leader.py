"""Experiments with the configuration store: what a leader may do, and when it must stop."""

from __future__ import annotations

from distlab.cap.checks import STEADY
from distlab.cap.cp_mistakes import AnswersFromOwnCopy, TrustingLeader
from distlab.cap.cp_store import ConfigStore
from distlab.cap.primary_replica import PRIMARY, REPLICA, Server
from distlab.cap.requests import Read, Write, ask, visits, wait_until
from distlab.cap.scenarios.declare import ANY_FAULT, NODES, lab
from distlab.check.invariants import available, prompt
from distlab.check.linearizability import linearizable
from distlab.host import Unavailable
from distlab.knobs import Choice
from distlab.sim import Client, Node, World


def add_stores(world: World, store: type[ConfigStore], lease_ms: int = 0) -> None:
    for name in NODES:
        world.add(store(name, NODES, lease_ms))


def build_minority(world: World, cut_off: str, store: type[ConfigStore] = ConfigStore) -> None:
    world.client("west", visits((30, "n1", Write("x", 1)), (330, "n1", Read("x"))))
    add_stores(world, AnswersFromOwnCopy if cut_off == "answer" else store)
    world.client("east", visits((270, "n2", Write("x", 2))))


MINORITY_REFUSES = lab(
    "minority-refuses",
    instruments=("triangle",),
    outcomes=("stale answer", "refused"),
    title="The minority refuses",
    claim="Cut off from the majority, a node must refuse, or it answers from the past.",
    build=build_minority,
    checks=(linearizable(), available(within_ms=150)),
    knobs=(Choice("cut_off", ("answer", "refuse"), "answer", "what a node without a leader does"),),
    violating={"cut_off": "answer"},
    satisfying={"cut_off": "refuse"},
    mistake="a node that is cut off answers from its own copy",
    source="Gilbert & Lynch 2002, theorem 1",
    faults="partition:n1|n2,n3@90+290",
    nemesis="partition:n1,n2,n3@50..200+150..300; pause:n1,n2,n3; at most 2",
    horizon_ms=420,
)


def build_deposed(world: World, reads: str, store: type[ConfigStore] = ConfigStore) -> None:
    lease_ms = 80 if reads == "lease" else 0
    west = ((30, "n1", Write("x", 1)), (80, "n1", Read("x")), (370, "n1", Read("x")))
    world.client("west", visits(*west))
    add_stores(world, TrustingLeader if reads == "trust" else store, lease_ms)
    world.client("east", visits((310, "n2", Write("x", 2))))


DEPOSED_LEADER = lab(
    "deposed-leader",
    outcomes=("stale answer", "slower"),
    title="The deposed leader",
    claim="A leader that was replaced unawares answers from memory, and the answer is old.",
    build=build_deposed,
    checks=(linearizable(), prompt(28, "read"), available(within_ms=150)),
    knobs=(
        Choice(
            "reads",
            ("trust", "lease", "confirm"),
            "trust",
            "a leader reads from memory; from memory while its lease lasts; after a round with a "
            "majority (read index)",
        ),
    ),
    violating={"reads": "trust"},
    satisfying={"reads": "confirm"},
    mistake="a leader that never checks whether it still leads",
    source="Raft dissertation, section 6.4",
    faults="partition:n1|n2,n3@130+300",
    nemesis=ANY_FAULT,
    horizon_ms=440,
)


def build_one_way(world: World, leader: str, store: type[ConfigStore] = ConfigStore) -> None:
    world.client("early", visits((40, "n2", Write("x", 1)), (120, "n2", Write("x", 2))))
    add_stores(world, TrustingLeader if leader == "trusts" else store)

    async def write_anywhere(client: Client) -> None:
        try:
            await ask(client, "n2", Write("x", 3), timeout_ms=60)
        except (Unavailable, TimeoutError):
            await ask(client, "n3", Write("x", 3), timeout_ms=60)

    async def late(client: Client) -> None:
        await wait_until(client, 420)
        await client.perform("write", "x", 3, write_anywhere(client))

    world.client("late", late)


ONE_WAY_CUT = lab(
    "one-way-cut",
    outcomes=("nobody served", "new leader"),
    title="It can send, and cannot hear",
    claim="A leader that hears nobody keeps everybody waiting, unless it steps down by itself.",
    build=build_one_way,
    checks=(available(within_ms=150, clients=("late",)), STEADY, linearizable()),
    knobs=(
        Choice(
            "leader",
            ("trusts", "checks"),
            "trusts",
            "stays until it hears of another leader; steps down when no majority answers it",
        ),
    ),
    violating={"leader": "trusts"},
    satisfying={"leader": "checks"},
    mistake="a leader that never checks whether anybody hears it",
    source="Raft dissertation, section 6.2",
    faults="cut:*>n1@100+460",
    nemesis="cut:n2>n1,n3>n1@60..150+300..460; at most 2",
    horizon_ms=580,
)


def build_takeover(world: World, takeover: str, store: type[ConfigStore] = ConfigStore) -> None:
    world.client("west", visits((20, "n1", Write("x", 1)), (310, "n1", Write("x", 3))))
    if takeover == "majority":
        add_stores(world, store)
    else:
        world.add(Server("n1", "n2", PRIMARY, failover=True))
        world.add(Server("n2", "n1", REPLICA, failover=True))
        world.add(Node("n3"))  # has no part in it
    east = ((170, "n2", Read("x")), (260, "n2", Write("x", 2)), (420, "n2", Read("x")))
    world.client("east", visits(*east))


FALSE_TIMEOUT = lab(
    "false-timeout",
    instruments=("triangle",),
    outcomes=("two primaries", "no answer"),
    title="Slow is not dead",
    claim="A replica that takes silence for death makes a second primary; both take writes.",
    build=build_takeover,
    checks=(linearizable(), available(within_ms=150)),
    knobs=(
        Choice(
            "takeover",
            ("timeout", "majority"),
            "timeout",
            "of two machines one takes over after silence; of three a majority must agree",
        ),
    ),
    violating={"takeover": "timeout"},
    satisfying={"takeover": "majority"},
    mistake="silence is taken for death",
    source="Chandra & Toueg 1996",
    faults="pause:n1@80+270",
    nemesis=ANY_FAULT,
    horizon_ms=480,
)
