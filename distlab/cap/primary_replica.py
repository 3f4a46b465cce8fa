"""One primary, one replica: how most databases are run.

The primary takes the writes and copies them to the replica. **Asynchronously**: it answers at once,
and the copy travels behind. **Synchronously**: it answers when the replica has the copy, so every
write takes another round trip, and none succeeds while the replica is silent.

With **failover** the replica takes over when it has not heard its primary for a while. What was
acknowledged and not yet copied is then lost; and silence does not mean that the primary is dead.

Every copy is everything the primary has, numbered, so a later copy makes up for a lost one.
"""

from dataclasses import dataclass
from typing import Any

from distlab.cap.requests import MaybeStale, No, Read, Unsure, Value, Write, Written, ask
from distlab.host import Unavailable
from distlab.sim import Client, Node

PRIMARY, REPLICA = "primary", "replica"


@dataclass(frozen=True, slots=True)
class Copy:
    """Everything that I hold after write `number`."""

    number: int
    entries: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """I have it, too."""

    number: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Time to send a copy as a sign of life."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The primary has not been heard for too long."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Copy `number` should have been acknowledged by now."""

    number: int


class Server(Node):
    """One of a pair. `partner` is the name of the other, `role` the role at the start."""

    heartbeat_ms = 50
    patience_ms = 110

    def __init__(
        self, name: str, partner: str, role: str, synchronous: bool = False, failover: bool = False
    ) -> None:
        super().__init__(name)
        self.partner = partner
        self.first_role = role
        self.synchronous = synchronous
        self.failover = failover

    def on_start(self) -> None:
        self.number, self.entries = self.disk.read("copy", (0, ()))
        self.waiting: tuple[tuple[int, str], ...] = ()
        self.silence = self.set_timer(self.patience_ms, Silence())
        if self.first_role == PRIMARY:
            self.become_primary(replica=self.partner)
        else:
            self.become_replica()

    def become_replica(self) -> None:
        self.role = REPLICA

    def become_primary(self, replica: str = "") -> None:
        """Take the writes from now on. After a failover there is no replica to copy them to."""
        self.role, self.replica = PRIMARY, replica
        self.silence.cancel()
        self.note("is the primary")
        self.on_heartbeat(Heartbeat())

    # The primary

    def on_write(self, request: Write, client: str) -> None:
        if self.role != PRIMARY:
            return self.send(client, No(f"{self.name} is a replica"))
        self.save(self.number + 1, dict(self.entries) | {request.key: request.value})
        self.copy()
        if not (self.synchronous and self.replica):
            return self.send(client, Written())
        self.waiting += ((self.number, client),)
        self.set_timer(self.patience_ms, Overdue(self.number))
        return None

    def on_heartbeat(self, timer: Heartbeat) -> None:
        if self.replica:
            self.copy()
            self.set_timer(self.heartbeat_ms, timer)

    def copy(self) -> None:
        if self.replica:
            self.send(self.replica, Copy(self.number, self.entries))

    def on_copied(self, message: Copied, sender: str) -> None:
        self.answer_up_to(message.number, Written())

    def on_overdue(self, timer: Overdue) -> None:
        self.answer_up_to(timer.number, Unsure("the replica is silent"))

    def answer_up_to(self, number: int, answer: Written | Unsure) -> None:
        for waiting, client in self.waiting:
            if waiting <= number:
                self.send(client, answer)
        self.waiting = tuple(each for each in self.waiting if each[0] > number)

    # The replica

    def on_copy(self, message: Copy, sender: str) -> None:
        if self.role == PRIMARY:
            return  # two primaries, and neither knows
        if self.failover:
            self.silence.cancel()
            self.silence = self.set_timer(self.patience_ms, Silence())
        if message.number > self.number:
            self.save(message.number, dict(message.entries))
        if self.synchronous:
            self.send(sender, Copied(message.number))

    def on_silence(self, timer: Silence) -> None:
        if self.failover and self.role == REPLICA:
            self.become_primary()

    # Both

    def on_read(self, request: Read, client: str) -> None:
        self.send(client, Value(dict(self.entries).get(request.key)))

    def save(self, number: int, entries: dict[str, Any]) -> None:
        self.number, self.entries = number, tuple(sorted(entries.items()))
        self.disk.put("copy", (self.number, self.entries))

    def describe(self) -> str:
        entries = " ".join(f"{key}={value}" for key, value in self.entries)
        return f"{self.role}: {entries or 'empty'}"


# Reading with a fallback


async def get_user(client: Client, primary: str, replica: str, key: str) -> Any:
    """The usual code: if the primary fails in some way, ask the replica."""
    try:
        return await ask(client, primary, Read(key), 40)
    except Exception:
        return await ask(client, replica, Read(key), 40)


async def get_user_marked(client: Client, primary: str, replica: str, key: str) -> Any:
    """Ask the replica only when the primary cannot be reached, and tell the caller."""
    try:
        return await ask(client, primary, Read(key), 40)
    except (Unavailable, TimeoutError):
        return MaybeStale(await ask(client, replica, Read(key), 40))


async def get_user_current(client: Client, primary: str, replica: str, key: str) -> Any:
    """No fallback: the current value or none."""
    return await ask(client, primary, Read(key), 40)
