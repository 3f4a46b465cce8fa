"""Leases of worker ids: on fakeredis, and the same on a real server."""

import asyncio
import contextlib
from array import array
from dataclasses import replace
from heapq import merge
from itertools import pairwise

import fakeredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import OutOfMemoryError, RedisError

from distlab.host import BadInput
from distlab.ids.layout import COURSE
from distlab.ids.lease import LeasedSnowflake, LeaseLost, NoWorkerIdFree, WorkerIdLease
from distlab.ids.snowflake import NotYet, OutsideWindow
from distlab.real.processes import ClientProcess
from distlab.real.redis_server import redis_servers
from tests.asynchronous import asynchronous
from tests.ids.hosts import NOW_MS, Hand, OnAsyncio

TTL_MS = 10_000


@pytest.fixture(params=["fakeredis", "server"], scope="module")
def connect(request, require):
    """A function that makes clients of one and the same store."""
    if request.param == "fakeredis":
        store = fakeredis.FakeServer()
        yield lambda: fakeredis.FakeAsyncRedis(server=store)
    else:
        require("valkey")
        with redis_servers(1) as (server,):
            yield server.async_client


def on_an_empty(connect, program):
    async def main():
        async with connect() as client:
            await client.flushall()
            await program(client)

    asyncio.run(main())


def on_stores(program):
    """Run `program(client)` on an empty store of each kind."""
    return lambda connect: on_an_empty(connect, program)


@on_stores
async def test_two_holders_get_two_worker_ids(client):
    leases = [WorkerIdLease(client, Hand(name=f"w{n}"), TTL_MS, range(8)) for n in range(8)]
    windows = [await lease.acquire() for lease in leases]
    assert sorted(window.worker_id for window in windows) == list(range(8))
    assert {window[1:] for window in windows} == {(0, NOW_MS + TTL_MS)}
    with pytest.raises(NoWorkerIdFree, match="no worker id of 8 is free"):
        await WorkerIdLease(client, Hand(), TTL_MS, range(8)).acquire()


@on_stores
async def test_the_next_holder_begins_where_the_last_window_ended(client):
    first = WorkerIdLease(client, Hand(), TTL_MS, [7])
    before = await first.acquire()
    await first.release()
    next_one = WorkerIdLease(client, Hand(NOW_MS + 1, "next"), TTL_MS, [7])
    assert await next_one.acquire() == (7, before.until_ms, NOW_MS + 1 + TTL_MS)


@on_stores
async def test_a_clock_that_is_behind_gets_another_worker_id(client):
    first = WorkerIdLease(client, Hand(), TTL_MS, [7])
    await first.acquire()
    await first.release()
    for n in range(8):  # wherever it begins to look
        behind = Hand(NOW_MS - 5_000 + n, f"behind-{n}")
        lease = WorkerIdLease(client, behind, TTL_MS, [7, 8 + n])
        assert await lease.acquire() == (8 + n, 0, behind.now + TTL_MS)
        assert not await client.exists("distlab:worker-id:{7}")
    assert int(await client.get("distlab:worker-id:{7}:mark")) == NOW_MS + TTL_MS


@on_stores
async def test_a_renewal_extends_the_window_and_never_shortens_it(client):
    clock = Hand()
    lease = WorkerIdLease(client, clock, TTL_MS, [7])
    await lease.acquire()
    clock.now += 4_000
    assert await lease.renew() == (7, 0, NOW_MS + 4_000 + TTL_MS)
    clock.now -= 9_000
    assert await lease.renew() == (7, 0, NOW_MS + 4_000 + TTL_MS)


@on_stores
async def test_a_lost_lease_cannot_renew_or_release_that_of_another(client):
    lost = WorkerIdLease(client, Hand(name="lost"), TTL_MS, [7])
    window = await lost.acquire()
    await client.delete("distlab:worker-id:{7}")  # as if it had expired
    other = WorkerIdLease(client, Hand(NOW_MS + 1, "other"), TTL_MS, [7])
    assert (await other.acquire()).from_ms == window.until_ms
    with pytest.raises(LeaseLost, match="worker id 7 has expired"):
        await lost.renew()
    await lost.release()
    await other.renew()


@on_stores
async def test_it_expires_by_itself_and_the_mark_does_not(client):
    await WorkerIdLease(client, Hand(), 50, [7]).acquire()
    assert 0 < await client.pttl("distlab:worker-id:{7}") <= 50
    assert await client.pttl("distlab:worker-id:{7}:mark") == -1
    await asyncio.sleep(0.1)
    assert (await WorkerIdLease(client, Hand(NOW_MS + 99), 50, [7]).acquire()).worker_id == 7


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("alrx"), st.integers(-30, 40))))
def test_windows_of_one_worker_id_never_overlap(steps):
    """Four holders with clocks of their own acquire, lose, renew and release two worker ids."""

    async def scenario(client):
        hosts = [Hand(name=f"h{n}") for n in range(4)]
        leases = [WorkerIdLease(client, host, 20, [1, 2]) for host in hosts]
        granted = {}
        for who, action, move in steps:
            hosts[who].now += move
            with contextlib.suppress(NoWorkerIdFree, LeaseLost):
                if action == "a" and leases[who].window is None:
                    granted[who, len(granted)] = await leases[who].acquire()
                elif action == "l":
                    await client.delete("distlab:worker-id:{1}", "distlab:worker-id:{2}")
                elif action == "r":
                    window = await leases[who].renew()
                    latest = max(key for key in granted if key[0] == who)
                    granted[latest] = window
                elif action == "x":
                    await leases[who].release()
        for worker_id in (1, 2):
            mine = sorted(w[1:] for w in granted.values() if w.worker_id == worker_id)
            for (_, end), (start, _) in pairwise(mine):
                assert end <= start

    on_an_empty(fakeredis.FakeAsyncRedis, scenario)


# The generator that keeps a lease


@on_stores
async def test_a_leased_generator_works_while_the_lease_is_renewed(client):
    host = OnAsyncio()
    ids = LeasedSnowflake(WorkerIdLease(client, host, 300, range(4)), host)
    with pytest.raises(NotYet, match="not asked for yet"):
        ids.next_id()
    keeper = host.spawn(ids.keep())
    await asyncio.sleep(0.1)
    made = []
    for _ in range(10):
        made.append(ids.next_id())
        await asyncio.sleep(0.06)  # twice the ttl in all
    assert made == sorted(set(made))
    assert len({number >> 12 & 1023 for number in made}) == 1
    await ids.close()
    await asyncio.wait_for(keeper, 1)
    with pytest.raises(NotYet, match="closed"):
        ids.next_id()
    await WorkerIdLease(client, OnAsyncio("next"), 300, [made[0] >> 12 & 1023]).acquire()


@on_stores
async def test_a_thread_finds_no_generator_before_its_window_is_set(client):
    """`next_id` may be called at any moment while `keep` runs in another thread."""
    found = []

    class Watched(LeasedSnowflake):
        def grant(self, snowflake, window):
            found.append(self.snowflake)
            super().grant(snowflake, window)

    host = OnAsyncio()
    ids = Watched(WorkerIdLease(client, host, 60, range(4)), host)
    keeper = host.spawn(ids.keep())
    await asyncio.sleep(0.05)
    await ids.close()
    await asyncio.wait_for(keeper, 1)
    assert found[0] is None and found[1] is not None


@on_stores
async def test_without_the_store_it_works_to_the_end_of_its_window(client):
    host = OnAsyncio()
    ids = LeasedSnowflake(WorkerIdLease(client, host, 300, range(4)), host)
    keeper = host.spawn(ids.keep())
    await asyncio.sleep(0.05)
    ids.lease.redis = Failing(NoConnection("connection refused"))
    ids.next_id()
    await asyncio.sleep(0.4)
    with pytest.raises(OutsideWindow):
        ids.next_id()
    ids.lease.redis = client
    await asyncio.sleep(0.2)
    ids.next_id()  # a new lease, for the old one has expired
    ids.closed = True
    await keeper


class Failing:
    """A store that answers with an error."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, command):
        async def fail(*_, **__):
            raise self.error

        return fail


@asynchronous
@pytest.mark.parametrize(
    "error", [NoConnection("connection refused"), OutOfMemoryError("used memory > maxmemory")]
)
async def test_what_the_store_complains_of_is_said(error):
    host = OnAsyncio()
    lease = WorkerIdLease(Failing(error), host, 300)
    with pytest.raises(RedisError, match=str(error)):
        await lease.acquire()
    ids = LeasedSnowflake(lease, host)
    keeper = host.spawn(ids.keep())
    await asyncio.sleep(0.05)
    with pytest.raises(NotYet, match=str(error)):
        ids.next_id()
    assert not keeper.done()
    keeper.cancel()


@on_stores
async def test_scripts_need_no_cache(client):
    lease = WorkerIdLease(client, Hand(), TTL_MS, [7])
    await lease.acquire()
    await client.script_flush()
    await lease.renew()


@pytest.mark.parametrize(
    ("worker_ids", "layout", "said"),
    [
        ([3, 1024], COURSE, r"worker_id 1024 is out of range \(allowed: 0 to 1023\)"),
        ([-1, 3], COURSE, "worker_id -1 is out of range"),
        (range(4), replace(COURSE, epoch_ms=NOW_MS + 1), "lies in the future"),
    ],
)
def test_what_would_fail_with_the_first_lease_fails_at_once(worker_ids, layout, said):
    with pytest.raises(BadInput, match=said):
        LeasedSnowflake(WorkerIdLease(None, Hand(), TTL_MS, worker_ids), Hand(), layout)


def test_no_worker_ids_to_choose_from():
    with pytest.raises(BadInput, match="worker_ids"):
        WorkerIdLease(None, Hand(), TTL_MS, [])


# Ten million ids by eight processes

IDS, PROCESSES = 10_000_000, 8


@pytest.mark.parametrize(
    "count", [80_000, pytest.param(IDS, marks=pytest.mark.soak)], ids=["some", "ten-million"]
)
def test_processes_with_leased_worker_ids_never_make_the_same_id(count, require, tmp_path):
    """Each writes its ids, which ascend, to a file; together none occurs twice."""
    require("valkey")
    share = count // PROCESSES
    files = [tmp_path / f"{n}.ids" for n in range(PROCESSES)]
    with redis_servers(1) as (server,), contextlib.ExitStack() as stack:
        about = {"function": "tests.ids.make_ids:make", "url": server.url, "count": share}
        makers = [stack.enter_context(ClientProcess(file=str(f), **about)) for f in files]
        assert [maker.receive(timeout_s=600) for maker in makers] == ["made"] * PROCESSES
    made = []
    for file in files:
        ids = array("q")
        ids.frombytes(file.read_bytes())
        assert len(ids) == share
        assert all(a < b for a, b in pairwise(ids))
        made.append(ids)
    assert len({ids[0] >> 12 & 1023 for ids in made}) == PROCESSES
    assert all(a < b for a, b in pairwise(merge(*made)))
