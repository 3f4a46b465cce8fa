"""Lua scripts: a Redis server runs one in one piece, with nothing between check and act.

The first line of a script is a comment with its name: pictures and transcripts show it.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha1
from itertools import count
from typing import Any
from weakref import WeakSet

from redis import Redis, RedisCluster
from redis.client import NEVER_DECODE
from redis.crc import key_slot
from redis.exceptions import NoScriptError, ReadOnlyError, ResponseError

from distlab.host import BadInput
from distlab.locks.arguments import NAMESPACE
from distlab.locks.errors import Demoted, WrongKey


class Script:
    """A script. A client sends it whole at first, and only its digest from then on.

    A server forgets scripts (restart, failover, SCRIPT FLUSH). Then it is sent whole again.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        self._sent: WeakSet[Any] = WeakSet()

    async def __call__(self, redis: Any, keys: list[str], *arguments: Any) -> Any:
        """Run it. It declares all its keys, so that a cluster knows which server to ask."""
        if redis in self._sent:
            with suppress(NoScriptError):
                return await redis.evalsha(self.digest, len(keys), *keys, *arguments)
        answer = await redis.eval(self.text, len(keys), *keys, *arguments)
        self._sent.add(redis)
        return answer


async def in_words(
    redis: Any, what: str, kinds: Mapping[str, str], error: ResponseError
) -> ResponseError:
    """The refusal as a `Demoted` or a `WrongKey`, which say more, or the error itself. `kinds` say
    what should be in the keys: a type of Redis, or a number.
    """
    if isinstance(error, ReadOnlyError):
        return Demoted(f"cannot {what}: the server is a replica now, ask the new primary")
    if not re.search("WRONGTYPE|not an integer", str(error)):
        return error
    with suppress(Exception):  # if the server answers no more, the error itself has to do
        for key, kind in kinds.items():
            found = (await redis.execute_command("TYPE", key, **{NEVER_DECODE: True})).decode()
            fits, holds = found in (kind, "none"), f"a {found}"
            if (kind, found) == ("number", "string"):
                value = await stored(redis, key) or b"0"
                fits, holds = value.isdigit(), repr(value)
            if not fits:
                why = f"key {key!r} holds {holds}, where a {kind} is expected"
                return WrongKey(f"cannot {what}: {why}")
    return error


async def stored(redis: Any, key: str) -> bytes | None:
    """What a key holds, as bytes, whether or not the client decodes its replies."""
    value: bytes | None = await redis.execute_command("GET", key, **{NEVER_DECODE: True})
    return value


@lru_cache
def beside(name: str, what: str) -> str:
    """The name of a second key of the lock `name`. No other lock has it, and it is in `NAMESPACE`.

    A cluster chooses the server by the text in the first pair of braces, else by the whole name.
    Both keys have to be on one server: so this one has the same text in braces, or, where no text
    in braces would stand for the whole name (`a}b`), a number that leads to the same server.
    """
    own = re.match(r"[^{]*\{([^}]+)\}", name)
    if own is None and "}" not in name:
        return f"{NAMESPACE}{{{name}}}:{what}"
    slot = key_slot(name.encode())
    chosen = own[1] if own else next(n for n in count() if key_slot(b"%d" % n) == slot)
    return f"{NAMESPACE}{{{chosen}}}:{what}:{name}"


def asynchronous(redis: Any) -> Any:
    """The client itself. Raises `BadInput` for one of redis-py's that blocks the event loop."""
    if isinstance(redis, Redis | RedisCluster):
        raise BadInput(f"{type(redis).__name__} blocks: a client of redis.asyncio is needed")
    return redis
