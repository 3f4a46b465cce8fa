"""A real Redis is there when asked for, can be broken on purpose, and is gone in the end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from distlab.host import BadInput
from distlab.locks.scripts import beside
from distlab.real.needed import NotHere
from distlab.real.redis_server import Redis, redis_server, redis_servers
from tests.real.waiting import alive, becomes


@pytest.fixture(autouse=True)
def own(require, monkeypatch):
    require("valkey")
    monkeypatch.delenv("DISTLAB_REDIS_URL", raising=False)


def test_both_kinds_of_client():
    with redis_server() as server, server.client(decode_responses=True) as client:
        client.set(server.key("stock"), 100)

        async def read():
            async with server.async_client() as other:
                return await other.get("stock")

        assert client.get("stock") == "100"
        assert asyncio.run(read()) == b"100"


def test_without_the_password_nobody_gets_in():
    with redis_server() as server:
        stranger = Redis(f"unix://{server.url.partition('@')[2]}")
        with pytest.raises(redis.AuthenticationError), stranger.client() as client:
            client.get("stock")


def test_nothing_shows_the_password():
    with redis_server() as server:
        password = server.url.removeprefix("unix://:").partition("@")[0]
        assert len(password) == 32
        assert password not in repr(server)
        command = Path(f"/proc/{server.pid}/cmdline")
        if command.exists():
            assert password not in command.read_text()
        configuration = Path(server.url.partition("@")[2]).with_name("redis.conf")
        assert password in configuration.read_text()
        assert configuration.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("persistence", "kept"), [("none", None), ("always", b"100")])
def test_what_a_crash_leaves(persistence, kept):
    with redis_server(persistence) as server, server.client() as client:
        client.set("stock", 100)
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("stock")
        server.restart()
        assert client.get("stock") == kept


def test_a_client_does_not_repeat_what_may_have_happened():
    with redis_server() as server, server.client(socket_timeout=0.05) as client:
        client.set("stock", 100)
        server.pause()
        with pytest.raises(redis.TimeoutError):
            client.decr("stock")
        server.resume()
        with server.client() as other:
            assert becomes(lambda: other.get("stock") == b"99")


def test_a_client_of_either_kind_repeats_nothing():
    with redis_server() as server:
        for client in (server.client(), server.async_client()):
            assert client.get_retry().get_retries() == 0


def test_several_servers_share_nothing():
    with redis_servers(3) as servers:
        clients = [server.client() for server in servers]
        clients[0].set("a", 1)
        assert [client.get("a") for client in clients] == [b"1", None, None]
        for client in clients:
            client.close()


STARTER = """
import json, sys, time
from distlab.real.redis_server import redis_servers
with redis_servers(2) as servers:
    servers[1].pause()
    print(json.dumps([[s.pid, s.url.partition("@")[2]] for s in servers]), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="NOT RUN: no servers on Windows")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_its_starter_is_killed(blow):
    command = [sys.executable, "-c", STARTER]
    starter = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    servers = json.loads(starter.stdout.readline())
    os.killpg(starter.pid, blow)  # as a notebook's kernel is ended: with its group
    starter.wait()
    starter.stdout.close()
    for pid, socket in servers:
        assert becomes(lambda pid=pid: not alive(pid))
        assert becomes(lambda socket=socket: not Path(socket).parent.exists())


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1"])
def test_unknown_persistence(monkeypatch, url):
    monkeypatch.setenv("DISTLAB_REDIS_URL", url)
    with pytest.raises(BadInput, match="did you mean 'always'"), redis_server("allways"):
        pass


# A server that others run


def test_on_a_shared_server_only_own_keys_are_removed(monkeypatch):
    with redis_server() as ours, ours.client() as client:
        client.set("theirs", 1)
        monkeypatch.setenv("DISTLAB_REDIS_URL", ours.url)
        with redis_server() as shared, redis_server() as another, shared.client() as same:
            same.set(shared.key("stock"), 100)
            same.set(beside(shared.key("stock"), "fencing"), 34)
            assert shared.key("stock") != another.key("stock")
            assert len(client.keys()) == 3
            for blow in (shared.pause, shared.resume, shared.kill, shared.restart):
                with pytest.raises(NotHere, match="no process of ours"):
                    blow()
        assert client.keys() == [b"theirs"]


def test_a_shared_server_that_does_not_answer(monkeypatch, tmp_path):
    monkeypatch.setenv("DISTLAB_REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(NotHere, match="DISTLAB_REDIS_URL does not answer"), redis_server():
        pass


@pytest.mark.parametrize(
    "url", ["127.0.0.1:6379", "redis://h:notaport", "http://h", "redis://h?colour=red"]
)
def test_a_wrong_address_of_a_shared_server(monkeypatch, url):
    monkeypatch.setenv("DISTLAB_REDIS_URL", url)
    with pytest.raises(NotHere, match="DISTLAB_REDIS_URL is no address"), redis_server():
        pass


def test_the_stand_in_for_windows_speaks_to_both_clients(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with redis_servers(2) as (first, second):
        with first.client() as client:
            client.set("a", 1)
            assert client.eval("return redis.call('GET', KEYS[1])", 1, "a") == b"1"
        with second.client() as client:
            assert client.get("a") is None
        with pytest.raises(NotHere, match="neither paused nor killed"):
            first.kill()
