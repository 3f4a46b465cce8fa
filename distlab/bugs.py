"""The catalogue of bugs: every classical mistake of the course, caught and repaired by proof.

A scenario's `violating` variant is a bug, and so is each of its `mistakes`; the `satisfying` one is
the repair. For each, the search must find a failing run and make it small, and the repair must
survive many runs under the same nemesis: the search's own, so the schedules that broke the one are
among those that the other survives. Runs that a check cannot judge do not count.

`make soak` writes what it proved to data/bugs.json and, as a page, data/bugs.md. A row is outdated
when its token no longer gives the run that it was made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from distlab.explore.search import explore, trials
from distlab.explore.space import FaultSpace
from distlab.explore.work import results, wanted_verdicts
from distlab.host import BadInput
from distlab.knobs import Value
from distlab.places import shipped
from distlab.registry import all_scenarios
from distlab.replay import parse_token
from distlab.scenario import Scenario, Variant

FIND_WITHIN = 10_000
"""Runs in which a bug must be caught."""

INTRODUCTION = """# The catalogue of bugs

Written by `make soak`. Each mistake was found by searching seeds and fault schedules, and made
small; its repair survived that many runs under the same faults. Paste a token into the lab, or
after `distlab run`.

| bug | chapter | the mistake | what fails | found in run | smallest failure | repair survived |
|---|---|---|---|--:|---|--:|
"""

FILE = shipped("data") / "bugs.json"
PAGE = shipped("data") / "bugs.md"


@dataclass(frozen=True)
class Row:
    """The proof for one bug. `refuted_by` is a run in which the repair failed, if any."""

    id: str
    chapter: str
    scenario: str
    mistake: str
    source: str
    verdict: str
    caught: bool
    runs_to_find: int
    token: str
    repaired_runs: int
    repaired_ok: bool
    refuted_by: str

    @property
    def ok(self) -> bool:
        return self.caught and self.repaired_ok

    @property
    def story(self) -> str:
        """The mistake, and where it was met."""
        return f"{self.mistake} ({self.source})" if self.source else self.mistake

    def as_dict(self) -> dict[str, Any]:
        """The row for `distlab bugs --json`."""
        return {name: value for name, value in asdict(self).items() if name != "refuted_by"}

    def text(self) -> str:
        found = f"caught in run {self.runs_to_find}: {self.token}"
        held = f"repaired: survived {self.repaired_runs} runs"
        lines = [
            f"{self.id}: {self.story}",
            f"must fail: {self.verdict}",
            found if self.caught else f"NOT CAUGHT in {self.runs_to_find} runs",
            held if self.repaired_ok else f"NOT REPAIRED: {self.refuted_by or held}",
        ]
        return "\n  ".join(lines)


@dataclass(frozen=True)
class Bug:
    """A setting of a scenario's knobs, and the verdict that must fail with it.

    The id is the scenario's; that of one of its `mistakes` has the setting behind it, as in
    `ids/clock-rollback/trust`.
    """

    id: str
    scenario: Scenario
    knobs: Mapping[str, Value]
    mistake: str
    source: str
    verdict: str

    @classmethod
    def of(cls, scenario: Scenario, variant: Variant | None = None) -> Bug:
        """What the scenario's `violating` variant does wrong, or one of its `mistakes`."""
        said = scenario.mistake or scenario.claim
        wrong = variant or Variant(scenario.violating, said, scenario.source)
        settings = map(str, wrong.knobs.values()) if variant else ()
        name, verdict = "/".join([scenario.id, *settings]), wrong.property or scenario.property
        return cls(name, scenario, wrong.knobs, wrong.mistake, wrong.source, verdict)

    @property
    def chapter(self) -> str:
        return self.scenario.chapter

    @property
    def wanted(self) -> str | None:
        """The verdict that the search is asked for; None for the scenario's own property."""
        return None if self.verdict == self.scenario.property else self.verdict


def bugs() -> tuple[Bug, ...]:
    """All bugs of all scenarios, in the order of the scenarios' ids."""
    found = []
    for scenario in all_scenarios():
        if scenario.violating:
            found.append(Bug.of(scenario))
        found += [Bug.of(scenario, each) for each in scenario.mistakes]
    return tuple(found)


def prove(bug: Bug, repaired_runs: int, executor: Executor | None = None) -> Row:
    """Catch the bug, shrink it, and let the repair survive `repaired_runs` runs."""
    knobs: dict[str, Any] = dict(bug.knobs)
    finding = explore(bug.scenario, FIND_WITHIN, executor=executor, verdict=bug.wanted, **knobs)
    survived, refuted_by = survive(bug, repaired_runs, executor)
    return Row(
        id=bug.id, chapter=bug.chapter, scenario=bug.scenario.id,
        mistake=bug.mistake, source=bug.source, verdict=bug.verdict,
        caught=bool(finding), runs_to_find=finding.runs, token=finding.token,
        repaired_runs=survived, repaired_ok=survived == repaired_runs, refuted_by=refuted_by,
    )  # fmt: skip


def survive(bug: Bug, runs: int, executor: Executor | None = None) -> tuple[int, str]:
    """Count the runs in which the repair held; name the first in which it failed, if one did."""
    scenario = bug.scenario
    knobs: dict[str, Any] = dict(scenario.satisfying)
    space = FaultSpace.of(scenario, **knobs)
    wanted = wanted_verdicts(scenario, bug.wanted)
    held = 0
    tried = trials(scenario, space, 10 * runs, **knobs)  # ten times, for some may be undecided
    with closing(results(scenario, tried, executor)) as judged:
        for trial, result in judged:
            if result.violated(wanted):
                return held, str(trial)
            held += any(v.name == bug.verdict and v.ok for v in result.verdicts)
            if held == runs:
                break
    return held, ""


# The record


def recorded() -> dict[str, Row]:
    """The rows of data/bugs.json by id; none when there is no such file.

    Raises `BadInput` for a file that holds something else.
    """
    if not FILE.exists():
        return {}
    try:
        rows = [Row(**row) for row in json.loads(FILE.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise BadInput(f"{FILE} is damaged, delete it and `make soak`: {error}") from None
    return {row.id: row for row in rows}


def outdated(chosen: Iterable[Bug], rows: Mapping[str, Row]) -> list[str]:
    """The ids of bugs without a row, or with one whose token gives another run now."""
    return [bug.id for bug in chosen if bug.id not in rows or not _still_holds(rows[bug.id])]


def _still_holds(row: Row) -> bool:
    if not row.caught:
        return True
    try:
        token = parse_token(row.token)
        run = token.run()
    except BadInput:
        return False
    return not token.difference(run) and run.verdict(row.verdict).ok is False


def write(rows: Iterable[Row]) -> None:
    """Put rows into the record, in the place of older ones; leave out bugs that are gone."""
    known = {**recorded(), **{row.id: row for row in rows}}
    kept = [known[bug.id] for bug in bugs() if bug.id in known]
    text = json.dumps([asdict(row) for row in kept], indent=1, ensure_ascii=False)
    FILE.write_text(text + "\n", encoding="utf-8", newline="\n")
    PAGE.write_text(page(kept), encoding="utf-8", newline="\n")


def page(rows: Iterable[Row]) -> str:
    """The record as Markdown."""
    lines = [INTRODUCTION]
    for row in rows:
        found = row.runs_to_find if row.caught else "not found"
        held = row.repaired_runs if row.repaired_ok else "NO"
        cells = (row.id, row.chapter, row.story, row.verdict, found, f"`{row.token}`", held)
        lines.append(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |\n")
    return "".join(lines)
