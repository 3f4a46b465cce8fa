"""The promises of this chapter's experiments.

Workers record operations `order(15 ms)` that return the ids they used, as `ShownId`s; the key is
what the worker's own clock showed, in milliseconds since the start of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from distlab.check.history import History, Operation
from distlab.check.invariants import Finding, Invariant, invariant
from distlab.check.look import completions, notes, sent
from distlab.host import plain
from distlab.sim.trace import Note, Trace


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


def repeated(trace: Trace) -> Iterator[tuple[Operation, Operation, ShownId] | None]:
    """For each id: None, or the two operations that returned it, which may be the same."""
    first: dict[int, Operation] = {}
    for each, number in given_out(trace):
        again = number in first
        yield (first[number], each, number) if again else None
        first.setdefault(number, each)


def _unique(trace: Trace) -> Iterator[Finding | None]:
    for pair in repeated(trace):
        if pair is None:
            yield None
            continue
        before, each, number = pair
        apart_ms = ((each.completed_us or 0) - (before.completed_us or 0)) / 1000
        said = f"{each.process} gave out {number!r} twice, {plain(apart_ms)} ms apart."
        if before.process != each.process:
            said = f"{before.process} and {each.process} both gave out {number!r}."
        elif before is each:
            said = f"{each.process} gave out {number!r} twice in one order."
        yield Finding(said, completions(before, each))


UNIQUE = invariant("unique", _unique, "No id was given out twice.", "ids")


def _ordered(trace: Trace) -> Iterator[Finding | None]:
    last: dict[str, tuple[Operation, ShownId]] = {}
    for each, number in given_out(trace):
        if each.process in last:
            before, previous = last[each.process]
            said = f"{each.process} gave out {number!r} after {previous!r}, which sorts behind it."
            descends = number < previous
            yield Finding(said, completions(before, each)) if descends else None
        last[each.process] = each, number


ORDERED = invariant("ordered", _ordered, "The ids of every worker ascend.", "ids after another")


def _ordered_everywhere(trace: Trace) -> Iterator[Finding | None]:
    highest: tuple[Operation, ShownId] | None = None
    for each, number in given_out(trace):
        if highest and highest[0].before(each):
            said = f"{each.process}'s {number!r} is newer than {highest[0].process}'s"
            proof = completions(highest[0], each)
            overtakes = Finding(f"{said} {highest[1]!r}, and sorts before it.", proof)
            yield overtakes if number < highest[1] else None
        if highest is None or number > highest[1]:
            highest = each, number


ORDERED_EVERYWHERE = invariant("ordered everywhere", _ordered_everywhere,
                               "Newer ids sort behind older ones, whoever made them.",
                               "ids that were made after another")  # fmt: skip


def gapless(but: int = 0) -> Invariant:
    """All numbers from 1 to the highest were given out, except `but` of them at most."""

    def complete(trace: Trace) -> Iterator[Finding | None]:
        by_number = {int(number): each for each, number in given_out(trace) if number >= 1}
        missing = max(by_number, default=0) - len(by_number)  # a number may have 60 bits
        yield from (None for _ in by_number)
        if missing > but:
            first = next(number for number in count(1) if number not in by_number)
            said = f"{missing} numbers below {max(by_number)} are missing, {first} the first."
            beyond = min(number for number in by_number if number > first)
            yield Finding(said, completions(by_number[beyond]))

    holds = f"No more than {but} numbers are missing." if but else "No number is missing."
    return invariant("few gaps" if but else "gapless", complete, holds, "numbers")


def _true_time(trace: Trace) -> Iterator[Finding | None]:
    for each, number in given_out(trace):
        said = f"{number!r} was made when {each.process}'s clock showed {each.key}."
        true = f"{number.at_ms} ms" == each.key
        yield None if true else Finding(said, (each.invoked, *completions(each)))


TRUE_TIME = invariant(
    "true time", _true_time, "The time in every id is the time of its making.", "ids"
)


@dataclass(frozen=True, slots=True)
class NotTaken(Note):
    """A worker used a number that the database did not give it."""

    number: int

    def __str__(self) -> str:
        return f"№{self.number} is of no range that it took"


@dataclass(frozen=True, slots=True)
class Wasted(Note):
    """A worker took a range while another one was not used up."""

    first: int

    def __str__(self) -> str:
        return f"range from №{self.first} came before the older ones were used"


def seldom_asked(machine: str, ids: int) -> Invariant:
    """Few messages to this machine: one for every `ids` ids, and six more to begin and to repeat.

    A worker may not make numbers up instead, or throw part of its ranges away.
    """

    def seldom(trace: Trace) -> Iterator[Finding | None]:
        asked = tuple(at for at, event in sent(trace, object) if event.peer == machine)
        made = sum(1 for _ in given_out(trace))
        said = f"{len(asked)} messages to the {machine} for {made} ids."
        for _ in asked:
            yield Finding(said, asked) if len(asked) > 6 + made // ids else None
        for kind in (NotTaken, Wasted):
            for position, worker, note in notes(trace, kind):
                yield Finding(f"{worker}'s {note}.", (position,))

    holds = f"No more than one message for {ids} ids."
    return invariant("seldom asked", seldom, holds, f"messages to the {machine}")
