"""A worker as a process of its own, on a real Redis: it can be stopped in the middle of an order.

`distlab.real.stories` runs it.
"""

import redis.asyncio

from distlab.host import Refused
from distlab.ids.layout import COURSE
from distlab.ids.lease_mistakes import TRUSTS
from distlab.real.host import AsyncioHost
from distlab.real.processes import Pipe


async def worker(pipe: Pipe, name: str, url: str, prefix: str, trusts: str, ttl_ms: int) -> None:
    """Lease worker id 7, then take an order and block in the middle of it."""
    lease, generator = TRUSTS[trusts]
    async with AsyncioHost(name) as host, redis.asyncio.Redis.from_url(url) as client:
        leased = generator(lease(client, host, ttl_ms, [7], prefix), host)
        keeping = host.spawn(leased.keep())
        while leased.snowflake is None:
            await host.sleep(5)
        number = leased.snowflake.others["worker_id"]
        pipe.send(f"has worker id {number}, and is in the middle of an order")
        pipe.block()
        try:
            pipe.send(f"makes an id of worker {COURSE.parse(leased.next_id())['worker_id']}")
        except Refused as error:
            pipe.send(f"refuses: {type(error).__name__}")
        await leased.close()
        await keeping
