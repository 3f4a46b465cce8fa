"""RedisLock: one suite, in simulation, on fakeredis and on a real server."""

import asyncio
import math
import re

import pytest
import redis.asyncio
from redis.crc import key_slot
from redis.exceptions import (
    AuthenticationError,
    LockError,
    LockNotOwnedError,
    OutOfMemoryError,
)

from distlab.host import BadInput, Refused
from distlab.locks.fair import FairLock
from distlab.locks.lock import Held, LockLost, LockNotOwned, NotAcquired, OutcomeUnknown
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.locks.scripts import beside
from distlab.real.redis_server import redis_servers
from distlab.sim import parse_schedule
from tests.locks.sites import PLACES, LostAnswers, in_simulation, on_asyncio, place


@pytest.fixture(params=PLACES, scope="module")
def run(request, require):
    with place(request.param, require) as run:
        yield run


def test_who_has_it_keeps_others_out_until_it_is_released(run):
    async def program(site):
        a, b = (RedisLock(site.redis(), site.name, host=site.host) for _ in "ab")
        assert await a.acquire()
        assert await a.owned() and not await b.owned() and await b.locked()
        assert not await b.acquire(blocking=False)
        await a.release()
        assert not await b.locked()
        assert await b.acquire(False)

    run(program)


def test_fencing_tokens_rise_from_holder_to_holder(run):
    async def program(site):
        tokens = []
        for _ in range(3):
            async with RedisLock(site.redis(), site.name, host=site.host) as lock:
                tokens.append(lock.fencing_token)
            assert lock.fencing_token is None
        assert tokens == [1, 2, 3]

    run(program)


def test_a_refused_attempt_draws_no_token(run):
    async def program(site):
        a, b = (RedisLock(site.redis(), site.name, host=site.host) for _ in "ab")
        await a.acquire()
        assert not await b.acquire(blocking=False)
        await a.release()
        await b.acquire()
        assert b.fencing_token == 2

    run(program)


def test_the_plain_key_holds_the_token_and_expires(run):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(redis, site.name, timeout=9.5, host=site.host)
        await lock.acquire(token="mine")
        assert await redis.get(site.name) == b"mine" == lock.local.token
        assert 8_000 < await redis.pttl(site.name) <= 9_500
        assert 8_000 < lock.remaining_ms() <= 9_500

    run(program)


def test_ten_seconds_unless_said_and_none_is_for_ever(run):
    async def program(site):
        redis = site.redis()
        await RedisLock(redis, site.name, host=site.host).acquire()
        assert 9_000 < await redis.pttl(site.name) <= 10_000
        lock = RedisLock(redis, f"{site.name}-2", None, host=site.host)
        await lock.acquire()
        assert await redis.ttl(f"{site.name}-2") == -1
        assert lock.remaining_ms() == math.inf
        with pytest.raises(LockError, match="it has no timeout"):
            await lock.extend(1)

    run(program)


def test_an_expired_lock_is_free_and_its_holder_is_told(run):
    async def program(site):
        a = RedisLock(site.redis(), site.name, 0.05, host=site.host)
        b = RedisLock(site.redis(), site.name, host=site.host)
        await a.acquire()
        a.still_mine()
        assert await b.acquire()
        with pytest.raises(LockLost, match="time of 'stock-"):
            a.still_mine()
        for call in (a.extend(1), a.reacquire(), a.release()):
            with pytest.raises(LockNotOwned, match="no longer ours"):
                await call
        assert await b.owned()

    run(program)


def test_a_lock_lost_is_a_definite_no_and_redis_pys_own_error(run):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(redis, site.name, host=site.host)
        await lock.acquire()
        await redis.set(site.name, "somebody")
        with pytest.raises(Refused) as caught:
            await lock.release()
        assert isinstance(caught.value, LockNotOwnedError)
        assert lock.local.token is None
        with pytest.raises(NotAcquired, match="it was not acquired"):
            await lock.release()

    run(program)


def test_extend_adds_to_what_is_left_or_replaces_it(run):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(redis, site.name, 10, host=site.host)
        await lock.acquire()
        assert await lock.extend(10)
        assert 16_000 < await redis.pttl(site.name) <= 20_000
        assert 16_000 < lock.remaining_ms() <= 20_000
        await lock.extend(5, replace_ttl=True)
        assert 4_000 < await redis.pttl(site.name) <= 5_000
        assert 4_000 < lock.remaining_ms() <= 5_000
        await lock.reacquire()
        assert 8_000 < await redis.pttl(site.name) <= 10_000

    run(program)


def test_a_release_wakes_a_waiter_long_before_it_would_look_again(run):
    async def program(site):
        a, b = (RedisLock(site.redis(), site.name, 60, sleep=3, host=site.host) for _ in "ab")
        await a.acquire()
        since = site.host.monotonic_ms()
        waiting = site.spawn(b.acquire())
        await site.sleep(0.1)
        await a.release()
        assert await waiting
        assert site.host.monotonic_ms() - since < 1_400  # it would have slept for 1,500 at least

    run(program)


def test_expiry_is_noticed_though_nobody_releases(run):
    async def program(site):
        a = RedisLock(site.redis(), site.name, 0.2, host=site.host)
        b = RedisLock(site.redis(), site.name, sleep=50, host=site.host)
        await a.acquire()
        since = site.host.monotonic_ms()
        assert await b.acquire()
        assert site.host.monotonic_ms() - since < 4_000

    run(program)


def test_releases_leave_one_element_to_wake_by_and_that_expires(run):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(redis, site.name, host=site.host)
        for _ in range(3):
            async with lock:
                pass
        assert await redis.llen(lock.wake_key) == 1
        assert 0 < await redis.pttl(lock.wake_key) <= 1_000

    run(program)


def test_many_waiters_all_get_it_and_never_two_at_once(run):
    async def program(site):
        inside, most, done = [], [], []

        async def worker(n):
            async with RedisLock(site.redis(), site.name, host=site.host) as lock:
                inside.append(n)
                most.append(len(inside))
                await site.sleep(0.002)
                inside.remove(n)
                done.append(lock.fencing_token)

        for task in [site.spawn(worker(n)) for n in range(8)]:
            await task
        assert max(most) == 1
        assert done == list(range(1, 9))

    run(program)


def test_a_waiter_gives_up_within_its_time(run):
    async def program(site):
        a = RedisLock(site.redis(), site.name, host=site.host)
        b = RedisLock(site.redis(), site.name, sleep=0.05, blocking_timeout=0.4, host=site.host)
        await a.acquire()
        since = site.host.monotonic_ms()
        assert not await b.acquire()
        assert site.host.monotonic_ms() - since > 340
        with pytest.raises(NotAcquired, match="not free within the time given"):
            async with b:
                pass
        assert await a.owned()

    run(program)


def test_who_would_sleep_longer_than_its_time_gives_up_at_once(run):
    async def program(site):
        a, b = (RedisLock(site.redis(), site.name, host=site.host) for _ in "ab")
        await a.acquire()
        since = site.host.monotonic_ms()
        assert not await b.acquire(blocking_timeout=30, sleep=60)
        assert site.host.monotonic_ms() - since < 10_000

    run(program)


def test_a_server_that_refuses_blpop_is_asked_again_instead(run):
    class NoBlpop(LostAnswers):
        async def blpop(self, keys, timeout):
            await self.client.execute_command("GET", "too", "many")

    async def program(site):
        a = RedisLock(site.redis(), site.name, 0.3, host=site.host)
        b = RedisLock(NoBlpop(site.redis()), site.name, host=site.host)
        await a.acquire()
        assert await b.acquire(blocking_timeout=3)

    run(program)


def test_a_waiter_that_nobody_wakes_asks_ever_less_often():
    class Silent(LostAnswers):
        async def blpop(self, keys, timeout):
            waits.append(timeout)
            await self.client.blpop(["nothing"], timeout)

    async def program(site):
        await RedisLock(site.redis(), site.name, None, host=site.host).acquire()
        lock = RedisLock(Silent(site.redis()), site.name, host=site.host)
        assert not await lock.acquire(blocking_timeout=60)

    waits = []
    in_simulation(program)
    assert waits[0] <= 0.1
    assert 60 <= len(waits) <= 130
    assert 0.5 <= max(waits) <= 1


@pytest.mark.parametrize("socket_timeout", [0.1, 0.5])
def test_an_impatient_client_waits_in_small_pieces(require, socket_timeout):
    require("valkey")

    async def program(site):
        commands = []

        class Watched(LostAnswers):
            async def blpop(self, keys, timeout):
                commands.append(timeout)
                return await self.client.blpop(keys, timeout)

        client = Watched(site.redis(socket_timeout=socket_timeout))
        a = RedisLock(site.redis(), site.name, 1, host=site.host)
        b = RedisLock(client, site.name, host=site.host)
        await a.acquire()
        assert await b.acquire()
        assert all(timeout <= 0.31 for timeout in commands)
        assert bool(commands) is (socket_timeout > 0.2)

    with redis_servers(1) as (server,):
        on_asyncio(program, server.async_client)


@pytest.mark.parametrize("kind", ["ConnectionPool", "BlockingConnectionPool"])
def test_waiters_leave_connections_for_the_holder(require, kind):
    require("valkey")

    async def program(site):
        pool = getattr(redis.asyncio, kind).from_url(servers[0].url, max_connections=4)
        async with redis.asyncio.Redis(connection_pool=pool) as client:

            async def work():
                async with RedisLock(client, site.name, 30, host=site.host) as lock:
                    return lock.fencing_token

            since = site.host.monotonic_ms()
            async with RedisLock(client, site.name, 30, host=site.host):
                waiting = [site.spawn(work()) for _ in range(4)]
                await site.sleep(0.3)
            assert sorted(await asyncio.gather(*waiting)) == [2, 3, 4, 5]
            assert site.host.monotonic_ms() - since < 5_000

    with redis_servers(1) as servers:
        on_asyncio(program, servers[0].async_client)


def test_on_the_only_connection_nobody_waits_before_the_holder(require):
    require("valkey")

    async def program(site):
        blocked = []

        class Watched(LostAnswers):
            async def blpop(self, keys, timeout):
                blocked.append(keys)
                await self.client.blpop(keys, timeout)

        client = Watched(site.redis(single_connection_client=True))
        a, b = (RedisLock(client, site.name, host=site.host) for _ in "ab")
        await a.acquire()
        assert not await b.acquire(blocking_timeout=0.5)
        assert not blocked

    with redis_servers(1) as (server,):
        on_asyncio(program, server.async_client)


def test_decoded_responses_make_no_difference(run):
    async def program(site):
        redis = site.redis(decode_responses=True)
        async with RedisLock(redis, site.name, host=site.host) as lock:
            assert await lock.owned()
            await lock.reacquire()

    run(program)


def test_a_name_may_be_bytes(run):
    async def program(site):
        client = site.redis()
        async with RedisLock(client, site.name.encode(), host=site.host) as lock:
            assert await client.get(site.name) == lock.local.token

    run(program)


def test_the_longest_timeout_is_one_for_the_server_too(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 10**12, host=site.host)
        await lock.acquire()
        await lock.extend(10**12)
        assert 1.9e15 < lock.remaining_ms() <= 2e15

    run(program)


def test_a_flushed_script_cache_goes_unnoticed(run):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(redis, site.name, host=site.host)
        for _ in range(2):
            await lock.acquire()
            await redis.script_flush()
            await lock.reacquire()
            await redis.script_flush()
            await lock.release()

    run(program)


def test_an_answer_lost_while_acquiring_leaves_nothing_locked(run):
    async def program(site):
        redis = site.redis()
        lock = RedisLock(LostAnswers(redis, "acquire"), site.name, host=site.host)
        with pytest.raises(
            OutcomeUnknown, match=r"no answer to acquire of 'stock-.*: Conn"
        ) as caught:
            await lock.acquire()
        assert isinstance(caught.value, TimeoutError) and isinstance(caught.value, LockError)
        await site.sleep(0.2)  # meanwhile it is given back
        assert not await lock.locked()
        assert lock.local.token is None

    run(program)


def test_without_timeout_it_is_given_back_as_soon_as_the_server_answers():
    async def program(site):
        lock = RedisLock(site.redis(), site.name, None, host=site.host)
        try:
            await lock.acquire()
        except OutcomeUnknown as error:
            assert error.__notes__ == [
                "timeout None: it may be locked until the server answers again"
            ]
            await site.sleep(7)
            assert not await lock.locked()

    for at_ms in range(1, 40, 2):
        in_simulation(program, faults=parse_schedule(f"partition:client|redis-0@{at_ms}+5000"))


def test_without_timeout_a_request_that_comes_late_is_given_back_too():
    async def program(site):
        lock = RedisLock(site.redis(), site.name, None, host=site.host)
        with pytest.raises(OutcomeUnknown):
            await lock.acquire()
        await site.sleep(60)
        assert not await lock.locked()

    for late_ms in (500, 5_000, 30_000):
        faults = parse_schedule(f"delay:client>redis-0@0+2={late_ms}")
        in_simulation(program, faults=faults)


def test_who_gives_up_waiting_asks_no_more():
    async def program(site):
        a, b = (RedisLock(site.redis(), site.name, None, host=site.host) for _ in "ab")
        await a.acquire()
        with pytest.raises(TimeoutError):
            async with site.host.timeout(450):
                await b.acquire()
        await b._withdrawal
        b.do_release = None  # nothing is on its way that would have to be given back later
        await site.sleep(300)

    in_simulation(program, until_ms=500_000)


def test_without_timeout_a_block_whose_release_gets_no_answer_is_left_unlocked_in_the_end():
    async def program(site):
        lock = RedisLock(site.redis(), site.name, None, host=site.host)
        try:
            async with lock:
                await site.sleep(0.03)
        except OutcomeUnknown as error:
            assert error.__notes__ == [
                "timeout None: it may be locked until the server answers again"
            ]
        assert lock.local.token is None
        await site.sleep(7)
        assert not await lock.locked()

    for at_ms in range(20, 50, 2):
        in_simulation(program, faults=parse_schedule(f"partition:client|redis-0@{at_ms}+5000"))


def test_without_timeout_a_block_that_is_cancelled_in_its_release_is_left_unlocked(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, None, host=site.host)
        release = lock.do_release

        async def hang(token):
            lock.do_release = release
            await site.sleep(60)

        lock.do_release = hang
        with pytest.raises(TimeoutError):
            async with site.host.timeout(100), lock:
                pass
        await lock._withdrawal
        assert not await lock.locked()

    run(program)


def test_what_the_end_of_a_loop_cut_off_keeps_nobody_waiting():
    lock = RedisLock(None, "stock")

    async def hang(_):
        await asyncio.sleep(60)

    async def grant(_):
        return Held(math.inf)

    async def cancelled():
        asking = asyncio.create_task(lock.acquire())
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    lock.do_acquire = lock.do_release = hang
    loop = asyncio.new_event_loop()
    loop.run_until_complete(cancelled())
    loop.close()
    lock.do_acquire = grant
    assert asyncio.run(asyncio.wait_for(lock.acquire(), 5))


class Repeats(LostAnswers):
    """A client that loses each answer and sends the command again."""

    async def eval(self, *arguments):
        await self.client.eval(*arguments)
        return await self.client.eval(*arguments)


@pytest.mark.parametrize("token", [None, "me"])
def test_an_acquire_that_the_client_repeats_does_not_lock_itself_out(run, token):
    async def program(site):
        lock = RedisLock(Repeats(site.redis()), site.name, host=site.host)
        assert await lock.acquire(blocking=False, token=token)
        assert lock.fencing_token == 2

    run(program)


@pytest.mark.parametrize("kind", [RedisLock, FairLock])
def test_of_two_who_choose_the_same_token_one_gets_the_lock(run, kind):
    async def program(site):
        redis = site.redis()
        a, b = (kind(redis, site.name, host=site.host) for _ in "ab")
        assert await a.acquire(token="job-17")
        assert not await b.acquire(blocking=False, token="job-17")
        assert await a.owned() and not await b.owned()
        await a.release()
        assert await b.acquire(blocking=False, token="job-17")
        assert b.fencing_token == 2
        assert await redis.get(site.name) == b"job-17" == b.local.token
        with pytest.raises(NotAcquired):
            await a.release()

    run(program)


def test_what_is_given_back_is_not_the_lock_of_who_chose_the_same_token(run):
    async def program(site):
        redis = site.redis()
        a = RedisLock(redis, site.name, None, host=site.host)
        b = RedisLock(LostAnswers(redis, "acquire"), site.name, host=site.host)
        await a.acquire(token="job-17")
        with pytest.raises(OutcomeUnknown):
            await b.acquire(blocking=False, token="job-17")
        await b._withdrawal
        assert await a.owned()

    run(program)


def test_a_token_that_was_chosen_is_enough_to_release_elsewhere(run):
    async def program(site):
        a, b = (RedisLock(site.redis(), site.name, host=site.host) for _ in "ab")
        await a.acquire(token="job-17")
        b.local.token = b"job-17"
        await b.release()
        assert not await a.locked()

    run(program)


def test_a_release_without_answer_may_be_repeated(run):
    async def program(site):
        lock = RedisLock(LostAnswers(site.redis(), "release"), site.name, host=site.host)
        await lock.acquire()
        with pytest.raises(OutcomeUnknown, match="no answer to release"):
            await lock.release()
        assert not await lock.locked()
        with pytest.raises(LockNotOwned):
            await lock.release()

    run(program)


def test_an_extension_without_answer_changes_nothing_of_what_was_promised(run):
    async def program(site):
        lock = RedisLock(LostAnswers(site.redis(), "extend"), site.name, 5, host=site.host)
        await lock.acquire()
        until_ms = lock.until_ms
        with pytest.raises(OutcomeUnknown, match="no answer to extend"):
            await lock.extend(20)
        assert lock.until_ms == until_ms

    run(program)


def test_an_old_extension_that_comes_late_does_not_touch_the_next_claim(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, host=site.host)
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

    run(program)


def test_a_cancelled_acquire_leaves_nothing_locked(run):
    class Slow(LostAnswers):
        def __init__(self, client, host):
            super().__init__(client)
            self.host = host

        async def eval(self, *arguments):
            answer = await self.client.eval(*arguments)
            if "acquire" in arguments[0]:
                await self.host.sleep(60_000)
            return answer

    async def program(site):
        redis = site.redis()
        lock = RedisLock(Slow(redis, site.host), site.name, None, host=site.host)
        with pytest.raises(TimeoutError):
            async with site.host.timeout(200):
                await lock.acquire()
        await site.sleep(0.2)
        assert not await lock.locked()

    run(program)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_lock_whose_time_is_over_when_the_answer_is_read_is_not_ours(blocking):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, 0.1, host=site.host)
        got = await lock.acquire(blocking)
        if got:
            lock.still_mine()
        return got, await lock.owned()

    for at_ms in range(1, 40, 2):
        faults = parse_schedule(f"pause:client@{at_ms}+150")
        assert in_simulation(program, faults=faults) in {(True, True), (blocking, blocking)}


def test_what_fails_inside_is_told_rather_than_the_lost_lock(run, caplog):
    async def program(site):
        redis = site.redis()
        with pytest.raises(Refused, match="sold out") as caught:
            async with RedisLock(redis, site.name, host=site.host):
                await redis.delete(site.name)
                raise Refused("sold out")
        assert "no longer ours" in caught.value.__notes__[0]
        with pytest.raises(LockNotOwned):
            async with RedisLock(redis, site.name, host=site.host):
                await redis.delete(site.name)
        assert not caplog.text
        async with RedisLock(redis, site.name, raise_on_release_error=False, host=site.host):
            await redis.delete(site.name)
        assert "no longer ours" in caplog.text

    run(program)


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
    ({"name": "a}b"}, "name 'a}b': a '}' is allowed only after"),
    ({"name": "a{}b"}, "name 'a{}b'"),
    ({"sleep": -1}, "sleep -1"),
    ({"sleep": 0}, "sleep 0"),
    ({"blocking_timeout": -1}, "blocking_timeout -1: seconds from 0 on"),
]


@pytest.mark.parametrize(("options", "words"), BAD, ids=[str(options) for options, _ in BAD])
def test_wrong_arguments_are_refused_in_words(options, words):
    with pytest.raises(BadInput, match=words):
        RedisLock(None, **{"name": "stock", **options})


@pytest.mark.parametrize("make", [RedisLock, lambda one, name: Redlock([one], name)])
def test_a_client_that_blocks_is_refused(make):
    with pytest.raises(BadInput, match=r"Redis blocks: a client of redis\.asyncio is needed"):
        make(redis.Redis(), "stock")


def test_wrong_arguments_of_calls_are_refused_before_anything_is_locked(run):
    async def program(site):
        lock = RedisLock(site.redis(), site.name, host=site.host)
        for wrong in ({"token": ""}, {"sleep": -1}, {"blocking_timeout": -0.1}):
            with pytest.raises(BadInput):
                await lock.acquire(**wrong)
        assert not await lock.locked()
        await lock.acquire()
        for seconds in (0, -3, math.inf):
            with pytest.raises(BadInput, match="additional_time"):
                await lock.extend(seconds)

    run(program)


@pytest.mark.parametrize("name", ["stock", "shop:{7}:stock", "{shop", "Käse"])
def test_all_keys_of_a_lock_are_on_one_server_of_a_cluster(name):
    slots = {
        key_slot(key.encode()) for key in (name, beside(name, "fencing"), beside(name, "wake"))
    }
    assert len(slots) == 1


def test_wrong_password_and_full_memory_are_the_servers_own_clear_words():
    async def program(site):
        other = RedisLock(site.redis(password="wrong"), site.name, host=site.host)
        with pytest.raises(AuthenticationError):
            await other.acquire()
        redis = site.redis(password="right")
        await redis.set("one", 1)
        await redis.set("two", 2)
        full = RedisLock(redis, site.name, host=site.host)
        with pytest.raises(OutOfMemoryError):
            await full.acquire()
        await redis.delete("one", "two")
        assert await full.acquire()
        await full.release()  # nothing more fits, and it works all the same
        assert not await full.locked()

    in_simulation(program, password="right", maxmemory_keys=2)


def test_wrong_password_and_full_memory_on_a_real_server(require):
    require("valkey")

    async def program(site):
        url = re.sub(r"//:\w+@", "//:wrong@", server.url)
        async with redis.asyncio.Redis.from_url(url) as stranger:
            with pytest.raises(AuthenticationError):
                await RedisLock(stranger, site.name, host=site.host).acquire()
        client = site.redis()
        lock = RedisLock(client, site.name, host=site.host)
        await lock.acquire()
        await client.config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            await RedisLock(client, f"{site.name}-2", host=site.host).acquire()
        await lock.release()
        assert not await lock.locked()

    with redis_servers(1) as (server,):
        on_asyncio(program, server.async_client)


@pytest.mark.parametrize("kind", ["pause", "kill"])
def test_a_connection_lost_in_the_middle_of_a_release(require, kind):
    require("valkey")

    async def program(site):
        lock = RedisLock(site.redis(socket_timeout=0.3), site.name, 0.5, host=site.host)
        await lock.acquire()
        getattr(server, kind)()
        with pytest.raises(OutcomeUnknown, match="no answer to release of"):
            await lock.release()
        server.resume() if kind == "pause" else server.restart()
        again = RedisLock(site.redis(), site.name, host=site.host)
        assert await again.acquire(blocking_timeout=5)

    with redis_servers(1) as (server,):
        on_asyncio(program, server.async_client)


def test_redis_py_makes_our_lock_when_asked_to(run):
    async def program(site):
        redis = site.redis()
        if not hasattr(redis, "lock"):
            return
        async with redis.lock(site.name, timeout=3, lock_class=RedisLock) as lock:
            assert lock.fencing_token == 1

    run(program)
