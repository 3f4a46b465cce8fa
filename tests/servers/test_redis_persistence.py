"""What a crash loses, and what a server says that has lost something."""

import pytest
from redis.exceptions import BusyLoadingError

from distlab.host import BadInput, Refused
from distlab.servers.redis import NoReply, RedisServer
from tests.servers.worlds import gives, with_redis


async def write_then_read(redis, client):
    """A key that is acknowledged at 2 ms, read after the crash at 100 ms."""
    assert await redis.set("key", "value")
    await client.sleep(300)
    return await redis.get("key")


@pytest.mark.parametrize(
    ("persistence", "fault", "left"),
    [
        ("always", "crash:redis@100+50", b"value"),
        ("everysec", "crash:redis@100+50", None),
        ("none", "crash:redis@100+50", None),
        ("always", "wipe:redis@100+50", None),
    ],
)
def test_a_crash_within_a_second_loses_what_was_not_synced(persistence, fault, left):
    server = RedisServer("redis", persistence=persistence)
    assert with_redis(write_then_read, server, faults=fault)[0] == left


@pytest.mark.parametrize(("persistence", "left"), [("everysec", b"value"), ("none", None)])
def test_after_a_second_everysec_has_synced(persistence, left):
    async def program(redis, client):
        await redis.set("key", "value")
        await client.sleep(1_400)
        return await redis.get("key")

    server = RedisServer("redis", persistence=persistence)
    assert with_redis(program, server, faults="crash:redis@1200+50")[0] == left


def after_a_crash(expected):
    """A test of a server that keeps all that it has acknowledged, and is down from 100 to 150."""

    def server():
        return [RedisServer("redis", persistence="always")]

    return gives(expected, server, faults="crash:redis@100+50")


@after_a_crash([b"b"])
async def test_what_was_deleted_stays_deleted_after_a_restart(redis, client):
    await redis.mset({"a": 1, "b": 2})
    await redis.delete("a")
    await client.sleep(200)
    return await redis.keys()


@after_a_crash(([b"long"], 796))
async def test_expiry_goes_on_while_the_server_is_down(redis, client):
    await redis.set("short", 1, px=140)
    await redis.set("long", 1, px=1_000)
    await client.sleep(200)
    return await redis.keys(), await redis.pttl("long")


@after_a_crash(([b"a", b"b"], {b"a": b"1"}, [b"b", b"a"], {b"a"}))
async def test_every_kind_of_value_comes_back_as_it_was(redis, client):
    await redis.rpush("list", "a", "b")
    await redis.hset("hash", mapping={"a": 1})
    await redis.zadd("scores", {"a": 2, "b": 1})
    await redis.sadd("set", "a")
    await client.sleep(200)
    return (
        await redis.lrange("list", 0, -1),
        await redis.hgetall("hash"),
        await redis.zrange("scores", 0, -1),
        await redis.smembers("set"),
    )


@pytest.mark.parametrize(("persistence", "fault"), [("none", "crash"), ("always", "wipe")])
def test_a_delayed_restart_refuses_until_old_locks_have_expired(persistence, fault):
    async def program(redis, client):
        with pytest.raises(BusyLoadingError) as refused:
            await redis.get("key")
        assert isinstance(refused.value, Refused)
        await client.sleep(300)
        return await redis.get("key")

    async def late(redis, client):
        await client.sleep(60)
        return await program(redis, client)

    server = RedisServer("redis", persistence=persistence, restart_delay_ms=200)
    _, trace = with_redis(late, server, faults=f"{fault}:redis@20+20")
    assert "loading: " in {str(event.what) for event in trace.of_kind("state")}


@pytest.mark.parametrize(("persistence", "faults"), [("always", "crash:redis@20+20"), ("none", "")])
def test_nothing_is_delayed_when_no_data_was_lost(persistence, faults):
    async def program(redis, client):
        await client.sleep(60)
        return await redis.get("key")

    server = RedisServer("redis", persistence=persistence, restart_delay_ms=200)
    assert with_redis(program, server, faults=faults)[0] is None


@gives(2, faults="lose:redis>client@0")
async def test_a_reply_is_lost_and_the_command_has_been_executed(redis, client):
    with pytest.raises(NoReply, match="no reply from redis within 200 ms"):
        await redis.incr("counter")
    return await redis.incr("counter")


@gives(1, faults="lose:client>redis@0")
async def test_a_command_is_lost_and_has_not_been_executed(redis, client):
    with pytest.raises(TimeoutError):
        await redis.incr("counter")
    return await redis.incr("counter")


@gives(b"1", faults="duplicate:client>redis@0=100")
async def test_a_duplicated_message_is_one_command_as_on_tcp(redis, client):
    await redis.incr("counter")
    await client.sleep(10)
    return await redis.get("counter")


@pytest.mark.parametrize(
    ("setting", "value"), [("persistence", "sometimes"), ("restart_delay_ms", -1)]
)
def test_wrong_settings_are_refused_by_name(setting, value):
    with pytest.raises(BadInput, match=f"redis: .*{setting}"):
        RedisServer("redis", **{setting: value})
