"""Where a lock is tried: in simulation, on fakeredis, on a real server. The same program each time.

run(place, program)  # await program(site), with site.redis() and site.host
"""

import asyncio
from contextlib import contextmanager
from itertools import count

import fakeredis
import redis.asyncio

from distlab.real.host import AsyncioHost
from distlab.real.redis_server import redis_servers
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import World

PLACES = ("simulation", "fakeredis", "server")
NAMES = (f"stock-{number}" for number in count())


class Site:
    """A host, and clients of so many servers."""

    def __init__(self, host, name, *connects):
        self.host = host
        self.name = name  # of a lock: nobody else's on a server that is shared
        self.connects = connects

    def redis(self, n=0, **options):
        return self.connects[n](**options)

    def redises(self):
        return tuple(connect() for connect in self.connects)

    def spawn(self, coroutine):
        return self.host.spawn(coroutine)

    async def sleep(self, seconds):
        await self.host.sleep(seconds * 1000)


def in_simulation(program, servers=1, faults=(), until_ms=120_000, **options):
    world = World()
    machines = [f"redis-{n}" for n in range(servers)]
    for machine in machines:
        world.add(RedisServer(machine, **options))
    name, finished, failed = next(NAMES), [], []

    async def main(node):
        def connect_to(machine):
            return lambda **more: SimulatedRedis(node, machine, **more)

        try:
            finished.append(await program(Site(node, name, *map(connect_to, machines))))
        except Exception as error:  # refusals, too, are a failure of the program here
            failed.append(error)

    world.client("client", main)
    world.inject(faults)
    try:
        world.run(until_ms)
        for error in failed:
            raise error
        assert finished, f"not done by {until_ms} ms: {world.kernel.waiting()}"
    finally:
        world.close()
    return finished[0]


def on_asyncio(program, *connects):
    async def main():
        clients = []

        def keeping(connect):
            def make(**options):
                clients.append(connect(**options))
                return clients[-1]

            return make

        async with AsyncioHost("client") as host:
            try:
                return await program(Site(host, next(NAMES), *map(keeping, connects)))
            finally:
                for client in clients:
                    await client.aclose()

    return asyncio.run(main())


def on_fakeredis(program, servers=1):
    def connect_to(store):
        return lambda **options: fakeredis.FakeAsyncRedis(server=store, **options)

    stores = [fakeredis.FakeServer() for _ in range(servers)]
    return on_asyncio(program, *map(connect_to, stores))


@contextmanager
def place(kind, require, servers=1):
    """A function that runs a program there."""
    if kind == "simulation":
        yield lambda program: in_simulation(program, servers)
    elif kind == "fakeredis":
        yield lambda program: on_fakeredis(program, servers)
    else:
        require("valkey")
        with redis_servers(servers) as started:
            connects = [server.async_client for server in started]
            yield lambda program: on_asyncio(program, *connects)


class LostAnswers:
    """A client that executes a command and loses the answer, when `lose` says so of its name."""

    def __init__(self, client, *names):
        self.client, self.names = client, list(names)

    def __getattr__(self, name):
        return getattr(self.client, name)

    async def eval(self, script, *arguments):
        return self._answer(script, await self.client.eval(script, *arguments))

    async def evalsha(self, digest, *arguments):
        raise redis.exceptions.NoScriptError("sent whole, so that we know which one it is")

    def _answer(self, script, answer):
        name = script.partition("\n")[0].lstrip("- ")
        if name in self.names:
            self.names.remove(name)
            raise redis.exceptions.ConnectionError("Connection closed by server.")
        return answer
