"""The messages to and from a simulated Redis. Each message is its own text in the trace.

SET lock A NX PX 30          a command
acquire lock A 30            a script, named by its first line: -- acquire
OK, nil, 1, READONLY ...     a reply
"""

from collections.abc import Sequence

from distlab.servers.words import Words, words


class Command(Words):
    """`body` is the command and its arguments in bytes."""


class Reply(Words):
    """`body` is the value, or an exception of redis-py."""


class Psync(Words):
    """A replica to its primary: where are we? With a true `body`: send me everything."""


class Effects(Words):
    """A primary to its replicas: `body` is a position, and the keys that have changed."""


def command_words(fields: Sequence[bytes], scripts: dict[str, str]) -> str:
    """A command as one would type it; `scripts` are names of scripts by their SHA-1."""
    name, *rest = map(words, fields)
    if name in ("EVAL", "EVALSHA"):
        script = fields[1].decode()
        called = first_line(script) if name == "EVAL" else scripts.get(script, "")
        if called or name == "EVAL":
            count = b"".join(fields[2:3])
            keys = int(count) if count.isdigit() else 0  # the others are called after the first
            name, rest = called or name, rest[2 : 2 + min(keys, 1)] + rest[2 + keys :]
    elif fields[:2] == [b"SCRIPT", b"LOAD"]:
        rest[1] = first_line(fields[2].decode()) or "…"
    return " ".join((name, *rest))


def first_line(script: str) -> str:
    """The name of a script: the comment that it begins with, or nothing."""
    line = script.strip().partition("\n")[0]
    return line.lstrip("- ").rstrip() if line.startswith("--") else ""
