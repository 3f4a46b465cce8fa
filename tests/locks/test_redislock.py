"""RedisLock: one suite, in simulation, on fakeredis and on a real server."""

import re
from contextlib import nullcontext

import pytest
import redis.asyncio
from hypothesis import example, given
from hypothesis import strategies as st
from redis.crc import key_slot
from redis.exceptions import AuthenticationError, NoPermissionError, OutOfMemoryError, ResponseError

from distlab.host import BadInput, Unavailable
from distlab.locks.errors import Demoted, WrongKey
from distlab.locks.fair import FairLock
from distlab.locks.fencing import Fence, StaleToken
from distlab.locks.lock import LockError, LockNotOwned, OutcomeUnknown
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock, TooFewServers
from distlab.locks.scripts import beside
from tests.locks.sites import LostAnswers, everywhere, in_simulation, on_server, simulated


@everywhere
async def test_a_refused_attempt_draws_no_token(site):
    a, b = await site.held(), site.lock()
    assert not await b.acquire(blocking=False)
    await a.release()
    await b.acquire()
    assert b.fencing_token == 2


@everywhere
async def test_the_plain_key_holds_the_token_and_expires(site):
    lock = RedisLock(site.redis(), site.name.encode(), timeout=9.5, host=site.host)
    await lock.acquire(token="mine")
    assert await lock.redis.get(site.name) == b"mine" == lock.local.token
    assert 8_000 < await lock.redis.pttl(site.name) <= 9_500
    assert 8_000 < lock.remaining_ms() <= 9_500


@everywhere
async def test_a_release_wakes_a_waiter_long_before_it_would_look_again(site):
    a, b = await site.held(60), site.lock(60, sleep=3)
    since = site.host.monotonic_ms()
    waiting = site.spawn(b.acquire())
    await site.sleep(0.1)
    await a.release()
    assert await waiting
    assert site.host.monotonic_ms() - since < 1_400  # it would have slept for 1,500 at least


@everywhere
async def test_expiry_is_noticed_though_nobody_releases(site):
    await site.held(0.2)
    since = site.host.monotonic_ms()
    assert await site.lock(sleep=50).acquire()
    assert site.host.monotonic_ms() - since < 4_000


@everywhere
async def test_releases_leave_one_element_to_wake_by_and_that_expires(site):
    lock = site.lock()
    for _ in range(3):
        async with lock:
            pass
    assert await lock.redis.llen(lock.wake_key) == 1
    assert 0 < await lock.redis.pttl(lock.wake_key) <= 1_000


@everywhere
async def test_a_server_that_refuses_blpop_is_asked_again_instead(site):
    class NoBlpop(LostAnswers):
        async def blpop(self, keys, timeout):
            await self.client.execute_command("GET", "too", "many")

    await site.held(0.3)
    assert await site.lock(redis=NoBlpop(site.redis())).acquire(blocking_timeout=3)


class Watched(LostAnswers):
    """A client that notes how long it waits to be woken."""

    def __init__(self, client):
        super().__init__(client)
        self.waits = []

    async def blpop(self, keys, timeout):
        self.waits.append(timeout)
        return await self.client.blpop(keys, timeout)


@simulated()
async def test_a_waiter_that_nobody_wakes_asks_ever_less_often(site):
    client = Watched(site.redis())
    await site.held(None)
    assert not await site.lock(redis=client).acquire(blocking_timeout=60)
    assert client.waits[0] <= 0.1
    assert 60 <= len(client.waits) <= 130
    assert 0.5 <= max(client.waits) <= 1


@pytest.mark.parametrize("socket_timeout", [0.1, 0.5])
@on_server
async def test_an_impatient_client_waits_in_small_pieces(site, socket_timeout):
    client = Watched(site.redis(socket_timeout=socket_timeout))
    await site.held(1)
    assert await site.lock(redis=client).acquire()
    assert all(timeout <= 0.31 for timeout in client.waits)
    assert bool(client.waits) is (socket_timeout > 0.2)


@on_server
async def test_on_the_only_connection_nobody_waits_before_the_holder(site):
    client = Watched(site.redis(single_connection_client=True))
    await site.held(redis=client)
    assert not await site.lock(redis=client).acquire(blocking_timeout=0.5)
    assert not client.waits


@everywhere
async def test_the_longest_timeout_is_one_for_the_server_too(site):
    lock = await site.held(10**12)
    await lock.extend(10**12)
    assert 1.9e15 < lock.remaining_ms() <= 2e15


@everywhere
async def test_a_flushed_script_cache_goes_unnoticed(site):
    lock = site.lock()
    for _ in range(2):
        for call in (lock.acquire, lock.reacquire, lock.release):
            await call()
            await lock.redis.script_flush()


class Repeats(LostAnswers):
    """A client that loses each answer and sends the command again."""

    async def eval(self, *arguments):
        await self.client.eval(*arguments)
        return await self.client.eval(*arguments)


@pytest.mark.parametrize("token", [None, "me"])
@everywhere
async def test_an_acquire_that_the_client_repeats_does_not_lock_itself_out(site, token):
    lock = site.lock(redis=Repeats(site.redis()))
    assert await lock.acquire(blocking=False, token=token)
    assert lock.fencing_token == 2


@everywhere
async def test_a_token_that_was_chosen_is_enough_to_release_elsewhere(site):
    a, b = site.locks(2)
    await a.acquire(token="job-17")
    b.local.token = b"job-17"
    await b.release()
    assert not await a.locked()


@everywhere
async def test_a_release_without_answer_may_be_repeated(site):
    lock = await site.held(redis=LostAnswers(site.redis(), "release"))
    with pytest.raises(OutcomeUnknown, match="no answer to release"):
        await lock.release()
    assert not await lock.locked()
    with pytest.raises(LockNotOwned):
        await lock.release()


@everywhere
async def test_an_extension_without_answer_changes_nothing_of_what_was_promised(site):
    lock = await site.held(5, redis=LostAnswers(site.redis(), "extend"))
    until_ms = lock.until_ms
    with pytest.raises(OutcomeUnknown, match="no answer to extend"):
        await lock.extend(20)
    assert lock.until_ms == until_ms


@everywhere
async def test_an_old_extension_that_comes_late_does_not_touch_the_next_claim(site):
    lock = site.lock()
    ask = lock.do_extend

    async def late(*arguments):
        await site.sleep(0.1)
        return await ask(*arguments)

    lock.do_extend = late
    await lock.acquire()
    extension = site.spawn(lock.extend(60))
    await site.sleep(0.05)
    await lock.release()
    await lock.acquire()
    with pytest.raises(LockNotOwned):
        await extension
    assert 9_000 < lock.remaining_ms() <= 10_000


@pytest.mark.parametrize("blocking", [True, False])
def test_a_lock_whose_time_is_over_when_the_answer_is_read_is_not_ours(blocking):
    async def program(site):
        lock = site.lock(0.1)
        got = await lock.acquire(blocking)
        if got:
            lock.still_mine()
        return got, await lock.owned()

    for at_ms in range(1, 40, 2):
        faults = f"pause:client@{at_ms}+150"
        assert in_simulation(program, faults=faults) in {(True, True), (blocking, blocking)}


@pytest.mark.parametrize("make", [RedisLock, lambda one, name: Redlock([one], name)])
def test_a_client_that_blocks_is_refused(make):
    with pytest.raises(BadInput, match=r"Redis blocks: a client of redis\.asyncio is needed"):
        make(redis.Redis(), "stock")


def other_keys(name):
    return [beside(name, what) for what in ("fencing", "wake", "queue", "seen")]


NAMES = st.text(alphabet="a:{}7", min_size=1, max_size=7)


@given(NAMES)
@example("Käse")
@example("a}b")
@example("{}")
@example("{}{x}")
def test_all_keys_of_a_lock_are_on_one_server_of_a_cluster(name):
    assert {key_slot(key.encode()) for key in other_keys(name)} == {key_slot(name.encode())}


@given(NAMES, NAMES)
@example("x", "{x}")
@example("x", "{x}:fencing")
@example("{x}", "{x}:fencing")
def test_two_locks_have_no_key_in_common(one, other):
    assert one == other or not set(other_keys(one)) & set(other_keys(other))
    assert all(key.startswith("distlab-lock:") for key in other_keys(one))
    with pytest.raises(BadInput, match="what begins with 'distlab-lock:' is a lock's own"):
        RedisLock(None, other_keys(one)[0])


NEIGHBOURS = ["a", "{a}", "a}b", "{}a", "{a}:fencing", "a:wake", "{a}b", "{b}a", "a{b}"]


@pytest.mark.parametrize("kind", [RedisLock, FairLock])
@everywhere
async def test_locks_and_keys_with_names_alike_leave_each_other_alone(site, kind):
    redis, name = site.redis(), f"{site.name}-{kind.__name__}"
    locks = [kind(redis, each.replace("a", name), host=site.host) for each in NEIGHBOURS]
    names = {lock.key for lock in locks}
    ends = ("fencing", "wake", "queue", "seen")
    theirs = [f"{key}:{end}" for key in (name, f"{{{name}}}") for end in ends]
    theirs = [key for key in theirs if key not in names]
    for key in theirs:
        await redis.set(key, "theirs")
    for lock in locks:
        assert await lock.acquire(blocking=False) and lock.fencing_token == 1
    for lock in locks:
        await lock.release()
    assert await redis.mget(theirs) == [b"theirs"] * len(theirs)


ON_REDIS = pytest.mark.parametrize("kind", [RedisLock, FairLock, Redlock])


@ON_REDIS
@everywhere
async def test_a_lock_whose_key_holds_something_else_says_so(site, kind):
    redis, lock = site.redis(), await site.held(kind=kind)
    await redis.delete(site.name)
    await redis.rpush(site.name, "theirs")
    said = f"key '{site.name}' holds a list, where a string is expected"
    for call in (lock.acquire, lock.owned, lock.reacquire, lock.release):
        with pytest.raises(WrongKey, match=said) as caught:
            await call()
        assert isinstance(caught.value, LockError) and isinstance(caught.value, ResponseError)
    assert await redis.lrange(site.name, 0, -1) == [b"theirs"]
    assert lock.local.token is not None
    await redis.delete(site.name)


@pytest.mark.parametrize(
    ("key", "command", "said"),
    [
        ("fencing", "SET", "holds b'x', where a number is expected"),
        ("fencing", "SADD", "holds a set, where a number is expected"),
        ("queue", "SADD", "holds a set, where a list is expected"),
        ("seen", "SET", "holds a string, where a hash is expected"),
    ],
)
@everywhere
async def test_another_key_of_the_lock_that_holds_something_else_is_named(site, key, command, said):
    redis, key = site.redis(), beside(site.name, key)
    await redis.execute_command(command, key, "x")
    with pytest.raises(WrongKey, match=f"cannot acquire .*{re.escape(key)}.*{said}"):
        await site.lock(kind=FairLock).acquire(blocking=False)
    await redis.delete(key)
    assert await site.lock(kind=FairLock).acquire(blocking_timeout=5)


@ON_REDIS
@on_server
async def test_a_server_that_has_become_a_replica_says_so(site, kind):
    lock = site.lock(kind=kind)
    site.name += "-2"
    other = site.lock(kind=kind)
    with pytest.raises(ValueError, match="sold out") as sold_out:
        async with lock:
            await site.redis().execute_command("REPLICAOF", "127.0.0.1", "1")
            for call in (lock.reacquire, lock.release, other.acquire):
                with pytest.raises((Demoted, TooFewServers), match="a replica now") as caught:
                    await call()
                assert isinstance(caught.value, Unavailable)
                assert isinstance(caught.value, LockError)
            raise ValueError("sold out")
    assert "a replica now" in sold_out.value.__notes__[0]


@ON_REDIS
@on_server
async def test_a_user_needs_the_keys_that_the_docstring_tells(site, kind):
    name, rest = site.name, f"distlab-lock:{{{site.name}}}:*"
    allowed = {"keys": [name, rest], "categories": ["+@all"]}
    await site.redis().acl_setuser("shop", enabled=True, nopass=True, reset_keys=True, **allowed)
    url = re.sub(r"//:\w+@", "//shop:any@", site.server.url)
    async with redis.asyncio.Redis.from_url(url) as shop:
        a, b = site.of(kind).locks(2, redis=[shop] if kind is Redlock else shop)
        async with a:
            assert not await b.acquire(blocking_timeout=0.3)
            await a.reacquire()
        with pytest.raises(NoPermissionError):
            await RedisLock(shop, f"{name}-2", host=site.host).acquire()


@everywhere
async def test_a_count_that_is_lost_begins_at_1_and_the_fence_refuses_until_it_has_caught_up(site):
    fence = Fence()
    for evicted in (False, True):
        for number in (1, 2, 3):
            async with site.lock() as lock:
                assert lock.fencing_token == number
                with pytest.raises(StaleToken) if evicted and number < 3 else nullcontext():
                    fence.admit(lock.fencing_token)
        await lock.redis.delete(lock.counter_key)


@everywhere
async def test_names_can_share_one_count_and_one_key(site):
    redis, numbers = site.redis(), []
    for n in range(20):
        name, counter = f"{{{site.name}}}:{n}", f"{{{site.name}}}"
        async with RedisLock(redis, name, counter=counter, host=site.host) as lock:
            numbers.append(lock.fencing_token)
            assert key_slot(lock.counter_key.encode()) == key_slot(name.encode())
        await redis.delete(lock.wake_key)
    assert numbers == list(range(1, 21))
    assert await redis.keys(f"*{site.name}*") == [lock.counter_key.encode()]


@on_server
async def test_wrong_password_and_full_memory_on_a_real_server(site):
    url = re.sub(r"//:\w+@", "//:wrong@", site.server.url)
    async with redis.asyncio.Redis.from_url(url) as stranger:
        with pytest.raises(AuthenticationError):
            await site.lock(redis=stranger).acquire()
    lock = await site.held()
    await lock.redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await RedisLock(lock.redis, f"{site.name}-2", host=site.host).acquire()
    await lock.release()
    assert not await lock.locked()


@pytest.mark.parametrize("kind", ["pause", "kill"])
@on_server
async def test_a_connection_lost_in_the_middle_of_a_release(site, kind):
    lock = await site.held(0.5, redis=site.redis(socket_timeout=0.3))
    getattr(site.server, kind)()
    with pytest.raises(OutcomeUnknown, match="no answer to release of"):
        await lock.release()
    site.server.resume() if kind == "pause" else site.server.restart()
    assert await site.lock().acquire(blocking_timeout=5)


@everywhere
async def test_redis_py_makes_our_lock_when_asked_to(site):
    redis = site.redis()
    if not hasattr(redis, "lock"):
        return
    async with redis.lock(site.name, timeout=3, lock_class=RedisLock) as lock:
        assert lock.fencing_token == 1
