"""Experiments with Redlock on three servers: what each of them may not do, and what it lacks."""

from collections.abc import Callable
from functools import partial
from typing import Any

from distlab.check.invariants import mutual_exclusion, prompt
from distlab.knobs import Way, Ways
from distlab.locks.checks import (
    ALL_HEARD,
    NOTHING_REFUSED,
    SERVED,
    TOKENS_ASCEND,
    few_messages,
    granted,
)
from distlab.locks.fencing import Fence
from distlab.locks.redlock import Redlock
from distlab.locks.redlock_mistakes import FencedByMaximum, StopsReleasing, WithoutValidity
from distlab.locks.scenarios.buyers import LOCK, LockScenario, TokenOfTheShop, under_lock
from distlab.locks.scenarios.redis import TIMEOUT_MS, UsedRedis
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import Shop
from distlab.sim import Client, World
from distlab.sim.clocks import EPOCH_US, Clock

NAMES = ("redis-1", "redis-2", "redis-3")
TTL_MS, SHORT_MS, NODE_MS = 160, 80, 20
ON_DISK = partial(RedisServer, persistence="always")


def add_servers(world: World, kind: Callable[..., RedisServer] = ON_DISK) -> None:
    for name in NAMES:
        world.add(kind(name))


def redlock(
    kind: Any = Redlock, ttl_ms: float = TTL_MS, patience_ms: float = TIMEOUT_MS
) -> Callable[[Client], Any]:
    """`patience_ms` is the client's own; a Redlock waits for each server only `NODE_MS`."""
    seconds = {"timeout": ttl_ms / 1000, "sleep": 0.1, "node_timeout": NODE_MS / 1000}

    def open_lock(client: Client) -> Any:
        redises = [SimulatedRedis(client, name, patience_ms) for name in NAMES]
        return kind(redises, LOCK, host=client, **seconds)

    return open_lock


COUNTS = Ways(
    "counts",
    Way("votes", WithoutValidity, "asks one server after the other and counts who says yes",
        mistake="Redlock that counts a majority and does not look at the clock",
        source="Redis documentation, Distributed Locks with Redis, on validity time"),
    Way("votes-and-time", Redlock,
        "asks all at once, and counts what is left of the time to live as well", role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/redlock-validity",
    title="Slow answers",
    claim="A majority counts only as long as the first of its locks has not expired.",
    checks=(mutual_exclusion(), SERVED, NEVER_OVERSOLD),
    knobs=(COUNTS,),
    # No pauses, here and in the next two: one may come after the look at the clock.
    nemesis="delay:alice>redis-1,alice>redis-2,alice>redis-3=20..100; "
    "delay:bob>redis-1,bob>redis-2,bob>redis-3=20..100; lose; partition; cut; hold+1..100; "
    "duplicate; crash+1..60; at most 3",
    faults="delay:alice>redis-2@0+110=60;delay:alice>redis-3@0+110=60",
    outcomes=("two holders", "alice gets no lock"),
    horizon_ms=260,
)
def redlock_validity(world: World, counts: type[Redlock], solution: Any = None) -> None:
    add_servers(world)
    open_lock = redlock(solution or counts, SHORT_MS, patience_ms=150)
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop())


RELEASE = Ways(
    "release",
    Way("stops", StopsReleasing, "asks one server after the other, and ends with the first error",
        mistake="Redlock whose release fails when one server is down",
        source="Redis documentation, Distributed Locks with Redis: release on all instances"),
    Way("everywhere", Redlock, "tells all at once, whoever answers", role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/redlock-release",
    title="One server is down at the release",
    claim="A release that stops at the first server that is down leaves the others locked.",
    checks=(prompt(40, "acquire"), ALL_HEARD, mutual_exclusion(), NEVER_OVERSOLD),
    knobs=(RELEASE,),
    # One fault only: with a second server unheard nobody has a majority.
    nemesis="crash:redis-1,redis-2,redis-3@30..50+end; "
    "lose:alice>redis-1,alice>redis-2,alice>redis-3@50..90; duplicate; at most 1",
    faults="crash:redis-1@45",
    outcomes=("locked for its time", "one server stays locked"),
    horizon_ms=340,
)
def redlock_release(world: World, release: type[Redlock], solution: Any = None) -> None:
    add_servers(world)
    open_lock = redlock(solution or release)
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop(pieces=2))


def add_two_buyers(world: World, kind: type[Redlock], uptime_ms: int = 0) -> None:
    world.client("alice", under_lock(redlock(kind), 10, think_ms=60))
    world.client("bob", under_lock(redlock(kind), 60))
    for number, name in enumerate(("alice", "bob"), 1):
        world.machine(name).clock = Clock(uptime_us=1000 * number * uptime_ms)
    world.add(Shop())


class MonotonicRedis(RedisServer):
    """Its keys expire by a clock that nobody can set. (No Redis does so.)"""

    def now_us(self) -> int:
        return EPOCH_US + self.monotonic_us()


EXPIRY = Ways(
    "expiry",
    Way("wall", ON_DISK, "the wall clock, as in every Redis",
        mistake="locks expire by a clock that can be set",
        source="Kleppmann 2016, How to do distributed locking; antirez 2016, Is Redlock safe?"),
    Way("monotonic", partial(MonotonicRedis, persistence="always"), "a monotonic one",
        role="right"),
    about="by which clock keys expire",
)  # fmt: skip


@LockScenario(
    id="locks/redlock-clock-jump",
    title="One server's clock is set",
    claim="A server whose clock jumps lets a lock expire early: a second majority.",
    checks=(mutual_exclusion(), prompt(60, "acquire"), NEVER_OVERSOLD, granted(200)),
    knobs=(EXPIRY,),
    nemesis="jump:redis-1,redis-2,redis-3=-300..300; jump:redis-1,redis-2,redis-3=50..300; "
    "partition:alice,redis-1,redis-2,redis-3; lose; crash:redis-1,redis-2,redis-3+1..60; cut; "
    "delay=1..60; duplicate; at most 3",
    faults="partition:alice|redis-3@5+60;jump:redis-2@40=200",
    outcomes=("two holders", "bob waits longer"),
    horizon_ms=240,
)
def redlock_clock_jump(
    world: World, expiry: Callable[..., RedisServer], solution: Any = None, uptime_ms: int = 0
) -> None:
    """Alice's machine has been on for `uptime_ms`, bob's for twice as long."""
    add_servers(world, expiry)
    add_two_buyers(world, solution or Redlock, uptime_ms)


AFTER_CRASH = Ways(
    "restart",
    Way("at-once", partial(RedisServer, persistence="none"), "serves again at once, empty",
        mistake="a server that has lost its data takes part again at once",
        source="Redis documentation, Distributed Locks with Redis, on crash recovery"),
    Way("delayed", partial(RedisServer, persistence="none", restart_delay_ms=TTL_MS),
        "empty, after as long as a lock may last", role="right"),
    Way("from-disk", ON_DISK, "at once, with what is on its disk (fsync at every write)",
        role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/redlock-restart",
    title="One server restarts",
    claim="A server that forgets its locks in a restart makes a second majority possible.",
    checks=(mutual_exclusion(), prompt(60, "acquire"), NEVER_OVERSOLD),
    knobs=(AFTER_CRASH,),
    nemesis="crash:redis-1,redis-2,redis-3@10..60+1..30; "
    "partition:alice,redis-1,redis-2,redis-3@0..40; lose; crash+1..60; partition; cut; "
    "delay=1..60; hold+1..100; duplicate; at most 3",
    faults="partition:alice|redis-3@5+60;crash:redis-2@40+8",
    outcomes=("two holders", "bob waits longer"),
    horizon_ms=240,
)
def redlock_restart(
    world: World, restart: Callable[..., RedisServer], solution: Any = None
) -> None:
    add_servers(world, restart)
    add_two_buyers(world, solution or Redlock)


class FencedByTheShop(TokenOfTheShop, FencedByMaximum):
    """The shop counts, and it is one."""


TOKEN = Ways(
    "token",
    Way("maximum", FencedByMaximum, "the highest number that a server of the majority has counted",
        mistake="the highest of several counters is taken for a fencing token",
        source="Kleppmann 2016, How to do distributed locking"),
    Way("shop", FencedByTheShop, "one that the shop gives, in a request of its own", role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/redlock-fencing",
    title="Three counters",
    claim="The highest of several counters may fall: each majority has another one.",
    checks=(TOKENS_ASCEND, few_messages(3), NOTHING_REFUSED),
    knobs=(TOKEN,),
    nemesis="pause; partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; "
    "jump=-300..300; at most 3",
    faults="partition:bob|redis-3@80+100",
    outcomes=("a lower token", "one message more"),
    horizon_ms=200,
)
def redlock_fencing(world: World, token: type[Redlock]) -> None:
    # So far redis-3 was in every majority, and the others by turns.
    for name, times in zip(NAMES, (31, 31, 33), strict=True):
        world.add(UsedRedis(name, times))
    world.client("alice", under_lock(redlock(token), 10))
    world.client("bob", under_lock(redlock(token), 90))
    world.add(Shop(pieces=2, fence=Fence))
