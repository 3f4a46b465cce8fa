"""Kinds of ids compared: what they cost in a database, and what they tell an observer."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
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
    """The work of SQLite to keep the rows in key order."""

    rows: int
    pages_written: int
    megabytes: float

    @property
    def pages_a_row(self) -> float:
        return self.pages_written / self.rows


def index_locality(ids: Iterable[int | str], batch: int = BATCH) -> Locality:
    """Insert rows with these ids as their key into a new SQLite file, `batch` to a transaction.

    The table is a B-tree in key order (as in InnoDB; `WITHOUT ROWID`), with 60 bytes beside the
    key. Each transaction writes every page that it has changed once to the write-ahead log. We
    count these pages. The same ids give the same count each time.
    """
    with TemporaryDirectory() as folder, closing(_orders(Path(folder, "orders.db"))) as database:
        keys, written = list(ids), 0
        for start in range(0, len(keys), batch):
            rows = [(number, bytes(60)) for number in keys[start : start + batch]]
            database.execute("BEGIN")
            database.executemany("INSERT INTO orders VALUES (?, ?)", rows)
            database.execute("COMMIT")
            # This moves the pages to their place in the file. Then the log starts anew.
            _, frames, _ = database.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            written += frames
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        return Locality(len(keys), written, round(pages * PAGE_BYTES / 1e6, 2))


def _orders(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None)
    modes = ("journal_mode = WAL", "synchronous = OFF", "wal_autocheckpoint = 0")
    for pragma in (f"page_size = {PAGE_BYTES}", *modes):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE orders (id PRIMARY KEY, rest BLOB) WITHOUT ROWID")
    return database


def places_off(ids: Sequence[int | str]) -> int:
    """The largest distance, in places, of an id from its place in order. 0: they are sorted."""
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return max((abs(place - index) for place, index in enumerate(order)), default=0)


def german_tank(seen: Sequence[int]) -> float:
    """Estimate how many there are from a few serial numbers: max + max / count - 1.

    The smallest-variance unbiased estimate for numbers 1, 2, 3, … drawn without repetition (Ruggles
    & Brodie 1947, on German tanks). Raises `BadInput` for no numbers, or one below 1.
    """
    if not seen or min(seen) < 1:
        raise BadInput(f"german_tank({list(seen)}): give serial numbers from 1 on")
    return max(seen) * (1 + 1 / len(seen)) - 1


class Measure:
    """A worker as a host. Its clock moves on by a millisecond after every `a_ms` looks at it.

    Workers that share `looks` share the clock.
    """

    def __init__(self, name: str, looks: Iterator[int], a_ms: int = 4) -> None:
        self.name, self.random, self.a_ms = name, Random(name), a_ms
        self.looks = looks

    def now_ms(self) -> int:
        return 1_767_225_600_000 + next(self.looks) // self.a_ms


NextId = Callable[[], int | str]
WORKERS = 4


@dataclass(frozen=True)
class Maker:
    """A kind of id for the table: how workers make it, and its known properties."""

    name: str
    make: Callable[[Sequence[Measure]], Sequence[NextId]]
    bits: int
    needs: str
    tells: str


def _each(
    make: Callable[[int, Measure], NextId],
) -> Callable[[Sequence[Measure]], Sequence[NextId]]:
    """Workers that make ids alone, each with a number of its own."""
    return lambda hosts: [make(number, host) for number, host in enumerate(hosts, 1)]


def _sequence(hosts: Sequence[Measure]) -> Sequence[NextId]:
    numbers = count(1)
    return [numbers.__next__ for _ in hosts]


def _segments(hosts: Sequence[Measure], step: int = 1_000) -> Sequence[NextId]:
    starts = count(1, step)
    ranges = (range(start, start + step) for start in starts)
    return [chain.from_iterable(ranges).__next__ for _ in hosts]


MAKERS = (
    Maker("database sequence", _sequence, 64, "the database, for each id", "how many there are"),
    Maker("segments of 1,000", _segments, 64, "the database, now and then",
         "about how many there are"),
    Maker("Snowflake", _each(lambda number, host: Snowflake(number, host).next_id), 63,
         "a clock, a worker id", "when, which worker, how busy"),
    Maker("UUID v4", _each(lambda _, host: lambda: uuid4(host.random)), 128, "chance", "nothing"),
    Maker("UUID v7", _each(lambda _, host: Uuid7(host).next_id), 128, "a clock, chance", "when"),
    Maker("ULID", _each(lambda _, host: Ulid(host).next_id), 128, "a clock, chance", "when"),
    Maker("ObjectId", _each(lambda _, host: ObjectIds(host).next_id), 96, "a clock, chance",
         "when, which process, how busy"),
)  # fmt: skip


class Measurement(NamedTuple):
    """One line of the comparison. `letters` is the length as text."""

    kind: str
    bits: int
    letters: int
    places_off: int
    pages_a_row: float
    needs: str
    tells: str


def made_by_workers(kind: Maker, rows: int) -> list[int | str]:
    """Ids in the order of their making, by four workers in random turns."""
    looks, turns = count(), Random("turns")
    makers = kind.make([Measure(f"worker-{n}", looks) for n in range(1, WORKERS + 1)])
    return [makers[int(turns.random() * WORKERS)]() for _ in range(rows)]


def compare(rows: int = 5_000) -> tuple[Measurement, ...]:
    """Every kind in one table, measured with `rows` ids of four workers."""
    return tuple(_row(kind, made_by_workers(kind, rows)) for kind in MAKERS)


def _row(kind: Maker, ids: Sequence[int | str]) -> Measurement:
    letters, pages = max(len(str(number)) for number in ids), index_locality(ids).pages_a_row
    costs = letters, places_off(ids), round(pages, 2)
    return Measurement(kind.name, kind.bits, *costs, kind.needs, kind.tells)
