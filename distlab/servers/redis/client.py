"""redis-py's own command methods over the simulated network.

Code that takes a `redis.asyncio.Redis` takes a `SimulatedRedis` as well: commands, arguments,
replies and errors are redis-py's. Three kinds of end, as everywhere in the course:

* a reply;
* an error of the server (`ResponseError` and its subclasses, `BusyLoadingError`): also a `Refused`,
  for the server has not done it. (A script that fails half-way keeps what it wrote before: Redis
  does not roll back.)
* `NoReply`: the server may have done it.

Commands are never repeated, as with `Redis(retry=None)`.
"""

from functools import cache
from hashlib import sha1
from typing import Any, Literal

from redis import exceptions
from redis._parsers import Encoder
from redis._parsers.response_callbacks import get_response_callbacks
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.commands.core import AsyncCoreCommands

from distlab.host import Refused
from distlab.servers.redis.engine import wait_ms
from distlab.servers.redis.messages import Command, command_words, first_line
from distlab.servers.service import ask
from distlab.sim import Node

CALLBACKS = get_response_callbacks(user_protocol=2, legacy_responses=True)


class NoReply(exceptions.TimeoutError, TimeoutError):
    """Nothing came back in time: whether the command was executed is unknown."""


@cache
def definite(kind: type[Exception]) -> type[Exception]:
    """The same error, which is also a `Refused`."""
    return type(kind.__name__, (kind, Refused), {})


class SimulatedRedis(AsyncCoreCommands):
    """A client on `node` of the Redis called `server`.

    It waits `timeout_ms` for each reply, by the clock of its node; with a blocking command, that
    much longer than the command asks the server to wait (0 there is for ever here, too). With a
    `sentinel` it asks that machine for the primary. It asks again when the primary was silent,
    loading or read-only. The command that found this out fails, as in redis-py. Replies are bytes.
    """

    _is_async_client: Literal[True] = True
    _event_dispatcher: Any = None

    def __init__(
        self, node: Node, server: str = "redis", timeout_ms: float = 200, sentinel: str = ""
    ) -> None:
        self._node, self._timeout_ms = node, timeout_ms
        self._server, self._sentinel = "" if sentinel else server, sentinel
        self._encoder: Any = Encoder("utf-8", "strict", False)  # type: ignore[no-untyped-call]
        self._scripts: dict[str, str] = {}

    @property
    def address(self) -> tuple[str, str]:
        """Where it connects to: two clients with the same address use the same server."""
        return self._sentinel, "" if self._sentinel else self._server

    def get_encoder(self) -> Any:
        """What redis-py's `register_script` asks for."""
        return self._encoder

    async def aclose(self) -> None:
        """There is no connection to close."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command, and wait for its reply."""
        name = args[0].upper()
        fields = [self._encoder.encode(each) for each in (*name.split(), *args[1:])]
        if fields[0] == b"EVAL":
            self._remember(fields[1])
        elif fields[:2] == [b"SCRIPT", b"LOAD"]:
            self._remember(fields[2])
        command = Command(command_words(fields, self._scripts), tuple(fields))
        if not self._server:
            self._server = await self._ask_sentinel()
        try:
            value = await self._ask(self._server, command, wait_ms(fields))
        except NoReply:
            self._forget_primary()
            raise
        if isinstance(value, exceptions.ResponseError) and EMPTY_RESPONSE in options:
            return options[EMPTY_RESPONSE]
        if isinstance(value, Exception):
            if isinstance(value, exceptions.ReadOnlyError | exceptions.BusyLoadingError):
                self._forget_primary()
            kind: Any = type(value)
            raise definite(kind)(str(value))
        for option in (EMPTY_RESPONSE, NEVER_DECODE, "keys"):
            options.pop(option, None)
        return CALLBACKS[name](value, **options) if name in CALLBACKS else value

    async def _ask(self, server: str, command: Command, wait_ms: float | None) -> Any:
        """The reply. A client that gives up a command that may block hangs up."""
        patience_ms = None if wait_ms == 0 else self._timeout_ms + (wait_ms or 0)
        hang_up = wait_ms is not None
        try:
            return (await ask(self._node, server, command, patience_ms, hang_up)).body
        except TimeoutError:
            raise NoReply(f"no reply from {server} within {patience_ms:g} ms") from None

    async def _ask_sentinel(self) -> str:
        """The name of the primary."""
        question = Command("SENTINEL GET-MASTER-ADDR-BY-NAME primary")
        return str((await self._ask(self._sentinel, question, None))[0].decode())

    def _forget_primary(self) -> None:
        if self._sentinel:
            self._server = ""

    def _remember(self, script: bytes) -> None:
        self._scripts[sha1(script).hexdigest()] = first_line(script.decode())
