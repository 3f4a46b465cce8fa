"""What the experiments with one Redis have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.locks.redislock import RedisLock
from distlab.locks.scenarios.shop import LOCK
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import Client, World

REDIS = "redis"
TTL_MS = 80
TIMEOUT_MS = 30
"""A client waits so long for the answer to a command."""


def add_redis(world: World) -> None:
    world.add(RedisServer(REDIS, persistence="always"))


def redis_lock(
    kind: Any = RedisLock, ttl_ms: float = TTL_MS, **options: Any
) -> Callable[[Client], Any]:
    """A waiter sleeps until it is woken or the holder's time is over: so there is little to see."""
    options = {"timeout": ttl_ms / 1000, "sleep": ttl_ms / 1000, **options}

    def open_lock(client: Client) -> Any:
        return kind(SimulatedRedis(client, REDIS, TIMEOUT_MS), LOCK, host=client, **options)

    return open_lock


def plain_lock(kind: Any) -> Callable[[Client], Any]:
    """A lock that takes nothing but a Redis and a name, as learners write it."""
    return lambda client: kind(SimulatedRedis(client, REDIS, TIMEOUT_MS), LOCK)
