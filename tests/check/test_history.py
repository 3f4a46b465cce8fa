"""Histories from traces, their prefixes, and the notation that draws them."""

import pytest

from distlab.check.history import History, Operation
from distlab.host import BadInput
from distlab.sim.trace import Call, Trace
from tests.check.notation import history

INVOKE = (10, "invoke", "client-1", "", Call("write", "x", 1), 1, "")
OK = (30, "ok", "client-1", "", None, 1, "")
FAILED = (30, "failed", "client-1", "", None, 1, "no leader")
UNKNOWN = (30, "unknown", "client-1", "", None, 1, "no answer")
MESSAGE = (20, "send", "client-1", "n1", "hello", 1, "")


def from_events(*events: tuple) -> History:
    return History.from_trace(Trace(list(events)))


def test_an_operation_joins_its_two_events() -> None:
    (operation,) = from_events(MESSAGE, INVOKE, MESSAGE, OK)
    assert operation == Operation(1, "client-1", "write", "x", 1, None, "ok", 1, 3, 10, 30)
    assert str(operation) == "write(x, 1)"


def test_outcomes() -> None:
    (failed,) = from_events(INVOKE, FAILED)
    assert (failed.outcome, failed.completed) == ("failed", 1)
    (unknown,) = from_events(INVOKE, UNKNOWN)
    assert (unknown.outcome, unknown.completed, unknown.completed_us) == ("unknown", None, None)
    (unanswered,) = from_events(INVOKE, MESSAGE)
    assert unanswered == unknown


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ((MESSAGE, OK), "position 1: 'ok' for operation 1, which was never invoked"),
        ((INVOKE, OK, OK), "position 2: operation 1 completes twice"),
        ((INVOKE, UNKNOWN, MESSAGE, OK), "position 3: operation 1 completes twice"),
        ((INVOKE, INVOKE), "position 1: operation 1 is invoked twice"),
    ],
)
def test_ill_formed(events: tuple, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_events(*events)
    assert str(caught.value) == message


DRAWING = """
A: |--write(x, 1)--|          |--read(x) → 2--|
B:        |--write(x, 2)------------------------>
A:                        |--cas(y, 1, -2) → False--|
C: |--write(x, 3) failed--|
"""


def test_notation() -> None:
    a, c, b, cas, read = history(DRAWING)
    assert a == Operation(1, "A", "write", "x", 1, None, "ok", 0, 3)
    assert c == Operation(2, "C", "write", "x", 3, None, "failed", 1, 5)
    assert b == Operation(3, "B", "write", "x", 2, None, "unknown", 2, None)
    assert cas == Operation(5, "A", "cas", "y", (1, -2), False, "ok", 4, 8)
    assert (read.invoked, read.completed, read.result) == (6, 7, 2)


def test_bars_that_touch_overlap() -> None:
    first, second = history("A: |--write(x, 1)--|\nB:                 |--write(x, 2)--|")
    assert not first.before(second)
    first, second = history("A: |--write(x, 1)--|\nB:                  |--write(x, 2)--|")
    assert first.before(second)


def test_an_open_bar_is_not_an_arrow() -> None:
    first, second = history("A: |-write(x, 1)->  |-read(x)->1-|")
    assert (first.outcome, first.result) == ("unknown", None)
    assert (second.outcome, second.result) == ("ok", 1)


def test_keys_and_processes_in_order_of_use() -> None:
    whole = history(DRAWING)
    assert whole.processes == ("A", "C", "B")
    assert [len(part) for part in whole.by_key()] == [4, 1]
    assert len(whole) == 5


def test_prefix_forgets_later_answers() -> None:
    prefix = history(DRAWING).prefix(5)
    assert [str(each) for each in prefix] == [
        "write(x, 1)", "write(x, 3) ?", "write(x, 2) ?", "cas(y, 1, -2) ?",
    ]  # fmt: skip
    assert prefix.operations[1].completed is None
    assert str(history(DRAWING).prefix(6).operations[1]) == "write(x, 3) failed"


def test_operations_must_be_in_order() -> None:
    with pytest.raises(AssertionError, match="in the order of their invocation"):
        History(history(DRAWING).operations[::-1])
