"""What every exercise promises, tried out: CI wants no complaint.

The stub is no attempt. The reference is right where a learner would write it: in a notebook, where
it is watched more closely than in distlab. Each named mistake gets its own words. In every case the
reference gives each verdict something to judge. No cheat (`tests.course.cheats`) passes, and each
gets words that fit it.

A diagnosis fits a cheat when the cheat does what the mistake does: in the failing run both do the
same, or the mistake says so (`Mistake.also`). What looks like a cheat and is honest work in one
exercise stands in that exercise (`Exercise.honest`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from distlab.course.exercise import Exercise, Mistake
from distlab.course.oracle import Batch, Oracle
from distlab.course.slips import Word
from distlab.course.steps import Stopped
from distlab.scenario import Run
from tests.course.cheats import Cheat, cheats, written


def audit(exercise: Exercise | Oracle) -> list[str]:
    """What this exercise does not keep of its promises."""
    if isinstance(exercise, Oracle):
        return [*_promises(exercise, [*exercise.mistakes]), *_verdicts(exercise)]
    names = [mistake.name for mistake in exercise.mistakes]
    return [*_promises(exercise, names), *_idle(exercise), *_answers(exercise), *cheated(exercise)]


def _promises(exercise: Exercise | Oracle, mistakes: list[str]) -> Iterator[str]:
    if len(mistakes) < 2:
        yield "fewer than two named mistakes"
    if set(mistakes) != set(exercise.texts.mistakes):
        yield f"the texts have words for other mistakes: {list(exercise.texts.mistakes)}"


def _verdicts(oracle: Oracle) -> Iterator[str]:
    """Stub, reference and named wrong oracles that do not get the right word."""
    first = Batch(oracle, 0)
    expected = [("stub", oracle.stub, "not attempted"), ("reference", oracle.reference, "correct")]
    expected += [(name, wrong, "incorrect") for name, wrong in oracle.mistakes.items()]
    for name, holds, kind in expected:
        found = oracle.check(holds, first)
        mistake = name if name in oracle.mistakes else ""
        if (found.kind, found.mistake) != (kind, mistake):
            yield f"{name} should be {kind} {mistake!r}, is {found.text()}"


def _idle(exercise: Exercise) -> Iterator[str]:
    """Verdicts that no named run of a case gives something to judge, with the reference in it."""
    for case in exercise.cases:
        idle = set(case.judging())
        for run in case.named(exercise.reference):
            idle -= {verdict.name for verdict in run.verdicts if verdict.judged}
            if not idle:
                break
        else:
            yield f"{case.scenario} {case.schedules}: nothing to judge for {sorted(idle)}"


def _answers(exercise: Exercise) -> Iterator[str]:
    """Stub, reference and mistakes that do not get the right word."""
    expected: list[tuple[str, Any, Word, str]] = [
        ("stub", exercise.stub, "not attempted", ""),
        ("reference", written(exercise), "correct", ""),
        *((m.name, m.example, "incorrect", m.name) for m in exercise.mistakes),
    ]
    for name, solution, kind, mistake in expected:
        result = exercise.check(solution)
        if (result.kind, result.mistake) != (kind, mistake):
            found = f"{result.kind} {result.mistake!r}: {result.message}"
            yield f"{name} should be {kind} {mistake!r}, is {found}"
        elif result.run and not _survived(exercise, result.run):
            yield f"{name}: the reference fails in {result.token} as well"


def _survived(exercise: Exercise, run: Run) -> bool:
    """Whether the reference does not fail like this run in one of the cases of its scenario."""
    failed = {verdict.name for verdict in run.verdicts if not verdict.ok}
    again = [
        case.again(run, exercise.reference)
        for case in exercise.cases
        if case.scenario == run.scenario.id
    ]
    return any(failed - {v.name for v in right.verdicts if not v.ok} for right in again)


def cheated(exercise: Exercise) -> Iterator[str]:
    """Cheats that pass, or that get words that do not fit."""
    names = set()
    for cheat in cheats(exercise):
        names.add(cheat.name)
        yield from _judged(exercise, cheat)
    for name in set(exercise.honest) - names:
        yield f"honest: there is no cheat {name!r}"


def _judged(exercise: Exercise, cheat: Cheat) -> Iterator[str]:
    result = exercise.check(cheat.solution, shrinking=False)
    if (result.kind == "correct") != (cheat.name in exercise.honest):
        yield f"{cheat.name}: {result.kind}, {result.message}"
    elif result.kind == "not attempted":
        yield f"{cheat.name}: not attempted, {result.message}"
    elif result.kind != "correct" and not re.search(cheat.words, result.message, re.DOTALL):
        yield f"{cheat.name}: words without {cheat.words!r}: {result.kind}, {result.message}"
    mistake = next((each for each in exercise.mistakes if each.name == result.mistake), None)
    if mistake and result.run and not _does_the_same(exercise, mistake, cheat, result.run):
        yield f"{cheat.name}: taken for {mistake.name!r} in {result.token}"


def _does_the_same(exercise: Exercise, mistake: Mistake, cheat: Cheat, run: Run) -> bool:
    """Whether the cheat makes this mistake."""
    if any(re.fullmatch(pattern, cheat.name) for pattern in mistake.also):
        return True
    for case in exercise.cases:
        if case.scenario == run.scenario.id:
            try:
                again = case.again(run, mistake.example)
            except (Exception, Stopped):
                continue
            if again.trace.digest() == run.trace.digest():
                return True
    return False
