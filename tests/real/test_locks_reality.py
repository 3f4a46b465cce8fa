"""Locks of real processes on real servers: stopped, killed, and what protects the shop then."""

import asyncio
import random
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from distlab.locks.reality import Shop, sale
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock, TooFewServers
from distlab.real.host import AsyncioHost
from distlab.real.processes import ClientProcess
from distlab.real.redis_server import redis_servers


@pytest.fixture
def server(require):
    require("valkey")
    with redis_servers(1) as (server,):
        yield server


def told(server, tell, fenced=True):
    """The lines of a sale of one piece, of which `tell` tells the story."""

    async def main():
        async with sale(server, fenced) as story:
            tell(story)
        return story.lines

    return asyncio.run(main())


def stopped_holder(story):
    alice = story.start("alice", timeout=0.2)
    alice.pause()
    story.start("bob", timeout=30).go_on()
    alice.go_on()


STOPPED = ["alice has the lock, token 1, and sees 1", "alice is stopped (SIGSTOP)",
           "bob has the lock, token 2, and sees 1"]  # fmt: skip
REFUSED, BOUGHT = "alice is refused: token 1 comes after token 2", "bob has bought piece 1"


@pytest.mark.parametrize(
    ("fenced", "end"),
    [
        (False, [BOUGHT, "alice has bought piece 1", "sold: 2 of 1\n"]),
        (True, [BOUGHT, REFUSED, "sold: 1 of 1\n"]),
    ],
)
def test_a_holder_is_stopped_past_the_end_of_its_lock(server, fenced, end):
    """Kleppmann's picture: the token of the late one is lower, and the shop can know it."""
    assert told(server, stopped_holder, fenced) == STOPPED + end


def test_a_late_sale_is_refused_even_before_the_next_holder_has_sold(server):
    def wakes_early(story):
        alice = story.start("alice", timeout=0.2)
        alice.pause()
        bob = story.start("bob", timeout=30)
        alice.go_on()
        bob.go_on()

    assert told(server, wakes_early) == [*STOPPED, REFUSED, BOUGHT, "sold: 1 of 1\n"]


def test_the_lock_of_a_killed_holder_ends_by_itself(server):
    async def main():
        async with sale(server, fenced=True) as story, server.async_client() as client:
            story.start("alice", timeout=2).kill()
            lock = RedisLock(client, server.key("stock"))
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
        self.about = {"url": server.url, "timeout": TIMEOUT_S, **about}
        self.random, self.blows, self.clients = random.Random(seed), Counter(), []

    def run(self, server, seconds):
        with ExitStack() as stack, server.client() as redis:
            self.clients = [self.start(stack, f"client-{n}") for n in range(CLIENTS)]
            for client in self.clients:
                assert client.receive() == "ready"
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self.strike(stack, redis)
            for client in self.clients:
                client.send("stop")
            return sum((Counter(self.last_word(client)) for client in self.clients), Counter())

    def start(self, stack, name):
        client = ClientProcess("tests.real.programs:crowd", name=name, **self.about)
        client.name = name
        return stack.enter_context(client)

    def strike(self, stack, redis):
        time.sleep(self.random.uniform(0.02, 0.1))
        victim = self.random.choice(self.clients)
        if self.random.random() < 0.7:
            holder = (redis.get("stock") or b"").decode().partition("/")[0]
            victim = next((client for client in self.clients if client.name == holder), victim)
        if self.random.random() < 0.1:
            victim.kill()
            self.clients[self.clients.index(victim)] = self.start(stack, victim.name)
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


def chaos(server, folder, seconds, fenced, seed=1):
    """The count of what the clients met, and whether the books are corrupt."""
    url = f"sqlite:///{folder}/shop.db"
    shop = Shop(url, fenced)
    asyncio.run(shop.open(PIECES))
    storm = Chaos(server, {"lock": "stock", "shop": url, "fenced": fenced}, seed)
    done = storm.run(server, seconds)
    with shop.engine.connect() as books:
        sales = books.exec_driver_sql("SELECT piece, token FROM orders ORDER BY id").all()
        left = books.exec_driver_sql("SELECT stock FROM products").scalar()
    shop.engine.dispose()
    twice = len(sales) - len({piece for piece, _ in sales})
    tokens = [token for _, token in sales]
    print(f"{seconds} s, fenced={fenced}: {storm.blows}, {done}, {len(sales)} sold, {twice} twice")
    return done, twice > 0 or left + len(sales) != PIECES or tokens != sorted(tokens)


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_chaos_corrupts_nothing_where_fencing_is_on(server, tmp_path, seconds):
    done, corrupt = chaos(server, tmp_path, seconds, fenced=True)
    assert not corrupt
    assert done["bought"] > 0 < done["stale"]  # there was something to refuse


def test_chaos_corrupts_where_it_is_off(server, tmp_path):
    _, corrupt = chaos(server, tmp_path, 4, fenced=False)
    assert corrupt
