"""A store may lose replies, be away, or forget a lease: no worker id stays locked for ever."""

import pytest

from distlab.ids.lease import LeaseLost, WorkerIdLease
from distlab.servers.redis import RedisServer, SimulatedRedis
from tests.worlds import play

TTL_MS = 100


def world_with(program, faults="", **server):
    """Run `program(lease, client)` with the lease of worker id 7, for half a second."""

    async def main(client):
        redis = SimulatedRedis(client, "redis", timeout_ms=20)
        await program(WorkerIdLease(redis, client, TTL_MS, [7]), client)
        return "done"

    redis = RedisServer("redis", **server)
    done, _ = play({"worker": main}, redis, faults=faults, until_ms=500, latency_ms=(2, 2))
    assert done == {"worker": "done"}


@pytest.mark.parametrize(
    "lost",
    ["lose:worker>redis@20", "lose:redis>worker@20", "cut:redis>worker@20+60", "crash:redis@21+10"],
)
def test_a_release_that_was_lost_frees_the_worker_id_all_the_same(lost):
    """At the end of its time, if not at once; and the next window begins after this one."""

    async def program(lease, client):
        first = await lease.acquire()
        await client.sleep(20 - client.monotonic_ms())
        with pytest.raises(TimeoutError):
            await lease.release()
        await client.sleep(TTL_MS + 10)
        following = WorkerIdLease(lease.redis, client, TTL_MS, [7])
        assert (await following.acquire()).from_ms >= first.until_ms

    world_with(program, lost, persistence="always")


def test_a_store_that_forgot_the_lease_is_asked_for_a_new_one():
    async def program(lease, client):
        await lease.acquire()
        await client.sleep(30)
        with pytest.raises(LeaseLost, match="worker id 7 has expired"):
            await lease.renew()

    world_with(program, "crash:redis@20+5", persistence="none")
