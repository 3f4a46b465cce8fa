"""Asynchronous replication, promotion, and what they lose."""

import pytest
from redis.exceptions import ReadOnlyError, ResponseError

from distlab.host import BadInput
from distlab.servers.redis import NoReply, RedisServer, Sentinel, SimulatedRedis
from tests.servers.worlds import gives, play, with_redis


def pair(**settings):
    return RedisServer("redis", **settings), RedisServer("redis-2", replica_of="redis", **settings)


def watched(**settings):
    return *pair(**settings), Sentinel("sentinel", ("redis", "redis-2"))


def by_sentinel(client):
    return SimulatedRedis(client, sentinel="sentinel", timeout_ms=50)


def test_a_replica_has_what_was_written_before_and_after_it_came():
    async def program(redis, client):
        replica = SimulatedRedis(client, "redis-2")
        await redis.set("before", 1)
        await client.sleep(300)
        await redis.set("after", 2, px=1_000)
        await redis.delete("before")
        await client.sleep(20)
        return await replica.keys(), await replica.pttl("after")

    (keys, left_ms), _ = with_redis(program, *pair(), faults="pause:redis-2@0+100")
    assert keys == [b"after"]
    assert 960 < left_ms < 1_000


@gives(None, pair, play=play)
async def test_a_replica_refuses_writes_in_scripts_too(client):
    replica = SimulatedRedis(client, "redis-2")
    with pytest.raises(ReadOnlyError):
        await replica.set("key", 1)
    with pytest.raises(ResponseError, match="read only"):
        await replica.eval("return redis.call('SET', 'key', 1)", 0)
    return await replica.eval("return redis.call('GET', 'key')", 0)


@gives((None, b"1"), pair, faults="lose:redis>redis-2@45")
async def test_a_lost_effect_is_made_up_for(redis, client):
    replica = SimulatedRedis(client, "redis-2")
    await client.sleep(50)
    await redis.set("a", 1)  # its effect is lost
    await client.sleep(5)
    missing = await replica.get("a")
    await client.sleep(600)
    return missing, await replica.get("a")


@gives([b"1", b"1"], pair, faults="lose:redis>redis-2@45")
async def test_an_effect_that_is_missed_is_asked_for_though_later_ones_came(redis, client):
    await client.sleep(50)
    await redis.set("a", 1)  # its effect is lost
    await redis.set("b", 1)
    await client.sleep(600)
    return await SimulatedRedis(client, "redis-2").mget("a", "b")


def test_effects_keep_their_order_on_the_way():
    async def program(redis, client):
        await client.sleep(100)
        await all_of(client, [redis.set("n", n) for n in range(10)])
        await client.sleep(60)
        return await redis.get("n"), await SimulatedRedis(client, "redis-2").get("n")

    (there, here), _ = with_redis(program, *pair(), latency_ms=(1, 40))
    assert there == here


async def all_of(client, commands):
    for task in [client.spawn(command) for command in commands]:
        await task


@gives([b"a"], pair, faults="cut:redis>redis-2@90")
async def test_a_replica_has_a_copy_of_its_own(redis, client):
    await client.sleep(50)
    await redis.rpush("list", "a")
    await client.sleep(50)
    await redis.rpush("list", "b")  # its effect is cut off
    return await SimulatedRedis(client, "redis-2").lrange("list", 0, -1)


@gives(b"master", pair, play=play, faults="crash:redis-2@50+10")
async def test_a_role_is_kept_on_the_disk(client):
    replica = SimulatedRedis(client, "redis-2")
    await replica.replicaof("NO", "ONE")
    await client.sleep(100)
    return (await replica.role())[0]


@gives(b"1", pair, play=play, faults="delay:redis>redis-2@0+5=30")
async def test_data_that_comes_after_the_promotion_is_not_taken(client):
    replica = SimulatedRedis(client, "redis-2")
    await replica.replicaof("NO", "ONE")
    await replica.set("key", 1)
    await client.sleep(100)
    return await replica.get("key")


def test_sentinel_remembers_whom_it_has_promoted():
    async def program(client):
        await client.sleep(2_000)

    faults = "crash:redis@50;crash:sentinel@600+50"
    _, trace = play(program, *watched(), faults=faults)
    orders = [str(e.what) for e in trace.of_kind("send") if "REPLICAOF" in str(e.what)]
    assert set(orders) == {"REPLICAOF NO ONE"}


def test_a_primary_that_comes_back_empty_empties_its_replica():
    async def program(redis, client):
        await redis.set("key", 1)
        await client.sleep(700)
        return await SimulatedRedis(client, "redis-2").get("key")

    empty = pair(persistence="none")
    assert with_redis(program, *empty, faults="crash:redis@100+50")[0] is None
    assert with_redis(program, *pair(persistence="none"))[0] == b"1"


@gives((True, b"3"), watched, connect=by_sentinel, faults="crash:redis@50")
async def test_sentinel_promotes_the_replica_and_clients_find_it(redis, client):
    await redis.set("key", 1)
    await client.sleep(100)
    with pytest.raises(NoReply):
        await redis.set("key", 2)
    await client.sleep(400)
    return await redis.set("key", 3), await redis.get("key")


CUT_THEN_CRASHED = "cut:redis>redis-2@90+100;crash:redis@110"


@gives((True, True), watched, connect=by_sentinel, faults=CUT_THEN_CRASHED)
async def test_a_lock_acknowledged_before_it_was_replicated_has_two_holders(redis, client):
    await client.sleep(100)
    first = await redis.set("lock", "A", nx=True)
    await client.sleep(600)
    return first, await by_sentinel(client).set("lock", "B", nx=True)


@gives([], watched, play=play, faults="partition:redis|sentinel,redis-2@100+800")
async def test_the_old_primary_becomes_a_replica_and_loses_what_only_it_had(client):
    old = SimulatedRedis(client, "redis")
    await client.sleep(600)
    await old.set("only-here", 1)
    await client.sleep(1_000)
    with pytest.raises(ReadOnlyError):
        await old.set("key", 2)
    return await old.keys()


@gives(b"master", watched, play=play, faults="crash:redis@50;crash:redis-2@700+50")
async def test_a_promoted_server_stays_primary_after_a_restart(client):
    await client.sleep(1_000)
    return (await SimulatedRedis(client, "redis-2").role())[0]


@gives(b"master", watched, play=play, faults="pause:redis@50+100")
async def test_sentinel_waits_for_a_pause_shorter_than_its_patience(client):
    await client.sleep(600)
    return (await SimulatedRedis(client, "redis").role())[0]


def test_a_sentinel_needs_a_replica_to_promote():
    with pytest.raises(BadInput, match=r"sentinel: .* too few"):
        Sentinel("sentinel", ("redis",))


def test_blocked_clients_of_a_primary_that_is_demoted_are_told():
    async def program(redis, client):
        with pytest.raises(ResponseError, match="UNBLOCKED"):
            await redis.blpop("queue", 2)

    async def demote(client):
        await client.sleep(50)
        await SimulatedRedis(client, "redis").replicaof("redis-2", 6379)

    with_redis(program, *pair(), others=(demote,))
