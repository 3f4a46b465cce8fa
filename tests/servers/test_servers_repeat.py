"""The same run twice, and in another process: servers add no chance of their own."""

import gc
import os
import subprocess
import sys

import pytest

from distlab.servers.redis import RedisServer, Sentinel, SimulatedRedis
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from tests.worlds import play

SCHEMA = "CREATE TABLE stock (n INTEGER); INSERT INTO stock VALUES (100)"
FAULTS = """crash:redis@300+200; loss:*>*@0+900=10; duplicate:*>*@0=20; jump:redis-2@100=-5000;
    pause:client-1@200+150; crash:database@150+100"""


def take(connection):
    return connection.execute("UPDATE stock SET n = n - 1").changed


async def program(client):
    redis = SimulatedRedis(client, sentinel="sentinel", timeout_ms=40)
    script = redis.register_script("-- both\nreturn {redis.call('TIME'), redis.call('KEYS', '*')}")
    database = RemoteDatabase(client, timeout_ms=40)
    for number in range(12):
        token = f"{client.random.getrandbits(128):032x}"
        await client.perform("set", "lock", number, redis.set("lock", token, nx=True, px=60))
        await client.perform("both", "lock", None, as_text(script()))
        await client.perform("pop", "queue", None, as_text(redis.blpop("queue", 0.05)))
        await client.perform("add", "set", None, redis.sadd("set", *map(str, range(number))))
        await client.perform("list", "set", None, as_text(redis.smembers("set")))
        await client.perform("take", "stock", None, database.transaction(take))


async def as_text(awaitable):
    value = await awaitable
    return str(sorted(value) if isinstance(value, set) else value)


def digest(seed=3):
    servers = (
        RedisServer("redis", persistence="everysec"),
        RedisServer("redis-2", replica_of="redis"),
        Sentinel("sentinel", ("redis", "redis-2")),
        DatabaseServer("database", SCHEMA, show="SELECT 'n', n FROM stock"),
    )
    programs = dict.fromkeys(("client-1", "client-2", "client-3"), program)
    return play(programs, *servers, faults=FAULTS, seed=seed, until_ms=5_000)[1].digest()


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    assert digest() == digest()
    assert digest(3) != digest(4)


def test_a_world_that_is_closed_leaves_no_garbage():
    digest()
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        digest()
        assert gc.collect() == 0
    finally:
        if was_on:
            gc.enable()


@pytest.mark.parametrize("hash_seed", ["0", "4294967295"])
def test_in_another_process(hash_seed):
    command = "from tests.servers.test_servers_repeat import digest; print(digest())"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == digest(), done.stderr
