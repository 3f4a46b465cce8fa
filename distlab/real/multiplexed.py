"""A redis-py client whose commands share one connection: several times as many a second.

redis-py's asyncio client lends a connection to each command and waits for its answer there. Here
all commands are written to one connection as they come, and as a server answers in order, the
oldest question is the one that an answer belongs to. That is all: nobody queues for a connection,
and what fifty tasks ask within one turn of the event loop travels together.

    async with MultiplexedRedis.from_url(url) as redis:
        async with RedisLock(redis, "stock"): ...

What blocks or changes its connection's state (BLPOP, MULTI, SUBSCRIBE, ...), pipelines and scripts'
loading go the ordinary way, over connections of their own. No command is ever sent twice. When the
connection is lost, or silent for `socket_timeout`, all that wait raise redis-py's `ConnectionError`
or `TimeoutError`, and the next command connects again. TLS is not for this client.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import redis.asyncio
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.connection import DefaultParser
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer

from distlab.host import BadInput

CONNECTION_OF_ITS_OWN = {
    "BLPOP", "BRPOP", "BLMOVE", "BLMPOP", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "BZMPOP",
    "XREAD", "XREADGROUP", "WAIT", "WAITAOF", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH",
    "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SELECT", "AUTH", "HELLO", "CLIENT",
    "RESET", "QUIT",
}  # fmt: skip
Decode = Callable[[bytes], Any]


def parse(data: bytes, start: int, decode: Decode) -> tuple[Any, int]:
    """The RESP2 answer at `start`, and where it ends. Raises `IndexError` if it is not all here."""
    end = data.find(b"\r\n", start)
    if end < 0:
        raise IndexError
    kind, text, after = data[start], data[start + 1 : end], end + 2
    if kind == b":"[0]:
        return int(text), after
    if kind == b"+"[0]:
        return decode(text), after
    if kind == b"-"[0]:
        return DefaultParser.parse_error(text.decode(errors="replace")), after  # type: ignore[no-untyped-call]
    size = int(text)
    if size < 0:
        return None, after
    if kind == b"$"[0]:
        if len(data) < after + size + 2:
            raise IndexError
        return decode(data[after : after + size]), after + size + 2
    if kind != b"*"[0]:
        raise ConnectionLost(f"no RESP2: {data[start:end]!r}")
    items = []
    for _ in range(size):
        item, after = parse(data, after, decode)
        items.append(item)
    return items, after


class _Wire(asyncio.Protocol):
    """One connection: questions go out, answers come back in their order."""

    transport: asyncio.Transport

    def __init__(self, decode: Decode, timeout_s: float | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.decode, self.timeout_s = decode, timeout_s
        self.open = True
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._rest = b""
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, packed: list[bytes]) -> asyncio.Future[Any]:
        """Send a command. Who gives up waiting may cancel the future: its answer is passed over."""
        future = self.loop.create_future()
        self._waiting.append((future, self.loop.time()))
        self.transport.writelines(packed)
        if self.timeout_s and self._watch is None:
            self._watch = self.loop.call_later(self.timeout_s, self._look)
        return future

    def data_received(self, data: bytes) -> None:
        data, position = self._rest + data, 0
        try:
            while position < len(data):
                answer, position = parse(data, position, self.decode)
                future, _ = self._waiting.popleft()
                if not future.done():
                    future.set_result(answer)
        except IndexError:
            pass  # the rest is on its way
        except (ValueError, RedisError) as error:
            self.close(ConnectionLost(f"unreadable answer: {error}"))
        self._rest = data[position:]

    def _look(self) -> None:
        """Is anybody waiting for too long?"""
        self._watch = None
        if self._waiting and self.timeout_s:
            wait_s = self._waiting[0][1] + self.timeout_s - self.loop.time()
            if wait_s <= 0:
                self.close(NoAnswer(f"no answer within {self.timeout_s:g} s"))
            else:
                self._watch = self.loop.call_later(wait_s, self._look)

    def connection_lost(self, error: Exception | None) -> None:
        self.close(ConnectionLost(f"connection lost: {error or 'closed by the server'}"))

    def close(self, why: Exception) -> None:
        """All that wait learn that they will learn nothing."""
        self.open = False
        if self._watch is not None:
            self._watch.cancel()
        self.transport.abort()
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(why)


class MultiplexedRedis(redis.asyncio.Redis):
    """Make it with `from_url`; else use it as a `redis.asyncio.Redis`, from one event loop."""

    @classmethod
    def from_url(cls, url: str, *positional: Any, **options: Any) -> MultiplexedRedis:
        options = {"protocol": 2, **options}  # the wire's, and what redis-py makes of its answers
        return super().from_url(url, *positional, **options)  # type: ignore[return-value]

    def __init__(self, *positional: Any, **options: Any) -> None:
        super().__init__(*positional, **options)
        known = self.connection_pool.connection_kwargs
        tls = issubclass(self.connection_pool.connection_class, redis.asyncio.SSLConnection)
        if known.get("protocol") != 2 or tls:
            raise BadInput("MultiplexedRedis speaks protocol 2 without TLS: use from_url")
        self._known = known
        self._packer = self.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[_Wire] | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        name = args[0]
        if (
            name in CONNECTION_OF_ITS_OWN
            or self.single_connection_client
            or NEVER_DECODE in options
            or EMPTY_RESPONSE in options
        ):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        wire = self._wire
        if wire is None or not wire.open:
            wire = await self._connected()
        answer = await self._ask(wire, *args)
        options.pop("keys", None)  # they are for a cache
        callback = self.response_callbacks.get(name)
        return callback(answer, **options) if callback else answer

    async def _connected(self) -> _Wire:
        """All that find no connection wait for the same one; who gives up stops nobody else."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        try:
            return await asyncio.shield(self._connecting)
        finally:
            if self._connecting is not None and self._connecting.done():
                self._connecting = None

    async def _connect(self) -> _Wire:
        known, loop = self._known, asyncio.get_running_loop()
        timeout_s = known.get("socket_timeout", 5)
        decode = self.get_encoder().decode if known.get("decode_responses") else bytes  # type: ignore[no-untyped-call]

        def make() -> _Wire:
            return _Wire(decode, timeout_s)

        try:
            async with asyncio.timeout(known.get("socket_connect_timeout") or timeout_s):
                if "path" in known:
                    _, wire = await loop.create_unix_connection(make, known["path"])
                else:
                    host, port = known.get("host", "localhost"), known.get("port", 6379)
                    _, wire = await loop.create_connection(make, host, port)
        except TimeoutError:
            raise NoAnswer("no connection in time") from None
        except OSError as error:
            raise ConnectionLost(f"no connection: {error}") from error
        try:
            if known.get("password"):
                user = [known["username"]] if known.get("username") else []
                await self._ask(wire, "AUTH", *user, known["password"])
            if known.get("db"):
                await self._ask(wire, "SELECT", known["db"])
        except BaseException:
            wire.close(ConnectionLost("not let in"))
            raise
        self._wire = wire
        return wire

    async def _ask(self, wire: _Wire, *command: Any) -> Any:
        answer = await wire.ask(self._packer.pack_command(*command))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.close(ConnectionLost("closed by this client"))
        await super().aclose(close_connection_pool)
