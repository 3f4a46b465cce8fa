"""PostgreSQL's advisory lock: https://www.postgresql.org/docs/current/explicit-locking.html

It belongs to a *session*, not to a row: when the connection ends, for any reason, the lock is free.
So it needs no timeout, no watchdog and no cleaner. This has a price:

* The server has to notice that a connection is dead. After a power failure that takes until TCP
  keep-alive gives up (two hours by default). A holder that is only stuck keeps the lock for ever.
* Behind a pooler in transaction mode (PgBouncer) the session is not ours: the lock stays with the
  next client that is given the connection.
* There is no fencing token, and a failover to a standby forgets all such locks.

Within one session it is reentrant: two locks on one connection do not exclude each other.
"""

import math
from hashlib import sha256
from typing import Any

from distlab.host import BadInput
from distlab.locks.lock import Busy, Held, Lock, LockNotOwned

OWNER = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (classid::bigint << 32) | objid::bigint = %s
"""


class AdvisoryLock(Lock):
    """See `Lock`. `connection` is a `psycopg.AsyncConnection` with autocommit, for this lock alone.

    There is no timeout but None, so `extend` and `reacquire` are refused. psycopg's errors pass
    through.
    """

    def __init__(self, connection: Any, name: str, **options: Any) -> None:
        if options.setdefault("timeout", None) is not None:
            raise BadInput(f"timeout {options['timeout']!r}: an advisory lock lasts as its session")
        super().__init__(name, **options)
        self.connection = connection
        digest = sha256(self.key.encode()).digest()
        self.number = int.from_bytes(digest[:8], signed=True)  # PostgreSQL names locks so
        self.asker: bytes | None = None  # the claim of this object that holds it, or asks for it

    async def do_acquire(self, token: bytes) -> Held | Busy:
        if self.asker is not None and not self.connection.closed:
            return Busy()  # PostgreSQL would let its session in once more
        self.asker = token
        if await self._query("SELECT pg_try_advisory_lock(%s)"):
            return Held(math.inf)
        self._forget_asker(token)
        return Busy()

    async def do_release(self, token: bytes) -> None:
        if self.asker == token:
            was_ours = await self._query("SELECT pg_advisory_unlock(%s)")
            self._forget_asker(token)
            if was_ours:
                return
        raise LockNotOwned(f"cannot release {self.key!r}: it is not ours", self.key)

    def remaining_ms(self) -> float:
        """Without end as long as the session lasts. A lost session is noticed when it is used."""
        return -math.inf if self.connection.closed else super().remaining_ms()

    async def do_owner(self) -> bytes | None:
        pid = await self._query(OWNER)
        if pid == self.connection.info.backend_pid and self.local.token is not None:
            return bytes(self.local.token)
        return None if pid is None else str(pid).encode()

    def _forget_asker(self, token: bytes) -> None:
        if self.asker == token:  # nobody else has asked meanwhile
            self.asker = None

    async def _query(self, sql: str) -> Any:
        row = await (await self.connection.execute(sql, (self.number,))).fetchone()
        return row[0] if row else None
