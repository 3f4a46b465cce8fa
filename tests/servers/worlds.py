"""A world with servers and one program."""

from distlab.servers.redis import RedisServer, SimulatedRedis
from tests import worlds


def play(program, *nodes, others=(), **settings):
    """What `program(client)` returns, and the trace. Without nodes there is one Redis, `redis`."""
    programs = {f"other-{number}": other for number, other in enumerate(others, 1)}
    results, trace = worlds.play(
        {"client": program, **programs},
        *(nodes or (RedisServer("redis"),)),
        **{"until_ms": 5_000, "latency_ms": (1, 1), **settings},
    )
    return results.get("client"), trace


def with_redis(program, *nodes, connect=SimulatedRedis, **settings):
    """The same for `program(redis, client)`."""

    async def connected(client):
        return await program(connect(client), client)

    return play(connected, *nodes, **settings)


def gives(expected, nodes=lambda: (), play=with_redis, **settings):
    """A test: the program, so played beside the nodes that `nodes` makes, returns this."""

    def make(program):
        def test():
            found, _ = play(program, *nodes(), **settings)
            assert found == expected, f"{found} instead of {expected}"

        return test

    return make
