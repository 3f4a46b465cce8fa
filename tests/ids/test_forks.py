"""After a fork no id is made twice, and nobody hangs: a rule for every generator."""

import asyncio
import importlib
import inspect
import os
import pkgutil
from contextlib import nullcontext
from itertools import combinations
from random import Random
from threading import Lock

import pytest

import distlab.ids
from distlab.ids import fork
from distlab.ids.identify import identify
from distlab.ids.lease import LeasedSnowflake, LeaseLost, Window, WorkerIdLease
from distlab.ids.objectid import ObjectIds
from distlab.ids.process import ThreadedSnowflake, ThreadSafe
from distlab.ids.segment import Segments
from distlab.ids.snowflake import DurableSnowflake, NotYet, Snowflake, SpareBitsSnowflake
from distlab.ids.uuids import Ulid, Uuid7, uuid4
from distlab.real.host import AsyncioHost
from distlab.real.redis_server import redis_servers
from tests.forks import in_a_child, needs_fork
from tests.ids.hosts import NOW_MS
from tests.ids.test_snowflake import Paper

pytestmark = needs_fork


class Standing(AsyncioHost):
    """A process whose clock stands still: all its ids are of one millisecond."""

    def now_ms(self):
        return NOW_MS


def made(generator, count=50):
    """So many ids, or the refusal."""
    try:
        ids = [generator.next_id() for _ in range(count)]
        return asyncio.run(several(ids)) if inspect.isawaitable(ids[0]) else ids
    except fork.Forked as refusal:
        return str(refusal)


async def several(waiting):
    return [await each for each in waiting]


class Uuid4s:
    """No class of its own makes random UUIDs: they have no state but the host's."""

    def __init__(self, host):
        self.host = host

    def next_id(self):
        return uuid4(self.host.random)


def segments(host):
    """Ranges from a database that all processes share: a pipe full of numbers."""
    here, there = os.pipe()
    os.write(there, bytes(range(1, 101)))

    async def take():
        first = 1000 * os.read(here, 1)[0]
        return range(first, first + 1000)

    return Segments(host, take)


def leased(host):
    lease = WorkerIdLease(None, host)
    generator = LeasedSnowflake(lease, host)
    lease.window = Window(7, 0, NOW_MS + 60_000)
    generator.snowflake = Snowflake(7, host)
    return generator


REFUSE = {
    Snowflake: lambda host: Snowflake(7, host, lock=Lock()),
    SpareBitsSnowflake: lambda host: SpareBitsSnowflake(7, host),
    DurableSnowflake: lambda host: DurableSnowflake(7, host, Paper(), 1000),
    ThreadedSnowflake: lambda _: ThreadedSnowflake(7),
    LeasedSnowflake: leased,
}
PART_WAYS = {
    Uuid4s: Uuid4s,
    Uuid7: Uuid7,
    Ulid: Ulid,
    ObjectIds: ObjectIds,
    Segments: segments,
    ThreadSafe: lambda host: ThreadSafe(Ulid(host)),
}
SOURCES = {"chance": lambda: None, "seeded": lambda: Random(1)}


def of(makers):
    return pytest.mark.parametrize("make", makers.values(), ids=[kind.__name__ for kind in makers])


@pytest.fixture(params=SOURCES.values(), ids=SOURCES)
def host(request):
    """With a name and a random source that a fork copies, or with the system's own."""
    return Standing("worker", request.param())


def test_the_lists_name_every_generator():
    found = set()
    for module in pkgutil.iter_modules(distlab.ids.__path__, "distlab.ids."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            wrong = kind.__module__.endswith(("_mistakes", "exercises", "oracles"))
            if hasattr(kind, "next_id") and kind.__module__.startswith("distlab.ids") and not wrong:
                found.add(kind.__name__)
    bases = {"TimeOrdered", "AnyGenerator"}
    mistakes = {"InheritingObjectIds", "WrappingObjectIds"}
    assert found - bases - mistakes == {
        kind.__name__ for kind in (*REFUSE, *PART_WAYS) if kind is not Uuid4s
    }


@of(PART_WAYS)
def test_parent_and_children_make_different_ids(make, host):
    generator = make(host)
    ids = [made(generator), *(in_a_child(lambda: made(generator)) for _ in "ab"), made(generator)]
    assert [len(set(each)) for each in ids] == [50] * 4
    for one, other in combinations(ids, 2):
        assert not set(one) & set(other)


@pytest.mark.parametrize("kind", [Uuid7, Ulid])
def test_ids_of_a_child_still_sort_behind_what_the_parent_made_before(kind, host):
    generator = kind(host)
    before = made(generator)
    after = in_a_child(lambda: made(generator))
    assert before + after == sorted(before + after)
    assert {identify(each)[0].at_ms for each in after} == {NOW_MS + 1}


def test_random_uuids_of_a_bare_random_are_copied():
    """What `uuid4` says of it."""
    random = Random(1)
    assert in_a_child(lambda: uuid4(random)) == uuid4(random)


@of(REFUSE)
def test_a_child_may_not_use_the_worker_id_of_its_parent(make, host):
    generator = make(host)
    made(generator)
    refusal = in_a_child(lambda: made(generator))
    assert "worker id 7 belongs to the parent" in refusal and "with another one" in refusal
    assert len(set(made(generator))) == 50


def test_a_child_takes_another_worker_id(host):
    parent = Snowflake(7, host)
    before = made(parent)
    child = in_a_child(lambda: made(Snowflake(8, host)))
    assert not set(child) & {*before, *made(parent)}


@of(REFUSE | PART_WAYS)
def test_a_lock_that_was_held_when_the_process_forked_holds_no_child(make, host):
    generator = make(host)
    if isinstance(generator, ThreadSafe):
        generator.next_id()
    locks = getattr(generator, "_locks", None) or {"": getattr(generator, "lock", nullcontext())}
    (lock,) = locks.values()
    with lock:
        assert in_a_child(lambda: made(generator))


def test_a_range_that_the_parent_asked_for_is_not_the_childs():
    """Forked while the answer is on its way."""
    host = Standing()

    async def main():
        answer = asyncio.get_running_loop().create_future()

        async def take():
            return await answer

        generator = Segments(host, take)
        waiting = host.spawn(generator.next_id())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fork._count()  # as in the child
        answer.set_result(range(5, 6))
        answer = asyncio.get_running_loop().create_future()
        answer.set_result(range(6, 7))
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(main()) == 6


def test_a_lease_stays_with_the_parent(require):
    """The child may not renew it or give it back, and gets another worker id."""
    require("valkey")
    with redis_servers(1) as (server,):

        async def using(step):
            async with server.async_client() as lease.redis:
                window = await getattr(lease, step)()
                return window and window.worker_id

        def child():
            assert asyncio.run(using("release")) is None
            with pytest.raises(LeaseLost):
                asyncio.run(using("renew"))
            return asyncio.run(using("acquire"))

        lease = WorkerIdLease(None, AsyncioHost("worker", Random(1)), 60_000, [7, 8, 9])
        mine = asyncio.run(using("acquire"))
        assert {mine, in_a_child(child), in_a_child(child)} == {7, 8, 9}
        assert asyncio.run(using("renew")) == mine


def test_a_leased_child_makes_ids_under_a_lease_of_its_own(require):
    require("valkey")
    with redis_servers(1) as (server,):
        host = AsyncioHost()
        generator = LeasedSnowflake(WorkerIdLease(None, host, 60_000, [7, 8]), host)

        async def keeping():
            async with server.async_client() as generator.lease.redis:
                host.spawn(generator.keep())
                while True:
                    try:
                        ids = [generator.next_id() for _ in range(50)]
                        break
                    except (fork.Forked, NotYet):
                        await asyncio.sleep(0.01)
                await host.close()
                return ids

        parent = asyncio.run(keeping())
        child = in_a_child(lambda: asyncio.run(keeping()))
        assert {number >> 12 & 1023 for number in parent + child} == {7, 8}
        assert len({*parent, *child}) == 100
