"""The watchdog: in simulation, on fakeredis and on a real server."""

import logging
from contextlib import suppress

import pytest

from distlab.host import BadInput
from distlab.locks.lock import LockLost, LockNotOwned, NotAcquired
from distlab.locks.redislock import RedisLock
from distlab.locks.watchdog import Watchdog
from distlab.locks.watchdog_mistakes import OnlyPrints
from distlab.sim import parse_schedule
from tests.locks.sites import PLACES, in_simulation, place


@pytest.fixture(params=PLACES, scope="module")
def run(request, require):
    with place(request.param, require) as run:
        yield run


async def until(site, told):
    for _ in range(200):
        if told:
            return
        await site.sleep(0.05)
    raise AssertionError("nobody was told")


def test_a_lock_outlives_its_timeout_as_long_as_it_is_watched(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 0.9, host=site.host)
        async with lock, Watchdog(lock) as watchdog:
            for _ in range(4):
                await site.sleep(0.3)
                watchdog.still_mine()
            assert await lock.owned()
        assert not await lock.locked()

    run(program)


def test_what_was_extended_for_longer_is_not_shortened(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 0.3, host=site.host)
        async with lock, Watchdog(lock, max_age=100):
            await lock.extend(60, replace_ttl=True)
            await site.sleep(0.25)
            assert lock.remaining_ms() > 50_000

    run(program)


def test_whose_renewal_is_refused_is_told(run):
    async def program(site):
        redis, told = site.redis(), []
        lock = RedisLock(redis, site.name, 1, host=site.host)
        await lock.acquire()
        watchdog = Watchdog(lock, on_lost=told.append)
        watchdog.start()
        await redis.set(site.name, "somebody")
        await until(site, told)
        with pytest.raises(LockLost, match=r"lost: its time is over .*no longer ours") as caught:
            watchdog.still_mine()
        assert told == [caught.value]
        watchdog.stop()

    run(program)


def test_a_stuck_holder_loses_its_lock_in_the_end(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 0.5, host=site.host)
        await lock.acquire()
        watchdog = Watchdog(lock, max_age=0.9)
        watchdog.start()
        other = RedisLock(site.redis(), site.name, 0.2, host=site.host)
        assert await other.acquire(blocking_timeout=5)
        with pytest.raises(LockLost, match=r"held for 0\.9 s: it is renewed no more"):
            watchdog.still_mine()

    run(program)


def test_after_stop_it_renews_no_more(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 0.2, host=site.host)
        await lock.acquire()
        async with Watchdog(lock):
            pass
        await site.sleep(0.3)
        assert not await lock.locked()

    run(program)


@pytest.mark.parametrize("fault", ["partition:client|redis-0@50", "crash:redis-0@50"])
def test_cut_off_it_knows_by_its_own_clock_when_the_time_is_over(fault):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 1, host=site.host)
        await lock.acquire()
        watchdog = Watchdog(lock)
        watchdog.start()
        await site.sleep(0.8)
        watchdog.still_mine()  # no renewal has come through, and yet it is ours
        assert "no answer to extend" in watchdog.problem
        await site.sleep(0.25)
        with pytest.raises(LockLost, match="no answer to extend"):
            watchdog.still_mine()

    in_simulation(program, faults=parse_schedule(fault))


def test_stopped_in_the_middle_of_a_renewal_it_ends_in_peace(run):
    async def program(site):
        told = []
        for n in range(20):
            lock = RedisLock(site.redis(), f"{site.name}-{n}", 0.03, host=site.host)
            await lock.acquire()
            async with Watchdog(lock, on_lost=told.append):
                await site.sleep(0.009 + n / 5000)
            with suppress(LockNotOwned):
                await lock.release()
        assert all(isinstance(error, LockLost) for error in told)

    run(program)


def test_a_renewal_that_hangs_does_not_keep_it_from_telling(run):
    async def program(site):
        told = []
        lock = RedisLock(site.redis(), site.name, 0.2, host=site.host)
        await lock.acquire()

        async def hang(*_):
            await site.sleep(60)

        lock.do_extend = hang
        watchdog = Watchdog(lock, on_lost=told.append)
        watchdog.start()
        await until(site, told)

    run(program)


def test_after_stop_nobody_is_told_of_what_became_of_the_lock():
    async def program(site):
        told = []
        lock = RedisLock(site.redis(), site.name, 0.3, host=site.host)
        await lock.acquire()
        async with Watchdog(lock, on_lost=told.append):
            await site.sleep(0.105)  # the first renewal is on its way
            await lock.release()
        await site.sleep(1)
        return told

    assert in_simulation(program) == []


def test_a_lock_that_was_given_back_in_its_block_is_not_lost(run):
    async def program(site):
        told = []
        lock = RedisLock(site.redis(), site.name, 0.3, host=site.host)
        await lock.acquire()
        async with Watchdog(lock, on_lost=told.append) as watchdog:
            await lock.release()
            with pytest.raises(LockLost):
                watchdog.still_mine()
            await site.sleep(0.4)
        assert not told and watchdog.lost is None

    run(program)


def test_a_paused_holder_asks_its_clock_before_anything_else():
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 1, host=site.host)
        await lock.acquire()
        async with Watchdog(lock) as watchdog:
            await site.sleep(0.1)
            with pytest.raises(LockLost):
                watchdog.still_mine()

    in_simulation(program, faults=parse_schedule("pause:client@80+2000"))


def test_one_that_only_prints_lets_its_holder_work_on(caplog):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(redis, site.name, 0.3, host=site.host)
        await lock.acquire()
        watchdog = OnlyPrints(lock)
        watchdog.start()
        await redis.set(site.name, "somebody")
        await site.sleep(0.25)
        watchdog.still_mine()

    with caplog.at_level(logging.WARNING):
        in_simulation(program)
    assert "is lost: its time is over" in caplog.text


def test_what_cannot_be_watched():
    async def program(site):
        lock = RedisLock(site.redis(), site.name, None, host=site.host)
        with pytest.raises(BadInput, match="timeout None: there is nothing to renew"):
            Watchdog(lock)
        lock = RedisLock(site.redis(), site.name, 5, host=site.host)
        with pytest.raises(BadInput, match="max_age 3: seconds, at least the timeout 5"):
            Watchdog(lock, 3)
        with pytest.raises(NotAcquired):
            Watchdog(lock).start()

    in_simulation(program)
