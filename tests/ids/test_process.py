"""Snowflakes in a process with threads and a real clock."""

import sys
import threading
import time
from contextlib import suppress
from itertools import count
from threading import Lock

import pytest

from distlab.host import BadInput
from distlab.ids.layout import EPOCH_MS, Layout
from distlab.ids.process import ThreadedSnowflake
from distlab.ids.snowflake import ClockMovedBackwards, NotYet, SequenceExhausted, Snowflake
from distlab.real.host import THIS_PROCESS
from tests.ids.hosts import NOW_MS

SMALL = Layout(EPOCH_MS, (("time", 41), ("worker_id", 14), ("sequence", 8)))


def taken_by(threads, times, generator, batch):
    """The ids that each of so many threads has taken, one by one or in batches."""
    taken = [[] for _ in range(threads)]

    def take(ids):
        for _ in range(times):
            with suppress(NotYet):
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


class Ticking:
    """A clock that moves on with every eighth look: nearly every call begins a millisecond."""

    def __init__(self):
        self.looks = count()

    def now_ms(self):
        return NOW_MS + next(self.looks) // 8


@pytest.mark.parametrize("batch", [1, 5])
def test_threads_that_begin_milliseconds_side_by_side(batch):
    """Switched as often as the interpreter can, and with a sequence that is full at once."""
    layout = Layout(EPOCH_MS, (("time", 41), ("worker_id", 19), ("sequence", 3)))
    generator = Snowflake(1, Ticking(), layout, Lock())
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        _, everything = taken_by(6, 2_000, generator, batch)
    finally:
        sys.setswitchinterval(interval)
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


def test_a_clock_that_stands_still_does_not_hold_it_for_ever(monkeypatch):
    monkeypatch.setattr(THIS_PROCESS, "now_ms", lambda: 1_767_225_600_000)
    generator = ThreadedSnowflake(1)
    assert len(generator.next_ids(4096)) == 4096
    with pytest.raises(SequenceExhausted):
        generator.next_id()


def test_wrong_patience():
    for wrong in (-1, float("nan")):
        with pytest.raises(BadInput, match="max_wait_ms"):
            ThreadedSnowflake(1, max_wait_ms=wrong)
