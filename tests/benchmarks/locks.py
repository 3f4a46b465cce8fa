"""Locks: acquire and release a second, beside others on the same real server.

Clients and servers share one core, and take turns in slices of some milliseconds, of which the
fastest quarter counts: what else the machine does then touches all of them alike, or none.

Redlock asks its servers at the same time. On one core, with servers that answer in microseconds
from next door, there is nothing to gain by that; so it is measured again with servers that are some
milliseconds away. The last figure is the longest wait while eight clients want the same lock.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import pottery
import redis_lock
import redlock

from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.real.processes import ClientProcess
from distlab.real.redis_server import Redis, redis_servers
from tests.benchmarks.ids import one_core

SLICES, TIMES, ROUNDS = 80, 25, 7
CONTENDERS, TURNS, HOLD_S = 8, 15, 0.002
TIMEOUT_S, AWAY_S = 10, 0.001
GOALS = {"async, times redis.asyncio": 0.8, "redlock of 3, times redlock-py": 2,
         "longest wait, part of redis.asyncio's": 0.5}  # fmt: skip

Once = Callable[[], object]
OnceAsync = Callable[[], Awaitable[object]]
Contenders = tuple[dict[str, Once], dict[str, OnceAsync]]
Figures = dict[str, float]
Make = Callable[[str], Any]


def seconds(once: Once, times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        once()
    return (time.perf_counter() - began) / times


async def seconds_async(once: OnceAsync, times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        await once()
    return (time.perf_counter() - began) / times


async def rates(contenders: Contenders, times: int) -> Figures:
    """How often a second, in the fastest quarter of the slices."""
    taken: dict[str, list[float]] = {name: [] for each in contenders for name in each}
    for _ in range(SLICES):
        gc.collect()
        for name, once in contenders[0].items():
            taken[name].append(seconds(once, times))
        for name, once_async in contenders[1].items():
            taken[name].append(await seconds_async(once_async, times))
    return {
        name: 1 / statistics.quantiles(all_of, n=4, method="inclusive")[0]
        for name, all_of in taken.items()
    }


def cycle(lock: Any) -> Once:
    def once() -> None:
        if not lock.acquire():
            raise AssertionError("nobody else wants it")
        lock.release()

    return once


def cycle_async(lock: Any) -> OnceAsync:
    async def once() -> None:
        if not await lock.acquire():
            raise AssertionError("nobody else wants it")
        await lock.release()

    return once


def cycle_redlock_py(servers: list[Any]) -> Once:
    manager = redlock.Redlock(servers)

    def once() -> None:
        held = manager.lock("redlock-py", TIMEOUT_S * 1000)
        if not held:
            raise AssertionError("nobody else wants it")
        manager.unlock(held)

    return once


class Fleet:
    """Clients of all kinds for so many servers."""

    def __init__(self, servers: Sequence[Redis]) -> None:
        self.sync = [server.client() for server in servers]
        self.asyncio = [server.async_client() for server in servers]

    async def close(self) -> None:
        for client in self.sync:
            client.close()
        for async_client in self.asyncio:
            await async_client.aclose()

    def singles(self) -> Contenders:
        client, other = self.sync[0], self.asyncio[0]
        return {
            "redis-py": cycle(client.lock("redis-py", TIMEOUT_S)),
            "redlock-py": cycle_redlock_py([client]),
            "python-redis-lock": cycle(redis_lock.Lock(client, "python-redis-lock", TIMEOUT_S)),
            "pottery": cycle(pottery.Redlock(key="pottery", masters={client})),
        }, {
            "redis.asyncio": cycle_async(other.lock("asyncio", TIMEOUT_S)),
            "pottery, async": cycle_async(pottery.AIORedlock(key="aio", masters={other})),
            "distlab": cycle_async(RedisLock(other, "distlab", TIMEOUT_S)),
        }

    def redlocks(self) -> Contenders:
        return {
            "redlock-py": cycle_redlock_py(self.sync),
            "pottery": cycle(pottery.Redlock(key="pottery 3", masters=set(self.sync))),
        }, {"distlab": cycle_async(Redlock(self.asyncio, "distlab 3", TIMEOUT_S, node_timeout=1))}

    def makers(self) -> dict[str, Make]:
        return {
            "redis.asyncio": lambda name: self.asyncio[0].lock(name, TIMEOUT_S),
            "distlab": lambda name: RedisLock(self.asyncio[0], name, TIMEOUT_S),
        }


async def longest_wait_ms(make: Make) -> float:
    """The longest that one of eight waited for the lock that all of them want, again and again."""
    waits: list[float] = []

    async def contender() -> None:
        lock = make("wanted")
        for _ in range(TURNS):
            began = time.perf_counter()
            async with lock:
                waits.append(time.perf_counter() - began)
                await asyncio.sleep(HOLD_S)

    await asyncio.gather(*(contender() for _ in range(CONTENDERS)))
    return max(waits) * 1000


async def away(pipe: Any, paths: list[tuple[str, str]]) -> None:
    """A process between clients and servers, through which everything takes longer."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await asyncio.sleep(AWAY_S / 2)
            writer.write(data)
        writer.close()

    async def between(server: str, *here: Any) -> None:
        there = await asyncio.open_unix_connection(server)
        await asyncio.gather(carry(here[0], there[1]), carry(there[0], here[1]))

    for path, server in paths:
        await asyncio.start_unix_server(partial(between, server), path)
    pipe.send("ready")
    await pipe.receive()


@contextmanager
def far(servers: Sequence[Redis], folder: str) -> Iterator[list[Redis]]:
    """The same servers, some milliseconds away."""
    urls = [server.url.rpartition("@")[::2] for server in servers]
    paths = [(f"{folder}/{n}", path) for n, (_, path) in enumerate(urls)]
    with ClientProcess("tests.benchmarks.locks:away", paths=paths) as process:
        process.receive()
        yield [
            Redis(f"{secret}@{near}") for (secret, _), (near, _) in zip(urls, paths, strict=True)
        ]
        process.send("enough")


async def measured(servers: Sequence[Redis], folder: str) -> dict[str, Any]:
    near = Fleet(servers)
    single, three = await rates(near.singles(), TIMES), await rates(near.redlocks(), TIMES)
    makers = near.makers()
    waits = {
        name: statistics.median([await longest_wait_ms(make) for _ in range(ROUNDS)])
        for name, make in makers.items()
    }
    await near.close()
    with far(servers, folder) as distant:
        fleet = Fleet(distant)
        three_far = await rates(fleet.redlocks(), times=5)
        await fleet.close()
    return {
        "locks/s": {name: round(value, -1) for name, value in single.items()},
        "redlocks of 3/s": {name: round(value, -1) for name, value in three.items()},
        "redlocks of 3, far away/s": {name: round(value) for name, value in three_far.items()},
        f"longest wait of {CONTENDERS}, ms": {name: round(value) for name, value in waits.items()},
        "reached": {
            "async, times redis.asyncio": times(single, "redis.asyncio"),
            "redlock of 3, times redlock-py": times(three, "redlock-py"),
            "redlock of 3, far away, times redlock-py": times(three_far, "redlock-py"),
            "longest wait, part of redis.asyncio's": times(waits, "redis.asyncio"),
        },
        "goal": GOALS,
    }


def times(figures: Figures, peer: str) -> float:
    return round(figures["distlab"] / figures[peer], 2)


def measure() -> dict[str, Any]:
    peers = ("redis", "redlock-py", "python-redis-lock", "pottery")
    with one_core(), redis_servers(3) as servers, tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(servers, folder))
    return {**figures, "versions": {name: version(name) for name in peers}}
