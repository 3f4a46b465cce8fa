"""One connection for all: the answers of redis-py's own client, each to whom it belongs."""

import asyncio

import pytest
import redis.asyncio
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,  # noqa: A004
    ResponseError,
    TimeoutError,  # noqa: A004
)

from distlab.host import BadInput
from distlab.real.multiplexed import MultiplexedRedis, parse
from distlab.real.redis_server import redis_servers


@pytest.fixture(scope="module")
def server(require):
    require("valkey")
    with redis_servers(1) as (server,):
        yield server


def run(server, scenario, **options):
    """`await scenario(client)` on an empty server."""

    async def main():
        async with server.multiplexed_client(**options) as client:
            await client.flushall()
            return await scenario(client)

    return asyncio.run(main())


ECHO = "return {KEYS[1], tonumber(ARGV[1]), false, {}}"
COMMANDS = [
    ("set", "a", 1), ("get", "a"), ("get", "none"), ("incr", "a"), ("delete", "a", "b"),
    ("set", "a", "x", None, 30_000, True), ("set", "a", "y", None, 30_000, True), ("pttl", "none"),
    ("exists", "a"), ("rpush", "l", "你好", b"\r\n", ""), ("lrange", "l", 0, -1),
    ("hset", "h", "f", 1.5), ("hgetall", "h"), ("hget", "h", "f"), ("sadd", "s", "m"),
    ("smembers", "s"), ("zadd", "z", {"m": 1.5}), ("zscore", "z", "m"),
    ("zrange", "z", 0, -1, False, True), ("blpop", ["l"], 1), ("lpop", "l"),
    ("eval", ECHO, 1, "k", 7), ("script_load", ECHO), ("xadd", "x", {"f": "v"}, "1-1"),
    ("xrange", "x"), ("xread", {"x": "0"}), ("config_get", "maxmemory"), ("ping",), ("echo", "e"),
]  # fmt: skip


@pytest.mark.parametrize("decode_responses", [False, True])
def test_it_answers_as_redis_py_does(server, decode_responses):
    async def same(client):
        return [await getattr(client, name)(*args) for name, *args in COMMANDS]

    async def redis_py():
        async with server.async_client(decode_responses=decode_responses, protocol=2) as client:
            await client.flushall()
            return await same(client)

    assert run(server, same, decode_responses=decode_responses) == asyncio.run(redis_py())


def test_pipelines_scripts_and_subscriptions_work(server):
    async def scenario(client):
        pipe = client.pipeline(transaction=True)
        assert await pipe.set("a", 1).incr("a").execute() == [True, 2]
        assert await client.register_script(ECHO)(keys=["k"], args=[1]) == [b"k", 1, None, []]
        async with client.pubsub() as listener:
            await listener.subscribe("news")
            await client.publish("news", "free")
            heard = [await listener.get_message(timeout=5) for _ in range(2)]
        return [message["data"] for message in heard]

    assert run(server, scenario) == [1, b"free"]


def test_errors_of_the_server(server):
    async def scenario(client):
        await client.set("a", "text")
        with pytest.raises(ResponseError, match="not an integer"):
            await client.incr("a")
        with pytest.raises(redis.DataError):
            await client.set("a", None)
        return await client.get("a")

    assert run(server, scenario) == b"text"


def test_everybody_gets_their_own_answer_over_one_connection(server):
    async def scenario(client):
        async def one(number):
            await client.set(f"key {number}", number)
            return int(await client.get(f"key {number}"))

        assert await asyncio.gather(*map(one, range(200))) == list(range(200))
        return await client.info("clients")

    assert run(server, scenario)["connected_clients"] == 1


def test_an_answer_that_comes_in_many_pieces(server):
    async def scenario(client):
        await client.set("large", b"x" * 3_000_000)
        large, after = await asyncio.gather(client.get("large"), client.echo("after"))
        return len(large), after

    assert run(server, scenario) == (3_000_000, b"after")


def test_who_gives_up_takes_nobody_elses_answer(server):
    async def scenario(client):
        await client.mset({"a": 1, "b": 2})
        server.pause()
        asked = [asyncio.create_task(client.get(key)) for key in "aab"]
        await asyncio.sleep(0)
        asked[0].cancel()
        await asyncio.sleep(0)
        server.resume()
        return await asyncio.gather(*asked[1:])

    assert run(server, scenario) == [b"1", b"2"]


def test_who_gives_up_connecting_stops_nobody_else(server):
    async def main():
        async with server.multiplexed_client() as client:
            server.pause()
            first, second = (asyncio.create_task(client.ping()) for _ in range(2))
            await asyncio.sleep(0.01)
            first.cancel()
            await asyncio.sleep(0.01)
            server.resume()
            return await second

    assert asyncio.run(main())


def test_who_blocks_holds_up_nobody(server):
    async def scenario(client):
        waiter = asyncio.create_task(client.blpop(["wake"], 30))
        reader = asyncio.create_task(client.xread({"stream": "$"}, block=30_000))
        while (await client.info("clients"))["blocked_clients"] < 2:
            pass
        await client.rpush("wake", "up")
        await client.xadd("stream", {"a": 1})
        return await waiter, len(await reader)

    assert run(server, scenario) == ((b"wake", b"up"), 1)


def test_silence_is_a_timeout_for_all_and_the_next_command_connects_again(server):
    async def scenario(client):
        server.pause()
        asked = await asyncio.gather(client.incr("a"), client.get("a"), return_exceptions=True)
        server.resume()
        assert [type(error) for error in asked] == [TimeoutError] * 2
        while await client.get("a") != b"1":  # it was executed, and only once
            pass

    run(server, scenario, socket_timeout=0.05)


def test_a_lost_connection_is_told_to_all_that_wait_and_made_again(require):
    async def main(server):
        async with server.multiplexed_client() as client:
            await client.ping()
            server.pause()
            asked = [asyncio.create_task(client.incr("a")) for _ in range(3)]
            await asyncio.sleep(0)
            server.kill()
            errors = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(error) for error in errors] == [ConnectionError] * 3
            with pytest.raises(ConnectionError, match="no connection"):
                await client.ping()
            server.restart()
            return await client.incr("a")

    require("valkey")
    with redis_servers(1) as (server,):
        assert asyncio.run(main(server)) == 1


def test_closing_ends_what_waits(server):
    async def main():
        client = server.multiplexed_client()
        await client.ping()
        server.pause()
        asked = asyncio.create_task(client.ping())
        await asyncio.sleep(0)
        await client.aclose()
        server.resume()
        with pytest.raises(ConnectionError, match="closed by this client"):
            await asked

    asyncio.run(main())


def test_a_wrong_password(server):
    async def main():
        url = f"unix://:wrong@{server.url.partition('@')[2]}"
        async with MultiplexedRedis.from_url(url) as client:
            for _ in range(2):
                with pytest.raises(AuthenticationError):
                    await client.ping()

    asyncio.run(main())


def test_another_database(server):
    async def main():
        async with server.multiplexed_client(db=3) as other, server.multiplexed_client() as client:
            await client.flushall()
            await other.set("a", 1)
            return await client.get("a"), await other.get("a")

    assert asyncio.run(main()) == (None, b"1")


@pytest.mark.parametrize("wrong", [{"url": "redis://x", "protocol": 3}, {"url": "rediss://x"}])
def test_what_it_does_not_speak(wrong):
    with pytest.raises(BadInput, match="protocol 2 without TLS"):
        MultiplexedRedis.from_url(**wrong)


# Answers arrive in pieces

ANSWERS = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=9,
)


def encoded(value):
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    return b"*%d\r\n" % len(value) + b"".join(map(encoded, value))


@given(ANSWERS, st.binary(max_size=5))
def test_an_answer_is_read_when_all_of_it_is_there(value, more):
    whole = encoded(value)
    assert parse(b"#" + whole + more, 1, bytes) == (value, 1 + len(whole))
    for end in range(len(whole)):
        with pytest.raises(IndexError):
            parse(whole[:end], 0, bytes)


def test_what_is_no_answer_ends_the_connection():
    with pytest.raises(ConnectionError, match="no RESP2"):
        parse(b"%1\r\n", 0, bytes)
