"""The Database port on a real database: a SQLite file, or PostgreSQL.

    database = SqlDatabase(sqlalchemy.create_engine(server.url))
    await database.transaction(lambda connection: connection.execute("SELECT 1"))

Transactions run in threads, for SQLAlchemy's drivers block. They are serializable: SQLite runs one
writer at a time, PostgreSQL ends one of two that collide, and that one is run again.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy.exc import DBAPIError, OperationalError

from distlab.host import BadInput, Conflict, Connection, Rows, Unavailable

T = TypeVar("T")

BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN ISOLATION LEVEL SERIALIZABLE"}
SQLITE = "SQLITE_CONSTRAINT_"
CONSTRAINTS = {
    "unique": (f"{SQLITE}UNIQUE", f"{SQLITE}PRIMARYKEY", "23505"),
    "check": (f"{SQLITE}CHECK", "23514"),
    "not null": (f"{SQLITE}NOTNULL", "23502"),
    "foreign key": (f"{SQLITE}FOREIGNKEY", "23503"),
}
"""Each kind, with its codes in SQLite and PostgreSQL."""

COLLISIONS = {"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "40001", "40P01"}
WRONG_SQL = "SQLITE_ERROR"
ATTEMPTS = 50
COMMIT_S = 1.0
NOW = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


def _code(error: DBAPIError) -> str:
    """The database's own code of the error."""
    found = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return found or ""


class _Open:
    """An open transaction. A refused statement spoils all of it, as in PostgreSQL."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection
        self.refused: Conflict | None = None

    def execute(self, sql: str, **parameters: Any) -> Rows:
        if self.refused is not None:
            raise self.refused
        try:
            result = self._connection.execute(sqlalchemy.text(sql), parameters)
        except DBAPIError as error:
            for kind, codes in CONSTRAINTS.items():
                if _code(error) in codes:
                    self.refused = Conflict(kind)
                    raise self.refused from error
            raise
        if not result.returns_rows:
            return Rows(changed=max(result.rowcount, 0))
        rows = [tuple(row) for row in result]
        return Rows(rows, len(rows) if "RETURNING" in sql.upper() else 0)

    def now_ms(self) -> int:
        if self._connection.dialect.name == "sqlite":  # its machine is this process
            return time.time_ns() // 1_000_000
        return int(self.execute(NOW)[0][0])


class SqlDatabase:
    """The port on an engine.

    When the caller is cancelled or gives up waiting, the transaction is rolled back as soon as its
    thread comes to its end. A COMMIT that is already on its way is waited for; after a second its
    outcome is unknown.

    Raises `BadInput` for a database that is neither SQLite nor PostgreSQL.
    """

    def __init__(self, engine: sqlalchemy.Engine) -> None:
        if engine.dialect.name not in BEGIN:
            raise BadInput(f"a database of {engine.dialect.name!r}: use SQLite or PostgreSQL")
        self._begin = BEGIN[engine.dialect.name]
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")  # BEGIN is ours

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        decide = threading.Lock()  # for the first of the two: the COMMIT, or the one who gives up
        running = asyncio.get_running_loop().run_in_executor(None, self._transaction, work, decide)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if decide.acquire(blocking=False):
                running.cancel()  # if no thread has begun it, none will
            else:
                await asyncio.wait([running], timeout=COMMIT_S)
            raise

    def _transaction(self, work: Callable[[Connection], T], decide: threading.Lock) -> T:
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(work, decide)
            except DBAPIError as error:
                if _code(error) not in COLLISIONS:
                    if isinstance(error, OperationalError) and _code(error) != WRONG_SQL:
                        raise Unavailable(f"the database is not there: {error.orig}") from error
                    raise
            time.sleep(random.random() * min(2**attempt, 100) / 1000)
        raise Unavailable(f"{ATTEMPTS} attempts have collided with other transactions")

    def _attempt(self, work: Callable[[Connection], T], decide: threading.Lock) -> T:
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
            connection.exec_driver_sql(self._begin)
            transaction = _Open(connection)
            result = work(transaction)  # after an error, SQLAlchemy's pool rolls it back
            if transaction.refused is not None:
                raise transaction.refused
            if not decide.acquire(blocking=False):
                connection.exec_driver_sql("ROLLBACK")
                return result
            try:
                connection.exec_driver_sql("COMMIT")
            except OperationalError as error:
                if _code(error) in COLLISIONS:
                    decide.release()
                    raise
                raise TimeoutError(f"no answer to COMMIT: {error.orig}") from error
            return result
