"""One of several processes: lease a worker id, make so many ids, write them to a file.

The other processes are at it at the same time, so the worker ids come from a store.
"""

from array import array
from pathlib import Path

import redis.asyncio

from distlab.ids.lease import WorkerIdLease
from distlab.ids.process import ThreadedSnowflake
from distlab.real.host import THIS_PROCESS

BATCH = 10_000


async def make(pipe, url, count, file):
    async with redis.asyncio.Redis.from_url(url) as client:
        lease = WorkerIdLease(client, THIS_PROCESS, ttl_ms=60_000)
        window = await lease.acquire()
        generator = ThreadedSnowflake(window.worker_id, max_wait_ms=1_000)
        ids = array("q")
        while len(ids) < count:
            window = await lease.renew()
            generator.set_window(window.from_ms, window.until_ms)
            ids.extend(generator.next_ids(min(BATCH // 2, count - len(ids))))
            ids.extend(generator.next_id() for _ in range(min(BATCH // 2, count - len(ids))))
        Path(file).write_bytes(ids.tobytes())
        pipe.send("made")
