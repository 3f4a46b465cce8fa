"""What kinds of ids cost, measured: in a database, and in what they tell an observer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from distlab.host import BadInput
from distlab.ids.objectid import ObjectIds
from distlab.ids.snowflake import Snowflake
from distlab.ids.uuids import Ulid, Uuid7, uuid4

PAGE_BYTES = 4096
BATCH = 100


class Locality(NamedTuple):
    """What SQLite did to keep the rows in key order."""

    rows: int
    pages_written: int
    megabytes: float

    @property
    def pages_a_row(self) -> float:
        return self.pages_written / self.rows


def index_locality(ids: Iterable[int | str], batch: int = BATCH) -> Locality:
    """Insert rows with these ids as their key into a new SQLite file, `batch` to a transaction.

    The table is a B-tree in key order (as in InnoDB; `WITHOUT ROWID`), with 60 bytes beside the
    key. Each transaction writes every page that it has changed once to the write-ahead log; these
    are counted. The same ids give the same count on every machine.
    """
    with TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder, "orders.db"), isolation_level=None)
        try:
            return _insert(database, list(ids), batch)
        finally:
            database.close()


def _insert(database: sqlite3.Connection, ids: Sequence[int | str], batch: int) -> Locality:
    database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute("CREATE TABLE orders (id PRIMARY KEY, rest BLOB) WITHOUT ROWID")
    written = 0
    for start in range(0, len(ids), batch):
        rows = [(number, bytes(60)) for number in ids[start : start + batch]]
        database.execute("BEGIN")
        database.executemany("INSERT INTO orders VALUES (?, ?)", rows)
        database.execute("COMMIT")
        # What was written is moved to its place in the file; the next transaction starts a new log.
        _, frames, _ = database.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        written += frames
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    return Locality(len(ids), written, round(pages * PAGE_BYTES / 1e6, 2))


def ascending_share(ids: Sequence[int | str]) -> float:
    """Of all pairs of neighbours, how many ascend: 1 is sorted, 0.5 is chance."""
    pairs = [(a, b) for a, b in pairwise(ids)]
    if not pairs:
        raise BadInput("ascending_share needs at least two ids")
    return sum(a < b for a, b in pairs) / len(pairs)  # type: ignore[operator]


def german_tank(seen: Sequence[int]) -> float:
    """How many there are, judged by the serial numbers of a few: max + max / count - 1.

    The smallest-variance unbiased estimate for numbers 1, 2, 3, … drawn without repetition (Ruggles
    & Brodie 1947, on German tanks). Raises `BadInput` for no numbers, or one below 1.
    """
    if not seen or min(seen) < 1:
        raise BadInput(f"german_tank({list(seen)}): give serial numbers from 1 on")
    return max(seen) * (1 + 1 / len(seen)) - 1


class Measure:
    """A host whose clock moves on by a millisecond every `a_ms` ids: the same for every kind."""

    def __init__(self, seed: int = 1, a_ms: int = 4, name: str = "worker-1") -> None:
        self.name, self.random, self.a_ms = name, Random(f"{seed}/{name}"), a_ms
        self._asked = 0

    def now_ms(self) -> int:
        self._asked += 1
        return 1_767_225_600_000 + self._asked // self.a_ms


@dataclass(frozen=True)
class Kind:
    """A kind of id for the table: how it is made, and what is true of it without measuring."""

    name: str
    make: Callable[[Measure], Callable[[], int | str]]
    bits: int
    needs: str
    tells: str


def _sequence(host: Measure) -> Callable[[], int]:
    return iter(range(1, 1 << 62)).__next__


KINDS = (
    Kind("database sequence", _sequence, 64, "the database, for each id", "how many there are"),
    Kind("Snowflake", lambda host: Snowflake(1, host).next_id, 63,
         "a clock, a worker id", "when, which worker, how busy"),
    Kind("UUID v4", lambda host: lambda: uuid4(host.random), 128, "chance", "nothing"),
    Kind("UUID v7", lambda host: Uuid7(host).next_id, 128, "a clock, chance", "when"),
    Kind("ULID", lambda host: Ulid(host).next_id, 128, "a clock, chance", "when"),
    Kind("ObjectId", lambda host: ObjectIds(host).next_id, 96, "a clock, chance",
         "when, which process, how busy"),
)  # fmt: skip


class Row(NamedTuple):
    """One line of the comparison. `ascending` is a share, `letters` the length as text."""

    kind: str
    bits: int
    letters: int
    ascending: float
    pages_a_row: float
    needs: str
    tells: str


def compare(rows: int = 5_000) -> tuple[Row, ...]:
    """Every kind in one table, measured with so many ids of one worker."""
    table = []
    for kind in KINDS:
        make = kind.make(Measure())
        ids = [make() for _ in range(rows)]
        pages = round(index_locality(ids).pages_a_row, 2)
        letters = max(len(str(number)) for number in ids)
        share = round(ascending_share(ids), 2)
        table.append(Row(kind.name, kind.bits, letters, share, pages, kind.needs, kind.tells))
    return tuple(table)
