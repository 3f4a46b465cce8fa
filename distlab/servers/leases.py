"""A small store of keys with leases on one machine: etcd does the same on several.

`LeaseServer` keeps everything on its disk, so a restart loses no key and repeats no revision. After
a restart it gives every lease its whole ttl again: it cannot know how long it was away.
`RemoteLeases` is the client, a `distlab.host.LeaseStore`.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distlab.host import Conflict, LeaseExpired, LeaseKey
from distlab.servers.service import LATER, Service, ask
from distlab.servers.words import Words, words
from distlab.sim import Node

STATE = "leases"  # the name on the disk
OPERATIONS = ("grant", "keep_alive", "revoke", "create", "list_keys", "wait_deleted")


class LeaseRequest(Words):
    """`body` is one of `OPERATIONS` and its arguments."""


class Deleted(Words):
    """The key that the receiver waits for is gone."""


class LeasedKey(NamedTuple):
    """A key and the lease that it ends with."""

    key: LeaseKey
    lease: int


@dataclass
class LeaseState:
    """The content of the disk. Dicts keep the order in which keys and leases were made."""

    revision: int = 0
    last_lease: int = 0
    ttls: dict[int, int] = field(default_factory=dict)
    entries: dict[str, LeasedKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expiry:
    """A timer: the lease ends, unless it was kept alive since."""

    lease: int
    beat: int


class LeaseServer(Service):
    """One machine with leases. Its operations are those of `distlab.host.LeaseStore`."""

    def on_start(self) -> None:
        self.state: LeaseState = self.disk.read(STATE) or LeaseState()
        self.beats: dict[int, int] = {}
        self.waiting: dict[str, list[str]] = {}  # by key: the callers that wait for its end
        for lease in self.state.ttls:
            self.beat(lease)

    def on_lease_request(self, request: LeaseRequest, sender: str) -> Any:
        operation, *arguments = request.body
        if operation not in OPERATIONS:
            raise ValueError(f"{operation!r} is no operation (allowed: {', '.join(OPERATIONS)})")
        if operation == "wait_deleted" and arguments[0] in self.state.entries:
            self.waiting.setdefault(arguments[0], []).append(sender)
            return LATER
        result = getattr(self, operation)(*arguments)
        self.disk.put(STATE, self.state)
        return result

    def on_expiry(self, expiry: Expiry) -> None:
        if self.beats.get(expiry.lease) == expiry.beat:
            self.revoke(expiry.lease)
            self.disk.put(STATE, self.state)

    def describe(self) -> str:
        keys = [entry.key for entry in self.state.entries.values()]
        return ", ".join(f"{words(key.value)} r{key.revision}" for key in keys)

    # The operations

    def grant(self, ttl_ms: int) -> int:
        self.state.last_lease += 1
        self.state.ttls[self.state.last_lease] = ttl_ms
        self.beat(self.state.last_lease)
        return self.state.last_lease

    def keep_alive(self, lease: int) -> None:
        self.require(lease)
        self.beat(lease)

    def revoke(self, lease: int) -> None:
        self.require(lease)
        del self.state.ttls[lease], self.beats[lease]
        for name in [name for name, entry in self.state.entries.items() if entry.lease == lease]:
            del self.state.entries[name]
            for waiter in self.waiting.pop(name, ()):
                self.answer(waiter, Deleted("deleted"))

    def create(self, key: str, value: str, lease: int) -> int:
        self.require(lease)
        if key not in self.state.entries:
            self.state.revision += 1
            self.state.entries[key] = LeasedKey(LeaseKey(key, value, self.state.revision), lease)
        elif self.state.entries[key].lease != lease:
            raise Conflict("unique")
        return self.state.entries[key].key.revision

    def list_keys(self, prefix: str) -> list[LeaseKey]:
        keys = [entry.key for entry in self.state.entries.values()]
        return [key for key in keys if key.key.startswith(prefix)]

    def wait_deleted(self, key: str) -> None:
        """Answer at once: there is no such key."""

    def require(self, lease: int) -> None:
        if lease not in self.state.ttls:
            raise LeaseExpired(f"lease {lease} is over")

    def beat(self, lease: int) -> None:
        self.beats[lease] = self.beats.get(lease, 0) + 1
        self.set_timer(self.state.ttls[lease], Expiry(lease, self.beats[lease]))


class RemoteLeases:
    """The leases of the machine `server`, used by `node`."""

    def __init__(self, node: Node, server: str = "leases", timeout_ms: float = 200) -> None:
        self._node, self._server, self._timeout_ms = node, server, timeout_ms

    async def grant(self, ttl_ms: int) -> int:
        return int(await self._call("grant", ttl_ms))

    async def keep_alive(self, lease: int) -> None:
        await self._call("keep_alive", lease)

    async def revoke(self, lease: int) -> None:
        await self._call("revoke", lease)

    async def create(self, key: str, value: str, lease: int) -> int:
        return int(await self._call("create", key, value, lease))

    async def list_keys(self, prefix: str) -> list[LeaseKey]:
        return list(await self._call("list_keys", prefix))

    async def wait_deleted(self, key: str) -> None:
        await self._call("wait_deleted", key)

    async def _call(self, *body: Any) -> Any:
        request = LeaseRequest(" ".join(map(words, body)), body)
        patience_ms = None if body[0] == "wait_deleted" else self._timeout_ms
        return await ask(self._node, self._server, request, patience_ms)
