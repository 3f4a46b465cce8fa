"""A world with servers and one program."""

from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import World, parse_schedule

ONE_MS = (1, 1)


def play(program, *nodes, faults="", until_ms=5_000, seed=1, others=(), latency_ms=ONE_MS):
    """What `program(client)` returns, and the trace. Without nodes there is one Redis, `redis`."""
    world = World(seed, latency_ms=latency_ms)
    for node in nodes or (RedisServer("redis"),):
        world.add(node)
    results = []

    async def record(client):
        results.append(await program(client))

    world.client("client", record)
    for number, other in enumerate(others, 1):
        world.client(f"other-{number}", other)
    world.inject(parse_schedule(faults))
    try:
        world.run(until_ms)
    finally:
        world.close()
    return (results[-1] if results else None), world.trace


def with_redis(program, *nodes, connect=SimulatedRedis, **settings):
    """The same for `program(redis, client)`."""

    async def connected(client):
        return await program(connect(client), client)

    return play(connected, *nodes, **settings)


def returns(program, expected, play, **settings):
    """A test: the program, so played, returns this."""

    def test():
        assert play(program, **settings)[0] == expected

    return test


def gives(expected, **settings):
    return lambda program: returns(program, expected, with_redis, **settings)
