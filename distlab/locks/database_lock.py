"""A lock in a database: one row a lock, with its owner and its end.

It is for a program that has a database, no Redis, and few locks a second. The row's name is unique:
of two programs that insert it at once the database lets one through. When the time of a dead holder
is over, its row is taken over. The database's own clock decides that: the programs' clocks differ.

The row counts its owners. That number is the fencing token, and as safe as the table itself: it can
come twice only if the database loses committed rows.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

from distlab.host import BadInput, Conflict, Connection, Database
from distlab.locks.arguments import as_text, as_token
from distlab.locks.lock import Busy, Held, Lock, LockNotOwned, asking

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS locks (
    name TEXT PRIMARY KEY,
    owner TEXT,
    ends_ms BIGINT NOT NULL,
    fencing_token BIGINT NOT NULL
)
"""
TAKE_OVER = """
UPDATE locks SET owner = :owner, ends_ms = :ends_ms, fencing_token = fencing_token + 1
WHERE name = :name AND (ends_ms <= :now_ms OR owner = :owner) RETURNING fencing_token
"""
INSERT = """
INSERT INTO locks (name, owner, ends_ms, fencing_token)
SELECT :name, :owner, :ends_ms, coalesce(max(fencing_token), 0) + 1 FROM locks
RETURNING fencing_token
"""
"""A new row counts on from the highest number of all rows. So rows of locks that are not in use may
be deleted, but for the one with the highest number: else that number would be given again.
"""

NEVER_MS = 2**53
"""The end of a lock without timeout."""


class DatabaseLock(Lock):
    """See `Lock`. `database` is any `distlab.host.Database` with the table of `SCHEMA`."""

    held = "name = :name AND ends_ms > :now_ms"
    """The row, if somebody has the lock."""

    free = "UPDATE locks SET owner = NULL, ends_ms = :now_ms"
    """The row stays, because it holds the number."""

    def __init__(self, database: Database, name: str, *options: Any, **named_options: Any) -> None:
        super().__init__(name, *options, **named_options)
        _require_no_nul("lock's name", self.key)
        self.database = database

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        _require_no_nul("token", as_text(token))

        def acquire(connection: Connection) -> int | Busy:
            now_ms = connection.now_ms()
            ends_ms = NEVER_MS if self.timeout_ms is None else now_ms + self.timeout_ms
            claim = {"name": self.key, "owner": as_text(token), "ends_ms": ends_ms}
            if taken := connection.execute(TAKE_OVER, now_ms=now_ms, **claim):
                return int(taken[0][0])
            held = connection.execute("SELECT ends_ms FROM locks WHERE name = :name", name=self.key)
            if held:
                return Busy(held[0][0] - now_ms)
            return int(connection.execute(INSERT, **claim)[0][0])

        try:
            answer = await self._transaction(acquire)
        except Conflict:  # somebody else inserted the row at the same time
            return Busy()
        if isinstance(answer, Busy):
            return answer
        ttl_ms = math.inf if self.timeout_ms is None else self.timeout_ms
        return Held(asked_ms + ttl_ms, answer)

    async def do_release(self, token: bytes) -> None:
        def release(connection: Connection) -> int:
            free = f"{self.free} WHERE {self.held} AND owner = :owner"
            return connection.execute(free, **self._mine(connection, token)).changed

        if not await self._transaction(release):
            raise LockNotOwned(f"cannot release {self.key!r}: it is no longer ours", self.key)

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        asked_ms, since = self.host.monotonic_ms(), ":now_ms" if replace else "ends_ms"

        def extend(connection: Connection) -> int | None:
            where = f"{self.held} AND owner = :owner RETURNING ends_ms"
            more = f"UPDATE locks SET ends_ms = {since} + :ms WHERE {where}"
            mine = self._mine(connection, token)
            extended = connection.execute(more, ms=ms, **mine)
            return extended[0][0] - mine["now_ms"] if extended else None

        left_ms = await self._transaction(extend)
        if left_ms is None:
            raise LockNotOwned(f"cannot extend {self.key!r}: it is no longer ours", self.key)
        return asked_ms + left_ms

    async def do_owner(self) -> bytes | None:
        def owner(connection: Connection) -> str | None:
            who = f"SELECT owner FROM locks WHERE {self.held}"
            rows = connection.execute(who, name=self.key, now_ms=connection.now_ms())
            return rows[0][0] if rows else None

        found = await self._transaction(owner)
        return None if found is None else as_token(found)

    def _mine(self, connection: Connection, token: bytes) -> dict[str, Any]:
        return {"name": self.key, "owner": as_text(token), "now_ms": connection.now_ms()}

    async def _transaction(self, work: Callable[[Connection], T]) -> T:
        with asking(work.__name__, self.key):
            return await self.database.transaction(work)


def _require_no_nul(what: str, text: str) -> None:
    if "\0" in text:
        raise BadInput(f"a {what} is {text!r}: PostgreSQL stores a text without NUL only")
