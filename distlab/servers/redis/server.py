"""The machine on which a Redis runs: persistence, blocked clients, replication.

`persistence` decides what a crash of the machine loses (Redis: `appendonly`, `appendfsync`):
"always" writes to the disk before it answers, "everysec" syncs once a second, "none" keeps all in
memory. (When only the process dies, the operating system still has what "everysec" wrote.)

Keys expire by the machine's wall clock, as they do in Redis: so a clock jump expires them early or
late. A blocked client (BLPOP and the like) is served when a key is written; its time-out runs on
the monotonic clock. A client that gives up waiting hangs up, and the server forgets it. A client
that crashed or is cut off does not hang up, as when a machine loses its power: the server may then
pop an element for nobody, and the element is gone. Real Redis does the same.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from redis import exceptions

from distlab.host import BadInput, did_you_mean
from distlab.servers.redis.engine import Engine, Parked, StoredKey, flags
from distlab.servers.redis.messages import Command, Reply
from distlab.servers.redis.replication import Replicated
from distlab.servers.service import LATER
from distlab.servers.words import words
from distlab.sim.machine import Timer
from distlab.sim.state import Kept, State

PERSISTENCE = ("always", "everysec", "none")
KEY, BORN = "key ", "born"  # names on the disk
SHOWN = 4
LOADING = exceptions.BusyLoadingError("Redis is loading the dataset in memory")
UNBLOCKED = "UNBLOCKED force unblock from blocking operation, the server is a replica now"


class Waiter(NamedTuple):
    """A blocked client."""

    parked: Parked
    timer: Timer | None


class RedisServer(Replicated):
    """One Redis. With `replica_of` it begins as that server's replica, which refuses writes.

    After a boot that has lost data it refuses every command (LOADING) for `restart_delay_ms`: the
    delayed restart of Redlock. Raises `BadInput`.
    """

    def __init__(
        self,
        name: str,
        persistence: str = "everysec",
        replica_of: str = "",
        restart_delay_ms: float = 0,
    ) -> None:
        super().__init__(name)
        if persistence not in PERSISTENCE:
            hint = did_you_mean(str(persistence), PERSISTENCE)
            raise BadInput(f"{name}: unknown persistence {persistence!r}{hint}")
        if restart_delay_ms < 0:
            raise BadInput(f"{name}: restart_delay_ms is {restart_delay_ms}, allowed is 0 or more")
        self.persistence, self.replica_of = persistence, replica_of
        self.restart_delay_ms = restart_delay_ms

    def on_start(self) -> None:
        self.engine = Engine(self.now_us, self._refusal)
        self.waiters: dict[str, Waiter] = {}
        self.writers: dict[bytes, str] = {}  # the last writer of each key
        self.sync_is_due = False
        self.loading_until_ms = self._end_of_loading()
        self.disk.put(BORN, True)
        names = self.disk.keys()
        self.engine.put(self.disk.read(name) for name in names if name.startswith(KEY))
        self.start_replication()
        self._renew_state()

    def _end_of_loading(self) -> float:
        kept = self.persistence == "always" and self.disk.read(BORN)
        if kept or not self.boots:
            return 0
        self.after(self.restart_delay_ms, self._renew_state)
        return self.monotonic_ms() + self.restart_delay_ms

    # Commands

    def on_command(self, command: Command, sender: str) -> Any:
        fields = command.body
        outcome = LOADING if self._loading() else self._about_roles(fields)
        if outcome is None:
            outcome = self.engine.execute(fields)
        if isinstance(outcome, Parked):
            self._park(sender, outcome)
        else:
            self._answer(sender, outcome)
        return LATER

    def _loading(self) -> bool:
        return self.monotonic_ms() < self.loading_until_ms

    def _refusal(self, name: str) -> str:
        """Why this server refuses the command, or nothing. Also asked for each call of a script."""
        refused = self.primary and b"write" in flags(name)
        return "READONLY You can't write against a read only replica." if refused else ""

    def _about_roles(self, fields: tuple[bytes, ...]) -> Any:
        """The answer to ROLE and REPLICAOF; None to any other command."""
        if fields[0] == b"ROLE" and self.primary:
            return [b"slave", self.primary.encode(), 6379, b"connected", 0]
        if fields[0] == b"ROLE":
            return [b"master", 0, [name.encode() for name in self.replicas]]
        if fields[0] != b"REPLICAOF":
            return None
        if fields[1:] == (b"NO", b"ONE"):
            self.become_primary()
        else:
            self.become_replica(fields[1].decode())
            for sender in tuple(self.waiters):
                self._leave(sender)
                self._answer(sender, exceptions.ResponseError(UNBLOCKED))
        self._renew_state()
        return b"OK"

    def _answer(self, sender: str, outcome: Any) -> None:
        """Keep the changes, reply, then serve the blocked clients that waited for such a change."""
        changes = self.engine.take_changes()
        if changes:
            self.writers |= {entry.key: sender.partition("#")[0] for entry in changes}
            self.keep(changes)
            self.replicate(changes)
        self.answer(sender, Reply(words(outcome), outcome))
        if changes:
            for other, waiter in tuple(self.waiters.items()):
                found = self.engine.retry(waiter.parked)
                if found is not waiter.parked:
                    self._leave(other)
                    return self._answer(other, found)
        return None

    # Blocked clients, in the order in which they came

    def _park(self, sender: str, parked: Parked) -> None:
        timer = None
        if parked.wait_ms:
            timer = self.after(parked.wait_ms, lambda: self._give_up(sender))
        self.waiters[sender] = Waiter(parked, timer)

    def _give_up(self, sender: str) -> None:
        parked = self.waiters[sender].parked
        self._leave(sender)
        self._answer(sender, self.engine.retry(parked, give_up=True))

    def abandoned(self, sender: str) -> None:
        self._leave(sender)

    def _leave(self, sender: str) -> None:
        waiter = self.waiters.pop(sender, None)
        if waiter and waiter.timer:
            waiter.timer.cancel()

    # Disk

    def keep(self, changes: Iterable[StoredKey]) -> None:
        for entry in changes:
            if self.persistence != "none":
                self.disk.write(KEY + entry.key.decode("latin-1"), entry)
            if entry.until_s is not None:
                self.after(self._ms_until(entry.until_s), self._renew_state)
        if self.persistence == "always":
            self.disk.sync()
        elif self.persistence == "everysec" and not self.sync_is_due:
            self.sync_is_due = True
            self.after(1000, self._sync)
        self._renew_state()

    def _sync(self) -> None:
        self.sync_is_due = False
        self.disk.sync()

    # What is shown

    def describe(self) -> State:
        return self.state

    def _renew_state(self) -> None:
        """Renew what `describe` says; called whenever it may have changed."""
        entries = sorted(self.engine.entries(SHOWN), key=lambda entry: words(entry.key))
        with self.engine.in_its_time():
            shown = [_shown(entry) for entry in entries]
            kept = tuple(_kept(entry, self.writers.get(entry.key, "")) for entry in entries)
        if len(self.engine) > SHOWN:
            shown.append(f"+{len(self.engine) - SHOWN}")
        role = "loading: " if self._loading() else "replica: " if self.primary else ""
        self.state = State(role + ", ".join(shown), kept)

    def _ms_until(self, until_s: float) -> float:
        """From now to just after that time of the wall clock, unless somebody sets the clock."""
        return max(0, until_s * 1e6 - self.now_us()) / 1000 + 0.002


def _shown(entry: StoredKey) -> str:
    kept = _kept(entry, "")
    return f"{kept.what}{'=' * isinstance(entry.value, bytes)}{kept.value}{kept.ending}"


def _kept(entry: StoredKey, by: str) -> Kept:
    value = words(entry.value) if isinstance(entry.value, bytes) else f"[{len(entry.value)}]"
    until_ms = None if entry.until_s is None else round(entry.until_s * 1000)
    return Kept(words(entry.key), value, by, until_ms)
