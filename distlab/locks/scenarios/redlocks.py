"""Experiments with Redlock on three servers: what each of them may not do, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.check.invariants import mutual_exclusion, prompt
from distlab.knobs import Choice
from distlab.locks.checks import (
    ALL_HEARD,
    NEVER_OVERSOLD,
    NOTHING_REFUSED,
    SERVED,
    TOKENS_ASCEND,
    few_messages,
)
from distlab.locks.redlock import Redlock
from distlab.locks.redlock_mistakes import FencedByMaximum, StopsReleasing, WithoutValidity
from distlab.locks.scenarios.declare import lab
from distlab.locks.scenarios.redis import TIMEOUT_MS, UsedRedis
from distlab.locks.scenarios.shop import LOCK, Shop, TokenOfTheShop, under_lock
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import Client, World
from distlab.sim.clocks import EPOCH_US

SERVERS = ("redis-1", "redis-2", "redis-3")
TTL_MS, SHORT_MS, NODE_MS = 160, 80, 20


def redlock(
    kind: Any = Redlock, ttl_ms: float = TTL_MS, patience_ms: float = TIMEOUT_MS
) -> Callable[[Client], Any]:
    """`patience_ms` is the client's own; a Redlock waits for each server only `NODE_MS`."""
    seconds = {"timeout": ttl_ms / 1000, "sleep": 0.1, "node_timeout": NODE_MS / 1000}

    def open_lock(client: Client) -> Any:
        redises = [SimulatedRedis(client, name, patience_ms) for name in SERVERS]
        return kind(redises, LOCK, host=client, **seconds)

    return open_lock


def add_buyers(world: World, open_lock: Callable[[Client], Any]) -> None:
    world.client("alice", under_lock(open_lock, 10, think_ms=60))
    world.client("bob", under_lock(open_lock, 60))
    world.add(Shop())


COUNTS = {"votes": WithoutValidity, "votes-and-time": Redlock}


def build_validity(world: World, counts: str, redlock_kind: Any = None) -> None:
    for name in SERVERS:
        world.add(RedisServer(name, persistence="always"))
    open_lock = redlock(redlock_kind or COUNTS[counts], SHORT_MS, patience_ms=150)
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop())


VALIDITY = lab(
    "redlock-validity",
    title="Slow answers",
    claim="A majority counts only as long as the first of its locks has not expired.",
    build=build_validity,
    checks=(mutual_exclusion(), SERVED, NEVER_OVERSOLD),
    knobs=(
        Choice(
            "counts",
            tuple(COUNTS),
            "votes",
            "asks one server after the other and counts who says yes; asks all at once, and "
            "counts what is left of the time to live as well",
        ),
    ),
    violating={"counts": "votes"},
    satisfying={"counts": "votes-and-time"},
    mistake="Redlock that counts a majority and does not look at the clock",
    source="Redis documentation, Distributed Locks with Redis, on validity time",
    # Not a pause after the look at the clock, here and in the next two.
    nemesis="delay:alice>redis-1,alice>redis-2,alice>redis-3=20..100; "
    "delay:bob>redis-1,bob>redis-2,bob>redis-3=20..100; lose; partition; cut; hold+1..100; "
    "duplicate; crash+1..60; at most 3",
    faults="delay:alice>redis-2@0+110=60;delay:alice>redis-3@0+110=60",
    outcomes=("two majorities", "alice is sent away"),
    horizon_ms=260,
)


RELEASES = {"stops": StopsReleasing, "everywhere": Redlock}


def build_release(world: World, release: str, redlock_kind: Any = None) -> None:
    for name in SERVERS:
        world.add(RedisServer(name, persistence="always"))
    open_lock = redlock(redlock_kind or RELEASES[release])
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop(pieces=2))


REDLOCK_RELEASE = lab(
    "redlock-release",
    title="One server is down at the release",
    claim="A release that stops at the first server that is down leaves the others locked.",
    build=build_release,
    checks=(prompt(40, "acquire"), ALL_HEARD, mutual_exclusion(), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "release",
            tuple(RELEASES),
            "stops",
            "asks one server after the other, and ends with the first error; tells all at once, "
            "whoever answers",
        ),
    ),
    violating={"release": "stops"},
    satisfying={"release": "everywhere"},
    mistake="Redlock whose release fails when one server is down",
    source="Redis documentation, Distributed Locks with Redis: release on all instances",
    # One fault only: with a second server unheard nobody has a majority.
    nemesis="crash:redis-1,redis-2,redis-3@30..50+end; "
    "lose:alice>redis-1,alice>redis-2,alice>redis-3@50..90; duplicate; at most 1",
    faults="crash:redis-1@45",
    outcomes=("locked for its time", "one server does not know"),
    horizon_ms=340,
)


class MonotonicRedis(RedisServer):
    """Its keys expire by a clock that nobody can set. (No Redis does so.)"""

    def now_us(self) -> int:
        return EPOCH_US + self.monotonic_us()


CLOCKS = {"wall": RedisServer, "monotonic": MonotonicRedis}


def build_clock_jump(world: World, expiry: str, redlock_kind: Any = Redlock) -> None:
    for name in SERVERS:
        world.add(CLOCKS[expiry](name, persistence="always"))
    add_buyers(world, redlock(redlock_kind))


CLOCK_JUMP = lab(
    "redlock-clock-jump",
    title="One server's clock is set",
    claim="A server whose clock jumps lets a lock expire early: a second majority.",
    build=build_clock_jump,
    checks=(mutual_exclusion(), prompt(60, "acquire"), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "expiry",
            tuple(CLOCKS),
            "wall",
            "by which clock keys expire: the wall clock, as in every Redis; a monotonic one",
        ),
    ),
    violating={"expiry": "wall"},
    satisfying={"expiry": "monotonic"},
    mistake="locks expire by a clock that can be set",
    source="Kleppmann 2016, How to do distributed locking; antirez 2016, Is Redlock safe?",
    nemesis="jump:redis-1,redis-2,redis-3=-300..300; jump:redis-1,redis-2,redis-3=50..300; "
    "partition:alice,redis-1,redis-2,redis-3; lose; crash:redis-1,redis-2,redis-3+1..60; cut; "
    "delay=1..60; duplicate; at most 3",
    faults="partition:alice|redis-3@5+60;jump:redis-2@40=200",
    outcomes=("two majorities", "bob waits"),
    horizon_ms=240,
)

RESTARTS: dict[str, dict[str, Any]] = {
    "at-once": {"persistence": "none"},
    "delayed": {"persistence": "none", "restart_delay_ms": TTL_MS},
    "from-disk": {"persistence": "always"},
}


def build_restart(world: World, restart: str, redlock_kind: Any = Redlock) -> None:
    for name in SERVERS:
        world.add(RedisServer(name, **RESTARTS[restart]))
    add_buyers(world, redlock(redlock_kind))


RESTART = lab(
    "redlock-restart",
    title="One server restarts",
    claim="A server that forgets its locks in a restart helps to a second majority.",
    build=build_restart,
    checks=(mutual_exclusion(), prompt(60, "acquire"), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "restart",
            tuple(RESTARTS),
            "at-once",
            "serves again at once, empty; empty, after as long as a lock may last; at once, "
            "with what is on its disk (fsync at every write)",
        ),
    ),
    violating={"restart": "at-once"},
    satisfying={"restart": "delayed"},
    mistake="a server that has lost its data takes part again at once",
    source="Redis documentation, Distributed Locks with Redis, on crash recovery",
    nemesis="crash:redis-1,redis-2,redis-3@10..60+1..30; "
    "partition:alice,redis-1,redis-2,redis-3@0..40; lose; crash+1..60; partition; cut; "
    "delay=1..60; hold+1..100; duplicate; at most 3",
    faults="partition:alice|redis-3@5+60;crash:redis-2@40+8",
    outcomes=("two majorities", "bob waits"),
    horizon_ms=240,
)


class FencedByTheShop(TokenOfTheShop, FencedByMaximum):
    """The shop counts, and it is one."""


TOKENS = {"maximum": FencedByMaximum, "shop": FencedByTheShop}
COUNTED = {"redis-1": 31, "redis-2": 31, "redis-3": 33}
"""So far redis-3 was in every majority, and the others by turns."""


def build_fencing(world: World, token: str) -> None:
    for name, times in COUNTED.items():
        world.add(UsedRedis(name, times))
    open_lock = redlock(TOKENS[token])
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 90))
    world.add(Shop(pieces=2, fenced="all"))


FENCING = lab(
    "redlock-fencing",
    title="Three counters",
    claim="The highest of several counters may fall: each majority has another one.",
    build=build_fencing,
    checks=(TOKENS_ASCEND, few_messages(3), NOTHING_REFUSED),
    knobs=(
        Choice(
            "token",
            tuple(TOKENS),
            "maximum",
            "the highest number that a server of the majority has counted; one that the shop "
            "gives, in a request of its own",
        ),
    ),
    violating={"token": "maximum"},
    satisfying={"token": "shop"},
    mistake="the highest of several counters is taken for a fencing token",
    source="Kleppmann 2016, How to do distributed locking",
    nemesis="pause; partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; "
    "jump=-300..300; at most 3",
    faults="partition:bob|redis-3@80+100",
    outcomes=("a lower token", "one message more"),
    horizon_ms=200,
)
