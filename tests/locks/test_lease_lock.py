"""LeaseLock on the store of `distlab.servers.leases`, in simulation."""

from contextlib import suppress

import pytest

from distlab.host import Conflict, LeaseExpired
from distlab.locks.lease_lock import LeaseLock
from distlab.locks.lock import OutcomeUnknown
from tests.locks.sites import as_test, play_each


def run(*programs, faults=""):
    return play_each(LeaseLock, *programs, faults=faults)


def alone(**options):
    return lambda test: as_test(test, lambda program: run(program, **options))


def test_waiters_are_served_in_the_order_in_which_they_came():
    def at(ms):
        async def program(site):
            await site.host.sleep(ms)
            async with site.lock() as lock:
                await site.sleep(0.5)
                return lock.fencing_token

        return program

    results, _ = run(*(at(ms) for ms in (300, 0, 100, 200)))
    assert results == [4, 1, 2, 3]


def test_a_release_wakes_one_waiter_and_no_herd():
    async def holder(site):
        async with site.lock():
            await site.sleep(0.3)

    async def waiter(site):
        await site.sleep(0.1)
        async with site.lock():
            await site.sleep(0.3)

    _, trace = run(holder, *[waiter] * 5)
    woken = [e for e in trace.events if e.kind == "send" and str(e.what) == "deleted"]
    assert len(woken) == 5
    assert len({event.at_us for event in woken}) == 5


def test_a_dead_holder_is_gone_when_its_lease_is_over():
    async def holder(site):
        if site.host.now_ms() % 100_000 < 100:
            await site.lock(2).acquire()
            await site.sleep(60)

    async def waiter(site):
        await site.sleep(0.1)
        async with site.lock(2):
            return site.host.monotonic_ms()

    (_, got_ms), _ = run(holder, waiter, faults="crash:client-0@500")
    assert 2_000 <= got_ms <= 2_100


def test_a_dead_waiter_holds_up_nobody():
    async def holder(site):
        async with site.lock(2) as lock:
            for _ in range(10):
                await site.sleep(0.3)
                await lock.reacquire()

    async def waiter(site):
        await site.host.sleep(100 * int(site.host.name[-1]))
        async with site.lock(2) as lock:
            return lock.fencing_token

    results, _ = run(holder, waiter, waiter, faults="crash:client-1@400")
    assert results == [None, None, 3]


def test_a_waiter_keeps_its_place_for_longer_than_its_lease_lasts():
    async def holder(site):
        async with site.lock(30):
            await site.sleep(10)

    async def waiter(site):
        await site.sleep(0.1)
        async with site.lock(1) as lock:
            return lock.fencing_token

    assert run(holder, waiter)[0] == [None, 2]


@pytest.mark.parametrize("cancelled", [False, True])
@alone()
async def test_a_waiter_that_gives_up_or_is_cancelled_leaves_the_queue(site, cancelled):
    a, b, c = (site.lock() for _ in "abc")
    await a.acquire()
    with suppress(TimeoutError):
        async with site.host.timeout(500 if cancelled else 60_000):
            assert not await b.acquire(blocking_timeout=50 if cancelled else 0.5)
    assert site.host.monotonic_ms() < 1_000
    await a.release()
    assert await c.acquire(blocking_timeout=1 if cancelled else 0)


@alone(faults="partition:client-0|redis-0@400")
async def test_no_answer_is_unknown(site):
    lock = site.lock(1)
    await lock.acquire()
    await site.sleep(0.5)
    with pytest.raises(OutcomeUnknown, match="no answer to release"):
        await lock.release()
    with pytest.raises(OutcomeUnknown, match="no answer to acquire"):
        await site.lock().acquire()


@alone()
async def test_names_that_begin_alike_are_different_locks(site):
    for name in ("ab", "a/b", "a/", "a"):
        site.name = name
        assert await site.lock().acquire(blocking=False)


@alone()
async def test_a_holder_that_wakes_up_too_late_gets_a_new_lease_within_the_same_call(site):
    lock = site.lock(1)
    await lock.acquire()
    await site.sleep(2)
    assert await lock.acquire(blocking=False)
    await site.sleep(2)
    assert await lock.acquire(blocking=False, token=lock.local.token)


def test_giving_up_takes_one_message():
    async def program(site):
        await site.lock().acquire()
        with pytest.raises(TimeoutError):
            async with site.host.timeout(500):
                await site.lock().acquire()
        await site.sleep(0.5)

    _, trace = run(program)
    sent = [str(event.what) for event in trace.of_kind("send")]
    assert [text for text in sent if text.startswith("revoke")] == ["revoke 2"]


# The store


@alone()
async def test_keys_end_with_their_lease_and_revisions_rise(site):
    store = site.redis()
    one, two = await store.grant(1_000), await store.grant(5_000)
    assert await store.create("k/1", "a", one) == 1
    assert await store.create("k/1", "a", one) == 1  # once more changes nothing
    with pytest.raises(Conflict):
        await store.create("k/1", "b", two)
    assert await store.create("k/2", "b", two) == 2
    assert [key.value for key in await store.list_keys("k/")] == ["a", "b"]
    await store.wait_deleted("k/1")
    assert site.host.monotonic_ms() >= 1_000
    with pytest.raises(LeaseExpired, match="lease 1 is over"):
        await store.keep_alive(one)
    assert await store.create("k/1", "b", two) == 3


@alone()
async def test_kept_alive_a_lease_lasts(site):
    store = site.redis()
    lease = await store.grant(1_000)
    for _ in range(5):
        await site.sleep(0.7)
        await store.keep_alive(lease)


@alone(faults="crash:redis-0@500+700")
async def test_a_restart_forgets_nothing(site):
    store = site.redis()
    lease = await store.grant(1_000)
    await store.create("k", "a", lease)
    await site.sleep(1.5)  # the server was down for most of it
    assert [key.revision for key in await store.list_keys("k")] == [1]
    await site.sleep(1)
    assert await store.list_keys("k") == []
    assert await store.create("k", "b", await store.grant(1_000)) == 2
