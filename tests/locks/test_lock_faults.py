"""Whatever is lost, whoever dies: no lock stays closed for longer than its timeout."""

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
from distlab.sim import World, parse_schedule

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
    world = World()
    inside, done = [], {}

    async def work(node):
        while node.name not in done:
            lock = make(node)
            try:
                async with lock, Watchdog(lock) as watchdog:
                    entered_ms = world.kernel.now_us / 1000
                    await node.sleep(30)
                    watchdog.still_mine()
                    inside.append((entered_ms, world.kernel.now_us / 1000))
                    done[node.name] = True
            except (Refused, TimeoutError):
                await node.sleep(20)

    for server in servers(make):
        world.add(server)
    for name in ("a", "b"):
        world.client(name, work)
    world.inject(parse_schedule(faults))
    try:
        world.run(ENDS_MS)
    finally:
        world.close()
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
        assert set(done) == {"a", "b"}, fault.format(at_ms)
        for (_, left_ms), (entered_ms, _) in pairwise(inside):
            assert left_ms <= entered_ms, fault.format(at_ms)


@pytest.mark.parametrize("make", [redislock, redlock, database_lock, lease_lock])
def test_who_is_cancelled_and_asks_again_keeps_what_it_gets(make):
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

        world = World()
        for server in servers(make):
            world.add(server)
        world.client("a", holder)
        world.client("b", impatient)
        try:
            world.run(ENDS_MS)
        finally:
            world.close()


@pytest.mark.parametrize("make", [redlock, database_lock])
def test_who_has_waited_for_long_looks_as_often_as_who_has_just_come(make):
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
        world, times = World(seed), []
        for server in servers(make):
            world.add(server)
        world.client("a", holder)
        world.client("b", waiter)
        try:
            world.run(ENDS_MS)
        finally:
            world.close()
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
