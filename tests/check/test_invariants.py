"""Each invariant: a run that keeps it, a run that breaks it, and what it does not judge."""

import re
from typing import Any

import pytest

from distlab.check.invariants import (
    Finding,
    available,
    invariant,
    monotonic_reads,
    mutual_exclusion,
    no_lost_acknowledged_writes,
    prompt,
    read_your_writes,
)
from distlab.check.verdict import Verdict
from distlab.sim.trace import Call, Trace
from tests.check.notation import history


def trace(drawing: str, *others: tuple[int, str, str, Any]) -> Trace:
    """The trace of a drawn history, an event a millisecond; (at_ms, kind, node, what) besides."""
    events = []
    for each in history(drawing):
        call = Call(each.function, each.key, each.argument)
        events.append((each.invoked, "invoke", each.process, "", call, each.number, ""))
        if each.completed is not None:
            why = "no majority" if each.outcome == "failed" else ""
            events.append(
                (each.completed, each.outcome, each.process, "", each.result, each.number, why)
            )
    events += [(at_ms, kind, node, "", what, 0, "") for at_ms, kind, node, what in others]
    events.sort(key=lambda event: event[0])
    return Trace([(1000 * at_ms, *rest) for at_ms, *rest in events])


END = (100, "note", "observer", "long after")


FIRST, SECOND = Finding("first", (1,)), Finding("second", (2,))
DOUBT = Finding("doubt", (3,), ok=None)


@pytest.mark.parametrize(
    ("judged", "word", "explanation", "witness"),
    [
        ([], "nothing to judge", "There were no rules.", ()),
        ([None, None], "holds", "Fine.", ()),
        ([None, FIRST, SECOND], "violated", "first", (1,)),
        ([None, DOUBT], "undecided", "doubt", (3,)),
        ([DOUBT, SECOND], "violated", "second", (2,)),
    ],
)
def test_an_invariant_counts_what_it_judges_and_takes_the_first_finding(
    judged: list[Finding | None], word: str, explanation: str, witness: tuple[int, ...]
) -> None:
    verdict = invariant("rule", lambda trace: iter(judged), "Fine.", "rules")(trace(""))
    assert (verdict.name, verdict.word, verdict.judged) == ("rule", word, len(judged))
    assert (verdict.explanation, verdict.witness) == (explanation, witness)


@pytest.mark.parametrize("each", [False, True, "broken", ("broken", (1,))])
def test_a_judge_yields_none_or_a_finding_and_nothing_else(each: Any) -> None:
    rule = invariant("rule", lambda trace: iter([None, each]))
    with pytest.raises(TypeError, match=f"rule yielded {re.escape(repr(each))}; .*None or a Find"):
        rule(trace(""))


@pytest.mark.parametrize("judged", [-1, True, False])
def test_a_verdict_counts_what_it_judged(judged: Any) -> None:
    with pytest.raises(ValueError, match=f"rule: judged={judged} is no count"):
        Verdict("rule", None, "", judged=judged)
    with pytest.raises(TypeError, match="judged"):
        Verdict("rule", None, "")  # type: ignore[call-arg]


def test_what_judged_nothing_neither_holds_nor_fails() -> None:
    for ok in (True, False):
        with pytest.raises(ValueError, match="judged nothing"):
            Verdict("rule", ok, "", judged=0)


# A of CAP.


def test_available() -> None:
    check = available(within_ms=2)
    assert check(trace("A: |-write(x, 1)-| |-read(x) → 1-|")).ok is True


@pytest.mark.parametrize(
    ("drawing", "explanation", "witness"),
    [
        (
            "A: |-read(x) → 1-| |-write(x, 2) failed-|",
            "A's write of x = 2 got an error, not an answer (no majority).",
            (2, 3),
        ),
        ("A: |-read(x) → 1-| |-write(x, 2)->", "A's write of x = 2 got no answer.", (2,)),
        (
            "A: |------------read(x) → 1---------------|\nB:   |-read(y)-| |-read(y)-|",
            "A's read of x was answered after 5 ms; later than 2 ms is no answer.",
            (0, 5),
        ),
    ],
)
def test_no_answer_an_error_and_a_late_answer_are_not_available(
    drawing: str, explanation: str, witness: tuple[int, ...]
) -> None:
    verdict = available(within_ms=2)(trace(drawing, END))
    assert (verdict.ok, verdict.explanation, verdict.witness) == (False, explanation, witness)


def test_an_answer_that_is_not_due_yet_is_not_missed() -> None:
    drawing = "A: |-read(x)->"
    for end_ms, expected in ((0, None), (1, None), (2, False)):
        assert available(2)(trace(drawing, (end_ms, "note", "B", ""))).ok is expected
    (begin,) = trace(drawing).events
    given_up = Trace([tuple(begin), (1000, "unknown", "A", "", None, begin.number, "time-out")])
    assert available(2)(given_up).ok is False


def test_available_counts_the_clients_it_is_told() -> None:
    run = trace("A: |-read(x) → 1-|\nB: |-read(x)->", END)
    verdict = available(2, clients=["A"])(run)
    assert (verdict.ok, verdict.explanation[:23]) == (True, "Every operation of A wa")
    assert available(2, clients=["A", "B"])(run).ok is False


def test_available_asks_nothing_of_a_machine_that_is_down() -> None:
    drawing = "A: |-read(x)->"
    asks = {"A": "n1"}
    for others, expected in [
        ([(1, "crash", "n1", None)], None),  # while it is asked
        ([(-2, "crash", "n1", None)], None),  # before
        ([(-2, "crash", "n1", None), (-1, "restart", "n1", None)], False),  # it is back
        ([(-2, "crash", "n1", None), (2, "restart", "n1", None)], None),
        ([(1, "crash", "n2", None)], False),  # another machine
        ([(1, "pause", "n1", None)], False),  # slow is not dead
        ([(1, "crash", "A", None)], None),  # the client itself
    ]:
        assert available(2, clients=asks)(trace(drawing, *others, END)).ok is expected, others
    late = trace("A: |-read(x)-| |-read(x)->", (3, "crash", "n1", None), (0, "crash", "n1", None))
    assert available(2, clients=asks)(late).ok is None


@pytest.mark.parametrize(
    ("drawing", "ok"),
    [
        ("A: |-write(x, 1)-| |-read(x) → 1-|", True),
        ("A: |-write(x, 1)-------| |-read(x) → 1-|\nB: |-read(y) → 0-|", False),
        ("A: |-write(x, 1) failed-| |-read(x) → 1-|\nB: |-read(y)-|", False),  # a no, and late
        ("A: |-write(x, 1)->\nB: |-read(y) → 0-|", True),  # no answer is not a late one
    ],
)
def test_prompt(drawing: str, ok: bool) -> None:
    assert prompt(within_ms=1)(trace(drawing, END)).ok is ok


def test_prompt_counts_the_operations_it_is_told_to() -> None:
    run = trace("A: |-write(x, 1)-------|\nB:      |-read(y) → 0-|")
    verdict = prompt(1)(run)
    assert (verdict.explanation, verdict.witness) == ("A's write(x, 1) took 3 ms.", (0, 3))
    reads = prompt(1, "read")(run)
    assert (reads.ok, reads.explanation) == (True, "Every answered read took at most 1 ms.")
    assert prompt(1, "write")(run).ok is False


# Writes that were acknowledged.


@pytest.mark.parametrize(
    ("drawing", "ok"),
    [
        ("A: |-write(x, 1)-| |-write(x, 2)-| |-read(x) → 2-|", True),
        ("A: |-write(x, 1)-| |-write(x, 2)-| |-read(x) → 1-|", False),
        ("A: |-write(x, 1)-| |-read(x) → 0-|", False),
        ("A: |-write(x, 1)-| |-write(x, 2) failed-| |-read(x) → 1-|", True),
        ("A: |-write(x, 1)-|                      |-read(x) → 2-|\nB:     |-write(x, 2)->", True),
        ("A: |-write(x, 1)-|                      |-read(x) → 1-|\nB:     |-write(x, 2)-|", True),
        ("A: |-write(x, 1)-| |-read(x) → 0-| |-read(x) → 1-|", True),  # stale, not lost
        ("A: |-write(x, 1)-| |-read(x) → 1-| |-read(x) → 0-|", False),
        ("A: |-write(x, 1)-|", None),
        ("A: |-write(x, 1)-|\nB:    |-read(x) → 0-|", None),
        ("A: |-write(x, 1)->", None),  # nothing was acknowledged
        ("A: |-put(k, 1)-| |-delete(k)-| |-get(k) → 1-|", False),
        ("A: |-cas(x, 0, 1) → True-|  |-read(x) → 0-|", False),
        ("A: |-cas(x, 0, 1) → False-| |-read(x) → 0-|", None),
        ("A: |-write(x, 1)-| |-write(y, 1)-| |-read(x) → 1-| |-read(y) → 0-|", False),
    ],
)
def test_no_lost_acknowledged_writes(drawing: str, ok: bool | None) -> None:
    assert no_lost_acknowledged_writes()(trace(drawing)).ok is ok


def test_the_lost_write_is_named() -> None:
    drawing = (
        "A: |-write(x, 1)-| |-write(x, 2)-|\nB:                                   |-read(x) → 1-|"
    )
    verdict = no_lost_acknowledged_writes()(trace(drawing))
    assert (
        verdict.explanation == "A's write of x = 2 was acknowledged, but at the end B read x = 1."
    )
    assert verdict.witness == (2, 3, 4, 5)


# Session guarantees.


@pytest.mark.parametrize(
    ("drawing", "ok"),
    [
        ("A: |-write(x, 1)-| |-read(x) → 1-|", True),
        ("A: |-write(x, 1)-| |-read(x) → 0-|", False),
        ("A: |-write(x, 1)-| |-write(x, 2)-| |-read(x) → 1-|", False),
        ("A: |-write(x, 1)-| |-read(x) → 2-|\nB: |-write(x, 2)------|", True),  # newer, perhaps
        ("A: |-write(x, 1)-|\nB:                  |-read(x) → 0-|", None),  # another client
        ("A: |-write(x, 1)-->  |-read(x) → 0-|", None),  # not acknowledged
        ("A: |-write(x, 1)-| |-read(y) → 0-|", None),  # another key
    ],
)
def test_read_your_writes(drawing: str, ok: bool | None) -> None:
    assert read_your_writes()(trace(drawing)).ok is ok


@pytest.mark.parametrize(
    ("drawing", "ok"),
    [
        ("W: |-write(x, 1)-|\nA:    |-read(x) → 0-| |-read(x) → 1-|", True),
        ("W: |-write(x, 1)-|\nA:    |-read(x) → 1-| |-read(x) → 0-|", False),
        ("W: |-write(x, 1)-|\nA: |-read(x) → 1-|\nB:                    |-read(x) → 0-|", None),
        ("W: |-write(x, 1)-| |-write(x, 2)-|\nA:    |-read(x) → 2-| |-read(x) → 1-|", False),
        (  # concurrent writes: neither is older
            "W: |-write(x, 1)-|\nV: |-write(x, 2)-|\nA:  |-read(x) → 2-| |-read(x) → 1-|",
            True,
        ),
        (  # written again
            "W: |-write(x, 1)-| |-write(x, 2)-| |-write(x, 1)-|\n"
            "A:                                                  |-read(x) → 2-| |-read(x) → 1-|",
            True,
        ),
    ],
)
def test_monotonic_reads(drawing: str, ok: bool | None) -> None:
    assert monotonic_reads()(trace(drawing)).ok is ok


def test_session_witnesses() -> None:
    run = trace("A: |-write(x, 1)-| |-read(x) → 1-| |-read(x) → 0-|")
    mine, backwards = read_your_writes()(run), monotonic_reads()(run)
    assert mine.explanation == "A's write of x = 1 was acknowledged, and then A read x = 0."
    assert mine.witness == (0, 1, 4, 5)
    assert backwards.explanation == "A read x = 1, and later the older x = 0."
    assert backwards.witness == (2, 3, 4, 5)


# Locks.


@pytest.mark.parametrize(
    ("drawing", "ok"),
    [
        (
            "A: |-acquire(l)-| |-release(l)-|\nB:                                |-acquire(l)-|",
            True,
        ),
        ("A: |-acquire(l)-|\nB:                 |-acquire(l)-|", False),
        ("A: |-acquire(l)-|\nB:                 |-acquire(l) → False-|", True),
        ("A: |-acquire(l)-|\nB:                 |-acquire(m)-|", True),
        ("A: |-acquire(l)-|\nB:                 |-acquire(l) failed-|", True),
        ("A: |-acquire(l)-|\nB:                 |-acquire(l)->", True),
        # Releasing begins: from here on the lock may be another's.
        ("A: |-acquire(l)-| |-release(l)--------|\nB:                    |-acquire(l)-|", True),
        ("A: |-acquire(l)-|\nB:                 |-release(l)-| |-acquire(l)-|", False),
    ],
)
def test_mutual_exclusion(drawing: str, ok: bool) -> None:
    assert mutual_exclusion()(trace(drawing)).ok is ok


def test_mutual_exclusion_names_both_holders() -> None:
    verdict = mutual_exclusion()(trace("A: |-acquire(l)-|\nB:                 |-acquire(l)-|"))
    assert verdict.explanation == "B entered l at 3 ms while A was in it, since 1 ms."
    assert verdict.witness == (1, 3)


def test_a_crash_leaves_the_lock_a_pause_does_not() -> None:
    drawing = "A: |-acquire(l)-|\nB:                 |-acquire(l)-|"
    assert mutual_exclusion()(trace(drawing, (1, "crash", "A", None))).ok is True
    assert mutual_exclusion()(trace(drawing, (1, "pause", "A", None))).ok is False
