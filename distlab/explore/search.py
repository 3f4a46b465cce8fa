"""Find me a failure: seeds and fault schedules by chance, until a verdict is violated.

Run number i of a search has a seed and a schedule that depend on i and on the search's own seed
alone, and the failure with the lowest number counts, so a search can be repeated: the same
arguments give the same finding, token for token, whoever does the runs.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from html import escape
from random import Random
from typing import Any, NamedTuple

from distlab.explore import work
from distlab.explore.shrink import Shrunk, shrink
from distlab.explore.space import FaultSpace
from distlab.explore.work import OnProgress
from distlab.host import check_count
from distlab.knobs import check_seed
from distlab.registry import get
from distlab.scenario import Run, Scenario, Token
from distlab.view.spacetime import spacetime
from distlab.view.still import Still

RUNS = 500
"""Runs that a search may take, unless the caller says otherwise."""

LARGEST_SEED = 10**6


class FailingRun(NamedTuple):
    """A run and the verdict that fails in it."""

    run: Run
    verdict: str


def pictures(text: str, failures: Iterable[FailingRun]) -> str:
    """A text and the runs, drawn with their witnesses, as HTML."""
    drawn = [
        spacetime(run, highlight=run.verdict(verdict).witness).html() for run, verdict in failures
    ]
    return "".join([f'<pre style="white-space:pre-wrap">{escape(text)}</pre>', *drawn])


@dataclass(frozen=True)
class Discovery(Still):
    """The result of a search. It is true when a run failed.

    `runs` is how many it took, the failing one included. `words` counts what the verdict says of
    them: `holds`, `undecided`, `nothing to judge`. `first` is the failing run as it was met,
    `shrunk` the small one that was made of it.
    """

    scenario: Scenario
    space: FaultSpace
    runs: int
    words: work.Words
    first: Run | None = None
    shrunk: Shrunk | None = None

    def __bool__(self) -> bool:
        return self.shrunk is not None

    @property
    def run(self) -> Run | None:
        """The smallest failing run."""
        return self.shrunk.run if self.shrunk else None

    @property
    def token(self) -> str:
        """The replay token of the smallest failing run; empty when no run failed."""
        return self.run.token if self.run else ""

    def text(self) -> str:
        if not self.shrunk or not self.first:
            said = f"No failure in {self.runs} runs{self.words} ({self.space}). That is no proof."
            return f"{self.scenario.id}: {said}"
        small, shrinking = self.shrunk.run, f"{self.shrunk.runs} runs of shrinking"
        lines = [
            f"{self.scenario.id}: run {self.runs} fails{self.words} ({self.space}).",
            str(small.verdict(self.shrunk.verdict)),
            f"{_count(self.first.faults)} at first, {_count(small.faults)} after {shrinking}:",
            self.token,
        ]
        return "\n".join(lines).replace("\n", "\n  ")

    __repr__ = __str__ = text

    def html(self) -> str:
        small = [FailingRun(self.shrunk.run, self.shrunk.verdict)] if self.shrunk else []
        return pictures(self.text(), small)


def _count(faults: tuple[object, ...]) -> str:
    return f"{len(faults)} fault{'s' * (len(faults) != 1)}"


def trials(
    scenario: Scenario, space: FaultSpace, runs: int, seed: int = 0, **knobs: Any
) -> Iterator[Token]:
    """The runs of a search, in order. None of them is done yet."""
    settings = scenario.settings(knobs)
    for number in range(runs):
        random = Random(f"{seed}/{number}")
        yield Token(scenario, int(random.random() * LARGEST_SEED), space.draw(random), settings)


def explore(
    scenario: Scenario | str,
    runs: int = RUNS,
    *,
    nemesis: str | None = None,
    seed: int = 0,
    executor: Executor | None = None,
    verdict: str | None = None,
    progress: OnProgress | None = None,
    **knobs: Any,
) -> Discovery:
    """Try up to `runs` runs under random faults, and shrink the first failure.

    `nemesis` is what may go wrong (see `space`), `verdict` what must fail; unless given they are
    the scenario's own nemesis and property. Knobs that are given stay as they are. Raises
    `BadInput` for a wrong argument, `Unrepeatable` when the failing run is not the same twice.
    """
    scenario = get(scenario) if isinstance(scenario, str) else scenario
    check_count("runs", runs, 1)
    check_seed(seed)
    wanted = work.wanted_verdicts(scenario, verdict)
    space = FaultSpace.of(scenario, nemesis, **knobs)
    words = work.Words()
    tried = trials(scenario, space, runs, seed, **knobs)
    results = work.results(scenario, tried, executor)
    with work.telling(progress) as told, closing(results) as judged:
        for number, (trial, result) in enumerate(judged, 1):
            words[result.word(wanted)] += 1
            failing = result.violated(wanted)
            if failing:
                first, more = work.again(trial.run(), failing), work.after(told, number)
                shrunk = shrink(first, failing, space=space, keep=knobs, progress=more)
                return Discovery(scenario, space, number, words, first, shrunk)
            told(number, runs)
    return Discovery(scenario, space, runs, words)
