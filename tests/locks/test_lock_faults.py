"""No lock stays closed for longer than its timeout, whatever is lost and whoever dies."""

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest

from distlab.host import Refused
from distlab.locks.database_lock import DatabaseLock
from distlab.locks.fair import FairLock
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.locks.watchdog import Watchdog
from distlab.real.host import AsyncioHost
from distlab.real.redis_server import redis_servers
from tests.locks.sites import KINDS, play_together

TIMEOUT = 0.4


def play(kind, faults):
    """Two clients work under the lock, again and again until done. Who was inside, and when."""
    inside, done = [], set()

    async def work(site):
        node = site.host
        while node.name not in done:
            lock = site.lock(TIMEOUT, kind=kind)
            try:
                async with lock, Watchdog(lock) as watchdog:
                    entered_us = node.now_us()
                    await node.sleep(30)
                    watchdog.still_mine()
                    inside.append((entered_us, node.now_us()))
                    done.add(node.name)
            except (Refused, TimeoutError):
                await node.sleep(20)

    play_together(dict.fromkeys("ab", work), faults=faults, until_ms=20_000, **DURABLE[kind])
    return sorted(inside), done


DURABLE = {kind: {"persistence": "always", **servers} if kind in (RedisLock, Redlock) else servers
           for kind, servers in KINDS.items() if kind is not FairLock}  # fmt: skip
each_kind = pytest.mark.parametrize("kind", DURABLE)


@each_kind
@pytest.mark.parametrize(
    "fault",
    ["lose:a>redis-0@{}", "lose:redis-0>a@{}", "crash:a@{}+700", "pause:redis-0@{}+600",
     "crash:redis-0@{}+300", "partition:a|redis-0,b@{}+500"],
)  # fmt: skip
def test_one_fault_at_every_instant(kind, fault):
    for at_ms in range(0, 160, 8):
        inside, done = play(kind, fault.format(at_ms))
        assert done == {"a", "b"}, fault.format(at_ms)
        for (_, left_us), (entered_us, _) in pairwise(inside):
            assert left_us <= entered_us, fault.format(at_ms)


@each_kind
def test_a_client_that_is_cancelled_and_asks_again_keeps_what_it_gets(kind):
    """What undoes the first claim of an object does not undo its second one."""
    for patience_ms in range(1, 90):

        async def holder(site):
            async with site.lock(TIMEOUT, kind=kind):
                await site.sleep(0.04)

        async def impatient(site, patience_ms=patience_ms):
            await site.sleep(0.02)
            lock = site.lock(TIMEOUT, kind=kind)
            with suppress(TimeoutError):
                async with site.host.timeout(patience_ms):
                    await lock.acquire(token="job-17", sleep=0.01)
            await lock.acquire(token="job-17")
            await site.sleep(0.1)
            assert await lock.owned(), f"asked again after {patience_ms} ms"

        play_together({"a": holder, "b": impatient}, **DURABLE[kind])


@pytest.mark.parametrize("kind", [Redlock, DatabaseLock])
def test_a_waiter_looks_as_often_after_a_long_time_as_at_first(kind):
    async def holder(site):
        lock = await site.held(TIMEOUT, kind=kind)
        async with Watchdog(lock, max_age=60):
            await site.sleep(10)
        await lock.release()
        return site.host.monotonic_ms()

    async def waiter(site):
        await site.sleep(0.1)
        async with site.lock(TIMEOUT, kind=kind):
            return site.host.monotonic_ms()

    for seed in range(5):
        ms, _ = play_together({"a": holder, "b": waiter}, **KINDS[kind], seed=seed)
        assert ms["b"] - ms["a"] < 150  # `sleep` is 100 ms


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
