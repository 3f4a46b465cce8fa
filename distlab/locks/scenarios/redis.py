"""What the experiments with one Redis have in common."""

from collections.abc import Callable
from typing import Any

from distlab.locks.redislock import RedisLock
from distlab.locks.scenarios.buyers import LOCK
from distlab.locks.scripts import beside
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.shop.service import FIRST_TOKEN
from distlab.sim import Client, World

REDIS = "redis"
COUNTER = beside(LOCK, "fencing").encode()
TTL_MS = 80
TIMEOUT_MS = 30
"""A client waits this long for the answer to a command."""


class UsedRedis(RedisServer):
    """A Redis that has granted the lock `times` times before."""

    def __init__(self, name: str, times: int = FIRST_TOKEN - 1, **options: Any) -> None:
        super().__init__(name, **{"persistence": "always", **options})
        self.times = times

    def on_start(self) -> None:
        super().on_start()
        if not self.boots:
            self.engine.execute((b"SET", COUNTER, str(self.times).encode()))
            self.keep(self.engine.take_changes())


def add_redis(world: World, kind: Any = RedisServer) -> None:
    world.add(kind(REDIS, persistence="always"))


def redis_lock(
    kind: Any = RedisLock, ttl_ms: float = TTL_MS, sentinel: str = "", **options: Any
) -> Callable[[Client], Any]:
    """What opens a client's lock. Its waiters sleep until they are woken or the holder's time is
    over, so that pictures show few messages.
    """
    options = {"timeout": ttl_ms / 1000, "sleep": ttl_ms / 1000, **options}

    def open_lock(client: Client) -> Any:
        redis = SimulatedRedis(client, REDIS, TIMEOUT_MS, sentinel=sentinel)
        return kind(redis, LOCK, host=client, **options)

    return open_lock


def tuned(kind: Any, client: Client, ttl_ms: int) -> Callable[[Any, str], Any]:
    """Makes such locks with this machine's random numbers and this time. `__init__` may use both:
    they are there before it runs.
    """

    def make(redis: Any, name: str) -> Any:
        lock = kind.__new__(kind)
        lock.random, lock.ttl_ms = client.random, ttl_ms
        lock.__init__(redis, name)
        return lock

    return make


def plain_lock(kind: Any, ttl_ms: int = TTL_MS) -> Callable[[Client], Any]:
    """A lock that takes nothing but a Redis and a name, as learners write it."""

    def open_lock(client: Client) -> Any:
        made = tuned(kind, client, ttl_ms)
        return made(SimulatedRedis(client, REDIS, TIMEOUT_MS), LOCK)

    return open_lock
