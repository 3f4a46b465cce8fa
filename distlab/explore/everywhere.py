"""Faults everywhere: at each place of a run where a fault can make a difference.

    everywhere("start/lost-answer")
    everywhere("start/lost-answer", nemesis="crash@0..300+50; lose:#", k=2)

Unless a nemesis is given, each machine but the clients crashes at each of its events and restarts
100 ms later with its disk, each message is lost, and each is delivered twice: one fault a run.

Between two events nothing happens, so the places are a finite list:

* a fault of a machine strikes at its boot and just before each of its events (once for all events
  of one instant), and a microsecond after an event where it ends before the machine's next one: so
  the machine loses its memory but no message;
* a fault of one message (`lose:#`) strikes each message that the run sends;
* any other fault begins at each instant in which something happens anywhere.

Each fault is at its strongest: the longest duration, the extreme amounts. Each further fault is
placed in the run that the earlier faults made, never before them. So each schedule is tried once.
The order is fixed: fewest faults first, then the earliest. To leave time to heal, limit the
instants: `crash@0..300+50` leaves 150 ms of a run of 500 ms.
"""

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from distlab.explore import work
from distlab.explore.search import FailingRun, pictures
from distlab.explore.space import FaultSpace, Rule
from distlab.explore.work import Judged, OnProgress
from distlab.host import BadInput, check_count
from distlab.registry import get
from distlab.scenario import Outcome, Run, Scenario, Token
from distlab.sim.faults import KINDS, Fault
from distlab.view.still import Still

EVERYWHERE = "crash+100; lose:#; duplicate:#=100"
LIMIT = 20_000
"""Runs that a census may take."""


@dataclass(frozen=True)
class Census(Still):
    """The result of `everywhere`. `counts` are the outcomes by the kinds of the faults.

    `words` counts what the verdict says of the runs: `holds`, `undecided`, `nothing to judge`.
    `failing` holds a token for each failing run, in order, and `first` the first of each kind.
    `next` is where to go on (`start=`) when the limit came first; None when nothing is left.
    """

    scenario: Scenario
    space: FaultSpace
    counts: Mapping[str, Counter[Outcome]]
    words: work.Words
    failing: tuple[str, ...]
    first: Mapping[str, FailingRun]
    start: int = 0
    next: int | None = None

    @property
    def runs(self) -> int:
        return sum(counter.total() for counter in self.counts.values())

    @property
    def run(self) -> Run | None:
        """The first failing run: with the fewest faults, and the earliest."""
        return next((failure.run for failure in self.first.values()), None)

    def text(self) -> str:
        which = f"from number {self.start} on" if self.start else "every place"
        rest = "" if self.next is None else f"; NOT all: go on with start={self.next}"
        lines = [f"{self.scenario.id}: {self.runs} runs{self.words}, {which} ({self.space}){rest}"]
        for kinds, outcomes in self.counts.items():
            ends = ", ".join(f"{count} {outcome.name}" for outcome, count in outcomes.items())
            lines.append(f"  {outcomes.total():6}  {kinds}: {ends}")
        if self.failing:
            lines.append(f"  {len(self.failing)} fail; the first of each kind:")
        return "\n".join(lines + [f"  {failure.run.token}" for failure in self.first.values()])

    __repr__ = __str__ = text

    def html(self) -> str:
        return pictures(self.text(), self.first.values())


def everywhere(
    scenario: Scenario | str,
    k: int = 1,
    *,
    nemesis: str | None = EVERYWHERE,
    seed: int | None = None,
    executor: Executor | None = None,
    verdict: str | None = None,
    progress: OnProgress | None = None,
    limit: int = LIMIT,
    start: int = 0,
    **knobs: Any,
) -> Census:
    """Try up to `k` faults of the nemesis (None: the scenario's own) at every place.

    Counts at most `limit` runs, from number `start` on: run 0 has no fault. `k` is at most what the
    nemesis allows. Raises `BadInput` for a wrong argument, and for a `start` behind the last run.
    """
    scenario = get(scenario) if isinstance(scenario, str) else scenario
    for name, given, lowest in (("k", k, 0), ("limit", limit, 1), ("start", start, 0)):
        check_count(name, given, lowest)
    wanted = work.wanted_verdicts(scenario, verdict)
    space = FaultSpace.of(scenario, nemesis, **knobs)
    if k > space.at_most:
        allowed = f"allowed: 0 to {space.at_most}, as in {space}; for more"
        raise BadInput(f"k: {k} is not allowed ({allowed} write 'at most {k}' into the nemesis)")
    calm = Token(scenario, scenario.seed if seed is None else seed, (), scenario.settings(knobs))
    counts: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
    words = work.Words()
    failing: list[str] = []
    first: dict[str, FailingRun] = {}
    stopped = None
    trials = _runs(space, calm, k, start, executor)
    with work.telling(progress) as told, closing(trials) as runs:
        for number, trial, result in runs:
            if number == start + limit:
                stopped = number
                break
            told(number - start + 1, limit)
            kinds = " + ".join(fault.kind for fault in trial.faults) or "no fault"
            counts[kinds][result.outcome] += 1
            words[result.word(wanted)] += 1
            violated = result.violated(wanted)
            if violated:
                failing.append(str(trial))
                if kinds not in first:
                    first[kinds] = FailingRun(work.again(trial.run(), violated), violated)
    found = Census(scenario, space, dict(counts), words, tuple(failing), first, start, stopped)
    told(found.runs, found.runs)
    return found


def _runs(
    space: FaultSpace, calm: Token, k: int, start: int, executor: Executor | None
) -> Generator[tuple[int, Token, Judged]]:
    """Do the runs from `start` on; before it, only those from which others grow."""
    level: Iterator[Token] = iter([calm])
    number = 0
    for size in range(k + 1):
        if size == k:
            number += sum(1 for _ in islice(level, max(0, start - number)))
        grown: list[tuple[Token, Judged]] = []
        with closing(work.results(calm.scenario, level, executor)) as judged:
            for trial, result in judged:
                if size < k:
                    grown.append((trial, result))
                if number >= start:
                    yield number, trial, result
                number += 1
        level = (more for trial, result in grown for more in _one_more(space, trial, result))
    if number <= start:
        raise BadInput(f"start: {start} is not allowed (there are {number} runs, the first is 0)")


def _one_more(space: FaultSpace, trial: Token, result: Judged) -> Iterator[Token]:
    """The trial with one more fault: a later one, or of the same instant but later by its name."""

    def place(fault: Fault) -> tuple[int, str]:
        at_us = fault.at_us if fault.message is None else result.sent_us.get(fault.message, 0)
        return at_us, str(fault)

    last = max(map(place, trial.faults), default=(-1, ""))
    for fault in sorted({f for rule in space.rules for f in _faults(rule, result)}, key=place):
        faults = *trial.faults, fault
        if place(fault) > last and faults in space:
            yield trial._replace(faults=faults)


def _faults(rule: Rule, result: Judged) -> Iterator[Fault]:
    """The faults of a rule at all their places in a run."""
    if rule.numbered:
        yield from rule.at(0, [f"#{number}" for number in result.sent_us])
    elif KINDS[rule.kind].target != "machine":
        for at_us in sorted({at_us for each in result.active_us.values() for at_us in each}):
            yield from rule.at(at_us / 1000)
    else:
        for target in rule.targets:
            instants = sorted({0, *result.active_us.get(target, ())})
            for at_us, next_us in pairwise([*instants, None]):
                yield from rule.at(at_us / 1000, [target])
                for fault in rule.at((at_us + 1) / 1000, [target]):
                    if fault.end_us is not None and (next_us is None or fault.end_us < next_us):
                        yield fault
