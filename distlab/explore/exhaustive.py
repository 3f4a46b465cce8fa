"""Every placement of up to k faults at the instants that matter.

Between two events of a run nothing happens, so a fault in between might as well come just before
the next event. A run with 40 events therefore has 40 instants, not an hour full of them, and "crash
each machine at every instant" is a finite list. The second fault is placed at the events of the run
that the first one has caused, not before it: so each schedule is tried once.

Complete means: every machine, link or split of the fault space, at every such instant, each fault
at its strongest (the longest duration, the extreme amounts), for the one seed; without the
schedules that the space does not allow, such as one machine's crashes that overlap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from distlab.explore import search
from distlab.explore.shrink import Shrunk, shrink
from distlab.explore.space import FaultSpace
from distlab.explore.work import Judged, Progress, after, check_count, results, wanted_verdicts
from distlab.host import BadInput
from distlab.registry import get
from distlab.scenario import Outcome, Scenario, Token

LIMIT = 20_000
"""Runs that a census may take."""


@dataclass(frozen=True)
class Census:
    """What came of every placement. `by_faults[n]` counts the runs with n faults.

    `complete` is False when the limit came first. `failing` holds a token for each failing run,
    fewest faults and earliest first; `shrunk` the first of them, made small.
    """

    scenario: Scenario
    space: FaultSpace
    by_faults: tuple[int, ...]
    complete: bool
    outcomes: dict[Outcome, int]
    failing: tuple[str, ...]
    shrunk: Shrunk | None

    @property
    def runs(self) -> int:
        return sum(self.by_faults)

    def text(self) -> str:
        sizes = ", ".join(f"{count} with {n}" for n, count in enumerate(self.by_faults))
        whole = "all of them" if self.complete else "NOT all: the limit came first"
        lines = [f"{self.scenario.id}: {self.runs} runs by number of faults: {sizes}; {whole}"]
        lines += [f"  {count:6}  {outcome.name}" for outcome, count in self.outcomes.items()]
        if self.shrunk:
            lines.append(f"  {len(self.failing)} fail; the smallest: {self.shrunk.run.token}")
        return "\n".join(lines)

    __repr__ = __str__ = text


def exhaustive(
    scenario: Scenario | str,
    k: int = 1,
    *,
    nemesis: str | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    verdict: str | None = None,
    progress: Progress | None = None,
    limit: int = LIMIT,
    **knobs: Any,
) -> Census:
    """Place up to `k` faults of the nemesis at every event of the run, in at most `limit` runs.

    All schedules are in the nemesis' space, so `k` is at most what it allows. Raises `BadInput` for
    a wrong argument.
    """
    scenario = get(scenario) if isinstance(scenario, str) else scenario
    check_count("k", k, 0)
    check_count("limit", limit, 1)
    wanted = wanted_verdicts(scenario, verdict)
    space = FaultSpace.of(scenario, nemesis, **knobs)
    if k > space.at_most:
        raise BadInput(f"k: {k} is not allowed (allowed: 0 to {space.at_most}, as in {space})")
    told = progress or search.default_progress()
    seed = scenario.seed if seed is None else seed
    calm = Token(scenario, seed, (), scenario.settings(knobs))
    counts: list[int] = []
    outcomes: Counter[Outcome] = Counter()
    failing: list[Token] = []
    level: Iterator[Token] = iter([calm])
    complete = True
    for size in range(k + 1):
        counts.append(0)
        grown: list[tuple[Token, Judged]] = []
        with closing(results(scenario, level, executor)) as judged:
            for trial, result in judged:
                if sum(counts) == limit:
                    complete = False
                    break
                counts[-1] += 1
                told(sum(counts), limit)
                outcomes[result.outcome] += 1
                if result.violated(wanted):
                    failing.append(trial)
                if size < k:
                    grown.append((trial, result))
        if not complete:
            break
        level = (more for trial, result in grown for more in _one_more(space, trial, result))
    shrunk, runs = None, sum(counts)
    if failing:
        more = after(told, runs)
        shrunk = shrink(failing[0].run(), verdict, space=space, keep=knobs, progress=more)
    else:
        told(runs, runs)
    tokens = tuple(map(str, failing))
    return Census(scenario, space, tuple(counts), complete, dict(outcomes), tokens, shrunk)


def _one_more(space: FaultSpace, trial: Token, result: Judged) -> Iterator[Token]:
    """The trial with one more fault, at or after the last one: at its instant in one order only."""
    last = trial.faults[-1] if trial.faults else None
    for at_us in result.instants_us:
        if last and at_us < last.at_us:
            continue
        for fault in space.at(at_us / 1000):
            more = trial._replace(faults=(*trial.faults, fault))
            if (not last or at_us > last.at_us or str(fault) > str(last)) and more.faults in space:
                yield more
