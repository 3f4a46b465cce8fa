"""One Redis by a machine's clock, and a client of redis-py over the simulated network."""

import functools

import pytest
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from distlab.host import Refused
from distlab.ids.lease import LeasedSnowflake, WorkerIdLease
from distlab.servers.redis import NoReply, RedisServer, SimulatedRedis
from distlab.sim.clocks import EPOCH_US
from tests.servers.worlds import gives, play, with_redis

START_S = EPOCH_US // 1_000_000


def messages(trace):
    return [str(event.what) for event in trace.of_kind("send")]


# Time


@gives((b"value", None))
async def test_a_key_expires_by_the_servers_clock(redis, client):
    await redis.set("key", "value", px=100)
    await client.sleep(97)
    before = await redis.get("key")
    await client.sleep(1)
    return before, await redis.get("key")


@pytest.mark.parametrize(("jump_ms", "left"), [(90, None), (-90, b"value")])
def test_a_jump_of_the_servers_clock_moves_the_expiry(jump_ms, left):
    async def program(redis, client):
        await redis.set("key", "value", px=100)
        await client.sleep(50 if jump_ms > 0 else 150)
        return await redis.get("key")

    assert with_redis(program, faults=f"jump:redis@20={jump_ms}")[0] == left


@gives(98, faults="jump:client@0=60000")
async def test_the_clock_of_a_client_is_of_no_importance_to_the_server(redis, client):
    await redis.set("key", "value", px=100)
    return await redis.pttl("key")


FIVE_S_LATER = START_S + 5


@gives(((FIVE_S_LATER, 1_000), [b"%d" % FIVE_S_LATER, b"3000"]), faults="jump:redis@0=5000")
async def test_time_is_the_machines_also_in_scripts(redis, client):
    return await redis.time(), await redis.eval("return redis.call('TIME')", 0)


def two():
    return RedisServer("redis"), RedisServer("other")


@gives([0, 60], two, play=play, faults="jump:other@0=60000")
async def test_two_servers_have_two_clocks(client):
    names = ("redis", "other")
    return [(await SimulatedRedis(client, name).time())[0] - START_S for name in names]


# Ends of a command


def test_no_reply_is_a_time_out_in_both_worlds():
    assert issubclass(NoReply, RedisTimeoutError) and issubclass(NoReply, TimeoutError)


@pytest.mark.parametrize(
    ("fault", "kind", "why"),
    [
        ("", "ok", ""),
        ("lose:client>redis@0", "unknown", "no reply from redis within 200 ms"),
        ("pause:redis@0", "unknown", "no reply from redis within 200 ms"),
    ],
)
def test_what_a_client_writes_into_its_history(fault, kind, why):
    async def program(redis, client):
        await client.perform("set", "key", 1, redis.set("key", 1))

    _, trace = with_redis(program, faults=fault)
    last = trace.of_kind("ok", "failed", "unknown")[-1]
    assert (last.kind, last.why) == (kind, why)


def test_an_error_of_the_server_is_a_definite_no():
    async def program(redis, client):
        await redis.rpush("list", 1)
        await client.perform("get", "list", None, redis.get("list"))
        with pytest.raises(ResponseError, match="WRONGTYPE") as error:
            await redis.get("list")
        assert isinstance(error.value, Refused)

    _, trace = with_redis(program)
    assert trace.of_kind("failed")[0].why.startswith("WRONGTYPE")


@gives((7, 7))
async def test_a_script_that_the_server_forgot_is_sent_again(redis, client):
    script = redis.register_script("-- seven\nreturn 7")
    first = await script()
    await redis.script_flush()
    with pytest.raises(NoScriptError):
        await redis.evalsha(script.sha, 0)
    return first, await script()


@pytest.mark.parametrize(
    "command",
    ["RANDOMKEY", "SRANDMEMBER s", "SPOP s", "HRANDFIELD h", "ZRANDMEMBER z", "ACL GENPASS",
     "MULTI", "WATCH k", "SUBSCRIBE c", "SELECT 1", "CLIENT LIST", "LASTSAVE", "SAVE", "BGSAVE",
     "DUMP k", "RESTORE k 0 x", "XADD s * a 1", "BLMOVE a b LEFT LEFT 1"],
)  # fmt: skip
def test_what_has_no_place_in_a_simulation_is_refused_by_name(command):
    async def program(redis, client):
        with pytest.raises(
            ResponseError, match=f"{command.split()[0]}.* (random|connection|not right)"
        ):
            await redis.execute_command(*command.split())

    with_redis(program)


@pytest.mark.parametrize("script", ["return math.random()", "leak = 1", "return os.time()"])
def test_a_script_neither_draws_nor_leaves_anything_behind(script):
    async def program(redis, client):
        with pytest.raises(ResponseError, match="user_script:1: "):
            await redis.eval(script, 0)
        return await redis.eval("return 1", 0)

    assert with_redis(program)[0] == 1


@gives([b"table", b"function", b"1.5", b"a: 0x1", b"nil"])
async def test_a_script_sees_no_address(redis, client):
    scripts = ("{}", "print", "1.5", "'a: 0x1'", "nil")
    return [await redis.eval(f"return tostring({value})", 0) for value in scripts]


# Blocked clients


@pytest.mark.parametrize(
    "command", ["RPUSH queue 1", "EVAL return(redis.call('RPUSH',KEYS[1],1)) 1 queue"]
)
def test_a_blocked_client_is_woken_by_a_write_in_a_script_as_well(command):
    async def program(redis, client):
        return await redis.blpop("queue", 5), client.monotonic_ms()

    async def push(client):
        await client.sleep(100)
        await SimulatedRedis(client).execute_command(*command.split())

    assert with_redis(program, others=(push,))[0] == ((b"queue", b"1"), 102)


@gives((None, 2_002))
async def test_blocking_ends_after_its_time_in_virtual_time(redis, client):
    return await redis.blpop("queue", 2), client.monotonic_ms()


@gives((None, 2_002), faults="jump:redis@10=60000")
async def test_a_jump_of_the_clock_does_not_end_blocking(redis, client):
    return await redis.blpop("queue", 2), client.monotonic_ms()


def test_blocked_clients_are_served_in_the_order_in_which_they_came():
    def after(ms):
        async def wait(client):
            await client.sleep(ms)
            client.note(str(await SimulatedRedis(client).blpop("queue", 5)))

        return wait

    async def push(redis, client):
        await client.sleep(50)
        await redis.rpush("queue", "a", "b")

    _, trace = with_redis(push, others=(after(10), after(20)))
    notes = {event.node: event.what for event in trace.of_kind("note")}
    assert notes == {"other-1": "(b'queue', b'a')", "other-2": "(b'queue', b'b')"}


@gives(b"element")
async def test_a_client_that_gives_up_waiting_hangs_up_and_swallows_nothing(redis, client):
    with pytest.raises(TimeoutError):
        async with client.timeout(50):
            await redis.blpop("queue", 5)
    await client.sleep(10)
    await redis.rpush("queue", "element")
    return await redis.lpop("queue")


@gives(None, faults="crash:client@50+10")
async def test_a_client_that_crashed_swallows_the_next_element(redis, client):
    if client.monotonic_ms() == 0:
        await redis.blpop("queue", 5)
    await redis.rpush("queue", "element")
    return await redis.lpop("queue")


def test_the_server_waits_as_long_as_the_command_says_and_the_client_a_little_longer():
    async def program(redis, client):
        with pytest.raises(NoReply, match="within 2200 ms"):
            await redis.blpop("queue", 2)

    with_redis(program, faults="pause:redis@0")


# What the trace shows


def test_commands_are_short_in_the_trace():
    async def program(redis, client):
        await redis.set("lock", "0123456789abcdef0123456789abcdef", nx=True, px=30)
        script = redis.register_script("\n-- acquire\nreturn {1, KEYS[1], false}")
        await script(keys=["lock"], args=["worker-1/0123456789abcdef", 30])
        await redis.eval("return 1", 1, "lock")

    sent = messages(with_redis(program)[1])
    assert sent[::2] == [
        "SET lock 0123… NX PX 30", "EVALSHA d62b… 1 lock worker-1/01… 30", "SCRIPT LOAD acquire",
        "acquire lock worker-1/01… 30", "EVAL lock",
    ]  # fmt: skip
    assert sent[1] == "OK" and sent[3].startswith("No matching script")
    assert sent[7::2] == ["[1, lock, nil]", "1"]


def test_a_server_says_what_it_holds_and_until_when():
    async def program(redis, client):
        await redis.set("lock", "A", px=30)
        await redis.rpush("queue", "a", "b")
        await client.sleep(50)

    states = [str(event.what) for event in with_redis(program)[1].of_kind("state")]
    assert states == ["lock=A until 31 ms", "lock=A until 31 ms, queue[2]", "queue[2]"]


# Other chapters' code


def durable():
    return [RedisServer("redis", persistence="always")]


impatient = functools.partial(SimulatedRedis, timeout_ms=20)


@gives(100, durable, connect=impatient, faults="crash:redis@200+50")
async def test_a_leased_snowflake_survives_a_restart_of_its_redis(redis, client):
    leased = LeasedSnowflake(WorkerIdLease(redis, client, ttl_ms=300), client)
    client.spawn(leased.keep(), background=True)
    ids = []
    for _ in range(100):
        await client.sleep(10)
        ids.append(leased.next_id())
    return len(set(ids))
