"""Programs of the client processes in tests."""

import asyncio
import os
from collections import Counter

import redis.asyncio
from redis.exceptions import RedisError

from distlab.host import Refused
from distlab.locks.fencing import StaleToken
from distlab.locks.reality import Shop
from distlab.locks.redislock import RedisLock
from distlab.real.host import AsyncioHost


async def echo(pipe, greeting="hello"):
    print("this is not for the parent")
    pipe.send([greeting, os.getpid()])
    while (value := await pipe.receive()) != "enough":
        pipe.send(value)


async def count(pipe):
    for number in range(10**9):
        pipe.send(number)
        await asyncio.sleep(0.001)


async def fail(pipe):
    await pipe.receive()
    raise ZeroDivisionError("on purpose")


async def listen_and_work(pipe):
    hearing = asyncio.create_task(pipe.receive())
    work = 0
    while not hearing.done():
        work += 1
        await asyncio.sleep(0)
    pipe.send([await hearing, work > 0])


async def crowd(pipe, name, url, lock, shop, fenced, timeout):
    """Buy one piece after another, until told to stop; then tell how that went, in numbers."""
    done, stock = Counter(), Shop(shop, fenced)
    async with AsyncioHost(name) as host, redis.asyncio.Redis.from_url(url) as client:
        stop = host.spawn(pipe.receive())
        mine = RedisLock(client, lock, timeout, sleep=0.02, host=host)
        pipe.send("ready")
        while not stop.done():
            try:
                async with mine:
                    seen = await stock.look(mine.fencing_token)
                    await host.sleep(host.random.random() * 4)
                    await stock.sell(seen, mine.fencing_token, name)
                    done["bought"] += 1
            except StaleToken:
                done["stale"] += 1
            except (Refused, RedisError, TimeoutError) as error:
                done[type(error).__name__] += 1
    pipe.send(done)
