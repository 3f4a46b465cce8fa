"""A late holder: its lock is over and it does not know, or what it sent arrives late."""

from functools import partial
from typing import Any

from distlab.check.invariants import mutual_exclusion
from distlab.knobs import Way, Ways
from distlab.locks.checks import FENCING_ORDER, NOTHING_REFUSED
from distlab.locks.fencing import Fence
from distlab.locks.scenarios.buyers import LockScenario, under_lock
from distlab.locks.scenarios.redis import UsedRedis, add_redis, redis_lock
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import FIRST_TOKEN, Shop
from distlab.shop.stock import ReadStock, WriteStock
from distlab.sim import World

FENCING = Ways(
    "fencing",
    Way("off", (), "nothing", mistake="the resource trusts whoever believes to have the lock",
        source="Kleppmann 2016, How to do distributed locking"),
    Way("writes", (WriteStock,), "it refuses a write with an earlier token than the last",
        mistake="the resource looks at the token of writes, and lets an old holder read",
        source="Junqueira 2016, Note on fencing and distributed locks"),
    Way("all", (ReadStock, WriteStock), "a read as well", role="right"),
    about="what of a token the shop looks at",
)  # fmt: skip


def build_late(
    world: World,
    fencing: tuple[type, ...],
    solution: Any = None,
    heedless: bool = False,
    tries: int = 1,
    first_token: int = FIRST_TOKEN,
) -> None:
    add_redis(world, partial(UsedRedis, times=first_token - 1))
    world.client("alice", under_lock(redis_lock(), 10, heedless=heedless, tries=tries))
    world.client("bob", under_lock(redis_lock(), 50, heedless=heedless, tries=tries))
    world.add(Shop(fenced=fencing, fence=solution or Fence))


PAUSED_HOLDER = LockScenario(
    id="locks/paused-holder",
    title="Asleep with the lock in her hand",
    claim="A holder can sleep past the end of its lock; only the resource can refuse it then.",
    build=partial(build_late, heedless=True),
    checks=(NEVER_OVERSOLD, NOTHING_REFUSED, FENCING_ORDER, mutual_exclusion()),
    knobs=(FENCING,),
    nemesis="pause:alice,bob+20..140; pause:alice+60..140; delay=1..120; hold+1..120; lose; "
    "duplicate; partition; cut; crash+1..40; jump:redis=-300..300; at most 3",
    faults="pause:alice@36+130",
    outcomes=("oversold", "refused"),
    horizon_ms=210,
)

DELAYED_REQUEST = LockScenario(
    id="locks/delayed-request",
    title="What is on its way",
    claim="A holder may stop in time: what it has sent before can still arrive too late.",
    build=build_late,
    checks=(NEVER_OVERSOLD, NOTHING_REFUSED, mutual_exclusion(), FENCING_ORDER),
    knobs=(FENCING,),
    mistake="a look at the clock before the request is thought to be enough",
    source="Burrows 2006, The Chubby lock service, section 2.4",
    nemesis="hold:alice>shop+60..120; pause:alice,bob+1..60; delay=20..120; hold+1..120; lose; "
    "duplicate; partition; cut; crash+1..40; jump:redis=-300..300; at most 3",
    faults="hold:alice>shop@36+130",
    outcomes=("oversold", "refused"),
    horizon_ms=190,
)
