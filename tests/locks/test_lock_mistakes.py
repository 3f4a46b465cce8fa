"""The locks of the wild: each works on a good day, and fails as its name says."""

import pytest

from distlab.locks import redislock_mistakes as wild
from distlab.locks.lock import LockNotOwned, OutcomeUnknown
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock_mistakes import FencedByMaximum, StopsReleasing, WithoutValidity
from distlab.locks.scripts import beside
from tests.locks.sites import everywhere, in_simulation, simulated

SERVERS = 3

ON_ONE = [
    wild.WithoutFencing,
    wild.DeletesAnyonesLock,
    wild.ChecksThenDeletes,
    wild.SetsThenExpires,
    wild.OwnedByPid,
    wild.OwnedByTimeAndChance,
    wild.GivesUpAtOnce,
]


MOMENTS = range(1, 40)
"""When to crash, in ms: in every state that a request of 10 to 30 ms has."""


def of(lock_class, site, *options, pid=7, **named):
    if lock_class is wild.OwnedByPid:
        named["pid"] = pid
    if lock_class is wild.OwnedByTimeAndChance:
        named["began_ms"] = pid
    return site.lock(*options, kind=lock_class, **named)


@pytest.mark.parametrize("lock_class", [*ON_ONE, StopsReleasing, WithoutValidity, FencedByMaximum])
@everywhere
async def test_each_works_on_a_good_day(site, lock_class):
    a, b = of(lock_class, site), of(lock_class, site, pid=8)
    async with a:
        assert await a.owned() and not await b.owned()
        assert not await b.acquire(blocking=False)
        await a.reacquire()
    assert await b.acquire()
    await b.release()
    assert not await b.locked()


@pytest.mark.parametrize("lock_class", [wild.DeletesAnyonesLock, RedisLock])
def test_del_without_a_look_frees_anothers_lock(lock_class):
    async def program(site):
        a, b = of(lock_class, site, 0.1), of(lock_class, site)
        await a.acquire()
        await site.sleep(0.2)
        await b.acquire()
        try:
            await a.release()
        except LockNotOwned:
            return "refused"
        return "freed" if not await b.owned() else "kept"

    assert in_simulation(program) == ("refused" if lock_class is RedisLock else "freed")


@pytest.mark.parametrize("lock_class", [wild.SetsThenExpires, RedisLock])
def test_a_crash_between_set_and_expire_locks_for_ever(lock_class):
    async def program(site):  # runs again after the restart
        return await of(lock_class, site, 1, blocking_timeout=30).acquire()

    got = [in_simulation(program, faults=f"crash:client@{ms}+100") for ms in MOMENTS]
    assert all(got) is (lock_class is not wild.SetsThenExpires)


@simulated()
async def test_one_pid_on_two_machines_is_one_owner(site):
    a, b = of(wild.OwnedByPid, site, pid=1), of(wild.OwnedByPid, site, pid=1)
    await a.acquire()
    assert await a.owned()
    b.local.token = b.new_token()
    assert await b.owned()
    await b.release()
    assert not await a.locked()


@simulated()
async def test_a_repeated_set_nx_locks_its_own_client_out(site):
    lock = of(wild.WithoutFencing, site)
    await lock.do_acquire(b"me")  # executed, and the answer lost
    assert not await lock.acquire(blocking=False, token="me")


async def free(site, *redises):
    """Which of these servers hold no key."""
    return [await redis.get(site.name) is None for redis in redises]


@simulated(servers=3, faults="pause:redis-1@0+150;pause:redis-2@0+330")
async def test_without_validity_one_believes_in_what_has_expired(site):
    lock = of(WithoutValidity, site, 0.2)
    assert await lock.acquire(blocking=False)
    lock.still_mine()
    assert await free(site, *site.redises()) == [True, True, False]


@simulated(servers=3, faults="crash:redis-0@500")
async def test_a_release_that_stops_at_the_first_dead_server_leaves_the_rest_locked(site):
    lock = of(StopsReleasing, site)
    await lock.acquire()
    await site.sleep(1)
    with pytest.raises(OutcomeUnknown):
        await lock.release()
    assert await free(site, *site.redises()[1:]) == [False, False]


@simulated(servers=3)
async def test_the_maximum_of_counters_falls_from_one_majority_to_the_next(site):
    redises = site.redises()
    await redises[0].set(beside(site.name, "fencing"), 40)
    tokens = []
    for some in (redises[:2], redises[1:]):  # the third server is down; then the first
        async with FencedByMaximum(some, site.name, host=site.host) as lock:
            tokens.append(lock.fencing_token)
    assert tokens == [41, 2]
