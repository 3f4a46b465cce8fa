"""Redlock on three servers: in simulation, on fakeredis and on real ones."""

from contextlib import nullcontext

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from distlab.host import BadInput, Unavailable
from distlab.locks.lock import LockLost, LockNotOwned, OutcomeUnknown
from distlab.locks.redlock import Redlock, TooFewServers
from tests.locks.sites import LostAnswers, everywhere, simulated

SERVERS = 3


class Dead:
    """A client of a server that is down."""

    error = ConnectionRefusedError("connection refused")

    def __getattr__(self, name):
        async def refuse(*_, **__):
            raise self.error

        return refuse


class Mute(Dead):
    """A client of a server that says nothing."""

    error = TimeoutError()


@everywhere
async def test_what_is_valid_is_less_than_the_timeout(site):
    lock = await site.held(10, kind=Redlock, clock_drift=0.1)
    assert 8_000 < lock.remaining_ms() <= 8_998
    await lock.extend(10)
    assert 16_000 < lock.remaining_ms() <= 17_998
    await lock.reacquire()
    assert 8_000 < lock.remaining_ms() <= 8_998


@everywhere
async def test_a_failed_attempt_leaves_nothing_anywhere(site):
    redises = site.redises()
    for redis in redises[:2]:
        await redis.set(site.name, "somebody")
    assert not await site.lock(kind=Redlock).acquire(blocking=False)
    assert await redises[2].get(site.name) is None
    assert await redises[0].get(site.name) == b"somebody"


@everywhere
async def test_a_cancelled_acquire_leaves_nothing_anywhere(site):
    class Slow(LostAnswers):
        """A client that connects first, and cannot be stopped in that."""

        async def set(self, *arguments, **options):
            await site.host.sleep(30)
            return await self.client.set(*arguments, **options)

    slow = [Slow(redis) for redis in site.redises()]
    lock = Redlock(slow, site.name, node_timeout=2, host=site.host)
    with pytest.raises(TimeoutError):
        async with site.host.timeout(10):
            await lock.acquire()
    await site.sleep(1.3)
    assert [await redis.get(site.name) for redis in site.redises()] == [None] * 3


@everywhere
async def test_one_dead_server_of_three_does_no_harm(site):
    redises = site.redises()
    for dead in range(3):
        some = [Dead() if n == dead else redis for n, redis in enumerate(redises)]
        async with site.lock(kind=Redlock, redis=some) as lock:
            await lock.reacquire()
            assert await lock.owned()
        assert not await site.lock(kind=Redlock).locked()


@pytest.mark.parametrize(("kind", "said"), [(Dead, "connection refused"), (Mute, "TimeoutError")])
@everywhere
async def test_two_silent_servers_of_three_are_too_many_and_it_says_why(site, kind, said):
    some = [kind(), site.redis(1), kind()]
    with pytest.raises(TooFewServers, match=f"only 1 of 3 servers said yes or no; {said}"):
        await site.lock(kind=Redlock, redis=some).acquire()
    assert await site.redis(1).get(site.name) is None
    assert issubclass(TooFewServers, Unavailable)


@everywhere
async def test_what_a_majority_has_lost_is_lost(site):
    lock = await site.held(kind=Redlock)
    for redis in site.redises()[:2]:
        await redis.delete(site.name)
    with pytest.raises(LockNotOwned, match="cannot extend"):
        await lock.reacquire()
    with pytest.raises(LockLost):
        lock.still_mine()
    with pytest.raises(LockNotOwned, match="cannot release"):
        await lock.release()


@everywhere
async def test_an_extension_that_a_minority_answers_is_unknown(site):
    lock = await site.held(kind=Redlock)
    until_ms, redises = lock.until_ms, lock.redises
    lock.redises = (redises[0], Dead(), Dead())
    with pytest.raises(OutcomeUnknown):
        await lock.extend(10)
    assert lock.until_ms == until_ms
    lock.redises = redises
    await lock.release()


@pytest.mark.parametrize("dead", [2, 3])
@everywhere
async def test_the_silence_of_a_majority_is_no_answer(site, dead):
    lock = await site.held(kind=Redlock)
    redises = lock.redises
    lock.redises = (Dead(),) * dead + redises[dead:]
    for call in (lock.owned(), lock.locked(), lock.release()):
        with pytest.raises(OutcomeUnknown, match="from most servers: connection refused"):
            await call
    lock.redises = redises
    assert await lock.owned()
    await lock.release()
    assert not await lock.locked()


@everywhere
async def test_there_is_no_fencing_token_and_it_says_why(site):
    async with site.lock(kind=Redlock) as lock:
        assert not hasattr(lock, "fencing_token")
        with pytest.raises(AttributeError, match="its servers count each for itself"):
            _ = lock.fencing_token


@simulated(servers=3)
async def test_a_majority_that_came_too_late_does_not_count(site):
    class Slow(Redlock):
        async def everywhere(self, ask):
            answers = await super().everywhere(ask)
            await self.host.sleep(190)
            return answers

    lock = Slow(site.redises(), site.name, 0.2, host=site.host)
    assert not await lock.acquire(blocking=False)
    assert [await redis.get(site.name) for redis in site.redises()] == [None] * 3


@simulated(servers=3, faults="pause:redis-1@0")
async def test_a_silent_server_costs_its_time_out_and_no_more(site):
    since = site.host.monotonic_ms()
    async with site.lock(kind=Redlock) as lock:
        assert site.host.monotonic_ms() - since <= 51
        assert lock.remaining_ms() > 9_800


@everywhere
async def test_one_server_is_not_two(site):
    """Neither the same client nor another client of the same server."""
    for redises in ([site.redis()] * 3, [site.redis(1), site.redis(), site.redis(1)]):
        with pytest.raises(BadInput, match="redises names one server twice"):
            Redlock(redises, site.name, host=site.host)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("redis://a", "redis://a:6379/3", True),
        ("redis://a", "redis://a:6380", False),
        ("redis://a", "redis://b", False),
        ("unix:///a.sock", "unix:///a.sock?db=2", True),
        ("unix:///a.sock", "unix:///b.sock", False),
    ],
)
def test_servers_are_told_apart_by_their_addresses(one, other, same):
    redises = [AsyncRedis.from_url(one), AsyncRedis.from_url(other)]
    with pytest.raises(BadInput, match="twice") if same else nullcontext():
        Redlock(redises, "stock")


BAD = [
    ({"timeout": None}, "timeout None: a Redlock needs one"),
    ({"timeout": 0}, "timeout 0"),
    ({"timeout": 0.1}, "node_timeout 0.05: from 0.001 s to a fourth of the timeout"),
    ({"node_timeout": 0}, "node_timeout 0"),
    ({"clock_drift": -1}, "clock_drift -1"),
    ({"redises": []}, "redises is empty"),
    ({"redises": AsyncRedis()}, "redises is a Redis: a list of clients is needed"),
    ({"redises": Redis()}, "redises is a Redis"),
]


@pytest.mark.parametrize(("options", "words"), BAD, ids=[words for _, words in BAD])
def test_wrong_arguments_are_refused_in_words(options, words):
    with pytest.raises(BadInput, match=words):
        Redlock(**{"redises": [None], "name": "stock", **options})
