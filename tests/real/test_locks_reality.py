"""Locks of real processes on real servers: stopped, killed, and what protects the shop then."""

import asyncio
import random
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from distlab.locks.reality import Shop
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock, TooFewServers
from distlab.real.host import AsyncioHost
from distlab.real.processes import ClientProcess
from distlab.real.redis_server import redis_servers

BUYER, CROWD = "distlab.locks.reality:buyer", "distlab.locks.reality:crowd"


@pytest.fixture
def server(require):
    require("valkey")
    with redis_servers(1) as (server,):
        yield server


@pytest.fixture
def open_shop(tmp_path):
    """A function that opens a shop with so many pieces and says what processes need to know."""
    shops = []

    def open_one(pieces, fenced):
        file = str(tmp_path / "shop.db")
        shops.append(Shop(file, fenced))
        shops[-1].open(pieces)
        return shops[-1], {"lock": "stock", "file": file, "fenced": fenced}

    yield open_one
    for shop in shops:
        shop.close()


@pytest.mark.parametrize("fenced", [False, True])
def test_a_holder_is_stopped_past_the_end_of_its_lock(server, open_shop, fenced):
    """Kleppmann's picture: the token of the late one is lower, and the shop can know it."""
    shop, about = open_shop(9, fenced)
    late = ClientProcess(BUYER, url=server.url, timeout=0.2, name="late", **about)
    with late:
        assert late.receive() == "late has the lock, token 1, and sees 9"
        late.pause()
        with ClientProcess(BUYER, url=server.url, timeout=30, name="next", **about) as next_one:
            assert next_one.receive() == "next has the lock, token 2, and sees 9"  # two holders
            next_one.send("go on")
            assert next_one.receive() == "next has bought piece 9"
        late.send("go on")
        late.resume()
        said = late.receive()
    if fenced:
        assert said == "late is refused: token 1 comes too late"
        assert shop.books() == (8, 1, (), True)
    else:
        assert said == "late has bought piece 9"
        assert shop.books() == (8, 2, (9,), False)


def test_a_late_sale_is_refused_even_before_the_next_holder_has_sold(server, open_shop):
    shop, about = open_shop(9, fenced=True)
    late = ClientProcess(BUYER, url=server.url, timeout=0.2, name="late", **about)
    with late:
        late.receive()
        late.pause()
        with ClientProcess(BUYER, url=server.url, timeout=30, name="next", **about) as next_one:
            next_one.receive()
            late.resume()
            late.send("go on")
            assert late.receive() == "late is refused: token 1 comes too late"
            next_one.send("go on")
            assert next_one.receive() == "next has bought piece 9"
    assert shop.books() == (8, 1, (), True)


def test_the_lock_of_a_killed_holder_ends_by_itself(server, open_shop):
    _, about = open_shop(9, fenced=True)
    with ClientProcess(BUYER, url=server.url, timeout=2, name="dead", **about) as holder:
        holder.receive()
        holder.kill()

    async def main():
        async with server.async_client() as client, AsyncioHost() as host:
            lock = RedisLock(client, "stock", host=host)
            return await lock.acquire(blocking=False), await lock.acquire(), lock.fencing_token

    assert asyncio.run(main()) == (False, True, 2)


def test_redlock_over_five_servers_of_which_some_are_killed(require):
    require("valkey")

    async def main(servers):
        clients = [server.async_client() for server in servers]
        async with AsyncioHost() as host:
            mine, other = (Redlock(clients, "stock", node_timeout=0.5, host=host) for _ in range(2))
            assert await mine.acquire()
            servers[0].kill()
            servers[1].pause()
            assert await mine.owned()
            assert not await other.acquire(blocking=False)
            await mine.release()
            assert await other.acquire()
            servers[2].kill()
            with pytest.raises(TooFewServers, match="only 2 of 5 servers said yes or no"):
                await mine.acquire(blocking=False)
        for client in clients:
            await client.aclose()

    with redis_servers(5) as servers:
        asyncio.run(main(servers))


# Chaos

CLIENTS = 4
TIMEOUT_S = 0.1
PIECES = 10**6


class Chaos:
    """Client processes under load, and a nemesis: pauses past the lock's end, now and then a kill.

    Most of its blows are aimed: they strike whoever holds the lock.
    """

    def __init__(self, server, about, seed):
        self.url, self.about = server.url, {**about, "timeout": TIMEOUT_S}
        self.random = random.Random(seed)
        self.blows = Counter()
        self.clients = []

    def run(self, server, seconds):
        with ExitStack() as stack, server.client() as redis:
            self.clients = [self.start(stack) for _ in range(CLIENTS)]
            for client in self.clients:
                assert client.receive() == "ready"
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self.strike(stack, redis)
            for client in self.clients:
                client.send("stop")
            return sum((Counter(self.last_word(client)) for client in self.clients), Counter())

    def start(self, stack):
        return stack.enter_context(ClientProcess(CROWD, url=self.url, **self.about))

    def strike(self, stack, redis):
        time.sleep(self.random.uniform(0.02, 0.1))
        victim = self.random.choice(self.clients)
        if self.random.random() < 0.7:
            holder = (redis.get("stock") or b"").decode().partition("/")[0].rpartition("-")[2]
            victim = next((c for c in self.clients if str(c.pid) == holder), victim)
        if self.random.random() < 0.1:
            victim.kill()
            self.clients[self.clients.index(victim)] = self.start(stack)
            self.blows["kill"] += 1
        else:
            victim.pause()
            time.sleep(TIMEOUT_S * self.random.uniform(0.8, 3))
            victim.resume()
            self.blows["pause"] += 1

    @staticmethod
    def last_word(client):
        while (said := client.receive()) == "ready":
            pass
        return said


def chaos(server, open_shop, seconds, fenced, seed=1):
    shop, about = open_shop(PIECES, fenced)
    storm = Chaos(server, about, seed)
    done = storm.run(server, seconds)
    books = shop.books()
    print(f"{seconds} s, fenced={fenced}: {dict(storm.blows)}, {dict(done)}, {books.sold} sold, "
          f"{len(books.sold_twice)} twice")  # fmt: skip
    return done, books


def corrupt(books):
    return bool(books.sold_twice) or books.left + books.sold != PIECES or not books.tokens_ascend


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_chaos_corrupts_nothing_where_fencing_is_on(server, open_shop, seconds):
    done, books = chaos(server, open_shop, seconds, fenced=True)
    assert not corrupt(books)
    assert done["bought"] > 0 < done["stale"]  # there was something to refuse


def test_chaos_corrupts_where_it_is_off(server, open_shop):
    _, books = chaos(server, open_shop, 4, fenced=False)
    assert corrupt(books)
