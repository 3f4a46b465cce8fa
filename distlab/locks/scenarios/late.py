"""A holder that is late: its lock is over, and it does not know, or what it sent arrives late."""

from __future__ import annotations

from distlab.check.invariants import mutual_exclusion
from distlab.knobs import Choice
from distlab.locks.checks import FENCING_ORDER, NEVER_OVERSOLD, NOTHING_REFUSED
from distlab.locks.fencing import Fence
from distlab.locks.scenarios.declare import lab
from distlab.locks.scenarios.redis import UsedRedis, add_redis, redis_lock
from distlab.locks.scenarios.shop import FENCED, Shop, under_lock
from distlab.scenario import Variant
from distlab.sim import World

FENCING = Choice(
    "fencing",
    tuple(FENCED),
    "off",
    "what of a token the shop looks at: nothing; it refuses a write with an earlier "
    "token than the last; a read as well",
)


def build_paused(world: World, fencing: str, fence: type[Fence] = Fence) -> None:
    add_redis(world, UsedRedis)
    world.client("alice", under_lock(redis_lock(), 10, heedless=True))
    world.client("bob", under_lock(redis_lock(), 50, heedless=True))
    world.add(Shop(fenced=fencing, fence=fence))


PAUSED_HOLDER = lab(
    "paused-holder",
    title="Asleep with the lock in her hand",
    claim="A holder can sleep past the end of its lock; only the resource can refuse it then.",
    build=build_paused,
    checks=(NEVER_OVERSOLD, NOTHING_REFUSED, FENCING_ORDER, mutual_exclusion()),
    knobs=(FENCING,),
    violating={"fencing": "off"},
    satisfying={"fencing": "all"},
    mistake="the resource trusts whoever believes to have the lock",
    source="Kleppmann 2016, How to do distributed locking",
    mistakes=(
        Variant(
            {"fencing": "writes"},
            "the resource looks at the token of writes, and lets an old holder read",
            "Junqueira 2016, Note on fencing and distributed locks",
        ),
    ),
    nemesis="pause:alice,bob+20..140; pause:alice+60..140; delay=1..120; hold+1..120; lose; "
    "duplicate; partition; cut; crash+1..40; jump:redis=-300..300; at most 3",
    faults="pause:alice@36+130",
    outcomes=("oversold", "refused"),
    horizon_ms=210,
)


def build_delayed(world: World, fencing: str, fence: type[Fence] = Fence) -> None:
    add_redis(world, UsedRedis)
    world.client("alice", under_lock(redis_lock(), 10))
    world.client("bob", under_lock(redis_lock(), 50))
    world.add(Shop(fenced=fencing, fence=fence))


DELAYED_REQUEST = lab(
    "delayed-request",
    title="What is on its way",
    claim="A holder may stop in time: what it has sent before can still arrive too late.",
    build=build_delayed,
    checks=(NEVER_OVERSOLD, NOTHING_REFUSED, mutual_exclusion(), FENCING_ORDER),
    knobs=(FENCING,),
    violating={"fencing": "off"},
    satisfying={"fencing": "all"},
    mistake="a look at the clock before the request is thought to be enough",
    source="Burrows 2006, The Chubby lock service, section 2.4",
    nemesis="hold:alice>shop+60..120; pause:alice,bob+1..60; delay=20..120; hold+1..120; lose; "
    "duplicate; partition; cut; crash+1..40; jump:redis=-300..300; at most 3",
    faults="hold:alice>shop@36+130",
    outcomes=("oversold", "refused"),
    horizon_ms=190,
)
