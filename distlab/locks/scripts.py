"""Lua scripts: what a Redis server does in one piece, with nothing between check and act.

The first line of a script is a comment with its name, for those who watch the commands go by.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha1
from re import match
from typing import Any
from weakref import WeakSet

from redis import exceptions

from distlab.host import BadInput
from distlab.locks.lock import OutcomeUnknown

CERTAIN = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.BusyLoadingError,
    exceptions.MaxConnectionsError,
)
"""Errors of the connection after which nothing was executed for certain."""


class Script:
    """A script that a client sends whole at first, and by its digest from then on.

    A server forgets scripts (restart, failover, SCRIPT FLUSH): then it is sent whole again.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        self._sent: WeakSet[Any] = WeakSet()

    async def __call__(self, redis: Any, keys: list[str], *arguments: Any) -> Any:
        """Run it. All keys are declared, so that a cluster knows which server to ask."""
        if redis in self._sent:
            with suppress(exceptions.NoScriptError):
                return await redis.evalsha(self.digest, len(keys), *keys, *arguments)
        answer = await redis.eval(self.text, len(keys), *keys, *arguments)
        self._sent.add(redis)
        return answer


def beside(name: str, what: str) -> str:
    """The name of a second key that a cluster keeps on the same server as `name`.

    The server is chosen by what stands in the first pair of braces, else by the whole name.
    """
    if match(r"[^{]*\{[^}]+\}", name):
        return f"{name}:{what}"
    if "}" in name:
        raise BadInput(f"lock name {name!r}: a '}}' is allowed only after a '{{' and some text")
    return f"{{{name}}}:{what}"


@contextmanager
def asking(what: str, name: str) -> Iterator[None]:
    """When the connection fails, nobody knows what has become of the command."""
    try:
        yield
    except CERTAIN:
        raise
    except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
        if isinstance(error.__cause__, CERTAIN):  # redis-py says so of a wrong password
            raise error.__cause__ from None
        raise OutcomeUnknown(f"no answer to {what} of {name!r}: {error}", name) from error
