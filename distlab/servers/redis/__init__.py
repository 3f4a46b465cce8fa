"""A Redis in the simulated world.

    world.add(RedisServer("redis", persistence="everysec"))

    async def program(client):
        redis = SimulatedRedis(client, "redis", timeout_ms=200)
        await redis.set("lock", "A", nx=True, px=30)

`engine` runs commands (fakeredis, by the clock of a machine), `messages` is what travels, `server`
and `client` are the two ends; `replication` copies to other servers, one of which `sentinel`
promotes when the primary is silent.

It differs from a real Redis on purpose: there is one database (no SELECT), and there are no
transactions over several round trips (MULTI, WATCH), no publish/subscribe, no streams, and no
commands whose answer is random. Commands take no time. A crash is that of a machine, so no
connection is seen to close: a client of a server that crashed waits until its time-out, and the
server knows nothing of a client that crashed.
"""

from distlab.servers.redis.client import NoReply, SimulatedRedis
from distlab.servers.redis.sentinel import Sentinel
from distlab.servers.redis.server import RedisServer

__all__ = ["NoReply", "RedisServer", "Sentinel", "SimulatedRedis"]
