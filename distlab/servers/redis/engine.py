"""Runs Redis commands by a machine's clock, with fakeredis.

This is the only module that touches fakeredis, and much of what it touches is private there:
fakeredis is pinned, and `tests/servers/test_seam.py` says what broke if a new version differs.

* Time. Many modules of fakeredis ask the module `time`. `_Time` stands in its place, and gives the
  machine's clock while a command of the machine is executed.
* Blocking. A command that would have to wait is `Parked`, and tried again after each write.
* Chance. Commands that pick at random are refused, and replies that come from a set are sorted.
* Lua. There is one interpreter a thread: to make one takes longer than a whole run.
"""

import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import fakeredis
import redis
from fakeredis._core import Database, FakeServer
from fakeredis._core._database import Item
from fakeredis._helpers import NoResponse, SimpleError
from fakeredis._socket import FakeSocket
from fakeredis.model import get_command_info

RANDOM = ("randomkey", "srandmember", "spop", "hrandfield", "zrandmember", "acl genpass")
NOT_RIGHT = (
    "lmpop", "blmpop",  # they leave empty lists
    "blmove",  # does not wait
    "lastsave", "save", "bgsave",  # by the real clock
    "dump", "restore",  # in a format of Python's
)  # fmt: skip
LONGEST_MS = 2**63
FROM_SETS = ("smembers", "sinter", "sunion", "sdiff")
OF_A_CONNECTION = re.compile(
    r"(multi|exec|discard|watch|unwatch|reset|hello|auth|client|quit|monitor|select|swapdb|move"
    r"|[ps]?(un)?subscribe|s?publish|pubsub)( |$)"
)
IN_SCRIPT = re.compile(r"""Error running script .*\[string "<python>"\]:(\d+): """)
IN_LUA = """
math.random, math.randomseed, os, io = nil, nil, nil, nil
local plain = tostring
tostring = function(value)
    return type(value) == "string" and value or (plain(value):gsub(": 0x%x+$", ""))
end
setmetatable(_G, {__newindex = function(_, name)
    error("Script attempted to create global variable '" .. tostring(name) .. "'", 2)
end})
"""
"""Redis forbids global variables in a script; here the scripts of the next run would see them. And
the address of a table differs from run to run.
"""


class _Time(threading.local):
    """Stands in for the module `time` in fakeredis."""

    now_us: Callable[[], int] | None = None

    def time(self) -> float:
        """Seconds since 1970. A float holds every microsecond of our times."""
        return time.time() if self.now_us is None else self.now_us() / 1e6

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


TIME = _Time()
for _name, _module in tuple(sys.modules.items()):
    if _name.startswith(f"{fakeredis.__name__}.") and getattr(_module, "time", None) is time:
        _module.time = TIME  # type: ignore[attr-defined]


class Parked(NamedTuple):
    """A blocking command that found nothing. `wait_ms` 0 is for ever.

    `attempt` looks again, and returns None or what it found; `as_reply` makes the reply of that.
    """

    wait_ms: float
    attempt: Callable[[bool], Any]
    as_reply: Callable[[Any], Any]


class StoredKey(NamedTuple):
    """A key and its value. `value` None: nothing; `until_s` (Unix time) None: for ever."""

    key: bytes
    value: Any
    until_s: float | None


class _Keys(Database):
    """A database that remembers which keys were changed."""

    def __init__(self, lock: Any) -> None:
        super().__init__(lock)
        self.changed: dict[bytes, None] = {}

    def notify_watch(self, key: bytes) -> None:
        self.changed[key] = None


class _Socket(FakeSocket):
    """One connection; it keeps the reply instead of queueing it."""

    reply: Any = None
    refusal: Callable[[str], str]

    def put_response(self, msg: Any) -> None:
        self.reply = msg

    def _blocking(
        self, timeout: float | None, func: Callable[[bool], Any], shape: Any = None
    ) -> Any:
        ms = 1000 * (timeout or 0)
        if not 0 <= ms < LONGEST_MS:
            raise SimpleError(f"ERR timeout is {'negative' if ms < 0 else 'out of range'}")
        as_reply = shape or (lambda found: found)
        found = func(True)
        if found is not None:
            return as_reply(found)
        self.reply = Parked(ms, func, as_reply)
        return NoResponse()

    def _run_command(self, func: Any, sig: Any, args: list[Any], from_script: bool) -> Any:
        refusal = self.refusal(sig.name)
        if refusal:
            return SimpleError(refusal)
        reply = super()._run_command(func, sig, args, from_script)
        if isinstance(reply, SimpleError):
            reply.__traceback__ = reply.__context__ = None  # they hold on to the whole run
            return reply
        return sorted(reply) if sig.name in FROM_SETS and isinstance(reply, list) else reply

    def _get_server_runtime(self, server: Any) -> Any:
        if not hasattr(server, "_lua_runtime"):
            vars(server).update(_interpreter(threading.get_ident()))
        return server._lua_runtime


@cache
def _interpreter(thread: int) -> dict[str, Any]:
    """The attributes of a server in which fakeredis keeps Lua."""
    server = FakeServer(version=(7,))
    FakeSocket(server, 0, client_class=redis.Redis)._get_server_runtime(server).execute(IN_LUA)
    return {name: value for name, value in vars(server).items() if name.startswith("_lua_")}


@cache
def flags(command: str) -> frozenset[bytes]:
    """What Redis says of a command: write, denyoom, blocking, ..."""
    info = get_command_info(command.encode())
    return frozenset(info[2]) if info else frozenset()


def wait_ms(fields: Sequence[bytes]) -> float | None:
    """How long a command asks the server to block; 0: for ever. None: it does not, or wrongly."""
    name = fields[0].decode().lower()
    if b"blocking" not in flags(name):
        return None
    try:
        asked_ms = 1000 * float(fields[-1])
    except (IndexError, ValueError):
        return None
    return asked_ms if 0 <= asked_ms < LONGEST_MS else None


class Engine:
    """The keys of one server. `refusal(command)` is the text of an error, or empty."""

    def __init__(self, now_us: Callable[[], int], refusal: Callable[[str], str]) -> None:
        self._now_us = now_us
        server = FakeServer(version=(7,))
        self._keys = _Keys(server.lock)
        server.dbs = {0: self._keys}
        self._socket = _Socket(server, 0, client_class=redis.Redis)
        self._socket.refusal = lambda name: _not_here(name) or refusal(name)
        self._socket._parser.close()  # a circle of references would outlive the run
        server.sockets.clear()

    @contextmanager
    def in_its_time(self) -> Iterator[None]:
        """Code in this block sees the machine's clock. Even the length of a hash depends on it."""
        TIME.now_us = self._now_us
        self._keys.time = TIME.time()
        try:
            yield
        finally:
            TIME.now_us = None

    def execute(self, fields: Sequence[bytes]) -> Any:
        """The raw reply (an error is an exception, not raised), or `Parked`."""
        with self.in_its_time():
            self._socket._process_command(list(fields))
        reply, self._socket.reply = self._socket.reply, None
        return _in_short(reply)

    def retry(self, parked: Parked, give_up: bool = False) -> Any:
        """The reply to a command that was parked, or the same `Parked` again."""
        with self.in_its_time():
            try:
                found = None if give_up else parked.attempt(False)
                shaped = parked if found is None and not give_up else parked.as_reply(found)
            except SimpleError as error:
                shaped = error
            return self._socket._decode_result(shaped)

    def take_changes(self) -> tuple[StoredKey, ...]:
        """The keys that were changed since this was last asked, with what they hold now."""
        if not self._keys.changed:
            return ()
        changed, self._keys.changed = self._keys.changed, {}
        with self.in_its_time():
            return tuple(map(self._entry, changed))

    def entries(self, most: int | None = None) -> tuple[StoredKey, ...]:
        """The keys that are there now: all of them, or the first few."""
        with self.in_its_time():
            return tuple(map(self._entry, islice(self._keys, most)))

    def put(self, entries: Iterable[StoredKey]) -> None:
        """Store what another engine gave, as it is."""
        with self.in_its_time():
            for key, value, until_s in entries:
                self._keys.pop(key, None)
                if value is not None:
                    item = Item(value)
                    item.expireat = until_s  # type: ignore[assignment]
                    self._keys[key] = item

    def __len__(self) -> int:
        with self.in_its_time():
            return len(self._keys)

    def _entry(self, key: bytes) -> StoredKey:
        item = self._keys.get(key)
        return StoredKey(key, item.value, item.expireat) if item else StoredKey(key, None, None)


def _not_here(name: str) -> str:
    if name in NOT_RIGHT or name.startswith("x"):  # streams
        return f"ERR {name.upper()} is not right in fakeredis"
    if name in RANDOM:
        return f"ERR {name.upper()} picks at random: a simulated run could not be repeated"
    if OF_A_CONNECTION.match(name):
        return f"ERR {name.upper()} belongs to a connection: the simulated Redis has none"
    return ""


def _in_short(reply: Any) -> Any:
    """The error of a script, without the part that only fakeredis adds."""
    if isinstance(reply, redis.ResponseError):
        return type(reply)(IN_SCRIPT.sub(r"user_script:\1: ", str(reply)))
    return reply
