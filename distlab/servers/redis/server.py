"""The machine on which a Redis runs: persistence, blocked clients, replication.

What a crash loses depends on `persistence` (Redis: `appendonly`, `appendfsync`): "always" writes to
the disk before it answers, "everysec" syncs once a second, "none" keeps everything in memory only.

Keys expire by the machine's wall clock, as they do in Redis, so a clock jump expires them early or
late. A blocked client (BLPOP and its like) is served when a key is written; its time-out runs on
the monotonic clock. The server forgets it when the client hangs up, which a client does when it
gives up waiting. A client that crashed or is cut off hangs up nothing, as when a machine loses its
power: the server may then pop an element for nobody, and the element is gone. Real Redis does so.

Replication is asynchronous: a primary answers first, and its replicas receive the *effects* of a
command (keys with their values and absolute expiry), not the command. A replica refuses writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

from redis import exceptions

from distlab.host import BadInput, did_you_mean
from distlab.servers.redis.engine import Engine, Entry, Parked, flags
from distlab.servers.redis.messages import Command, Hangup, Reply, words
from distlab.sim import Node
from distlab.sim.clocks import EPOCH_US
from distlab.sim.machine import Timer

PERSISTENCE = ("always", "everysec", "none")
KEY, ROLE, BORN = "key ", "replica of", "born"  # names on the disk
SHOWN = 4


class Waiter(NamedTuple):
    """A blocked client."""

    parked: Parked
    timer: Timer | None


class RedisServer(Node):
    """One Redis. With `replica_of` it begins as that server's replica.

    After a boot that has lost data it refuses every command (LOADING) for `restart_delay_ms`: the
    delayed restart of Redlock. From `maxmemory_keys` keys on it refuses what needs more memory
    (OOM). With a `password` it refuses clients that give another one. Raises `BadInput`.
    """

    def __init__(
        self,
        name: str,
        persistence: str = "everysec",
        replica_of: str = "",
        restart_delay_ms: float = 0,
        maxmemory_keys: int | None = None,
        password: str = "",
    ) -> None:
        super().__init__(name)
        if persistence not in PERSISTENCE:
            hint = did_you_mean(str(persistence), PERSISTENCE)
            raise BadInput(f"{name}: unknown persistence {persistence!r}{hint}")
        if restart_delay_ms < 0:
            raise BadInput(f"{name}: restart_delay_ms is {restart_delay_ms}, allowed is 0 or more")
        self.persistence, self.replica_of = persistence, replica_of
        self.restart_delay_ms, self.maxmemory_keys = restart_delay_ms, maxmemory_keys
        self.password = password

    def on_start(self) -> None:
        self.engine = Engine(self._now_us, self._refusal)
        self.heard: set[str] = set()  # addresses: each asks once; a copy is dropped, as by TCP
        self.waiters: dict[str, Waiter] = {}
        self.syncing = False
        self.loading_until_ms = self._end_of_loading()
        self.disk.put(BORN, True)
        names = self.disk.keys()
        self.engine.put(self.disk.read(name) for name in names if name.startswith(KEY))
        self.text = self._words()

    def _now_us(self) -> int:
        machine = self._machine
        return machine.clock.now_us(machine.kernel.now_us)

    def _end_of_loading(self) -> float:
        kept = self.persistence == "always" and self.disk.read(BORN)
        if kept or not self._machine.incarnation:
            return 0
        return self.monotonic_ms() + self.restart_delay_ms

    # Commands

    def on_command(self, command: Command, sender: str) -> None:
        if sender in self.heard:
            return
        self.heard.add(sender)
        fields, password = command.body
        outcome = self._refused(password) or self.engine.execute(fields)
        if isinstance(outcome, Parked):
            self._park(sender, outcome)
        else:
            self._answer(sender, outcome)

    def _refused(self, password: str) -> Exception | None:
        """Why no command of this client is executed now."""
        if self.password and not password:
            return exceptions.AuthenticationError("Authentication required.")
        if password != self.password:
            return exceptions.AuthenticationError("invalid username-password pair")
        if self.monotonic_ms() < self.loading_until_ms:
            return exceptions.BusyLoadingError("Redis is loading the dataset in memory")
        return None

    def _refusal(self, name: str) -> str:
        """Why this command cannot be executed here; a script asks for each that it calls."""
        most = self.maxmemory_keys
        if most is not None and b"denyoom" in flags(name) and len(self.engine) >= most:
            return "OOM command not allowed when used memory > 'maxmemory'."
        return ""

    def _answer(self, sender: str, outcome: Any) -> None:
        """Keep what has changed, then reply; it may be what blocked clients have waited for."""
        changes = self.engine.take_changes()
        if changes:
            self._keep(changes)
        self.send(sender, Reply(words(outcome), outcome))
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
            timer = self._machine.after(parked.wait_ms, lambda: self._give_up(sender))
        self.waiters[sender] = Waiter(parked, timer)

    def _give_up(self, sender: str) -> None:
        parked = self.waiters[sender].parked
        self._leave(sender)
        self._answer(sender, self.engine.retry(parked, give_up=True))

    def on_hangup(self, message: Hangup, sender: str) -> None:
        self.heard.add(sender)
        self._leave(sender)

    def _leave(self, sender: str) -> None:
        waiter = self.waiters.pop(sender, None)
        if waiter and waiter.timer:
            waiter.timer.cancel()

    # Disk

    def _keep(self, changes: Iterable[Entry]) -> None:
        self.text = self._words()
        for entry in changes:
            if self.persistence != "none":
                self.disk.write(KEY + entry.key.decode("latin-1"), entry)
        if self.persistence == "always":
            self.disk.sync()

    # What is shown

    def describe(self) -> str:
        return self.text

    def _words(self) -> str:
        entries = self.engine.entries()
        with self.engine.in_its_time():
            shown = [_shown(entry) for entry in islice(entries, SHOWN)]
        return ", ".join(shown) + (f", +{len(entries) - SHOWN}" if len(entries) > SHOWN else "")


def _shown(entry: Entry) -> str:
    value = entry.value
    text = f"={words(value)}" if isinstance(value, bytes) else f"[{len(value)}]"
    until = ""
    if entry.until_s is not None:
        until = f" until {round(entry.until_s * 1000) - EPOCH_US // 1000} ms"
    return f"{words(entry.key)}{text}{until}"
