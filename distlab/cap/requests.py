"""What a client may ask of any store in this chapter, and what it may be told.

The three systems take the same requests, so one client program can be run against each of them.
There are four answers, because a client must be able to tell three outcomes apart: it happened
(`Value`, `Written`), it did not and never will (`No`), nobody knows (`Unsure`, or no answer).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distlab.host import Unavailable
from distlab.sim import Client
from distlab.sim.client import Program


@dataclass(frozen=True, slots=True)
class Read:
    """What is under this key?"""

    key: str


@dataclass(frozen=True, slots=True)
class Write:
    """Put this value under this key."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Forward:
    """A client asked me, but it is for you to answer: send the answer to `client`."""

    request: Read | Write
    client: str


@dataclass(frozen=True, slots=True)
class Value:
    """What a read found; None when there is nothing."""

    value: Any


@dataclass(frozen=True, slots=True)
class Written:
    """The write is done, and will be kept as well as the store keeps anything."""


@dataclass(frozen=True, slots=True)
class No:
    """A definite no: nothing happened, and nothing will."""

    why: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The write may have happened, may yet happen, or never will."""

    why: str


@dataclass(frozen=True, slots=True)
class MaybeStale:
    """A value that the client got elsewhere than it should: it may be old, and says so."""

    value: Any


async def ask(client: Client, node: str, request: Read | Write, timeout_ms: float = 150) -> Any:
    """Ask a node; the value read, or None for a write that is done.

    Raises `Unavailable` for a definite no, `TimeoutError` when the outcome is unknown.
    """
    match await client.call(node, request, timeout_ms):
        case Value(value=value):
            return value
        case Written():
            return None
        case No(why=why):
            raise Unavailable(why)
        case Unsure(why=why):
            raise TimeoutError(why)
        case other:
            raise TypeError(f"{node} answered {type(other).__name__}, which is no answer")


async def wait_until(client: Client, at_ms: float) -> None:
    """Sleep until the client's clock shows `at_ms` after its start; not at all if that is over."""
    await client.sleep(max(0, at_ms - client.monotonic_ms()))


def visits(*steps: tuple[float, str, Read | Write]) -> Program:
    """A client program of (at_ms, node, request): each at its time, or once the last is over."""

    async def program(client: Client) -> None:
        for at_ms, node, request in steps:
            await wait_until(client, at_ms)
            value = request.value if isinstance(request, Write) else None
            function = "write" if isinstance(request, Write) else "read"
            await client.perform(function, request.key, value, ask(client, node, request))

    return program
