"""One of several processes: lease a worker id, make so many ids, write them to a file.

    python make_ids.py SOCKET COUNT FILE

The other processes are at it at the same time, so the worker ids come from a store.
"""

import asyncio
import sys
from array import array
from pathlib import Path

import redis.asyncio

from distlab.ids.lease import WorkerIdLease
from distlab.ids.process import Process, ThreadedSnowflake

BATCH = 10_000


async def main(path, count, file):
    async with redis.asyncio.Redis(unix_socket_path=path) as client:
        lease = WorkerIdLease(client, Process(), ttl_ms=60_000)
        window = await lease.acquire()
        generator = ThreadedSnowflake(window.worker_id, max_wait_ms=1_000)
        ids = array("q")
        while len(ids) < count:
            window = await lease.renew()
            generator.allow(window.from_ms, window.until_ms)
            ids.extend(generator.next_ids(min(BATCH // 2, count - len(ids))))
            ids.extend(generator.next_id() for _ in range(min(BATCH // 2, count - len(ids))))
        Path(file).write_bytes(ids.tobytes())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
