"""A SQL database in the simulated world: SQLite, kept on a machine's disk.

`DiskDatabase` is for the program of the same machine, `DatabaseServer` and `RemoteDatabase` are for
others. All but the server are a `distlab.host.Database`. Transactions run one after the other.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import lru_cache
from typing import Any, TypeVar

from distlab.host import Conflict, Connection, Rows
from distlab.servers.service import Service, ask
from distlab.servers.words import Words, words
from distlab.sim import Node
from distlab.sim.state import State

T = TypeVar("T")
Work = Callable[[Connection], T]

FILE = "database"
SYNC_MS = (1, 1)
"""How long the disk works before a transaction is durable, and until that is reported."""

UNREPEATABLE = re.compile(
    r"random(blob)?|current_\w+|(date)?time|date|julianday|unixepoch|strftime", re.IGNORECASE
)


class _Statements:
    """A transaction's view of SQLite."""

    def __init__(self, file: sqlite3.Connection, node: Node) -> None:
        self._file = file
        self.now_ms = node.now_ms

    def execute(self, sql: str, **parameters: Any) -> Rows:
        try:
            cursor = self._file.execute(sql, parameters)
            return Rows(cursor.fetchall(), max(cursor.rowcount, 0))
        except sqlite3.IntegrityError as error:
            raise Conflict(_kind(error.sqlite_errorname)) from None


class DiskDatabase:
    """The database on the disk of `node`; `schema` makes the tables of an empty one.

    A crash of the node comes before the commit or after it; if after, the result may be lost.
    Raises `sqlite3.Error` for wrong SQL: a mistake in the program, which ends the run.
    """

    def __init__(
        self, node: Node, schema: str = "", sync_ms: tuple[float, float] = SYNC_MS
    ) -> None:
        self._node, self._schema, self._sync_ms = node, schema, sync_ms
        self._content: bytes | None = None
        self._found: dict[str, Rows] = {}  # what was looked for since the last change
        self._file: sqlite3.Connection | None = None

    async def transaction(self, work: Work[T]) -> T:
        """Run `work(connection)`: see `distlab.host.Database`."""
        before_ms, after_ms = self._sync_ms
        if before_ms:
            await self._node.sleep(before_ms)
        result = self._commit(work)
        if after_ms:
            await self._node.sleep(after_ms)
        return result

    def look(self, sql: str) -> Rows:
        """Run a query at once: for pictures, not for protocols."""
        file = self._open()
        if sql not in self._found:
            self._found[sql] = _Statements(file, self._node).execute(sql)
        return self._found[sql]

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _commit(self, work: Work[T]) -> T:
        file = self._open()
        file.execute("BEGIN")
        try:
            result = work(_Statements(file, self._node))
        except BaseException:
            file.execute("ROLLBACK")
            raise
        file.execute("COMMIT")
        self._save(file)
        return result

    def _open(self) -> sqlite3.Connection:
        """Open what is on the disk now. It may be another database than last time, or none."""
        content = self._node.disk.read(FILE)
        if self._file is None or content is not self._content:
            self._file, self._content = sqlite3.connect(":memory:", isolation_level=None), content
            if content or self._schema:
                self._file.deserialize(content or _empty(self._schema))
            self._found.clear()
            self._file.execute("PRAGMA foreign_keys = ON")
            self._file.set_authorizer(_authorise)
        return self._file

    def _save(self, file: sqlite3.Connection) -> None:
        self._node.disk.put(FILE, file.serialize())
        self._content = self._node.disk.read(FILE)
        self._found.clear()


@lru_cache
def _empty(schema: str) -> bytes:
    """A database with nothing but what the schema makes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as file:
        file.executescript(f"BEGIN; {schema}; COMMIT")
        return file.serialize()


def _authorise(action: int, first: str | None, second: str | None, *_: Any) -> int:
    """Refuse what a simulated run could not repeat."""
    wrong = action == sqlite3.SQLITE_FUNCTION and UNREPEATABLE.fullmatch(second or "")
    return sqlite3.SQLITE_DENY if wrong else sqlite3.SQLITE_OK


def _kind(name: str) -> str:
    """SQLITE_CONSTRAINT_NOTNULL as "not null"."""
    kind = name.removeprefix("SQLITE_CONSTRAINT_").lower()
    return {"primarykey": "unique", "rowid": "unique", "notnull": "not null",
            "foreignkey": "foreign key"}.get(kind, kind)  # fmt: skip


class Transaction(Words):
    """`body` is the function to run; it is shown by its name."""


class DatabaseServer(Service):
    """A machine with a database that others use. `show` is a query whose rows the pictures show."""

    def __init__(self, name: str, schema: str = "", show: str = "") -> None:
        super().__init__(name)
        self.schema, self.show = schema, show

    def on_start(self) -> None:
        self.database = DiskDatabase(self, self.schema)

    async def on_transaction(self, message: Transaction, sender: str) -> Any:
        return await self.database.transaction(message.body)

    def describe(self) -> str | State:
        rows = self.database.look(self.show) if self.show else ()
        return ", ".join(" ".join(map(words, row)) for row in rows)


class RemoteDatabase:
    """The database of the machine `server`, used by `node`."""

    def __init__(self, node: Node, server: str = "database", timeout_ms: float = 200) -> None:
        self._node, self._server, self._timeout_ms = node, server, timeout_ms

    async def transaction(self, work: Work[T]) -> T:
        """Send `work` there: see `distlab.host.Database`."""
        name = getattr(work, "__name__", "<").strip("_")
        message = Transaction("transaction" if "<" in name else name, work)
        result: T = await ask(self._node, self._server, message, self._timeout_ms)
        return result
