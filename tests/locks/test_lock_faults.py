"""No lock stays closed for longer than its timeout, whatever is lost and whoever dies."""

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest

from distlab.host import Refused
from distlab.locks.database_lock import SCHEMA, DatabaseLock
from distlab.locks.lease_lock import LeaseLock
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.locks.watchdog import Watchdog
from distlab.real.host import AsyncioHost
from distlab.real.redis_server import redis_servers
from distlab.servers.leases import LeaseServer, RemoteLeases
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from tests import worlds

TIMEOUT = 0.4
ENDS_MS = 20_000


def redislock(node):
    return RedisLock(SimulatedRedis(node, "server"), "stock", TIMEOUT, host=node)


def redlock(node):
    redises = [SimulatedRedis(node, name) for name in ("server", "server-2", "server-3")]
    return Redlock(redises, "stock", TIMEOUT, host=node)


def database_lock(node):
    return DatabaseLock(RemoteDatabase(node, "server"), "stock", TIMEOUT, host=node)


def lease_lock(node):
    return LeaseLock(RemoteLeases(node, "server"), "stock", TIMEOUT, host=node)


def servers(make):
    if make in (redislock, redlock):
        names = ["server"] if make is redislock else ["server", "server-2", "server-3"]
        return [RedisServer(name, "always") for name in names]
    return [DatabaseServer("server", SCHEMA) if make is database_lock else LeaseServer("server")]


def play(make, faults):
    """Two clients work under the lock, again and again until done. Who was inside, and when."""
    inside, done = [], set()

    async def work(node):
        while node.name not in done:
            lock = make(node)
            try:
                async with lock, Watchdog(lock) as watchdog:
                    entered_us = node.now_us()
                    await node.sleep(30)
                    watchdog.still_mine()
                    inside.append((entered_us, node.now_us()))
                    done.add(node.name)
            except (Refused, TimeoutError):
                await node.sleep(20)

    worlds.play(dict.fromkeys("ab", work), *servers(make), faults=faults, until_ms=ENDS_MS)
    return sorted(inside), done


@pytest.mark.parametrize("make", [redislock, redlock, database_lock, lease_lock])
@pytest.mark.parametrize(
    "fault",
    ["lose:a>server@{}", "lose:server>a@{}", "crash:a@{}+700", "pause:server@{}+600",
     "crash:server@{}+300", "partition:a|server,b@{}+500"],
)  # fmt: skip
def test_one_fault_at_every_instant(make, fault):
    for at_ms in range(0, 160, 8):
        inside, done = play(make, fault.format(at_ms))
        assert done == {"a", "b"}, fault.format(at_ms)
        for (_, left_us), (entered_us, _) in pairwise(inside):
            assert left_us <= entered_us, fault.format(at_ms)


@pytest.mark.parametrize("make", [redislock, redlock, database_lock, lease_lock])
def test_a_client_that_is_cancelled_and_asks_again_keeps_what_it_gets(make):
    """What undoes the first claim of an object does not undo its second one."""
    for patience_ms in range(1, 90):

        async def holder(node):
            async with make(node):
                await node.sleep(40)

        async def impatient(node, patience_ms=patience_ms):
            await node.sleep(20)
            lock = make(node)
            with suppress(TimeoutError):
                async with node.timeout(patience_ms):
                    await lock.acquire(token="job-17", sleep=0.01)
            await lock.acquire(token="job-17")
            await node.sleep(100)
            assert await lock.owned(), f"asked again after {patience_ms} ms"

        worlds.play({"a": holder, "b": impatient}, *servers(make), until_ms=ENDS_MS)


@pytest.mark.parametrize("make", [redlock, database_lock])
def test_a_waiter_looks_as_often_after_a_long_time_as_at_first(make):
    async def holder(node):
        lock = make(node)
        await lock.acquire()
        async with Watchdog(lock, max_age=60):
            await node.sleep(10_000)
        await lock.release()
        times.append(node.monotonic_ms())

    async def waiter(node):
        await node.sleep(100)
        async with make(node):
            times.append(node.monotonic_ms())

    for seed in range(5):
        times = []
        worlds.play({"a": holder, "b": waiter}, *servers(make), seed=seed, until_ms=ENDS_MS)
        assert times[1] - times[0] < 150  # `sleep` is 100 ms


def test_cancellations_at_random_moments_on_a_real_server(require):
    require("valkey")

    async def main(server):
        async with AsyncioHost("client") as host, server.async_client() as redis:
            inside = []

            async def work():
                async with RedisLock(redis, "stock", 2, sleep=0.01, host=host):
                    inside.append(1)
                    assert sum(inside) == 1
                    try:
                        await asyncio.sleep(0.001)
                    finally:
                        inside.append(-1)

            for n in range(150):
                tasks = [asyncio.create_task(work()) for _ in range(3)]
                await asyncio.sleep(n % 30 / 5000)
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert not [error for error in ended if isinstance(error, AssertionError)]
            assert await RedisLock(redis, "stock", host=host).acquire(blocking_timeout=5)

    with redis_servers(1) as (server,):
        asyncio.run(main(server))
