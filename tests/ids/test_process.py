"""Generators in a process with threads, a real clock and files."""

import asyncio
import sys
import threading
import time
from contextlib import contextmanager, suppress
from itertools import count, pairwise
from threading import Lock

import fakeredis
import pytest

from distlab.host import BadInput, Refused
from distlab.ids.layout import EPOCH_MS, Layout
from distlab.ids.lease import LeasedSnowflake, WorkerIdLease
from distlab.ids.objectid import ObjectIds
from distlab.ids.process import MarkFile, ThreadedSnowflake, ThreadSafe
from distlab.ids.snowflake import (
    ClockMovedBackwards,
    DurableSnowflake,
    NotYet,
    SequenceExhausted,
    Snowflake,
    SpareBitsSnowflake,
)
from distlab.ids.uuids import Ulid, Uuid7
from distlab.real.host import THIS_PROCESS
from tests.ids.hosts import NOW_MS, OnAsyncio
from tests.ids.test_snowflake import Paper

SMALL = Layout(EPOCH_MS, (("time", 41), ("worker_id", 14), ("sequence", 8)))
TIGHT = Layout(EPOCH_MS, (("time", 41), ("worker_id", 19), ("sequence", 3)))
TIGHT_SPARE = Layout(EPOCH_MS, (("time", 41), ("rollback", 1), ("worker_id", 18), ("sequence", 3)))


def taken_by(threads, times, generator, batch):
    """The ids that each of so many threads has taken, one by one or in batches."""
    taken = [[] for _ in range(threads)]

    def take(ids):
        for _ in range(times):
            with suppress(Refused):
                ids += [generator.next_id()] if batch == 1 else generator.next_ids(batch)

    workers = [threading.Thread(target=take, args=(ids,)) for ids in taken]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    everything = [number for ids in taken for number in ids]
    assert len(set(everything)) == len(everything)
    return taken, everything


@pytest.mark.parametrize("batch", [1, 7])
def test_threads_never_get_the_same_id_and_each_sees_them_ascend(batch):
    taken, everything = taken_by(8, 3_000 // batch, ThreadedSnowflake(1, SMALL), batch)
    assert len(everything) == 8 * (3_000 // batch) * batch
    assert all(ids == sorted(ids) for ids in taken)


class Ticking(OnAsyncio):
    """A clock that moves on with every eighth look: nearly every call begins a millisecond."""

    def __init__(self):
        super().__init__()
        self.looks = count()

    def now_ms(self):
        return NOW_MS + next(self.looks) // 8


@pytest.fixture
def hasty():
    """Threads that are switched as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("batch", [1, 5])
def test_threads_that_begin_milliseconds_side_by_side(batch, hasty):
    """With a sequence that is full at once."""
    generator = Snowflake(1, Ticking(), TIGHT, Lock())
    _, everything = taken_by(6, 2_000, generator, batch)
    assert len(everything) > 1_000
    assert {generator.parse(number)["worker_id"] for number in everything} == {1}


def test_a_large_batch_spans_milliseconds():
    generator = ThreadedSnowflake(1)
    ids = generator.next_ids(10_000)
    assert len(set(ids)) == 10_000
    assert ids == sorted(ids)
    assert len({number >> 22 for number in ids}) >= 3


@pytest.fixture
def skewed(monkeypatch):
    """The process's clock, and a way to set it back by some milliseconds."""
    back = [0]
    real = time.time_ns
    monkeypatch.setattr(THIS_PROCESS, "now_ms", lambda: real() // 1_000_000 - back[0])
    return back


def test_it_sits_out_a_small_rollback_and_refuses_a_large_one(skewed):
    generator = ThreadedSnowflake(1, max_wait_ms=20)
    first = generator.next_id()
    skewed[0] = 10
    assert generator.next_id() > first
    skewed[0] += 500
    with pytest.raises(ClockMovedBackwards) as no:
        generator.next_id()
    assert 400 < no.value.wait_ms <= 500


def test_no_patience_refuses_every_rollback(skewed):
    generator = ThreadedSnowflake(1, max_wait_ms=0)
    generator.next_id()
    skewed[0] = 100
    with pytest.raises(ClockMovedBackwards):
        generator.next_id()


@pytest.mark.parametrize("max_wait_ms", [5, float("inf")])
@pytest.mark.parametrize("sequence_is_full", [True, False])
def test_patience_is_not_for_a_clock_that_stands_still(max_wait_ms, sequence_is_full, monkeypatch):
    monkeypatch.setattr(THIS_PROCESS, "now_ms", lambda: NOW_MS)
    generator = ThreadedSnowflake(1, max_wait_ms=max_wait_ms)
    assert len(generator.next_ids(4096)) == 4096
    if not sequence_is_full:
        monkeypatch.setattr(THIS_PROCESS, "now_ms", lambda: NOW_MS - 3)
        generator.now_ms = THIS_PROCESS.now_ms
    with pytest.raises(SequenceExhausted if sequence_is_full else ClockMovedBackwards):
        generator.next_id()


def test_wrong_patience():
    for wrong in (-1, float("nan")):
        with pytest.raises(BadInput, match="max_wait_ms"):
            ThreadedSnowflake(1, max_wait_ms=wrong)
        with pytest.raises(BadInput, match="max_wait_ms"):
            ThreadSafe(ThreadedSnowflake(1), wrong)


# Any generator, made safe for threads


@pytest.mark.parametrize(
    "make",
    [
        lambda host: Snowflake(1, host, TIGHT),
        lambda host: SpareBitsSnowflake(1, host, TIGHT_SPARE),
        lambda host: DurableSnowflake(1, host, Paper(), 3, TIGHT),
        Uuid7,
        Ulid,
        ObjectIds,
    ],
    ids=["snowflake", "spare-bits", "durable", "uuid7", "ulid", "objectid"],
)
def test_any_generator_is_safe_for_threads(make, hasty):
    taken, everything = taken_by(6, 1_500, ThreadSafe(make(Ticking())), 1)
    assert len(everything) > 1_000
    assert all(ids == sorted(ids) for ids in taken)


def restarts(start, folder, times=3):
    """Ids that four threads take before and after restarts.

    Each restart sets the clock back to where the life before it began.
    """
    host, lives = OnAsyncio(), []
    for _ in range(times):
        ids = []
        with start(host, folder) as generator:
            while not ids:
                ids += taken_by(4, 1, generator, 1)[1]
            began_ms = host.now_ms()
            while host.now_ms() < began_ms + 200:
                ids += taken_by(4, 200, generator, 1)[1]
        lives.append(ids)
        host.skew_ms += began_ms - host.now_ms()
    return lives


@contextmanager
def threaded(host, folder):
    generator = ThreadedSnowflake(7)
    generator.now_ms = host.now_ms
    yield generator


STORE = fakeredis.FakeServer()  # outlives its clients


@contextmanager
def leased(host, folder):
    """A leased generator, whose lease is kept by another thread, and which ends in a crash."""
    made, crash = [], threading.Event()

    async def live():
        async with fakeredis.FakeAsyncRedis(server=STORE) as client:
            made.append(LeasedSnowflake(WorkerIdLease(client, host, 150, [7]), host))
            host.spawn(made[0].keep())
            while not crash.is_set():
                await asyncio.sleep(0.005)
            await host.close()  # it insists where the client swallows a cancellation

    loop = threading.Thread(target=asyncio.run, args=(live(),))
    loop.start()
    while not made:
        time.sleep(0.001)
    try:
        yield ThreadSafe(made[0], max_wait_ms=2_000)
    finally:
        crash.set()
        loop.join()


@contextmanager
def durable(host, folder):
    made = DurableSnowflake(7, host, MarkFile(folder / "ids.mark"), ahead_ms=100)
    yield ThreadSafe(made, max_wait_ms=2_000)


def repeated(lives):
    """How many ids were made twice."""
    return sum(map(len, lives)) - len(set().union(*lives))


@pytest.mark.parametrize("kind", [durable, leased])
def test_threads_restarts_and_a_clock_that_is_set_back(kind, tmp_path):
    lives = restarts(kind, tmp_path)
    assert repeated(lives) == 0
    assert all(max(before) < min(after) for before, after in pairwise(lives))


def test_without_a_mark_a_restart_repeats_ids(tmp_path):
    """What `ThreadedSnowflake` does not promise."""
    assert repeated(restarts(threaded, tmp_path)) > 1_000


def windowed(from_ms):
    generator = ThreadedSnowflake(7)
    generator.set_window(from_ms, 2 * from_ms)
    return generator


def marked(ms):
    return ThreadSafe(DurableSnowflake(7, THIS_PROCESS, Paper(ms), 9))


@pytest.mark.parametrize("make", [windowed, marked])
def test_an_hour_is_not_slept_through(make):
    generator = make(THIS_PROCESS.now_ms() + 3_600_000)
    began = time.monotonic()
    with pytest.raises(NotYet, match="too early"):
        generator.next_id()
    assert time.monotonic() - began < 1


def test_a_mark_in_a_file(tmp_path):
    mark = MarkFile(tmp_path / "ids.mark")
    assert mark.read() == 0
    for ms in (NOW_MS, 17):
        mark.write(ms)
        assert MarkFile(str(mark.path)).read() == ms
    assert [file.name for file in tmp_path.iterdir()] == ["ids.mark"]


@pytest.mark.parametrize("content", [b"", b"soon", b"\xff\xfe", b"1.5"])
def test_a_mark_file_that_holds_something_else(content, tmp_path):
    mark = MarkFile(tmp_path / "ids.mark")
    mark.path.write_bytes(content)
    with pytest.raises(BadInput, match=r"ids\.mark holds"):
        mark.read()
