"""Reentrancy and first come, first served: in simulation, on fakeredis and on a real server."""

import pytest

from distlab.host import BadInput
from distlab.locks.fair import FairLock
from distlab.locks.lock import Held, LockNotOwned, NotAcquired, ObjectInUse, OutcomeUnknown
from distlab.locks.reentrant import ReentrantLock
from tests.locks.sites import LostAnswers, everywhere, simulated


@everywhere
async def test_it_is_free_when_the_last_level_is_left(site):
    lock = ReentrantLock(site.lock())
    other = site.lock()
    async with lock:
        async with lock:
            assert lock.fencing_token == 1
        assert not await other.acquire(blocking=False)
    assert await other.acquire(blocking=False)
    assert not await lock.acquire(blocking=False)
    with pytest.raises(NotAcquired):
        await lock.release()


@everywhere
async def test_each_level_begins_with_the_full_time(site):
    lock = ReentrantLock(site.lock(0.5))
    async with lock:
        for _ in range(3):
            await site.sleep(0.2)
            async with lock:
                assert lock.lock.remaining_ms() > 300


@everywhere
async def test_a_level_takes_nothing_away_from_what_its_holder_has_extended(site):
    lock = ReentrantLock(site.lock(2))
    async with lock:
        await lock.lock.extend(60, replace_ttl=True)
        async with lock:
            assert lock.lock.remaining_ms() > 50_000
            assert await site.redis().pttl(site.name) > 50_000


@everywhere
async def test_a_level_is_refused_when_the_lock_was_lost(site):
    lock = ReentrantLock(site.lock())
    await lock.acquire()
    await lock.lock.redis.set(site.name, "somebody")
    with pytest.raises(LockNotOwned):
        await lock.acquire()
    assert lock.depth == 1


@everywhere
async def test_a_release_without_answer_may_be_repeated(site):
    lock = ReentrantLock(site.lock(redis=LostAnswers(site.redis(), "release")))
    await lock.acquire()
    with pytest.raises(OutcomeUnknown):
        await lock.release()
    with pytest.raises(LockNotOwned):  # the answer that was lost said yes
        await lock.release()
    with pytest.raises(NotAcquired):
        await lock.release()


@everywhere
async def test_another_task_is_refused_also_when_the_holder_does_not_know_that_it_is_over(site):
    lock = ReentrantLock(site.lock(0.3))
    await lock.acquire()
    for pause in (0, 0.4):
        await site.sleep(pause)
        for call in (lock.acquire, lock.release):
            with pytest.raises(ObjectInUse, match="Make an object for each task"):
                await site.spawn(call())
    assert lock.depth == 1
    with pytest.raises(LockNotOwned):
        await lock.release()
    assert await site.spawn(lock.acquire()) and lock.depth == 1


@pytest.mark.parametrize("raises", [True, False])
@everywhere
async def test_the_error_of_a_block_on_any_level_stays_the_error(site, raises):
    redis = site.redis()
    lock = ReentrantLock(site.lock(redis=redis, raise_on_release_error=raises))
    with pytest.raises(ValueError, match="sold out"):
        async with lock, lock:
            await redis.delete(site.name)
            await redis.rpush(site.name, "theirs")
            raise ValueError("sold out")
    assert lock.depth == 0
    await redis.delete(site.name)


@everywhere
async def test_first_come_first_served(site):
    order = []
    first = await site.held(kind=FairLock)

    async def worker(n):
        async with site.lock(sleep=0.03, kind=FairLock) as lock:
            order.append((n, lock.fencing_token))

    tasks = []
    for n in range(5):
        tasks.append(site.spawn(worker(n)))
        await site.sleep(0.1)
    await first.release()
    for task in tasks:
        await task
    assert order == [(n, n + 2) for n in range(5)]
    assert await site.redis().exists(*first.queue_keys) == 0


@everywhere
async def test_a_dead_waiter_holds_up_nobody_for_long(site):
    holder, dead, living = site.of(FairLock).locks(3, sleep=0.05, patience=0.2)
    await holder.acquire()
    await dead.do_acquire(b"dead")  # joins the queue, and is never heard of again
    await holder.release()
    assert not await living.acquire(blocking=False)
    assert await living.acquire(blocking_timeout=5)


@simulated(faults="jump:redis-0@500=-3600000")
async def test_a_dead_waiter_holds_up_nobody_when_the_servers_clock_is_set_back(site):
    holder, dead, living = site.of(FairLock).locks(3)
    await holder.acquire()
    await dead.do_acquire(b"dead")
    await holder.release()
    await site.sleep(1)
    assert await living.acquire(blocking_timeout=60)


@simulated(faults="jump:redis-0@500=-1500")
async def test_a_small_step_of_the_servers_clock_leaves_the_order_as_it_is(site):
    holder, first, second = site.of(FairLock).locks(3)
    await holder.acquire()
    await first.do_acquire(b"first")
    await site.sleep(1)
    await second.do_acquire(b"second")
    await holder.release()
    assert isinstance(await first.do_acquire(b"first"), Held)


@everywhere
async def test_a_waiter_that_gives_up_leaves_the_queue(site):
    a, b, c = site.of(FairLock).locks(3)
    await a.acquire()
    assert not await b.acquire(blocking=False)
    await a.release()
    assert await c.acquire(blocking=False)


def test_too_little_patience_is_refused():
    with pytest.raises(BadInput, match=r"patience 0\.1: at least twice the sleep of 0\.1 s"):
        FairLock(None, "stock", patience=0.1)
