"""The promises of this chapter's experiments.

Workers record operations `order(15 ms)` that return the ids they used, as `ShownId`s; the key is
what the worker's own clock showed, in milliseconds since the start of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from distlab.check.history import History, Operation
from distlab.check.invariants import Finding, Invariant, invariant
from distlab.host import plain
from distlab.sim.trace import Trace


class ShownId(int):
    """An id that pictures show by its parts, as in `30·w1·0`: milliseconds, who, sequence."""

    at_ms: int
    shown: str

    def __new__(cls, number: int, at_ms: int, shown: str) -> ShownId:
        made = super().__new__(cls, number)
        made.at_ms, made.shown = at_ms, shown
        return made

    def __reduce__(self) -> tuple[Any, ...]:  # for copies and pickles
        return ShownId, (int(self), self.at_ms, self.shown)

    def __repr__(self) -> str:
        return self.shown


def given_out(trace: Trace) -> Iterator[tuple[Operation, ShownId]]:
    """Every id with the operation that returned it, in the order in which they were returned."""
    done = [each for each in History.from_trace(trace) if each.outcome == "ok"]
    for each in sorted(done, key=lambda each: each.completed or 0):
        for number in each.result if isinstance(each.result, tuple) else (each.result,):
            yield each, number


def _ends(*operations: Operation) -> tuple[int, ...]:
    return tuple(each.completed for each in operations if each.completed is not None)


def _twice(trace: Trace) -> Iterator[Finding]:
    first: dict[int, Operation] = {}
    for each, number in given_out(trace):
        if number not in first:
            first[number] = each
            continue
        before = first[number]
        apart_ms = ((each.completed_us or 0) - (before.completed_us or 0)) / 1000
        said = f"{each.process} gave out {number!r} twice, {plain(apart_ms)} ms apart."
        if before.process != each.process:
            said = f"{before.process} and {each.process} both gave out {number!r}."
        elif before is each:
            said = f"{each.process} gave out {number!r} twice in one order."
        yield Finding(said, _ends(before, each))


UNIQUE = invariant("unique", _twice, "No id was given out twice.")


def _descending(trace: Trace) -> Iterator[Finding]:
    last: dict[str, tuple[Operation, ShownId]] = {}
    for each, number in given_out(trace):
        before, previous = last.get(each.process, (each, ShownId(-1, 0, "")))
        if number < previous:
            said = f"{each.process} gave out {number!r} after {previous!r}, which sorts behind it."
            yield Finding(said, _ends(before, each))
        last[each.process] = each, number


ORDERED = invariant("ordered", _descending, "The ids of every worker ascend.")


def _overtaken(trace: Trace) -> Iterator[Finding]:
    highest: tuple[Operation, ShownId] | None = None
    for each, number in given_out(trace):
        if highest and number < highest[1] and highest[0].before(each):
            said = f"{each.process}'s {number!r} is newer than {highest[0].process}'s"
            yield Finding(f"{said} {highest[1]!r}, and sorts before it.", _ends(highest[0], each))
        if highest is None or number > highest[1]:
            highest = each, number


ORDERED_EVERYWHERE = invariant(
    "ordered everywhere", _overtaken, "Newer ids sort behind older ones, whoever made them."
)


def gapless(but: int = 0) -> Invariant:
    """The numbers from 1 to the highest were all given out, but for so many."""

    def gaps(trace: Trace) -> Iterator[Finding]:
        by_number = {int(number): each for each, number in given_out(trace) if number >= 1}
        highest = max(by_number, default=0)
        missing = highest - len(by_number)  # counted: a learner's number may have 60 bits
        if missing > but:
            first = next(number for number in count(1) if number not in by_number)
            said = f"{missing} numbers below {highest} are missing, {first} the first."
            beyond = min(number for number in by_number if number > first)
            yield Finding(said, _ends(by_number[beyond]))

    if but:
        return invariant("few gaps", gaps, f"No more than {but} numbers are missing.")
    return invariant("gapless", gaps, "No number is missing.")


def _untrue(trace: Trace) -> Iterator[Finding]:
    for each, number in given_out(trace):
        if f"{number.at_ms} ms" != each.key:
            said = f"{number!r} was made when {each.process}'s clock showed {each.key}."
            yield Finding(said, (each.invoked, *_ends(each)))


TRUE_TIME = invariant("true time", _untrue, "The time in every id is the time of its making.")


NOT_TAKEN = "is of no range that it took"
WASTED = "came before the older ones were used"
"""What is noted of a number that was made up, and of a range that was not needed yet."""


def seldom_asked(machine: str, ids: int) -> Invariant:
    """Few messages to this machine: one for every so many ids, and six to begin and to repeat.

    Nor may a worker make numbers up instead, or throw part of its ranges away.
    """

    def often(trace: Trace) -> Iterator[Finding]:
        asked = [
            position
            for position, event in enumerate(trace.events)
            if event.kind == "send" and event.peer == machine
        ]
        made = sum(1 for _ in given_out(trace))
        if len(asked) > 6 + made // ids:
            yield Finding(f"{len(asked)} messages to the {machine} for {made} ids.", tuple(asked))
        for position, event in enumerate(trace.events):
            if event.kind == "note" and event.what.endswith((NOT_TAKEN, WASTED)):
                yield Finding(f"{event.node}'s {event.what}.", (position,))

    return invariant("seldom asked", often, f"No more than one message for {ids} ids.")
