"""Lua scripts: a Redis server runs one in one piece, with nothing between check and act.

The first line of a script is a comment with its name: pictures and transcripts show it.
"""

from contextlib import suppress
from hashlib import sha1
from re import match
from typing import Any
from weakref import WeakSet

from redis import Redis, RedisCluster
from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError

from distlab.host import BadInput


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


async def stored(redis: Any, key: str) -> bytes | None:
    """What a key holds, as bytes, whether or not the client decodes its replies."""
    value: bytes | None = await redis.execute_command("GET", key, **{NEVER_DECODE: True})
    return value


def beside(name: str, what: str) -> str:
    """The name of a second key that a cluster keeps on the same server as `name`.

    A cluster chooses the server by the text in the first pair of braces, else by the whole name.
    """
    if match(r"[^{]*\{[^}]+\}", name):
        return f"{name}:{what}"
    if "}" in name:
        raise BadInput(f"lock name {name!r}: a '}}' is allowed only after a '{{' and some text")
    return f"{{{name}}}:{what}"


def asynchronous(redis: Any) -> Any:
    """The client itself. Raises `BadInput` for one of redis-py's that blocks the event loop."""
    if isinstance(redis, Redis | RedisCluster):
        raise BadInput(f"{type(redis).__name__} blocks: a client of redis.asyncio is needed")
    return redis
