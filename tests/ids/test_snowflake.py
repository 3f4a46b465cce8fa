"""Snowflakes: unique whatever the clock does, or a definite no."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput, Refused
from distlab.ids.layout import COURSE, DATACENTERS, EPOCH_MS, SPARE_BITS, Layout
from distlab.ids.snowflake import (
    ClockMovedBackwards,
    DurableSnowflake,
    NotYet,
    OutsideWindow,
    SequenceExhausted,
    Snowflake,
    SpareBitsSnowflake,
    patient,
)
from tests.ids.hosts import NOW_MS, Hand

TINY = Layout(EPOCH_MS, (("time", 41), ("worker_id", 20), ("sequence", 2)))
TINY_SPARE = Layout(EPOCH_MS, (("time", 41), ("rollback", 2), ("worker_id", 18), ("sequence", 2)))
MOVES = st.lists(st.integers(-5, 5), min_size=1, max_size=60)


def made(generator, clock, moves, times=1, no=(NotYet,)):
    """The ids that it makes while the clock moves; after a refusal it is asked again."""
    ids = []
    for move in moves:
        clock.now += move
        for _ in range(times):
            with suppress(*no):
                ids.append(generator.next_id())
                break
    return ids


@given(MOVES)
def test_ids_ascend_whatever_the_clock_does(moves):
    clock = Hand()
    ids = made(Snowflake(1, clock, TINY), clock, moves)
    assert ids == sorted(set(ids))


@given(MOVES)
def test_with_spare_bits_they_are_at_least_unique(moves):
    clock = Hand()
    ids = made(SpareBitsSnowflake(1, clock, TINY_SPARE), clock, moves)
    assert len(ids) == len(set(ids))


@given(MOVES)
def test_a_refusal_changes_nothing(moves):
    """A generator that is asked more often while it refuses makes the same ids all the same."""
    clocks = Hand(), Hand()
    once, often = (made(Snowflake(1, clock, TINY), clock, moves, n)
                   for clock, n in zip(clocks, (1, 3), strict=True))  # fmt: skip
    assert once == often


def test_an_id_says_when_and_by_whom_it_was_made():
    clock = Hand()
    generator = Snowflake(7, clock)
    first, second = generator.next_id(), generator.next_id()
    assert generator.parse(first) == {"time": NOW_MS - EPOCH_MS, "worker_id": 7, "sequence": 0}
    assert second == first + 1
    clock.now += 1
    assert generator.parse(generator.next_id())["sequence"] == 0


def test_datacenters():
    generator = Snowflake(3, Hand(), DATACENTERS, datacenter_id=31)
    parts = generator.parse(generator.next_id())
    assert (parts["datacenter_id"], parts["worker_id"]) == (31, 3)


def test_a_full_millisecond_asks_to_wait_for_the_next():
    clock = Hand()
    generator = Snowflake(1, clock, TINY)
    ids = generator.next_ids(4)
    with pytest.raises(SequenceExhausted) as no:
        generator.next_id()
    assert no.value.wait_ms == 1
    clock.now += 1
    assert generator.next_id() == ids[0] + (1 << 22)


def test_the_next_ids_of_a_millisecond_are_neighbours():
    assert [n & 0xFFF for n in Snowflake(1, Hand()).next_ids(4096)] == list(range(4096))
    assert Snowflake(1, Hand()).next_ids(0) == []


def test_a_rollback_is_refused_until_the_clock_has_caught_up():
    clock = Hand()
    generator = Snowflake(1, clock)
    before = generator.next_ids(3)
    clock.now -= 20
    with pytest.raises(ClockMovedBackwards, match="by 20 ms") as no:
        generator.next_id()
    assert no.value.wait_ms == 20
    clock.now += 20
    assert generator.next_id() == before[-1] + 1


def test_spare_bits_go_on_at_once_and_sort_behind():
    clock = Hand()
    generator = SpareBitsSnowflake(1, clock)
    assert generator.layout is SPARE_BITS
    before = generator.next_id()
    clock.now -= 20
    after = generator.next_id()
    assert generator.parse(after)["rollback"] == 1
    assert after < before


def test_spare_bits_are_used_again_and_run_out():
    clock = Hand()
    generator = SpareBitsSnowflake(1, clock)
    ids = made(generator, clock, [0, -10, -10, -10])
    assert [generator.parse(number)["rollback"] for number in ids] == [0, 1, 2, 3]
    clock.now -= 10
    with pytest.raises(ClockMovedBackwards):
        generator.next_id()
    clock.now += 45  # past all four lines
    generator.next_id()
    clock.now -= 1
    assert generator.parse(generator.next_id())["rollback"] == 0


def made_in_a_window(moves, from_ms, times):
    """Ids with spare bits while the clock moves near the epoch."""
    clock = Hand(EPOCH_MS + 4)
    generator = SpareBitsSnowflake(1, clock, TINY_SPARE)
    generator.set_window(from_ms, EPOCH_MS + 9)
    return made(generator, clock, moves, times, (Refused, BadInput))


@given(MOVES, st.sampled_from([0, EPOCH_MS + 2]))
def test_a_refusal_by_the_window_or_the_epoch_spends_no_spare_bits(moves, from_ms):
    assert made_in_a_window(moves, from_ms, 4) == made_in_a_window(moves, from_ms, 1)


def test_patience_has_a_bound():
    clock = Hand()
    generator = Snowflake(1, clock)
    generator.next_id()
    clock.now -= 20
    with pytest.raises(ClockMovedBackwards):
        asyncio.run(patient(clock, generator.next_id, max_wait_ms=19))
    assert clock.now == NOW_MS - 20
    asyncio.run(patient(clock, generator.next_id, max_wait_ms=20))
    assert clock.now == NOW_MS


def test_a_window_bounds_the_time_inside_the_ids():
    clock = Hand()
    generator = Snowflake(1, clock)
    generator.set_window(NOW_MS + 5, NOW_MS + 10)
    with pytest.raises(NotYet) as no:
        generator.next_id()
    assert no.value.wait_ms == 5
    clock.now += 9
    generator.next_id()
    clock.now += 1
    with pytest.raises(OutsideWindow):
        generator.next_id()


class Paper:
    """A mark on paper: it survives everything."""

    def __init__(self, ms=0):
        self.ms, self.written = ms, 0

    def read(self):
        return self.ms

    def write(self, ms):
        self.ms, self.written = ms, self.written + 1


@given(st.lists(st.tuples(st.booleans(), st.integers(-9, 9)), min_size=1, max_size=60))
def test_a_durable_one_survives_any_restarts_and_rollbacks(steps):
    clock, mark, ids = Hand(), Paper(), []
    generator = DurableSnowflake(1, clock, mark, ahead_ms=4, layout=TINY)
    for restart, move in steps:
        clock.now += move
        if restart:
            generator = DurableSnowflake(1, clock, mark, ahead_ms=4, layout=TINY)
        ids += made(generator, clock, [0])
    assert ids == sorted(set(ids))
    assert all(COURSE.at_ms(number) < mark.ms for number in ids)


def test_the_mark_is_written_seldom():
    clock, mark = Hand(), Paper()
    generator = DurableSnowflake(1, clock, mark, ahead_ms=1000)
    made(generator, clock, [1] * 1000)
    assert mark.written == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Snowflake(1024, Hand()), r"worker_id 1024 is out of range \(allowed: 0 to 1023\)"),
        (lambda: Snowflake(-1, Hand()), "worker_id -1 is out of range"),
        (lambda: Snowflake(32, Hand(), DATACENTERS, datacenter_id=0), "0 to 31"),
        (lambda: Snowflake(1, Hand(), DATACENTERS), "datacenter_id is missing"),
        (lambda: Snowflake(1, Hand(EPOCH_MS - 1)), "lies in the future"),
        (lambda: Snowflake(1, Hand(EPOCH_MS + 2**41)), "time 2199023255552 is out of range"),
        (lambda: Snowflake(1, Hand(), Layout(0, (("time", 62), ("worker_id", 1)))), "last field"),
    ],
)
def test_wrong_input(make, said):
    with pytest.raises(BadInput, match=said):
        make()
