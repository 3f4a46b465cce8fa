"""What `distlab.servers.redis` leans on in fakeredis and redis-py, much of it private.

When a new version breaks the seam, these tests say where. The pins in pyproject.toml move only
after they pass.
"""

import inspect
import sys
import time
import weakref
from importlib.metadata import version

from fakeredis._commands import SUPPORTED_COMMANDS
from fakeredis._core import Database, FakeServer
from fakeredis._core._database import Item
from fakeredis._socket import FakeSocket
from fakeredis.model import Hash
from redis.commands.core import AsyncCoreCommands

from distlab.servers.redis import engine
from distlab.servers.redis.engine import TIME, Engine, StoredKey, flags

NOW_US = 1_800_000_000_123_456


def new_engine(now=None):
    now = now or [NOW_US]
    return Engine(lambda: now[0], lambda name: ""), now


def test_the_versions_are_those_that_were_looked_into():
    assert version("fakeredis").startswith("2.40.")
    assert version("redis").startswith("8.")


def test_no_module_of_fakeredis_has_the_real_clock():
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == "fakeredis"]
    clocks = [vars(module).get("time") for module in modules]
    assert TIME in clocks
    assert not {id(clock) for clock in clocks} & {id(time), id(time.time), id(time.monotonic)}


def test_outside_of_a_command_the_clock_is_the_real_one():
    assert abs(TIME.time() - time.time()) < 60


def test_expiry_reads_the_time_of_the_database():
    keys = Database(None)
    item = Item(b"value")
    item.expireat = 10.0
    keys[b"key"] = item
    for keys.time, there in ((9.0, True), (11.0, False)):
        assert (b"key" in keys) is there


def test_expiry_of_keys():
    redis_, now = new_engine()
    redis_.execute((b"SET", b"key", b"value", b"PX", b"100"))
    now[0] += 99_000
    assert redis_.execute((b"PTTL", b"key")) == 1
    now[0] += 2_000
    assert redis_.execute((b"GET", b"key")) is None


def test_expiry_of_fields():
    redis_, now = new_engine()
    redis_.execute((b"HSET", b"hash", b"field", b"value"))
    redis_.execute((b"HPEXPIRE", b"hash", b"100", b"FIELDS", b"1", b"field"))
    assert isinstance(redis_.entries()[0].value, Hash)
    now[0] += 99_000
    assert redis_.execute((b"HLEN", b"hash")) == 1
    now[0] += 2_000
    assert redis_.execute((b"HLEN", b"hash")) == 0


def test_every_microsecond_is_told_as_it_is():
    redis_, now = new_engine()
    for now[0] in range(NOW_US, NOW_US + 1_200):
        seconds, micros = redis_.execute((b"TIME",))
        assert int(seconds) * 1_000_000 + int(micros) == now[0]


def test_time_in_scripts():
    redis_, _ = new_engine()
    script = b"return redis.call('TIME')"
    assert redis_.execute((b"EVAL", script, b"0")) == [b"1800000000", b"123456"]


def test_a_server_takes_databases_and_keeps_scripts_and_lua_where_we_think():
    server = FakeServer(version=(7,))
    assert isinstance(server.dbs[0], Database)
    assert server.script_cache == {}
    names = {name for name in engine._interpreter(0) if name.startswith("_lua_")}
    assert {"_lua_runtime", "_lua_current_socket", "_lua_expected_globals"} <= names


def test_the_methods_that_are_replaced_are_still_called_so():
    expected = {
        "put_response": ["self", "msg"],
        "_blocking": ["self", "timeout", "func", "shape"],
        "_run_command": ["self", "func", "sig", "args", "from_script"],
        "_get_server_runtime": ["self", "server"],
        "_process_command": ["self", "fields"],
        "_decode_result": ["self", "result"],
    }
    for name, parameters in expected.items():
        assert list(inspect.signature(getattr(FakeSocket, name)).parameters) == parameters
    assert list(inspect.signature(Database.notify_watch).parameters) == ["self", "key"]


def test_every_write_is_noticed():
    redis_, _ = new_engine()
    writes = (
        b"SET a 1", b"APPEND a 2", b"PEXPIRE a 1000", b"PERSIST a", b"RENAME a b", b"DEL b",
        b"RPUSH l 1 2", b"LPOP l", b"LMOVE l m LEFT LEFT", b"LTRIM m 1 0", b"HSET h a 1",
        b"HINCRBY h a 1", b"HDEL h a", b"SADD s 1", b"SREM s 1", b"ZADD z 1 a", b"ZPOPMIN z",
        b"SETRANGE r 0 abc", b"GETDEL r", b"MSET c 1 d 2",
        b"COPY c e", b"FLUSHDB",
    )  # fmt: skip
    for write in writes:
        redis_.execute(write.split())
        assert redis_.take_changes(), write
    redis_.execute(b"GET c".split())
    redis_.execute(b"SET n 1 XX".split())
    assert not redis_.take_changes()


def test_changes_that_were_taken_can_be_put_elsewhere():
    one, _ = new_engine()
    other, _ = new_engine()
    one.execute((b"SET", b"key", b"value", b"PX", b"100"))
    other.put(one.take_changes())
    assert other.execute((b"PTTL", b"key")) == 100
    other.put((StoredKey(b"key", None, None),))
    assert len(other) == 0


def test_commands_have_the_flags_of_redis():
    assert b"write" in flags("set") and b"denyoom" in flags("incr")
    assert b"blocking" in flags("blpop") and b"write" not in flags("get")
    assert {b"write"} <= flags("xgroup create")


def test_every_random_command_is_known():
    random = {name for name in SUPPORTED_COMMANDS if "rand" in name or name == "spop"}
    assert random | {"acl genpass"} == set(engine.RANDOM)


def test_replies_from_sets_are_sorted():
    redis_, _ = new_engine()
    members = [str(number).encode() for number in range(50)]
    redis_.execute((b"SADD", b"set", *members))
    assert redis_.execute((b"SMEMBERS", b"set")) == sorted(members)


def test_an_engine_that_is_forgotten_is_gone_at_once():
    redis_, _ = new_engine()
    redis_.execute((b"SET", b"key", b"value"))
    redis_.execute((b"BLPOP", b"queue", b"1"))
    socket = weakref.ref(redis_._socket)
    del redis_
    assert socket() is None


def test_commands_of_redis_py_need_no_connection():
    sources = inspect.getsource(inspect.getmodule(AsyncCoreCommands))
    assert "import asyncio" not in sources
