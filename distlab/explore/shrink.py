"""Make a failure small: the fewest faults, the simplest setting, the earliest, the shortest.

A random schedule that breaks a protocol is mostly noise. Each step here tries a simpler run, and
keeps it if the *same verdict* still fails (Zeller & Hildebrandt, "Simplifying and isolating
failure-inducing input", 2002: delta debugging). The steps repeat until none helps:

1. fewer faults: every subset, small ones first (of more than four, one at a time is left out);
2. simpler: the scenario's own seed, else one from 0 to 20; the default of each knob that does not
   make the variant, else a lower value (now, because later the times fit one seed too closely);
3. faults earlier: all together, then each; 4. shorter, then smaller; round numbers first.

The budget counts runs, so the result is the same everywhere. In the end the run is done once more.
"""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from typing import Any

from distlab.explore.space import FaultSpace, in_order
from distlab.explore.work import OnProgress, again, quiet, violates, wanted_verdicts
from distlab.host import BadInput, check_count
from distlab.knobs import Integer
from distlab.scenario import Run
from distlab.sim.faults import KINDS, Fault

BUDGET = 1000
"""Runs that shrinking may take."""

FEW = 4
SEEDS = range(21)


@dataclass(frozen=True)
class Shrunk:
    """The small run, the verdict that fails in it, and how many runs it took to get there."""

    run: Run
    verdict: str
    runs: int


def shrink(
    run: Run,
    verdict: str | None = None,
    *,
    space: FaultSpace | None = None,
    budget: int = BUDGET,
    keep: Collection[str] = (),
    accept: Callable[[Run], bool] | None = None,
    progress: OnProgress = quiet,
) -> Shrunk:
    """Make a failing run small. Knobs in `keep`, and those that make the variant, stay.

    With a `space` the schedule stays in it: outside of it even a right protocol may fail. With
    `accept` a smaller run that fails is taken only if it is accepted, too. `progress` is called
    after each run.

    `verdict` names the failure, the scenario's property unless given. Raises `BadInput` when it
    does not fail, `Unrepeatable` when the run is not the same twice.
    """
    check_count("budget", budget, 0)
    wanted = wanted_verdicts(run.scenario, verdict)
    failing = next((name for name in wanted if violates(run, name)), "")
    if not failing:
        raise BadInput(f"nothing to shrink: {' and '.join(wanted)} not violated in {run.token}")
    kept = {*keep, *run.scenario.violating, *run.scenario.satisfying}
    work = _Shrinking(run, failing, space, kept, budget, accept or (lambda _: True), progress)
    steps = (work.fewer, work.plainer, work.earlier, work.shorter)
    while any(step() for step in steps):
        pass
    progress(work.runs, work.runs)
    return Shrunk(again(work.best, failing), failing, work.runs)


@dataclass
class _Shrinking:
    """The smallest failing run so far. Each method is one step; it says whether it helped."""

    best: Run
    verdict: str
    space: FaultSpace | None
    kept: Collection[str]
    budget: int
    accept: Callable[[Run], bool]
    told: OnProgress
    runs: int = 0
    tried: set[str] = field(default_factory=set)

    def take(self, **changed: Any) -> bool:
        """Make the changed run the best one if it fails in the same way."""
        trial = self.best.setup._replace(**changed)
        text = str(trial)
        outside = self.space is not None and trial.faults not in self.space
        if outside or text in self.tried or self.runs >= self.budget:
            return False
        self.tried.add(text)
        self.runs += 1
        run = trial.run()
        self.told(self.runs, self.budget)
        if not violates(run, self.verdict) or not self.accept(run):
            return False
        self.best = run
        return True

    def take_fault(self, index: int, **changed: Any) -> bool:
        faults = list(self.best.faults)
        faults[index] = replace(faults[index], **changed)
        return self.take(faults=in_order(faults))

    def fewer(self) -> bool:
        faults = self.best.faults
        sizes = range(len(faults)) if len(faults) <= FEW else (len(faults) - 1,)
        subsets = chain.from_iterable(combinations(faults, size) for size in sizes)
        return any(self.take(faults=subset) for subset in subsets)

    def earlier(self) -> bool:
        faults = self.best.faults
        first_ms = min((fault.at_ms for fault in faults), default=0)
        for ms in _smaller(first_ms):  # all together: the time between them may matter
            together = tuple(replace(each, at_ms=each.at_ms - first_ms + ms) for each in faults)
            if self.take(faults=together):
                return True
        return any(
            self.take_fault(index, at_ms=ms)
            for index, fault in enumerate(faults)
            for ms in _smaller(fault.at_ms)
        )

    def shorter(self) -> bool:
        return any(
            self.take_fault(index, **{part: value})
            for index, fault in enumerate(self.best.faults)
            for part, value in self._lesser(fault)
        )

    def _lesser(self, fault: Fault) -> Iterator[tuple[str, float]]:
        if fault.lasts:
            rest_ms = self.best.scenario.horizon_ms - fault.at_ms
            now_ms = rest_ms if fault.for_ms is None else fault.for_ms
            yield from (("for_ms", ms) for ms in _smaller(now_ms, 1))
        # A rare loss is not simpler than a sure one.
        if fault.amount and KINDS[fault.kind].unit != "%":
            sign = -1 if fault.amount < 0 else 1
            yield from (("amount", sign * size) for size in _smaller(abs(fault.amount), 1))

    def plainer(self) -> bool:
        scenario, knobs = self.best.scenario, self.best.knobs
        simple = list(dict.fromkeys([scenario.seed, *SEEDS]))
        before = simple.index(self.best.seed) if self.best.seed in simple else len(simple)
        if any(self.take(seed=seed) for seed in simple[:before]):
            return True
        for knob in scenario.knobs:
            value = knobs[knob.name]
            if knob.name not in self.kept and value != knob.default:
                lower = _smaller(int(value), knob.low) if isinstance(knob, Integer) else ()
                for simpler in chain([knob.default], lower):
                    if self.take(knobs={**knobs, knob.name: simpler}):
                        return True
        return False


def _smaller(value: float, lowest: int = 0) -> Iterator[int]:
    """Smaller whole numbers, round ones first: `lowest`, then thousands, hundreds, tens, ones.

    Of each size only those near the value: when one is taken, the step begins again from there.
    """
    yield from range(lowest, min(lowest + 1, math.ceil(value)))
    for step in (1000, 100, 10, 1):
        start = max(lowest, math.floor(value) - 10 * step)
        yield from range(-(-start // step) * step, math.ceil(value), step)
