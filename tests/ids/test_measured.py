"""What kinds of ids cost, and what they tell."""

from random import Random
from statistics import fmean

import pytest

from distlab.host import BadInput
from distlab.ids.measured import ascending_share, compare, german_tank, index_locality

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


def test_ascending_share():
    assert ascending_share(range(10)) == 1
    assert ascending_share([3, 2, 1]) == 0
    assert ascending_share(["a", "b", "a"]) == 0.5
    with pytest.raises(BadInput, match="two ids"):
        ascending_share([1])


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
    assert rows["UUID v4"].ascending == pytest.approx(0.5, abs=0.05)
    assert all(row.ascending == 1 for kind, row in rows.items() if kind != "UUID v4")
    assert [row.letters for row in rows.values()] == [4, 18, 36, 36, 26, 24]
