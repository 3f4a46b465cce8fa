"""The watchdog: in simulation, on fakeredis and on a real server."""

import asyncio
from contextlib import suppress

import pytest

from distlab.host import BadInput
from distlab.locks.lock import LockLost, LockNotOwned, NotAcquired
from distlab.locks.redislock import RedisLock
from distlab.locks.watchdog import Watchdog, while_held
from distlab.locks.watchdog_mistakes import OnlyPrints
from distlab.sim.kernel import Cancelled
from tests.locks.sites import everywhere, in_simulation, simulated


async def until(site, told):
    for _ in range(200):
        if told:
            return
        await site.sleep(0.05)
    raise AssertionError("nobody was told")


@everywhere
async def test_a_lock_outlives_its_timeout_as_long_as_it_is_watched(site):
    lock = site.lock(0.9)
    async with lock, Watchdog(lock) as watchdog:
        for _ in range(4):
            await site.sleep(0.3)
            watchdog.still_mine()
        assert await lock.owned()
    assert not await lock.locked()


@everywhere
async def test_what_was_extended_for_longer_is_not_shortened(site):
    lock = site.lock(0.3)
    async with lock, Watchdog(lock, max_age=100):
        await lock.extend(60, replace_ttl=True)
        await site.sleep(0.25)
        assert lock.remaining_ms() > 50_000


@everywhere
async def test_a_holder_is_told_when_its_renewal_is_refused(site):
    told, lock = [], await site.held(1)
    watchdog = Watchdog(lock, on_lost=told.append)
    watchdog.start()
    await lock.redis.set(site.name, "somebody")
    await until(site, told)
    with pytest.raises(LockLost, match=r"lost: its time is over .*no longer ours") as caught:
        watchdog.still_mine()
    assert told == [caught.value]
    watchdog.stop()


@everywhere
async def test_a_stuck_holder_loses_its_lock_in_the_end(site):
    watchdog = Watchdog(await site.held(0.5), max_age=0.9)
    watchdog.start()
    assert await site.lock(0.2).acquire(blocking_timeout=5)
    with pytest.raises(LockLost, match=r"held for 0\.9 s: it is renewed no more"):
        watchdog.still_mine()


@everywhere
async def test_after_stop_it_renews_no_more(site):
    lock = await site.held(0.2)
    async with Watchdog(lock):
        pass
    await site.sleep(0.3)
    assert not await lock.locked()


@pytest.mark.parametrize("fault", ["partition:client|redis-0@50", "crash:redis-0@50"])
def test_cut_off_it_knows_by_its_own_clock_when_the_time_is_over(fault):
    async def program(site):
        watchdog = Watchdog(await site.held(1))
        watchdog.start()
        await site.sleep(0.8)
        watchdog.still_mine()  # no renewal has come through, and yet it is ours
        assert "no answer to extend" in watchdog.problem
        await site.sleep(0.25)
        with pytest.raises(LockLost, match="no answer to extend"):
            watchdog.still_mine()

    in_simulation(program, faults=fault)


@everywhere
async def test_stopped_in_the_middle_of_a_renewal_it_ends_in_peace(site):
    told = []
    for n in range(20):
        lock = RedisLock(site.redis(), f"{site.name}-{n}", 0.03, host=site.host)
        await lock.acquire()
        async with Watchdog(lock, on_lost=told.append):
            await site.sleep(0.009 + n / 5000)
        with suppress(LockNotOwned):
            await lock.release()
    assert all(isinstance(error, LockLost) for error in told)


@everywhere
async def test_a_renewal_that_hangs_does_not_keep_it_from_telling(site):
    told, lock = [], await site.held(0.2)
    lock.do_extend = lambda *_: site.sleep(60)
    Watchdog(lock, on_lost=told.append).start()
    await until(site, told)


@simulated()
async def test_after_stop_nobody_is_told_of_what_became_of_the_lock(site):
    told, lock = [], await site.held(0.3)
    async with Watchdog(lock, on_lost=told.append):
        await site.sleep(0.105)  # the first renewal is on its way
        await lock.release()
    await site.sleep(1)
    assert told == []


@everywhere
async def test_a_lock_that_was_given_back_in_its_block_is_not_lost(site):
    told, lock = [], await site.held(0.3)
    async with Watchdog(lock, on_lost=told.append) as watchdog:
        await lock.release()
        with pytest.raises(LockLost):
            watchdog.still_mine()
        await site.sleep(0.4)
    assert not told and watchdog.lost is None


@everywhere
async def test_it_does_not_renew_the_next_claim_of_the_same_object(site):
    lock = await site.held(0.5)
    watchdog = Watchdog(lock)
    watchdog.start()
    await lock.release()
    await lock.acquire()
    await site.sleep(0.7)
    with pytest.raises(LockLost):
        watchdog.still_mine()
    assert watchdog.lost is None and not await lock.locked()


@simulated(faults="pause:client@80+2000")
async def test_a_paused_holder_asks_its_clock_before_anything_else(site):
    async with Watchdog(await site.held(1)) as watchdog:
        await site.sleep(0.1)
        with pytest.raises(LockLost):
            watchdog.still_mine()


@simulated()
async def test_one_that_only_prints_lets_its_holder_work_on(site, caplog):
    lock = await site.held(0.3)
    watchdog = OnlyPrints(lock)
    watchdog.start()
    await lock.redis.set(site.name, "somebody")
    await site.sleep(0.25)
    watchdog.still_mine()
    assert "is lost: its time is over" in caplog.text


@simulated()
async def test_what_cannot_be_watched(site):
    with pytest.raises(BadInput, match="timeout None: there is nothing to renew"):
        Watchdog(site.lock(None))
    lock = site.lock(5)
    with pytest.raises(BadInput, match="max_age 3: seconds, at least the timeout 5"):
        Watchdog(lock, 3)
    with pytest.raises(NotAcquired):
        Watchdog(lock).start()


# Work while it is held


class Work:
    """Sleeps for a minute. When it is cancelled it needs a moment to end."""

    def __init__(self, site):
        self.site, self.ended = site, False

    async def run(self):
        try:
            await self.site.sleep(60)
        finally:
            with suppress(asyncio.CancelledError, Cancelled):
                await self.site.sleep(0.3)
            self.ended = True


@everywhere
async def test_work_that_ends_gives_its_result_and_its_error(site):
    async def work(outcome):
        await site.sleep(0.01)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async with site.lock() as lock:
        assert await while_held(lock, work(7)) == 7
        with pytest.raises(LockNotOwned, match="sold out"):
            await while_held(lock, work(LockNotOwned("sold out")))


@pytest.mark.parametrize("times", [1, 2])
@everywhere
async def test_a_lock_is_not_free_before_the_work_of_a_cancelled_caller_has_ended(site, times):
    work, lock = Work(site), site.lock(0.4)

    async def caller():
        async with lock:
            await while_held(lock, work.run())

    task = site.spawn(caller())
    await site.sleep(0.2)
    for _ in range(times):
        task.cancel()
        await site.sleep(0.05)
    assert await lock.owned() and not work.ended
    with pytest.raises((asyncio.CancelledError, Cancelled)):
        await task
    assert work.ended and not await lock.locked()


@everywhere
async def test_work_is_cancelled_when_the_lock_is_lost(site):
    """And when the caller is cancelled while the work ends, the caller is cancelled."""
    for patience_ms, error in ((60_000, LockLost), (250, TimeoutError)):
        work, lock = Work(site), await site.held(0.3)
        await lock.redis.set(site.name, "somebody", px=300)
        with pytest.raises(error):
            async with site.host.timeout(patience_ms):
                await while_held(lock, work.run())
        assert work.ended


@simulated()
async def test_work_that_somebody_else_cancels_is_cancelled(site):
    async def work():
        raise Cancelled("by itself")

    async with site.lock() as lock:
        with pytest.raises(Cancelled, match="by itself"):
            await while_held(lock, work())


@simulated()
async def test_without_the_lock_no_work_begins(site):
    work = Work(site).run()
    with pytest.raises(NotAcquired):
        await while_held(site.lock(), work)
    work.close()
