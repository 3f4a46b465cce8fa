"""Experiments with a replica that takes over: what the primary has promised, it may not know."""

from __future__ import annotations

from distlab.check.invariants import mutual_exclusion
from distlab.knobs import Choice
from distlab.locks.checks import NEVER_OVERSOLD, TOKENS_ASCEND, few_messages
from distlab.locks.redislock import RedisLock
from distlab.locks.scenarios.declare import lab
from distlab.locks.scenarios.redis import UsedRedis, redis_lock
from distlab.locks.scenarios.redlocks import SERVERS, redlock
from distlab.locks.scenarios.shop import Shop, TokenOfTheShop, under_lock
from distlab.servers.redis import RedisServer, Sentinel
from distlab.sim import World

SENTINEL = "sentinel"
TTL_MS = 160


def add_pair(world: World) -> None:
    """A primary, its replica, and who promotes it."""
    world.add(UsedRedis("redis-1"))
    world.add(UsedRedis("redis-2", replica_of="redis-1"))
    world.add(Sentinel(SENTINEL, ("redis-1", "redis-2"), ping_ms=20, down_after_ms=30))


def build_failover(world: World, servers: str) -> None:
    if servers == "replica":
        add_pair(world)
    else:
        for name in SERVERS:
            world.add(RedisServer(name, persistence="always"))
    one = redis_lock(ttl_ms=TTL_MS, sentinel=SENTINEL, sleep=0.02)
    open_lock = one if servers == "replica" else redlock()
    world.client("alice", under_lock(open_lock, 20, think_ms=100))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop())


FAILOVER = lab(
    "failover",
    title="A replica takes over",
    claim="A lock that was granted and not yet copied is gone when the replica takes over.",
    build=build_failover,
    checks=(mutual_exclusion(), few_messages(2), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "servers",
            ("replica", "redlock"),
            "replica",
            "a primary with a replica that takes over; three servers that know nothing of each "
            "other, of which a majority must agree (Redlock)",
        ),
    ),
    violating={"servers": "replica"},
    satisfying={"servers": "redlock"},
    mistake="a lock lives on a primary that is copied later",
    source="Redis documentation, Distributed Locks with Redis, on failover",
    # Not a pause, and not a clock that jumps: see the experiments with Redlock.
    nemesis="partition:redis-1,redis-2@0..40+20..100; crash:redis-1@25..60+end; partition; cut; "
    "lose; delay=1..60; hold+1..100; duplicate; crash+1..60; at most 3",
    faults="partition:redis-1|redis-2@20+100;crash:redis-1@45",
    outcomes=("two holders", "more messages"),
    horizon_ms=240,
)


class CountedByTheShop(TokenOfTheShop, RedisLock):
    """The number that Redis has counted is not used."""


COUNTERS = {"redis": RedisLock, "shop": CountedByTheShop}


def build_counter_lost(world: World, counter: str) -> None:
    add_pair(world)
    open_lock = redis_lock(COUNTERS[counter], TTL_MS, SENTINEL, sleep=0.02)
    world.client("alice", under_lock(open_lock, 20, think_ms=120))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop(fenced="all"))


COUNTER_LOST = lab(
    "counter-lost",
    title="Who counts?",
    claim="A fencing token is worth as much as the memory of the server that counts.",
    build=build_counter_lost,
    checks=(TOKENS_ASCEND, few_messages(2), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "counter",
            tuple(COUNTERS),
            "redis",
            "who counts: Redis, in the script that acquires; the shop, in a request of its own",
        ),
    ),
    violating={"counter": "redis"},
    satisfying={"counter": "shop"},
    mistake="fencing tokens are counted where numbers can get lost",
    source="Redis documentation, Replication, on acknowledged writes",
    nemesis="partition:redis-1,redis-2@0..40+20..100; crash:redis-1@25..60+end; pause; partition; "
    "cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; jump=-300..300; "
    "at most 3",
    faults="partition:redis-1|redis-2@20+100;crash:redis-1@45",
    outcomes=("one token for two", "one message more"),
    horizon_ms=240,
)
