"""What every kind of lock promises, each in the simulation and on what it really stands on."""

import asyncio
import math
from contextlib import nullcontext, suppress
from itertools import product

import pytest

from distlab.host import BadInput, Refused
from distlab.locks.advisory import AdvisoryLock
from distlab.locks.database_lock import DatabaseLock
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
from distlab.real.host import AsyncioHost
from distlab.sim.kernel import Cancelled
from tests.forks import in_a_child, needs_fork
from tests.locks.sites import (
    KINDS,
    each_kind,
    everywhere,
    in_each_simulation,
    on_database,
    on_fakeredis,
    place,
    simulated_with,
)

ON_REDIS = (RedisLock, FairLock, Redlock)
CASES = [
    (RedisLock, "fakeredis"),
    *product(ON_REDIS, ["simulation", "server"]),
    *product([DatabaseLock], ["simulation", "sqlite", "postgresql"]),
    (LeaseLock, "simulation"),
]


@pytest.fixture(params=CASES, ids=[f"{k.__name__}-{where}" for k, where in CASES], scope="module")
def run(request, require):
    kind, where = request.param
    if where == "simulation":
        yield lambda program: simulated_with(program, kind)
    elif kind in ON_REDIS:
        with place(where, require, servers=KINDS[kind].get("servers", 1)) as play:
            yield lambda program: play(lambda site: program(site.of(kind)))
    else:
        with on_database(where, request) as play:
            yield play


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
    a, b = await site.held(0.8), site.lock(20)
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
@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("error", [LockNotOwned("it is over"), TypeError("WRONGTYPE")])
async def test_the_error_of_the_block_stays_the_error(site, caplog, error, raises):
    """Also when the release fails with an error that is none of a lock's own."""
    lock = site.lock(raise_on_release_error=raises)
    release = lock.do_release

    async def wrong(token):
        await release(token)
        raise error

    lock.do_release = wrong
    with pytest.raises(Refused, match="sold out") as caught:
        async with lock:
            raise Refused("sold out")
    assert caught.value.__notes__ == [str(error)]
    assert not caplog.text
    only_logged = isinstance(error, LockNotOwned) and not raises
    with nullcontext() if only_logged else pytest.raises(type(error)):
        async with lock:
            pass
    assert (str(error) in caplog.text) is only_logged


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
    lock, other = await site.held(0.3), site.lock()
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


@everywhere
@pytest.mark.parametrize("error", [None, ConnectionError("closed")])
@pytest.mark.parametrize("what", ["acquire", "wait", "release", "extend", "owner"])
async def test_a_cancellation_that_a_library_swallows_is_raised(site, what, error):
    """`asyncio.wait_for` of Python 3.11 does that. Others make an error of their own of it."""
    lock, other = site.locks(2, timeout=60)
    if what != "acquire":
        await (other if what == "wait" else lock).acquire()
    ask = getattr(lock, f"do_{what}")

    async def swallow(*arguments):
        with suppress(asyncio.CancelledError, Cancelled):
            await site.sleep(60)
        if error:
            raise error
        return await ask(*arguments)

    setattr(lock, f"do_{what}", swallow)
    calls = {"release": lock.release, "extend": lock.reacquire, "owner": lock.owned}
    with pytest.raises(TimeoutError):
        async with site.host.timeout(200):
            await calls.get(what, lock.acquire)()
    setattr(lock, f"do_{what}", ask)
    held = what in ("extend", "owner") or (what == "release" and error is not None)
    assert (lock.local.token is not None) is held and (lock.remaining_ms() > 0) is held
    for task in [*lock._giving_back.values()]:
        await task
    assert await lock.locked() is (held or what == "wait")
    await lock.release() if held else await other.release() if what == "wait" else None


@everywhere
@pytest.mark.parametrize("seconds", [(2, 60), (60, 2)])
@pytest.mark.parametrize("answers", [(0.1, 0.3), (0.3, 0.1)])
async def test_of_two_extensions_at_once_the_shorter_counts(site, seconds, answers):
    """The server may hear them in any order: the holder cannot rely on the longer one."""
    lock, pauses = await site.held(10), [*answers, 0]

    async def extend(token, ms, replace):
        await site.sleep(pauses.pop(0))
        return site.host.monotonic_ms() + ms

    lock.do_extend = extend
    for task in [site.spawn(lock.extend(each, replace_ttl=True)) for each in seconds]:
        await task
    assert lock.remaining_ms() <= 2_000
    await lock.extend(60, replace_ttl=True)
    assert lock.remaining_ms() > 50_000
    await lock.release()


@everywhere
async def test_a_shorter_time_counts_as_soon_as_it_was_asked_for(site):
    lock = await site.held(10)

    async def unknown(*_):
        raise OutcomeUnknown("no answer")

    lock.do_extend = unknown
    for seconds, left_ms in ((60, 10_100), (2, 2_000)):
        with pytest.raises(OutcomeUnknown):
            await lock.extend(seconds, replace_ttl=True)
        assert 0 < lock.remaining_ms() <= left_ms
    await lock.release()


@pytest.mark.parametrize("name", [None, "client"])
@pytest.mark.parametrize("kind", [*KINDS, AdvisoryLock])
@needs_fork
def test_after_a_fork_no_token_comes_twice(kind, name):
    lock = kind([None] if kind is Redlock else None, "stock", host=AsyncioHost(name))

    def tokens():
        return [lock.new_token().decode() for _ in range(3)]

    made = [*tokens(), *in_a_child(tokens), *tokens(), *in_a_child(tokens)]
    assert len(set(made)) == 12


@pytest.mark.parametrize("seconds", [0, 0.01, 0.07, 0.3])
@in_each_simulation
async def test_a_wait_takes_its_time_and_one_attempt_more(site, seconds):
    """Also when `sleep`, 0.1 s, is longer: the rest of the time is waited for."""
    one_attempt_ms = 5 * 30  # the most round trips of one, and the longest of them
    async with site.lock(60):
        since = site.host.monotonic_ms()
        assert not await site.lock().acquire(blocking_timeout=seconds)
        waited_ms = site.host.monotonic_ms() - since
    assert 1000 * seconds <= waited_ms <= 1000 * seconds + one_attempt_ms


@in_each_simulation
async def test_a_waiter_gets_what_is_released_in_the_last_moment(site):
    lock = await site.held(60)
    waiting = site.spawn(site.lock().acquire(blocking_timeout=0.09))  # less than its `sleep`
    await site.sleep(0.01)
    await lock.release()
    assert await waiting


@in_each_simulation
async def test_a_timeout_below_the_latency_is_no_endless_recursion(site):
    """A lock that is over before the answer is here is asked for until the time is over."""
    lock = site.lock(0.2 if site.kind is Redlock else 0.008)
    lock.ttl_ms = 8  # a Redlock refuses so short a timeout
    since = site.host.monotonic_ms()
    assert not await lock.acquire(blocking=False)
    assert not await lock.acquire(blocking_timeout=60)
    assert 60_000 <= site.host.monotonic_ms() - since < 61_000


@in_each_simulation
async def test_a_cancelled_acquire_leaves_nothing_locked(site):
    """Whenever it is cancelled: each moment of a request takes its turn."""
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


@each_kind
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
    simulated_with(lost, kind, faults=lost_answers if kind is Redlock else "lose:redis-0>client@0")


@each_kind
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
        assert simulated_with(program, kind, faults=faults) is False, at_ms


BAD = [
    ({"timeout": 0}, "timeout 0: .* from 0.001 to .*None: the lock never ends"),
    ({"timeout": 1e300}, "timeout 1e\\+300: .* to 1000000000000 is"),
    ({"timeout": -1}, "timeout -1"),
    ({"timeout": 0.0001}, "timeout 0.0001"),
    ({"timeout": math.inf}, "timeout inf"),
    ({"name": ""}, "name is ''"),
    ({"name": None}, "name is None"),
    ({"name": b"\xff"}, "name is b'.xff': bytes have to be UTF-8"),
    ({"sleep": -1}, "sleep -1"),
    ({"sleep": 0}, "sleep 0"),
    ({"blocking_timeout": -1}, "blocking_timeout -1: seconds from 0 on"),
]


@each_kind
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
