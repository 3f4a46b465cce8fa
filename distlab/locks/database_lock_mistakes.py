"""The lock table as it is often built: a row is there, or it is not."""

import math
from typing import Any

from distlab.host import Conflict, Connection, Database, Host
from distlab.locks.database_lock import DatabaseLock
from distlab.locks.lock import Busy, Held

LONGEST_MS = 60_000


class FreedByCleaner(DatabaseLock):
    """The owner is the process id, and the row has no end. A cleaner deletes rows that are older
    than a minute: a dead holder's, and also that of a holder that works for longer than a minute.
    (`ends_ms` is when the row was made.)
    """

    held = "name = :name"
    free = "DELETE FROM locks"

    def __init__(self, database: Database, name: str, *, pid: int, **options: Any) -> None:
        super().__init__(database, name, **{**options, "timeout": None})
        self.pid = pid

    def new_token(self) -> bytes:
        return str(self.pid).encode()

    async def do_acquire(self, token: bytes) -> Held | Busy:
        def acquire(connection: Connection) -> None:
            row = {"name": self.key, "owner": token.decode(), "made_ms": self.host.now_ms()}
            connection.execute("INSERT INTO locks VALUES (:name, :owner, :made_ms, 0)", **row)

        try:
            await self._transaction(acquire)
        except Conflict:
            return Busy()
        return Held(math.inf)


async def keep_clean(database: Database, host: Host) -> None:
    """The cleaner, on a machine of its own, by its own clock: `host.spawn(keep_clean(...))`."""

    def clean(connection: Connection) -> None:
        old = "DELETE FROM locks WHERE ends_ms < :before_ms"
        connection.execute(old, before_ms=host.now_ms() - LONGEST_MS)

    while True:
        await database.transaction(clean)
        await host.sleep(LONGEST_MS)
