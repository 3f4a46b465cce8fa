"""A worker as a process of its own, on a real Redis: to be stopped in the middle of an order.

It is what `distlab.real.processes` runs. It says when it has a worker id, and what became of each
order that it is asked for.
"""

from __future__ import annotations

import sys
from typing import Any

import redis.asyncio

from distlab.host import Refused, this_process
from distlab.ids.layout import COURSE
from distlab.ids.lease_mistakes import TRUSTS


async def worker(pipe: Any, url: str, prefix: str, trusts: str, ttl_ms: int) -> None:
    """Lease worker id 7, then take an order: `go on` is read in its midst, by a program that is too
    busy to do anything else, so that nothing can tell it that time has passed.
    """
    host = this_process()
    lease, generator = TRUSTS[trusts]
    async with redis.asyncio.Redis.from_url(url) as client:
        leased = generator(lease(client, host, ttl_ms, [7], prefix), host)
        keeping = host.spawn(leased.keep())
        while leased.snowflake is None:
            await host.sleep(5)
        pipe.send(f"has worker id {leased.snowflake.others['worker_id']}")
        await pipe.receive()
        pipe.send("is in the middle of an order")
        sys.stdin.readline()
        try:
            number = leased.next_id()
            pipe.send(f"makes an id of worker {COURSE.parse(number)['worker_id']}")
        except Refused as error:
            pipe.send(f"refuses: {type(error).__name__}")
        await leased.close()
        await keeping
