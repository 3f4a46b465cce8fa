"""The runs that a solution must survive: schedules that tell the story, then a bounded search.

In every named run (a schedule with a seed) in which the reference gave the checks something to
judge, the solution must, too. So one that does nothing, and does nothing wrong, does not pass.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from itertools import product
from typing import Any, NamedTuple

from distlab.check.verdict import Verdict
from distlab.course.steps import Stopped
from distlab.explore.search import trials
from distlab.explore.shrink import shrink
from distlab.explore.space import FaultSpace
from distlab.registry import get
from distlab.scenario import STUCK, Run, Scenario
from distlab.sim import Node
from distlab.sim.trace import Event, describe, line

SEARCHED = 50
"""Runs under random faults that a case adds to its own schedules."""
SHRINKING = 200
"""Runs that may be spent on making a failing run small."""


class Judged(NamedTuple):
    """A run, and the verdict that the solution fails by or that says nothing, if there is one."""

    run: Run
    verdict: Verdict | None
    wrong: bool
    """Whether this run proves that the solution is none."""


@dataclass(frozen=True)
class Case:
    """A scenario, its knobs, and the fault schedules (texts) and seeds to run it with.

    `must_hold` names the verdicts that judge these runs; empty means all of them. Afterwards
    `searched` runs are drawn from the fault space `nemesis` (None: the scenario's own). Under any
    fault `always` must hold; empty means the scenario's property. `parts` are other arguments of
    `build` that these runs are made with.
    """

    scenario: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[str | None, ...] = (None,)
    seeds: range = range(1)
    must_hold: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    nemesis: str | None = None
    searched: int = SEARCHED
    parts: Mapping[str, Any] = field(default_factory=dict)

    def using(self, solution: Any) -> Scenario:
        """The scenario with this solution in it. Raises `BadInput` when there is none."""
        return get(self.scenario).using(solution=solution, **self.parts)

    def lab(self, name: str) -> str:
        """What a learner types to see runs of the solution that the notebook calls `name`."""
        parts = [f"{part}={value!r}" for part, value in self.parts.items()]
        given = ", ".join([f"solution={name}", *parts])
        return f'Lab(get("{self.scenario}").using({given}))'

    def named(self, solution: Any) -> Iterator[Run]:
        """One run for each schedule and seed."""
        scenario = self.using(solution)
        for faults, seed in product(self.schedules, self.seeds):
            yield scenario.run(seed, faults, **self.knobs)

    def judged(self, solution: Any, reference: Any) -> Iterator[Judged]:
        """The named runs, then the search. The reference runs only where the solution is idle."""
        names = self.judging()
        for run in self.named(solution):
            verdict = failing(run, names)
            asleep = None if verdict and verdict.ok is False else self.idle(run, reference)
            yield Judged(run, asleep or verdict, bool(asleep or (verdict and verdict.ok is False)))
        # What may go wrong is read from a run of the reference: it uses the links that it should.
        space = FaultSpace.of(self.using(reference), self.nemesis, **self.knobs)
        scenario = self.using(solution)
        for trial in trials(scenario, space, self.searched, **self.knobs):
            run = trial.run()
            verdict = failing(run, self.always or (scenario.property,))
            yield Judged(run, verdict, bool(verdict and verdict.ok is False))

    def judging(self) -> tuple[str, ...]:
        """The verdicts that judge the named runs."""
        return self.must_hold or tuple(check.name for check in get(self.scenario).checks)

    def idle(self, run: Run, reference: Any) -> Verdict | None:
        """The first verdict with nothing to judge that had something in the reference's run."""
        silent = [v for v in run.verdicts if v.name in self.judging() and not v.judged]
        right = self.again(run, reference) if silent else run
        return next((v for v in silent if right.verdict(v.name).judged), None)

    def again(self, run: Run, solution: Any) -> Run:
        """The same run with another solution in it."""
        return self.using(solution).run(run.seed, run.faults, **run.knobs)

    def write_down(self, run: Run, solution: Any) -> None:
        """Raise what keeps this run from being written down, from the line that sent it if it can
        be found: a message with a list in it.
        """
        try:
            run.trace.digest()
        except Exception as error:
            if isinstance(solution, type) and issubclass(solution, Node):
                self.again(run, _describing(solution))
            odd = next(event for event in run.trace.events if not _can_be_written(event))
            what = type(odd.what).__name__
            raise TypeError(f"{odd.node} has this in its {what}: {error}") from error

    def small(
        self, run: Run, verdict: Verdict, reference: Any, progress: Callable[..., None]
    ) -> Run:
        """The smallest run found that fails in the same way, under the same knobs, and that the
        reference survives: else the picture would not show what the solution does wrong.
        """

        def survived(small: Run) -> bool:
            return failing(self.again(small, reference), (verdict.name,)) is None

        try:
            return shrink(run, verdict.name, budget=SHRINKING, keep=self.knobs, accept=survived,
                          progress=progress).run  # fmt: skip
        except (Exception, Stopped):
            return run  # on the way the solution failed in another way: show what was found first


def _can_be_written(event: Event) -> bool:
    try:
        return bool(line(event))
    except Exception:
        return False


def _describing(solution: type[Node]) -> type[Node]:
    """The same. It describes what it sends, sets and notes before it does."""

    def described(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def first(*given: Any, **named: Any) -> Any:
            for each in (*given[1:], *named.values()):
                describe(each)
            return method(*given, **named)

        return first

    changed = {
        name: described(getattr(solution, name)) for name in ("send", "set_timer", "note", "call")
    }
    return type(solution.__name__, (solution,), changed)


def failing(run: Run, names: tuple[str, ...]) -> Verdict | None:
    """The first of these verdicts that is violated, else the first that says nothing."""
    doubtful = [v for v in run.verdicts if not v.ok and v.name in (STUCK, *names)]
    return min(doubtful, key=lambda v: v.ok is None, default=None)
