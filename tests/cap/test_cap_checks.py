"""The chapter's promises: what each accepts and what it rejects."""

import pytest

from distlab.cap.checks import CONVERGED, FRESH, HONEST, PLAIN, STEADY
from distlab.cap.requests import MaybeStale
from distlab.cap.rounds import Leads
from distlab.sim.trace import Call, Trace


def trace(*lines):
    """Events from (at_ms, who, what, value): an operation begins with `(` and ends with `)`."""
    records, number = [], 0
    open_calls = {}
    for at_ms, who, what, *value in lines:
        if what == "(":
            number += 1
            open_calls[who] = number
            function = "read" if value == [None] else "write"
            record = (at_ms * 1000, "invoke", who, "", Call(function, "x", *value), number, "")
        elif what == ")":
            record = (at_ms * 1000, "ok", who, "", *value, open_calls[who], "")
        else:
            record = (at_ms * 1000, "note", who, "", what, 0, "")
        records.append(record)
    return Trace(records)


def written(value, at_ms=0):
    return (at_ms, "w", "(", value), (at_ms + 1, "w", ")", None)


def read(result, at_ms=50, who="r"):
    return (at_ms, who, "(", None), (at_ms + 20, who, ")", result)


OLD_AND_NEW = (*written(1), *written(2, at_ms=10))
DURING = ((40, "w", "(", 3), *read(3), *read(2, at_ms=80), (120, "w", ")", None))


@pytest.mark.parametrize(
    ("events", "fresh", "honest"),
    [
        ((*OLD_AND_NEW, *read(2)), True, True),
        ((*OLD_AND_NEW, *read(1)), False, False),
        ((*written(1), *read(None)), False, False),
        ((*OLD_AND_NEW, *DURING), True, True),  # new, then old: not linearizable, but regular
        ((*OLD_AND_NEW, *read(MaybeStale(1))), False, None),
        ((*OLD_AND_NEW, *read((1, 2))), True, True),  # siblings
        ((*OLD_AND_NEW, *read((1, None))), False, False),
    ],
)
def test_fresh_and_honest(events, fresh, honest):
    assert (FRESH(trace(*events)).ok, HONEST(trace(*events)).ok) == (fresh, honest)


def test_the_witness_is_the_write_and_the_read():
    verdict = FRESH(trace(*OLD_AND_NEW, *read(1)))
    assert verdict.witness == (2, 3, 4, 5)
    assert verdict.explanation == "r read x = 1 after w's write of x = 2 was acknowledged."


@pytest.mark.parametrize(("result", "ok"), [(1, True), ((1, 2), False), (MaybeStale(1), False)])
def test_plain(result, ok):
    assert PLAIN(trace(*read(result))).ok is ok


def test_steady_means_n1():
    assert STEADY(trace((0, "n1", Leads(1)), (9, "n1", "steps down"))).ok
    assert STEADY(trace((0, "n1", Leads(1)), (9, "n2", Leads(2)))).ok is False
    assert STEADY(trace((9, "n2", "leads term 2"))).word == "nothing to judge"


def test_converged_looks_at_the_last_read_of_each_client():
    assert CONVERGED(trace(*read(1), *read(2, 80), *read(2, 90, "s"))).ok
    assert not CONVERGED(trace(*read(1), *read(2, 80), *read(1, 90, "s"))).ok
