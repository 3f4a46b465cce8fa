"""The costs of kinds of ids, and what they tell."""

from random import Random
from statistics import fmean

import pytest

from distlab.host import BadInput
from distlab.ids.measured import (
    MAKERS,
    compare,
    german_tank,
    index_locality,
    made_by_workers,
    places_off,
)

ROWS = 5_000


def test_random_keys_write_many_more_pages_than_ordered_ones():
    random = Random(1)
    ordered = index_locality(range(ROWS))
    scattered = index_locality([random.getrandbits(62) for _ in range(ROWS)])
    assert scattered.pages_written >= 5 * ordered.pages_written
    assert scattered.megabytes > ordered.megabytes


def test_the_count_of_pages_is_the_same_each_time():
    assert index_locality(range(1_000)) == index_locality(range(1_000))


def test_larger_transactions_write_a_page_less_often():
    random = Random(2)
    keys = [random.getrandbits(62) for _ in range(1_000)]
    assert index_locality(keys, batch=1_000).pages_written < index_locality(keys).pages_written


@pytest.mark.parametrize(
    ("ids", "places"),
    [
        (range(10), 0),
        ([2, 1, 3], 1),
        (["c", "a", "b"], 2),
        ([2, 3, 1], 2),
        ([4, 3, 2, 1], 3),
        ([], 0),
    ],
)
def test_places_off(ids, places):
    assert places_off(ids) == places


def test_the_observers_estimate_is_right_on_average():
    """Ruggles & Brodie 1947: unbiased for numbers drawn without repetition."""
    random = Random(3)
    orders = range(1, 10_001)
    estimates = [german_tank(random.sample(orders, 5)) for _ in range(4_000)]
    assert fmean(estimates) == pytest.approx(10_000, rel=0.02)
    assert german_tank([19, 40, 42, 60]) == 74


@pytest.mark.parametrize("seen", [[], [0, 5], [-1]])
def test_no_estimate(seen):
    with pytest.raises(BadInput, match="serial numbers from 1"):
        german_tank(seen)


def test_the_comparison():
    rows = {row.kind: row for row in compare(5_000)}
    assert rows["UUID v4"].pages_a_row >= 5 * rows["UUID v7"].pages_a_row
    assert [row.letters for row in rows.values()] == [4, 4, 18, 36, 36, 26, 24]


def test_how_far_out_of_order_the_ids_of_several_workers_are():
    """One counter: not at all. The same millisecond: a little. The same second, a range: far."""
    off = {row.kind: row.places_off for row in compare(2_000)}
    assert off["database sequence"] == 0
    assert 0 < off["Snowflake"] < 10 and 0 < off["UUID v7"] < 10
    assert off["segments of 1,000"] > 500
    assert off["ObjectId"] > 500


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.name)
def test_no_kind_repeats_an_id_among_workers(kind):
    assert len(set(made_by_workers(kind, 3_000))) == 3_000
