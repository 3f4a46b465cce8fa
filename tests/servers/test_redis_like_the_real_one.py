"""The same commands on the simulated Redis and on a real server: the same answers and errors."""

import asyncio

from redis.exceptions import RedisError

from distlab.real.redis_server import redis_servers
from tests.servers.worlds import SimulatedRedis, play

SCRIPTS = (
    "return 1.9", "return {1, 'a', {2, false}, nil, 3}", "return false", "return true",
    "return redis.status_reply('fine')", "return redis.error_reply('MINE no')",
    "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 1000)",
    "return {redis.call('GET', KEYS[1]), redis.call('INCR', KEYS[1] .. ':n')}",
    "return redis.pcall('LPUSH', KEYS[1], 'x')['err'] ~= nil", "return #ARGV",
    "return tonumber(ARGV[1]) == nil", "return string.format('%.0f', 1640995200000)",
    "return cjson.encode({1, 2})",
)  # fmt: skip

COMMANDS = (
    lambda r: r.set("k", "v", nx=True, px=100_000), lambda r: r.set("k", "w", nx=True),
    lambda r: r.set("k", "w", xx=True, get=True), lambda r: r.set("k", 1, keepttl=True),
    lambda r: r.get("k"), lambda r: r.get("nothing"), lambda r: r.ttl("k"),
    lambda r: r.pttl("nothing"), lambda r: r.persist("k"), lambda r: r.ttl("k"),
    lambda r: r.incr("k", 5), lambda r: r.incrbyfloat("f", 1.5), lambda r: r.expire("k", 100),
    lambda r: r.pexpire("nothing", 100), lambda r: r.exists("k", "nothing"), lambda r: r.type("k"),
    lambda r: r.mset({"a": 1, "b": 2}), lambda r: r.mget("a", "nothing", "b"),
    lambda r: r.delete("a", "b", "nothing"), lambda r: r.rename("nothing", "x"),
    lambda r: r.rpush("l", "a", "b", "c"), lambda r: r.lrange("l", 0, -1), lambda r: r.lpop("l"),
    lambda r: r.lpop("l", 5), lambda r: r.lpop("l"), lambda r: r.blpop("l", timeout=0.01),
    lambda r: r.brpoplpush("l", "m", timeout=0.01), lambda r: r.rpush("l", "y"),
    lambda r: r.lmove("m", "l", "LEFT", "RIGHT"), lambda r: r.lpop("l"),
    lambda r: r.rpush("l", "z"), lambda r: r.blpop(["nothing", "l"], timeout=1),
    lambda r: r.hset("h", mapping={"a": 1, "b": 2}), lambda r: r.hsetnx("h", "a", 3),
    lambda r: r.hgetall("h"), lambda r: r.hmget("h", "a", "nothing"),
    lambda r: r.hincrby("h", "a", 4), lambda r: r.hdel("h", "a", "b"), lambda r: r.hgetall("h"),
    lambda r: r.zadd("z", {"a": 1, "b": 2.5}), lambda r: r.zadd("z", {"a": 3}, nx=True),
    lambda r: r.zrange("z", 0, -1, withscores=True), lambda r: r.zrangebyscore("z", 0, 2),
    lambda r: r.zpopmin("z"), lambda r: r.bzpopmin("z", timeout=1),
    lambda r: r.bzpopmin("z", timeout=0.01), lambda r: r.zscore("z", "nothing"),
    lambda r: r.sadd("s", "a", "b"), lambda r: r.sismember("s", "a"), lambda r: r.smembers("s"),
    *(lambda r, timeout=timeout: r.blpop("nothing", timeout)
      for timeout in ("-1", "soon", "inf", "nan", "1e30")),
    lambda r: r.brpoplpush("nothing", "l", timeout=-1),
    lambda r: r.bzpopmin("nothing", timeout="soon"),
    *(lambda r, words=words: r.execute_command(*words.split())
      for words in ("BLPOP", "BLPOP nothing")),
    lambda r: r.lpush("k", 1), lambda r: r.hget("l2", "x"), lambda r: r.set("k", 1, px=0),
    lambda r: r.set("word", "w"), lambda r: r.incr("word"),
    lambda r: r.execute_command("NONSENSE", 1), lambda r: r.execute_command("GET"),
    lambda r: r.evalsha("0" * 40, 0), lambda r: r.script_load("return 7"),
    lambda r: r.script_exists("0" * 40), lambda r: r.script_flush(),
    *(lambda r, script=script: r.eval(script, 1, "q", "arg") for script in SCRIPTS),
    lambda r: r.eval("return redis.call('GET')", 0), lambda r: r.dbsize(), lambda r: r.ping(),
    lambda r: r.echo("hello"), lambda r: r.flushdb(), lambda r: r.keys(),
)  # fmt: skip


async def answers(redis):
    """What each command gives: a value with its type, or the class of the error."""
    found = []
    for command in COMMANDS:
        try:
            value = await command(redis)
            found.append((type(value).__name__, value))
        except RedisError as error:
            found.append(("error", next(c.__name__ for c in type(error).__mro__ if _public(c))))
    return found


def _public(kind):
    return kind.__module__ == "redis.exceptions"


def test_answers_and_errors_are_those_of_a_real_server(require):
    require("valkey")

    async def simulated(client):
        return await answers(SimulatedRedis(client))

    async def real(server):
        async with server.async_client() as redis:
            return await answers(redis)

    with redis_servers(1) as (server,):
        expected = asyncio.run(real(server))
    found, _ = play(simulated, until_ms=60_000)
    assert len(found) == len(COMMANDS)
    for number, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        assert ours == theirs, number
