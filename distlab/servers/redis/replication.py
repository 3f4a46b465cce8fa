"""Asynchronous replication: a primary answers its clients first and tells its replicas later.

Replicas receive the *effects* of a command (keys with their values and absolute expiry), not the
command: so a script that calls TIME gives the same there. Effects are numbered. A replica that has
missed one, or whose primary has restarted, asks for everything again, as with PSYNC in Redis:

    redis-2 → redis    PSYNC               where are we?
    redis → redis-2    CONTINUE 7          at effects number 7; if the replica is not, it asks
    redis → redis-2    FULLRESYNC 3 keys   for everything

So a primary that comes back empty empties its replicas. Many have lost their data in this way.
"""

from abc import abstractmethod
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from distlab.servers.redis.engine import Engine, StoredKey
from distlab.servers.redis.messages import Effects, Psync
from distlab.servers.service import LATER, Service, ask
from distlab.servers.words import Words, words

HEARTBEAT_MS = 250
ROLE = "replica of"  # on the disk: Sentinel writes it into the configuration file

Life = tuple[int, int]
"""How often the primary's machine has booted, and how often its role has changed since."""

Position = tuple[Life, int]
"""A life of the primary, and how many effects it has sent in it."""


class Replicated(Service):
    """The part of a Redis that gives and takes effects. `primary` is empty on a primary."""

    replica_of: str
    engine: Engine

    @abstractmethod
    def keep(self, changes: Iterable[StoredKey]) -> None:
        """Put changes on the disk, and show them."""

    def start_replication(self) -> None:
        self.life: Life = (self.boots, 0)
        primary = self.disk.read(ROLE, self.replica_of)
        self.become_replica(primary) if primary else self.become_primary()

    def become_primary(self) -> None:
        """REPLICAOF NO ONE. A new life begins: all replicas ask for everything."""
        self._begin_life("")
        self.position: Position | None = (self.life, 0)

    def become_replica(self, primary: str) -> None:
        """REPLICAOF primary: from now on this server has its data, and no others."""
        self._begin_life(primary)
        self.position = None
        self.spawn(self._follow(primary, self.life), background=True)

    def _begin_life(self, primary: str) -> None:
        self.life = (self.boots, self.life[1] + 1)
        self.replicas: dict[str, None] = {}
        self.primary = primary
        self.disk.put(ROLE, primary)

    # Primary

    def replicate(self, changes: tuple[StoredKey, ...]) -> None:
        """Send these effects to every replica that has asked."""
        if self.replicas and self.position is not None:
            life, number = self.position
            self.position = (life, number + 1)
            text = f"replicate {' '.join(words(entry.key) for entry in changes)}"
            for replica in self.replicas:
                self.send(replica, Effects(text, (self.position, deepcopy(changes))))

    def on_psync(self, message: Psync, sender: str) -> Any:
        if self.primary or self.position is None:
            return LATER  # a replica stays silent
        everything = None
        text = f"CONTINUE {self.position[1]}"
        if message.body:
            self.replicas[sender.partition("#")[0]] = None
            everything = deepcopy(self.engine.entries())
            text = f"FULLRESYNC {len(everything)} keys"
        return Words(text, (self.position, everything))

    # Replica

    async def _follow(self, primary: str, life: Life) -> None:
        self.in_order_from(primary)  # one connection
        while self.life == life:
            question = Psync("PSYNC ?" if self.position is None else "PSYNC", self.position is None)
            try:
                position, everything = (await ask(self, primary, question, HEARTBEAT_MS)).body
            except TimeoutError:
                continue
            if self.life != life:
                return
            if everything is not None:
                self.position = position
                gone = (StoredKey(entry.key, None, None) for entry in self.engine.entries())
                self._apply((*gone, *everything))
            elif position != self.position:
                self.position = None
                continue
            await self.sleep(HEARTBEAT_MS)

    def on_effects(self, message: Effects, sender: str) -> None:
        position, changes = message.body
        if sender != self.primary or self.position is None:
            return
        life, number = self.position
        if position == (life, number + 1):
            self.position = position
            self._apply(changes)
        elif position > self.position:
            self.position = None

    def _apply(self, entries: tuple[StoredKey, ...]) -> None:
        self.engine.put(entries)
        self.keep(entries)
