"""Timestamps and version vectors."""

from hypothesis import given
from hypothesis import strategies as st

from distlab.cap.requests import Value
from distlab.cap.versions import (
    NOTHING_SEEN,
    KeepSiblings,
    LastWriteWins,
    Siblings,
    Timestamp,
    Version,
    VersionVector,
)

NODES = ("n1", "n2", "n3")
vectors = st.dictionaries(st.sampled_from(NODES), st.integers(1, 3)).map(
    lambda counts: VersionVector(tuple(sorted(counts.items())))
)
versions = st.lists(st.builds(Version, st.sampled_from("ab"), vectors), max_size=5)


class ItsHost:
    name = "n1"

    def now_ms(self):
        return 1000


def test_the_higher_timestamp_wins_and_the_name_decides_a_tie():
    old = Version("old", Timestamp(1, "n9"))
    one, other = Version("one", Timestamp(2, "n1")), Version("other", Timestamp(2, "n2"))
    assert LastWriteWins().reconcile([other, old, one]) == (other,)
    assert LastWriteWins().reconcile([]) == ()


def test_of_two_writes_in_one_millisecond_all_replicas_keep_the_same():
    one, other = Version("a", Timestamp(1, "n1")), Version("b", Timestamp(1, "n1"))
    assert LastWriteWins().reconcile([one, other]) == LastWriteWins().reconcile([other, one])


@given(vectors, vectors)
def test_a_merged_vector_is_the_smallest_that_includes_both(one, other):
    merged = one.merged(other)
    assert merged.includes(one) and merged.includes(other)
    assert all(count in (one[node], other[node]) for node, count in merged.counters)


@given(vectors, vectors)
def test_vectors_that_include_each_other_are_the_same(one, other):
    assert (one.includes(other) and other.includes(one)) == (one == other)


@given(versions)
def test_something_stays_of_every_version_or_of_one_that_includes_it(some):
    stamps = [each.stamp for each in KeepSiblings().reconcile(some)]
    assert all(any(stamp.includes(each.stamp) for stamp in stamps) for each in some)


@given(versions, versions)
def test_the_order_of_reconciling_does_not_matter(some, more):
    """Otherwise replicas that have heard the same things would never agree."""
    keep = KeepSiblings().reconcile
    assert keep([*keep(some), *more]) == keep([*more, *some]) == keep(keep([*some, *more]))


def test_a_version_goes_when_another_includes_it_and_stays_when_none_does():
    """Dynamo, section 4.4 and figure 3."""
    keep = KeepSiblings()
    first = Version("D1", keep.stamp(ItsHost(), 1, NOTHING_SEEN))
    left = Version("D2", VersionVector((("n1", 1), ("n2", 1))))
    right = Version("D3", VersionVector((("n1", 1), ("n3", 1))))
    assert keep.reconcile([first, left, right]) == (left, right)
    siblings = keep.answer((left, right))
    assert siblings == Siblings(("D2", "D3"), left.stamp.merged(right.stamp))
    merged = Version("D4", keep.stamp(ItsHost(), 2, siblings.context))
    assert keep.reconcile([left, right, merged]) == (merged,)


def test_what_is_not_there_is_none():
    assert LastWriteWins().answer(()) == KeepSiblings().answer(()) == Value(None)
