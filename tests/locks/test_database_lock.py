"""DatabaseLock: in simulation, on a SQLite file and on PostgreSQL. And PostgreSQL's own lock."""

import asyncio
import threading

import psycopg
import pytest
import sqlalchemy

from distlab.host import BadInput
from distlab.locks.advisory import AdvisoryLock
from distlab.locks.database_lock import DatabaseLock
from distlab.locks.database_lock_mistakes import FreedByCleaner, keep_clean
from distlab.locks.lock import Busy, Held, LockError, LockLost, LockNotOwned, ObjectInUse
from distlab.real.host import AsyncioHost
from tests.locks.sites import as_test, everywhere, on_database, play_each, simulated_with


def in_simulation(*programs, faults=""):
    return play_each(DatabaseLock, *programs, faults=faults, until_ms=300_000)[0]


@pytest.fixture(params=["simulation", "sqlite", "postgresql"])
def run(request):
    if request.param == "simulation":
        yield lambda program: simulated_with(program, DatabaseLock)
    else:
        with on_database(request.param, request) as run:
            yield run


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_cancelled_acquire_does_not_lock_afterwards(kind, request):
    began, go_on = threading.Event(), threading.Event()

    async def program(site):
        lock = site.lock(None)

        @sqlalchemy.event.listens_for(lock.database._engine, "before_cursor_execute")
        def wait(_connection, _cursor, statement, *_):
            if statement.startswith("BEGIN") and not began.is_set():
                began.set()
                assert go_on.wait(60)

        acquire = asyncio.create_task(lock.acquire())
        await asyncio.to_thread(began.wait)
        acquire.cancel()
        with pytest.raises(asyncio.CancelledError):
            await acquire
        (giving_back,) = lock._giving_back.values()
        await giving_back
        go_on.set()

    async def owners(site):
        select = "SELECT owner FROM locks"
        return await site.redis().transaction(lambda connection: connection.execute(select))

    with on_database(kind, request) as run:
        run(program)  # it waits for its threads
        assert not run(owners)


@everywhere
async def test_a_deleted_row_counts_on_when_it_comes_back(site):
    async def token(name):
        site.name = name
        async with site.lock() as lock:
            return lock.fencing_token

    assert [await token(name) for name in ("a", "a", "b")] == [1, 2, 3]
    await site.redis().transaction(lambda c: c.execute("DELETE FROM locks WHERE name = 'a'"))
    assert await token("a") > 3


@everywhere
async def test_texts_that_no_postgresql_can_store_are_refused(site):
    with pytest.raises(BadInput, match=r"a token is 'n\\x00ul.*': .* without NUL"):
        await site.lock().acquire(token="n\0ul")
    site.name = "n\0ul"
    with pytest.raises(BadInput, match=r"a lock's name is 'n\\x00ul': .* without NUL"):
        site.lock()


def test_expiry_is_by_the_databases_clock_and_by_nobody_elses():
    async def holder(site):
        await site.held(30)

    async def thief(site):
        await site.sleep(1)
        return await site.lock().acquire(blocking=False)

    assert in_simulation(holder, thief, faults="jump:client-1@500=60000") == [None, False]
    assert in_simulation(holder, thief, faults="jump:redis-0@500=60000") == [None, True]


def test_a_row_with_a_pid_waits_for_the_cleaner():
    async def dies(site):
        await site.held(kind=FreedByCleaner, pid=1)

    async def waits(site):
        await site.sleep(0.1)
        await site.held(kind=FreedByCleaner, pid=2)
        return site.host.monotonic_ms()

    async def cleans(site):
        site.host.spawn(keep_clean(site.redis(), site.host), background=True)

    *_, got_ms, _ = in_simulation(dies, waits, cleans)
    assert got_ms > 60_000


@everywhere
async def test_a_row_with_a_pid_works_on_a_good_day(site):
    a, b = (site.lock(kind=FreedByCleaner, pid=pid) for pid in (1, 2))
    async with a:
        assert await a.owned() and not await b.owned()
        assert not await b.acquire(blocking=False)
    assert await b.acquire(blocking=False)


# PostgreSQL's own


def sessions(test):
    """The test gets a host, and `connect(n)`: n connections, which are closed in the end."""

    async def main(program, dsn):
        opened = []

        async def connect(count):
            for _ in range(count):
                opened.append(await psycopg.AsyncConnection.connect(dsn, autocommit=True))
            return opened[-count:]

        async with AsyncioHost("client") as host:
            try:
                await program(host, connect)
            finally:
                for each in opened:
                    await each.close()

    return as_test(
        test, lambda program, postgres: asyncio.run(main(program, postgres.dsn)), "postgres"
    )


@sessions
async def test_an_advisory_lock_is_the_sessions_and_ends_with_it(host, connect):
    one, two = await connect(2)
    a, b = AdvisoryLock(one, "stock", host=host), AdvisoryLock(two, "stock", host=host)
    async with a:
        assert await a.owned() and not await b.owned() and await b.locked()
        assert not await b.acquire(blocking=False)
        assert a.fencing_token is None
        with pytest.raises(LockError, match="it has no timeout"):
            await a.extend(1)
    assert not await b.locked()
    await a.acquire()
    assert await AdvisoryLock(one, "stock", host=host).acquire(blocking=False)  # reentrant
    await one.close()
    assert await b.acquire(blocking_timeout=5)
    await b.release()
    b.local.token = b"never asked"
    with pytest.raises(LockNotOwned):
        await b.release()


@sessions
async def test_what_gives_back_a_first_claim_does_not_take_away_the_second(host, connect):
    a, b, c = (AdvisoryLock(each, "stock", host=host) for each in await connect(3))
    await a.acquire()
    release = asyncio.get_running_loop().call_later(0.1, lambda: host.spawn(a.release()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):  # refused at first, it sleeps when it is free
            await b.acquire(sleep=3)
    assert release.when() < asyncio.get_running_loop().time()
    assert await b.acquire(blocking=False)
    await asyncio.sleep(1.2)  # longer than until the retry
    assert not await c.acquire(blocking=False)
    await b.release()


@sessions
async def test_a_cancelled_acquire_leaves_an_advisory_lock_ready_to_ask_again(host, connect):
    a, b = (AdvisoryLock(each, "stock", host=host) for each in await connect(2))
    await a.acquire()
    for turns in range(1, 30):  # of the event loop, so that it meets each step of asking
        asking = asyncio.create_task(b.acquire())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
    await a.release()
    assert await b.acquire(blocking_timeout=3)


@sessions
async def test_tasks_that_share_an_advisory_lock_object_are_refused(host, connect):
    (one,) = await connect(1)
    lock = AdvisoryLock(one, "stock", host=host)
    asked = (lock.acquire(blocking=False) for _ in range(3))
    first, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert first is True and {type(other) for other in others} == {ObjectInUse}
    await lock.release()
    assert not await lock.locked()


@sessions
async def test_an_advisory_lock_is_over_when_its_session_is(host, connect):
    one, two = await connect(2)
    lock = AdvisoryLock(one, "stock", host=host)
    await lock.acquire()
    lock.still_mine()
    await two.execute("SELECT pg_terminate_backend(%s)", (one.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        await lock.owned()
    with pytest.raises(LockLost):
        lock.still_mine()


@pytest.mark.parametrize("raises", [True, False])
@sessions
async def test_the_end_of_a_session_does_not_replace_the_error_of_the_block(host, connect, raises):
    one, two = await connect(2)
    with pytest.raises(ValueError, match="sold out") as caught:
        async with AdvisoryLock(one, "stock", host=host, raise_on_release_error=raises):
            await two.execute("SELECT pg_terminate_backend(%s)", (one.info.backend_pid,))
            raise ValueError("sold out")
    assert caught.value.__notes__


@sessions
async def test_a_second_release_that_is_late_does_not_open_the_session_to_two_claims(host, connect):
    (one,) = await connect(1)
    lock = AdvisoryLock(one, "stock", host=host)
    await lock.acquire(token="first")
    late, query = [], lock._query

    async def slow(sql):
        answer = await query(sql)
        if "unlock" in sql and not late:
            late.append(sql)
            await asyncio.sleep(0.2)
        return answer

    lock._query = slow
    releasing = host.spawn(lock.do_release(b"first"))
    await asyncio.sleep(0.1)
    with pytest.raises(LockNotOwned):
        await lock.do_release(b"first")
    assert isinstance(await lock.do_acquire(b"second"), Held)
    await releasing
    assert isinstance(await lock.do_acquire(b"third"), Busy)


def test_an_advisory_lock_has_no_timeout():
    with pytest.raises(BadInput):
        AdvisoryLock(None, "")
    with pytest.raises(BadInput, match="timeout 3: an advisory lock lasts as its session"):
        AdvisoryLock(None, "stock", timeout=3)
    assert AdvisoryLock(None, "stock").timeout is None
