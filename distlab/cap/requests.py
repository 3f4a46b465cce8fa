"""The requests of a client to any store in this chapter, and the answers.

The three systems take the same requests, so one client program can be run against each of them.
There are four answers, because a client must be able to tell three outcomes apart: it happened
(`Value`, `Written`), it did not and never will (`No`), nobody knows (`Unsure`, or no answer).

These are messages like any other. A node may pass a request on to another node, which answers. A
request that the network delivers twice is done twice.
"""

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
    """A client asked me, but you must answer: send the answer to `client`."""

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
    """Nothing happened, and nothing will."""

    why: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The write may have happened, may yet happen, or never will."""

    why: str


@dataclass(frozen=True, slots=True)
class MaybeStale:
    """A value from a machine that may lack the newest writes. It may be old, and says so."""

    value: Any


async def ask(client: Client, node: str, request: Read | Write, timeout_ms: float = 150) -> Any:
    """Ask a node. Returns the value read, or None for a write that is done.

    Raises `Unavailable` when nothing happened, `TimeoutError` when the outcome is unknown.
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
    """Sleep until the client's clock shows `at_ms` since its start, if that is still to come."""
    await client.sleep(max(0, at_ms - client.monotonic_ms()))


def visits(*steps: tuple[float, str, Read | Write]) -> Program:
    """A client program of (at_ms, node, request). Each waits for its time and for the last one."""

    async def program(client: Client) -> None:
        for at_ms, node, request in steps:
            await wait_until(client, at_ms)
            value = request.value if isinstance(request, Write) else None
            function = "write" if isinstance(request, Write) else "read"
            await client.perform(function, request.key, value, ask(client, node, request))

    return program
