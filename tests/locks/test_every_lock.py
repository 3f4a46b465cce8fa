"""What every kind of lock promises, each in the simulation and on what it really stands on."""

import asyncio
import math
import os
from contextlib import suppress
from itertools import product

import pytest
import sqlalchemy

from distlab.host import BadInput, Refused
from distlab.locks.advisory import AdvisoryLock
from distlab.locks.database_lock import SCHEMA, DatabaseLock
from distlab.locks.fair import FairLock
from distlab.locks.lease_lock import LeaseLock
from distlab.locks.lock import (
    Held,
    LockError,
    LockLost,
    LockNotOwned,
    LockNotOwnedError,
    NotAcquired,
    ObjectInUse,
    OutcomeUnknown,
)
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.real.database import SqlDatabase
from distlab.real.host import AsyncioHost
from distlab.servers.leases import LeaseServer, RemoteLeases
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from distlab.sim.kernel import Cancelled
from tests.locks.sites import everywhere, in_simulation, on_asyncio, on_fakeredis, place

SERVERS = {
    RedisLock: {},
    FairLock: {},
    Redlock: {"servers": 3},
    DatabaseLock: {"server": DatabaseServer, "connect": RemoteDatabase, "schema": SCHEMA},
    LeaseLock: {"server": LeaseServer, "connect": RemoteLeases},
}
"""Each kind, and the servers that it needs in a simulation."""

ON_REDIS = (RedisLock, FairLock, Redlock)
CASES = [
    (RedisLock, "fakeredis"),
    *product(ON_REDIS, ["simulation", "server"]),
    *product([DatabaseLock], ["simulation", "sqlite", "postgresql"]),
    (LeaseLock, "simulation"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("locks")


@pytest.fixture(params=CASES, ids=[f"{k.__name__}-{where}" for k, where in CASES], scope="module")
def run(request, require):
    kind, where = request.param
    if where == "simulation":
        yield lambda program: simulated(program, kind)
    elif kind in ON_REDIS:
        with place(where, require, servers=SERVERS[kind].get("servers", 1)) as play:
            yield lambda program: play(lambda site: program(site.of(kind)))
    else:
        url = f"sqlite:///{request.getfixturevalue('folder')}/shop.db"
        url = request.getfixturevalue("postgres").url if where == "postgresql" else url
        engine = sqlalchemy.create_engine(url)
        asyncio.run(SqlDatabase(engine).transaction(lambda c: c.execute(SCHEMA)))
        yield lambda program: on_asyncio(
            lambda site: program(site.of(kind)), lambda: SqlDatabase(engine)
        )
        engine.dispose()


def simulated(program, kind, **faults):
    return in_simulation(lambda site: program(site.of(kind)), **SERVERS[kind], **faults)


@everywhere
async def test_the_holder_keeps_others_out_until_it_releases(site):
    a, b = site.locks(2)
    async with a:
        assert await a.owned() and not await b.owned() and await b.locked()
        assert not await b.acquire(blocking=False)
        assert 9_000 < a.remaining_ms() <= 10_100
    assert not await b.locked()
    assert await b.acquire(False)
    await b.release()
    with pytest.raises(NotAcquired, match="it was not acquired"):
        await b.release()


@everywhere
async def test_fencing_tokens_rise_from_holder_to_holder(site):
    tokens = [0]
    for _ in range(3):
        async with site.lock() as lock:
            tokens.append(getattr(lock, "fencing_token", tokens[-1] + 1))
            assert not await site.lock().acquire(blocking=False)
        assert getattr(lock, "fencing_token", None) is None
    assert tokens == sorted(set(tokens))


@everywhere
async def test_an_expired_lock_is_free_and_its_holder_reads_so(site):
    a, b = site.lock(0.3), site.lock(20)
    await a.acquire()
    a.still_mine()
    assert await b.acquire(blocking_timeout=10)
    with pytest.raises(LockLost, match=r"time of '.*' is over"):
        a.still_mine()
    for call in (a.reacquire(), a.release()):
        with pytest.raises(LockNotOwned) as caught:
            await call
        assert isinstance(caught.value, Refused) and isinstance(caught.value, LockNotOwnedError)
    assert await b.owned()
    await b.release()


@everywhere
async def test_extend_adds_to_what_is_left_or_replaces_it(site):
    lock = site.lock(10)
    async with lock:
        if site.kind is LeaseLock:
            with pytest.raises(BadInput, match="use reacquire"):
                await lock.extend(10)
        else:
            await lock.extend(10)
            assert 16_000 < lock.remaining_ms() <= 20_100
            await lock.extend(5, replace_ttl=True)
            assert 4_000 < lock.remaining_ms() <= 5_100
        await lock.reacquire()
        assert 8_000 < lock.remaining_ms() <= 10_100
        for seconds in (0, -3, math.inf):
            with pytest.raises(BadInput, match="additional_time"):
                await lock.extend(seconds)


@everywhere
async def test_without_timeout_it_stays(site):
    if site.kind in (Redlock, LeaseLock):
        with pytest.raises(BadInput, match="timeout None"):
            site.lock(None)
        return
    async with site.lock(None) as lock:
        assert lock.remaining_ms() == math.inf
        with pytest.raises(LockError, match="it has no timeout"):
            await lock.reacquire()


@everywhere
async def test_a_claim_that_asks_again_gets_it(site):
    """The answer to its first request was lost."""
    lock = site.lock()
    token = lock.new_token()
    first = await lock.do_acquire(token)
    assert isinstance(first, Held)
    if site.kind is not Redlock:  # its servers take SET NX: it gives back, and asks once more
        again = await lock.do_acquire(token)
        assert again.fencing_token >= first.fencing_token
    await lock.do_release(token)


@everywhere
async def test_many_waiters_all_get_it_and_never_two_at_once(site):
    inside, most, done = [], [], []

    async def worker(n):
        async with site.lock(sleep=0.02):
            inside.append(n)
            most.append(len(inside))
            await site.sleep(0.005)
            inside.remove(n)
            done.append(n)

    for task in [site.spawn(worker(n)) for n in range(5)]:
        await task
    assert max(most) == 1
    assert sorted(done) == list(range(5))


@everywhere
async def test_a_waiter_gives_up_within_its_time(site):
    a, b = site.lock(), site.lock(sleep=0.05, blocking_timeout=0.4)
    async with a:
        since = site.host.monotonic_ms()
        assert not await b.acquire()
        assert site.host.monotonic_ms() - since > 340
        with pytest.raises(NotAcquired, match="not free within the time given"):
            async with b:
                pass
        assert not await b.acquire(blocking_timeout=0.2, sleep=60)  # it waits for no longer
        assert site.host.monotonic_ms() - since < 10_000
        assert await a.owned()


@everywhere
async def test_the_error_of_the_block_stays_the_error(site, caplog):
    with pytest.raises(Refused, match="sold out") as caught:
        async with site.lock() as lock:
            await lock.do_release(lock.local.token)
            raise Refused("sold out")
    assert "cannot release" in caught.value.__notes__[0]
    with pytest.raises(LockNotOwned):
        async with site.lock() as lock:
            await lock.do_release(lock.local.token)
    assert not caplog.text
    async with site.lock(raise_on_release_error=False) as lock:
        await lock.do_release(lock.local.token)
    assert "cannot release" in caplog.text


@everywhere
@pytest.mark.parametrize("raises", [True, False])
async def test_an_error_of_the_server_does_not_replace_that_of_the_block(site, raises):
    """A wrong type at the key, or a demoted server: an error that is none of a lock's own."""
    lock = site.lock(raise_on_release_error=raises)
    release = lock.do_release

    async def wrong(token):
        await release(token)
        raise TypeError("WRONGTYPE")

    lock.do_release = wrong
    with pytest.raises(ValueError, match="sold out") as caught:
        async with lock:
            raise ValueError("sold out")
    assert caught.value.__notes__ == ["WRONGTYPE"]
    lock.do_release = wrong
    with pytest.raises(TypeError):
        async with lock:
            pass


@everywhere
async def test_a_block_that_is_cancelled_in_its_release_is_unlocked(site):
    lock = site.lock()
    release, mine = lock.do_release, b""

    async def hang(token):
        nonlocal mine
        lock.do_release, mine = release, token
        await site.sleep(60)

    lock.do_release = hang
    with pytest.raises(TimeoutError):
        async with site.host.timeout(500), lock:
            pass
    assert lock.local.token is None
    await lock._giving_back[mine]
    assert not await lock.locked()


@everywhere
async def test_a_lock_object_is_one_tasks(site):
    """The first task is late: it must not write with the second's token, nor free its lock."""
    lock, other = site.lock(0.3), site.lock()
    await lock.acquire()
    token = getattr(lock, "fencing_token", None)
    for pause in (0, 0.5):  # while it is held, and when it has ended and its holder does not know
        await site.sleep(pause)
        with pytest.raises(ObjectInUse, match="Make an object for each task"):
            await site.spawn(lock.acquire(blocking=False))
    assert await other.acquire(blocking=False) and getattr(lock, "fencing_token", None) == token
    with pytest.raises(LockNotOwned):
        await lock.release()
    assert await other.owned()
    waiting = site.spawn(lock.acquire())
    await site.sleep(0.02)
    with pytest.raises(ObjectInUse):
        await lock.acquire()
    await other.release()
    assert await waiting
    await site.spawn(lock.extend(20)) if site.kind is not LeaseLock else None
    await lock.release()
    assert await lock.acquire()
    await lock.release()


@everywhere
async def test_a_release_that_is_late_does_not_forget_the_next_claim(site):
    lock = site.lock()
    release = lock.do_release

    async def late(token):
        await release(token)
        await site.sleep(0.2)

    lock.do_release = late
    await lock.acquire()
    releasing = site.spawn(lock.release())
    await site.sleep(0.1)
    assert await lock.acquire(blocking=False, token="next")
    await releasing
    assert lock.local.token == b"next" and await lock.owned() and lock.remaining_ms() > 0
    await release(b"next")


def swallowing(site, ask):
    """`ask` by a library that loses a cancellation, as `asyncio.wait_for` of Python 3.11 does."""

    async def asked(*arguments):
        with suppress(asyncio.CancelledError, Cancelled):
            await site.sleep(60)
        return await ask(*arguments)

    return asked


@everywhere
async def test_an_acquire_whose_cancellation_a_library_swallows_is_cancelled(site):
    lock = site.lock(60)
    lock.do_acquire = swallowing(site, lock.do_acquire)
    with pytest.raises(TimeoutError):
        async with site.host.timeout(50):
            await lock.acquire()
    assert lock.local.token is None
    await site.sleep(1.2)
    assert not await lock.locked()


@everywhere
async def test_a_wait_whose_cancellation_a_library_swallows_is_cancelled(site):
    lock = site.lock(60)
    lock.do_wait = swallowing(site, lock.do_wait)
    async with site.lock(60):
        with pytest.raises(TimeoutError):
            async with site.host.timeout(500):
                await lock.acquire()


@everywhere
@pytest.mark.parametrize("what", ["release", "extend", "owner"])
async def test_a_call_whose_cancellation_a_library_swallows_is_cancelled(site, what):
    lock = site.lock(60)
    await lock.acquire()
    setattr(lock, f"do_{what}", swallowing(site, getattr(lock, f"do_{what}")))
    call = {"release": lock.release, "extend": lock.reacquire, "owner": lock.owned}[what]
    with pytest.raises(TimeoutError):
        async with site.host.timeout(50):
            await call()
    held = what != "release"
    assert (lock.local.token is not None) is held and (lock.remaining_ms() > 0) is held
    with suppress(NotAcquired):
        await lock.release()


@everywhere
async def test_what_a_library_makes_of_a_cancellation_is_a_cancellation(site):
    lock = site.lock(60)
    await lock.acquire()
    release = lock.do_release

    async def closed(token):
        with suppress(asyncio.CancelledError, Cancelled):
            await site.sleep(60)
        raise ConnectionError("closed")

    lock.do_release = closed
    with pytest.raises(TimeoutError):
        async with site.host.timeout(50):
            await lock.release()
    await release(lock.local.token)


@everywhere
@pytest.mark.parametrize(("first", "second"), [("short", "long"), ("long", "short")])
@pytest.mark.parametrize("answers", ["in order", "in reverse"])
async def test_of_two_extensions_at_once_the_shorter_counts(site, first, second, answers):
    """The server may hear them in any order: the holder cannot rely on the longer one."""
    lock, ms = site.lock(10), {"short": 2_000, "long": 60_000}
    slow_ms = {first: 100, second: 300} if answers == "in order" else {first: 300, second: 100}

    async def extend(token, asked_ms, replace):
        await site.sleep(slow_ms["short" if asked_ms == ms["short"] else "long"] / 1000)
        return site.host.monotonic_ms() + asked_ms

    await lock.acquire()
    lock.do_extend = extend
    both = [site.spawn(lock.extend(ms[name] / 1000, replace_ttl=True)) for name in (first, second)]
    for each in both:
        await each
    assert lock.remaining_ms() <= 2_000
    await lock.extend(60, replace_ttl=True)
    assert lock.remaining_ms() > 50_000
    await lock.release()


@everywhere
async def test_a_shorter_time_counts_as_soon_as_it_was_asked_for(site):
    lock = site.lock(10)
    await lock.acquire()

    async def unknown(*_):
        raise OutcomeUnknown("no answer")

    lock.do_extend = unknown
    for seconds, left_ms in ((60, 10_100), (2, 2_000)):
        with pytest.raises(OutcomeUnknown):
            await lock.extend(seconds, replace_ttl=True)
        assert 0 < lock.remaining_ms() <= left_ms
    await lock.release()


KINDS = pytest.mark.parametrize("kind", SERVERS)


def in_a_fork(work):
    """What `work` returns in a child of this process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b" ".join(work()))
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as answer:
        return answer.read().split()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", [None, "client"])
@pytest.mark.parametrize("kind", [*SERVERS, AdvisoryLock])
def test_after_a_fork_no_token_comes_twice(kind, name):
    lock = kind([None] if kind is Redlock else None, "stock", host=AsyncioHost(name))

    def tokens():
        return [lock.new_token() for _ in range(3)]

    made = [*tokens(), *in_a_fork(tokens), *tokens(), *in_a_fork(tokens)]
    assert len(set(made)) == 12


@KINDS
@pytest.mark.parametrize("seconds", [0, 0.01, 0.07, 0.3])
def test_a_wait_takes_its_time_and_one_attempt_more(kind, seconds):
    """Also when `sleep`, 0.1 s, is longer: the rest of the time is waited for."""

    async def program(site):
        async with site.lock(60):
            since = site.host.monotonic_ms()
            assert not await site.lock().acquire(blocking_timeout=seconds)
            return site.host.monotonic_ms() - since

    one_attempt_ms = 5 * 30  # the most round trips of one, and the longest of them
    assert 1000 * seconds <= simulated(program, kind) <= 1000 * seconds + one_attempt_ms


@KINDS
def test_a_waiter_gets_what_is_released_in_the_last_moment(kind):
    async def program(site):
        lock = site.lock(60)
        await lock.acquire()

        async def release():
            await site.sleep(0.01)
            await lock.release()

        site.spawn(release())
        return await site.lock().acquire(blocking_timeout=0.09)  # less than its `sleep`

    assert simulated(program, kind)


@KINDS
def test_a_timeout_below_the_latency_is_no_endless_recursion(kind):
    """A lock that is over before the answer is here is asked for until the time is over."""

    async def program(site):
        lock = site.lock(0.2 if kind is Redlock else 0.008)
        lock.ttl_ms = 8  # a Redlock refuses so short a timeout
        since = site.host.monotonic_ms()
        assert not await lock.acquire(blocking=False)
        assert not await lock.acquire(blocking_timeout=60)
        assert 60_000 <= site.host.monotonic_ms() - since < 61_000

    simulated(program, kind)


@KINDS
def test_a_cancelled_acquire_leaves_nothing_locked(kind):
    """Whenever it is cancelled: each moment of a request takes its turn."""

    async def cancelled(site):
        lock = site.lock(60)
        for patience_ms in range(1, 90, 2):
            try:
                async with site.host.timeout(patience_ms):
                    await lock.acquire()
            except TimeoutError:
                await site.sleep(1.1)
                assert not await lock.locked(), patience_ms
            else:
                await lock.release()

    simulated(cancelled, kind)


@KINDS
def test_a_lost_answer_is_unknown_and_leaves_nothing_locked(kind):
    async def lost(site):
        lock = site.lock(60)
        with pytest.raises((OutcomeUnknown, Refused)) as caught:  # Redlock: too few servers
            await lock.acquire()
        assert isinstance(caught.value, LockError)
        assert lock.local.token is None
        await site.sleep(1)
        assert not await lock.locked()

    lost_answers = ";".join(f"lose:redis-{n}>client@0" for n in range(3))
    simulated(lost, kind, faults=lost_answers if kind is Redlock else "lose:redis-0>client@0")


@KINDS
def test_a_release_without_answer_is_tried_once_more_in_a_block(kind):
    async def program(site):
        lock = site.lock(60)
        try:
            async with lock:
                await site.sleep(0.03)
        except OutcomeUnknown:
            await site.sleep(2)
        assert lock.local.token is None
        with suppress(OutcomeUnknown):  # if it is this question that gets lost
            return await lock.locked()
        return await lock.locked()

    for at_ms in range(10, 130, 8):
        faults = f"lose:client>redis-0@{at_ms}"
        assert simulated(program, kind, faults=faults) is False, at_ms


BAD = [
    ({"timeout": 0}, "timeout 0: .* from 0.001 to .*None: the lock never ends"),
    ({"timeout": 1e300}, "timeout 1e\\+300: .* to 1000000000000 is"),
    ({"timeout": -1}, "timeout -1"),
    ({"timeout": 0.0001}, "timeout 0.0001"),
    ({"timeout": math.nan}, "timeout nan"),
    ({"timeout": math.inf}, "timeout inf"),
    ({"timeout": True}, "timeout True"),
    ({"timeout": "10"}, "timeout '10'"),
    ({"name": ""}, "name is ''"),
    ({"name": None}, "name is None"),
    ({"name": b"\xff"}, "name is b'.xff': bytes have to be UTF-8"),
    ({"sleep": -1}, "sleep -1"),
    ({"sleep": 0}, "sleep 0"),
    ({"blocking_timeout": -1}, "blocking_timeout -1: seconds from 0 on"),
]


@KINDS
@pytest.mark.parametrize(("options", "words"), BAD, ids=[str(options) for options, _ in BAD])
def test_wrong_arguments_are_refused_in_words(kind, options, words):
    server = [None] if kind is Redlock else None
    with pytest.raises(BadInput, match=words):
        kind(server, **{"name": "stock", **options})


@everywhere
async def test_any_bytes_are_a_token(site):
    async with site.lock() as other:
        assert not await site.lock().acquire(False, token=b"\xff\xfe")
        await other.release()
        lock = site.lock()
        assert await lock.acquire(token=b"\xff\xfe")
        assert lock.local.token == b"\xff\xfe" and await lock.owned()
        await lock.release()
        await other.acquire()


DECODING = [{"encoding": "latin-1"}, {"encoding": "ascii", "encoding_errors": "replace"}, {}]


@pytest.mark.parametrize("options", DECODING, ids=str)
@pytest.mark.parametrize("kind", ON_REDIS)
def test_a_client_that_decodes_its_replies_makes_no_difference(kind, options):
    async def program(site):
        redises = [site.redis(n, decode_responses=True, **options) for n in range(3)]
        lock = site.of(kind).lock(redis=redises if kind is Redlock else redises[0])
        for token in (None, b"\xff\xfe", "\u00fc", b"\xc3\x28"):
            assert await lock.acquire(token=token)
            assert await lock.owned() and await lock.locked()
            await lock.reacquire()
            await lock.release()

    on_fakeredis(program, servers=3)


@everywhere
async def test_wrong_arguments_of_a_call_are_refused_before_anything_is_locked(site):
    lock = site.lock()
    for wrong in ({"token": ""}, {"sleep": -1}, {"blocking_timeout": -0.1}):
        with pytest.raises(BadInput):
            await lock.acquire(**wrong)
    assert not await lock.locked()
