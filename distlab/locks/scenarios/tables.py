"""Experiments with locks outside Redis: a row in a database, a key in a store with leases."""

from typing import Any

from distlab.check.invariants import available, mutual_exclusion, prompt
from distlab.check.look import delivered
from distlab.host import Conflict
from distlab.knobs import Way, Ways
from distlab.locks.checks import NO_HERD
from distlab.locks.database_lock import SCHEMA, DatabaseLock
from distlab.locks.database_lock_mistakes import FreedByCleaner
from distlab.locks.lease_lock import LeaseLock
from distlab.locks.scenarios.buyers import LOCK, LockScenario, holder, under_lock
from distlab.servers.leases import Deleted, LeaseServer, RemoteLeases
from distlab.servers.sql import DatabaseServer, RemoteDatabase
from distlab.servers.words import words
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import Shop
from distlab.sim import Client, World
from distlab.sim.client import Program
from distlab.sim.state import Kept, State
from distlab.sim.trace import Trace

PIDS = {"alice": 4711, "bob": 4712, "carol": 4713}
OWNERS = {str(pid): name for name, pid in PIDS.items()}
HELD = "SELECT name, owner, ends_ms FROM locks WHERE owner IS NOT NULL ORDER BY name"


class LockTable(DatabaseServer):
    """The database. It shows the rows that somebody owns, and until when if they say so."""

    def __init__(self, name: str, ends: bool) -> None:
        super().__init__(name, SCHEMA)
        self.ends = ends

    def describe(self) -> State:
        kept = tuple(
            Kept(name, words(owner), _name(owner), ends_ms if self.ends else None)
            for name, owner, ends_ms in self.database.look(HELD)
        )
        return State(", ".join(f"{row.value}{row.ending}" for row in kept), kept)


def _name(owner: str) -> str:
    """The client whose name begins the token (`alice/e63f…`), or whose process has this id."""
    return OWNERS.get(owner, owner.partition("/")[0])


ENDS = Ways(
    "ends",
    Way("cleaner", False, "a cleaner deletes it when it is a minute old",
        mistake="the lock is a row without an end, and a cleaner comes by every minute",
        source="ShedLock documentation, lockAtMostFor"),
    Way("expiry", True, "it says when it ends, and whoever comes then takes it over", role="right"),
    about="what becomes of a dead holder's row",
)  # fmt: skip


@LockScenario(
    id="locks/database-lock",
    title="The row of a dead holder",
    claim="A row stays until somebody deletes it; with an end it may end too early.",
    checks=(available(110, clients=("carol",)), mutual_exclusion(), NEVER_OVERSOLD),
    knobs=(ENDS,),
    nemesis="crash:alice+end; pause:alice; pause:bob@60..200+20..120; duplicate; at most 2",
    faults="crash:alice@30;pause:bob@130+150",
    outcomes=("locked for a minute", "two holders"),
    horizon_ms=320,
)
def database_lock(world: World, ends: bool) -> None:
    def open_lock(client: Client) -> Any:
        database = RemoteDatabase(client, timeout_ms=60)
        if ends:
            return DatabaseLock(database, LOCK, timeout=0.08, sleep=0.08, host=client)
        return FreedByCleaner(database, LOCK, pid=PIDS[client.name], sleep=0.08, host=client)

    world.add(LockTable("database", ends))
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 40, heedless=True))
    world.client("carol", under_lock(open_lock, 150, heedless=True))
    world.add(Shop(pieces=3))


class OneKeyForAll(LeaseLock):
    """The client that makes the key has the lock; all others wait until it is deleted."""

    async def line_up(self, token: bytes) -> int | None:
        place = await self.alive(token)
        place.before = f"{self.prefix}lock"
        try:
            return await self.store.create(place.before, token.decode(), place.lease)
        except Conflict:
            return None


WAITS = Ways(
    "waits",
    Way("one-key", OneKeyForAll, "the one key of the holder",
        mistake="everybody watches the key of the holder",
        source="Hunt et al. 2010, ZooKeeper, section 2.4, simple locks without herd effect"),
    Way("queue", LeaseLock, "in a queue, each for the key before its own", role="right"),
    about="for what",
)  # fmt: skip
WORK_MS = 20


def at_work(kind: type[LeaseLock], at_ms: float) -> Program:
    def open_lock(client: Client) -> LeaseLock:
        return kind(RemoteLeases(client, timeout_ms=60), LOCK, timeout=0.09, host=client)

    async def work(client: Client, lock: Any) -> None:
        await client.sleep(WORK_MS)

    return holder(open_lock, at_ms, work)


def woken(trace: Trace) -> dict[str, int]:
    """How often a waiter was told that the key it waits for is gone."""
    return {"woken": len(list(delivered(trace, Deleted)))}


@LockScenario(
    id="locks/herd",
    title="Four at one lock",
    claim="If all wait for one key, each release wakes them all, and all but one in vain.",
    checks=(NO_HERD, prompt(120, "acquire"), mutual_exclusion()),
    knobs=(WAITS,),
    nemesis="crash; crash:alice,bob,carol,dave+end; pause; partition; cut; lose; delay=1..40; "
    "hold+1..60; duplicate; jump; at most 3",
    faults="crash:bob@55",
    outcomes=("the herd wakes up", "one dead waiter stops all"),
    measure=woken,
    horizon_ms=260,
)
def herd(world: World, waits: type[LeaseLock]) -> None:
    world.add(LeaseServer("leases"))
    for number, name in enumerate(("alice", "bob", "carol", "dave")):
        world.client(name, at_work(waits, 10 + 4 * number))
