"""Ids per second beside the packages that people use, and what an id costs the database.

Everybody makes the same thing: a Snowflake as a number, the others as text, one at a time, on one
core. distlab's Snowflake is safe for threads and never hands out what is no id; snowflake-id is for
one thread and returns None when a millisecond is used up, so it is asked again. The format gives
4.096 million ids a second to a worker: a fast machine waits for the clock, and then the processor
time of an id, taken in slices that are shorter than a millisecond, says more than the rate. Shares
of that cap are those of the best round, because whatever else a machine does only lowers them.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import bson
import snowflake
import ulid
import uuid6
import uuid_utils

from distlab.ids.measured import index_locality
from distlab.ids.objectid import ObjectIds
from distlab.ids.process import ThreadedSnowflake
from distlab.ids.uuids import Ulid, Uuid7, uuid4
from distlab.real.host import THIS_PROCESS

ROUNDS, IDS, SLICE, SLICES = 9, 200_000, 1_000, 200
ROWS = 200_000
CAP = 4_096_000
GOALS = {"single, times snowflake-id": 1.15, "single, share of the cap": 0.8,
         "batch, share of the cap": 0.95}  # fmt: skip

Make = Callable[[], object]
HOST = THIS_PROCESS
THEIRS = snowflake.SnowflakeGenerator(1)
PAIRS: dict[str, tuple[Make, dict[str, Make]]] = {
    "UUID v4": (lambda: uuid4(HOST.random), {
        "uuid": lambda: str(uuid.uuid4()), "uuid-utils": lambda: str(uuid_utils.uuid4())}),
    "UUID v7": (Uuid7(HOST).next_id, {
        "uuid6": lambda: str(uuid6.uuid7()), "uuid-utils": lambda: str(uuid_utils.uuid7())}),
    "ULID": (Ulid(HOST).next_id, {"python-ulid": lambda: str(ulid.ULID())}),
    "ObjectId": (ObjectIds(HOST).next_id, {"bson": lambda: str(bson.ObjectId())}),
}  # fmt: skip


def rate(make: Make, ids: int = IDS) -> float:
    """Ids a second."""
    began = time.perf_counter()
    for _ in range(ids):
        make()
    return ids / (time.perf_counter() - began)


def rate_of_snowflake_id() -> float:
    """The same for snowflake-id, whose None is no id."""
    made = 0
    began = time.perf_counter()
    while made < IDS:
        for number in islice(THEIRS, SLICE):
            if number is not None:
                made += 1
    return made / (time.perf_counter() - began)


def nanoseconds(make: Make) -> float:
    """Of processor time for one id, without waiting for the clock."""
    taken = []
    for _ in range(SLICES):
        time.sleep(0.002)  # into a fresh millisecond
        began = time.perf_counter_ns()
        for _ in range(SLICE):
            make()
        taken.append((time.perf_counter_ns() - began) / SLICE)
    return statistics.quantiles(taken, n=4)[0]


def batches() -> float:
    """Ids a second, a thousand at a time."""
    generator = ThreadedSnowflake(1)
    began = time.perf_counter()
    for _ in range(IDS // 1000):
        generator.next_ids(1000)
    return IDS / (time.perf_counter() - began)


def sequence(step: int) -> float:
    """Ids a second from one row of a SQLite file, `step` to a transaction that is on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder, "ids.db"), isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE ids (max_id INTEGER)")
        database.execute("INSERT INTO ids VALUES (0)")
        made, began = 0, time.perf_counter()
        while time.perf_counter() - began < 1:
            row = database.execute("UPDATE ids SET max_id = max_id + ? RETURNING max_id", (step,))
            (max_id,) = row.fetchone()
            for number in range(max_id - step + 1, max_id + 1):  # handed out from memory
                made = number
        database.close()
    return made / (time.perf_counter() - began)


def snowflakes() -> dict[str, Any]:
    ours = ThreadedSnowflake(1)
    rates: dict[str, list[float]] = {"distlab": [], "distlab, batch": [], "snowflake-id": []}
    costs: dict[str, list[float]] = {"distlab": [], "snowflake-id": []}
    for _ in range(ROUNDS):
        gc.collect()
        rates["distlab"].append(rate(ours.next_id))
        rates["distlab, batch"].append(batches())
        rates["snowflake-id"].append(rate_of_snowflake_id())
        costs["distlab"].append(nanoseconds(ours.next_id))
        costs["snowflake-id"].append(nanoseconds(THEIRS.__next__))
    times = statistics.median(
        its / own for own, its in zip(costs["distlab"], costs["snowflake-id"], strict=True)
    )
    middle = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "snowflakes/s": {name: round(value, -3) for name, value in middle.items()},
        "ns an id": {name: round(statistics.median(values)) for name, values in costs.items()},
        "reached": {
            "single, times snowflake-id": round(times, 2),
            "single, share of the cap": round(max(rates["distlab"]) / CAP, 2),
            "batch, share of the cap": round(max(rates["distlab, batch"]) / CAP, 2),
        },
        "goal": GOALS,
    }


def others() -> dict[str, Any]:
    found: dict[str, dict[str, float]] = {}
    for kind, (ours, peers) in PAIRS.items():
        makers = {"distlab": ours, **peers}
        rates: dict[str, list[float]] = {name: [] for name in makers}
        for _ in range(ROUNDS):
            for name, make in makers.items():
                rates[name].append(rate(make, IDS // 10))
        found[kind] = {n: round(statistics.median(values), -3) for n, values in rates.items()}
    return found


def locality() -> dict[str, Any]:
    random, numbers = Random(1), count(1)
    kinds: dict[str, Callable[[], int | str]] = {
        "sequence": numbers.__next__,
        "UUID v7": Uuid7(HOST).next_id,
        "UUID v4": lambda: uuid4(random),
    }
    measured = {kind: index_locality(make() for _ in range(ROWS)) for kind, make in kinds.items()}
    return {kind: each._asdict() for kind, each in measured.items()}


@contextmanager
def one_core() -> Iterator[None]:
    """Stay on one core, where the system can be asked for that."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if before:
        os.sched_setaffinity(0, {max(before)})
    yield
    if before:
        os.sched_setaffinity(0, before)


def measure() -> dict[str, Any]:
    peers = ("snowflake-id", "uuid6", "uuid-utils", "python-ulid", "pymongo")
    with one_core():
        return {
            **snowflakes(),
            "ids as text/s": others(),
            "from a row of SQLite/s": {f"step {n}": round(sequence(n), -2) for n in (1, 1000)},
            f"{ROWS} rows": locality(),
            "versions": {name: version(name) for name in peers},
        }
