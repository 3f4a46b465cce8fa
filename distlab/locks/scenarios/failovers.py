"""Experiments with a replica that takes over, and may not know what the primary has promised."""

from collections.abc import Callable
from typing import Any

from distlab.check.invariants import mutual_exclusion
from distlab.knobs import Way, Ways
from distlab.locks.checks import TOKENS_ASCEND, few_messages
from distlab.locks.fencing import Fence
from distlab.locks.redislock import RedisLock
from distlab.locks.scenarios.buyers import ANY_FAULT, LockScenario, TokenOfTheShop, under_lock
from distlab.locks.scenarios.redis import UsedRedis, redis_lock
from distlab.locks.scenarios.redlocks import add_servers, redlock
from distlab.servers.redis import Sentinel
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import Shop
from distlab.sim import Client, World

OpenLock = Callable[[Client], Any]


def pair(world: World, kind: type[RedisLock] = RedisLock) -> OpenLock:
    """A primary, its replica, and the sentinel that promotes it; a lock on the primary."""
    world.add(UsedRedis("redis-1"))
    world.add(UsedRedis("redis-2", replica_of="redis-1"))
    world.add(Sentinel("sentinel", ("redis-1", "redis-2"), ping_ms=20, down_after_ms=30))
    return redis_lock(kind, ttl_ms=160, sentinel="sentinel", sleep=0.02)


def three_alone(world: World) -> OpenLock:
    add_servers(world)
    return redlock()


SERVERS = Ways(
    "servers",
    Way("replica", pair, "a primary with a replica that takes over",
        mistake="a lock lives on a primary that is copied later",
        source="Redis documentation, Distributed Locks with Redis, on failover"),
    Way("redlock", three_alone,
        "three servers that know nothing of each other, of which a majority must agree (Redlock)",
        role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/failover",
    title="A replica takes over",
    claim="A lock that was granted and not yet copied is gone when the replica takes over.",
    checks=(mutual_exclusion(), few_messages(2), NEVER_OVERSOLD),
    knobs=(SERVERS,),
    # No pauses and no clock jumps: see the experiments with Redlock.
    nemesis=f"partition:redis-1,redis-2@0..40+20..100; crash:redis-1@25..60+end; {ANY_FAULT}",
    faults="partition:redis-1|redis-2@20+100;crash:redis-1@45",
    outcomes=("two holders", "more messages"),
    horizon_ms=240,
)
def failover(world: World, servers: Callable[[World], OpenLock]) -> None:
    open_lock = servers(world)
    world.client("alice", under_lock(open_lock, 20, think_ms=100))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop())


class CountedByTheShop(TokenOfTheShop, RedisLock):
    """The number that Redis has counted is not used."""


COUNTER = Ways(
    "counter",
    Way("redis", RedisLock, "Redis, in the script that acquires",
        mistake="fencing tokens are counted where numbers can get lost",
        source="Redis documentation, Replication, on acknowledged writes"),
    Way("shop", CountedByTheShop, "the shop, in a request of its own", role="right"),
    about="who counts",
)  # fmt: skip


@LockScenario(
    id="locks/counter-lost",
    title="Who counts?",
    claim="A fencing token is worth as much as the memory of the server that counts.",
    checks=(TOKENS_ASCEND, few_messages(2), NEVER_OVERSOLD),
    knobs=(COUNTER,),
    nemesis="partition:redis-1,redis-2@0..40+20..100; crash:redis-1@25..60+end; pause; "
    "partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; jump=-300..300; "
    "at most 3",
    faults="partition:redis-1|redis-2@20+100;crash:redis-1@45",
    outcomes=("one token for two", "one message more"),
    horizon_ms=240,
)
def counter_lost(world: World, counter: type[RedisLock]) -> None:
    open_lock = pair(world, counter)
    world.client("alice", under_lock(open_lock, 20, think_ms=120))
    world.client("bob", under_lock(open_lock, 120))
    world.add(Shop(fence=Fence))
