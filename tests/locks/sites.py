"""Where a lock is tried: in simulation, on fakeredis, on a real server. The same program each time.

    @everywhere
    async def test_a_lock_is_free_after_its_release(site):
        ...  # with site.lock(), site.redis() and site.host

It runs wherever the fixture `run` runs it; `@simulated()`, in simulation alone.
"""

import asyncio
import inspect
from contextlib import contextmanager
from functools import partial, wraps
from itertools import count

import fakeredis
import pytest
import redis.asyncio
import sqlalchemy

from distlab.locks.database_lock import SCHEMA, DatabaseLock
from distlab.locks.fair import FairLock
from distlab.locks.lease_lock import LeaseLock
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.real.database import SqlDatabase
from distlab.real.host import AsyncioHost
from distlab.real.redis_server import redis_servers
from distlab.servers.leases import LeaseServer, RemoteLeases
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from tests.worlds import play

GIVEN = ("site", "host", "connect")  # all others are fixtures
PLACES = ("simulation", "fakeredis", "server")
NAMES = (f"stock-{number}" for number in count())


def as_test(program, play, *fixtures):
    """A test that plays `program`, to which pytest gives what it asks for besides a site."""

    @wraps(program)
    def test(**given):
        mine = {name: given.pop(name) for name in fixtures}
        play(lambda *site: program(*site, **given), **mine)

    asked = [*fixtures, *(name for name in inspect.signature(program).parameters)]
    kind = inspect.Parameter.KEYWORD_ONLY
    names = [inspect.Parameter(name, kind) for name in asked if name not in GIVEN]
    test.__signature__ = inspect.Signature(names)
    return test


def everywhere(test):
    return as_test(test, lambda play, run: run(play), "run")


def on_server(test):
    def play(program, require):
        require("valkey")
        with redis_servers(1) as (server,):
            on_asyncio(lambda site: program(site.at(server)), server.async_client)

    return as_test(test, play, "require")


def simulated(**options):
    return lambda test: as_test(test, lambda play: in_simulation(play, **options))


class Site:
    """A host, and clients of so many servers."""

    def __init__(self, host, name, *connects):
        self.host = host
        self.name = name  # of a lock: nobody else's on a server that is shared
        self.connects = connects
        self.kind = RedisLock

    def at(self, server):
        self.server = server
        return self

    def of(self, kind):
        self.kind = kind
        return self

    def redis(self, n=0, **options):
        return self.connects[n](**options)

    def lock(self, *options, kind=None, redis=None, **named):
        kind = kind or self.kind
        server = redis or (self.redises() if issubclass(kind, Redlock) else self.redis())
        if issubclass(kind, Redlock) and isinstance(self.host, AsyncioHost):  # perhaps under load
            timeout = named.get("timeout", (*options, 10)[0]) or 0
            named = {"node_timeout": min(2, timeout / 4), **named}
        return kind(server, self.name, *options, host=self.host, **named)

    async def held(self, *options, **named):
        """A lock that is ours."""
        lock = self.lock(*options, **named)
        assert await lock.acquire()
        return lock

    def locks(self, count, *options, **named):
        return [self.lock(*options, **named) for _ in range(count)]

    def redises(self):
        return tuple(connect() for connect in self.connects)

    def spawn(self, coroutine):
        return self.host.spawn(coroutine)

    async def sleep(self, seconds):
        await self.host.sleep(seconds * 1000)


def in_simulation(program, faults="", **servers):
    results, trace = play_together({"client": program}, faults=faults, **servers)
    assert results, f"not done:\n{trace.text()[-2000:]}"
    return results["client"]


def play_together(
    programs, servers=1, server=RedisServer, connect=SimulatedRedis,
    faults="", seed=0, until_ms=120_000, **options,
):  # fmt: skip
    """What each `program(site)` returns, by the name of its client, and the trace."""
    machines = [f"redis-{n}" for n in range(servers)]
    name = next(NAMES)

    def at_a_site(program):
        return lambda node: program(
            Site(node, name, *(partial(connect, node, machine) for machine in machines))
        )

    clients = {name: at_a_site(program) for name, program in programs.items()}
    nodes = [server(machine, **options) for machine in machines]
    return play(clients, *nodes, faults=faults, seed=seed, until_ms=until_ms)


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
                    if hasattr(client, "aclose"):
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
        yield lambda program: in_simulation(program, servers=servers)
    elif kind == "fakeredis":
        yield lambda program: on_fakeredis(program, servers)
    else:
        require("valkey")
        with redis_servers(servers) as started:
            connects = [server.async_client for server in started]
            yield lambda program: on_asyncio(program, *connects)


def on_hosts(test):
    """The test gets a host: a simulated one, and one on asyncio."""
    test = as_test(test, lambda program, where: where(lambda site: program(site.host)), "where")
    return pytest.mark.parametrize("where", [in_simulation, on_asyncio])(test)


@contextmanager
def on_database(kind, request):
    """A function that runs a program on asyncio, with a database that has no locks yet."""
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").url
    else:
        url = f"sqlite:///{request.getfixturevalue('tmp_path_factory').mktemp('locks')}/shop.db"
    engine = sqlalchemy.create_engine(url)
    for sql in ("DROP TABLE IF EXISTS locks", SCHEMA):
        asyncio.run(SqlDatabase(engine).transaction(lambda c, sql=sql: c.execute(sql)))
    yield lambda program: on_asyncio(
        lambda site: program(site.of(DatabaseLock)), lambda: SqlDatabase(engine)
    )
    engine.dispose()


KINDS = {
    RedisLock: {},
    FairLock: {},
    Redlock: {"servers": 3},
    DatabaseLock: {"server": DatabaseServer, "connect": RemoteDatabase, "schema": SCHEMA},
    LeaseLock: {"server": LeaseServer, "connect": RemoteLeases},
}
"""Each kind, and the servers that it needs in a simulation."""

each_kind = pytest.mark.parametrize("kind", KINDS)


def in_each_simulation(test):
    return each_kind(as_test(test, simulated_with, "kind"))


def simulated_with(program, kind, **settings):
    return in_simulation(lambda site: program(site.of(kind)), **KINDS[kind], **settings)


def play_each(kind, *programs, **settings):
    """What each `program(site)` returns, in order, and the trace."""

    def of(program):
        return lambda site: program(site.of(kind))

    clients = {f"client-{number}": of(program) for number, program in enumerate(programs)}
    results, trace = play_together(clients, **KINDS[kind], **settings)
    return [results.get(name) for name in clients], trace


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
