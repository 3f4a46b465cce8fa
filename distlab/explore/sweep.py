"""One fault, moved over the whole run: how does the run end if it comes at another instant?

The answer is a strip: stretches of time by outcome. Where it is red, the system is vulnerable.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil, floor, gcd
from typing import Any

from distlab.explore.work import results
from distlab.host import BadInput, is_number
from distlab.registry import get
from distlab.scenario import UNKNOWN, Outcome, Run, Scenario, Token
from distlab.sim.faults import Fault, Schedule, as_schedule
from distlab.view.picture import Picture
from distlab.view.spacetime import spacetime
from distlab.view.strip import strip

INSTANTS = 160
"""How many instants are tried at most, unless they are given."""


@dataclass
class Sweep:
    """The outcomes of a run with one of its faults at other instants (milliseconds).

    `index` is the fault that moves. `points` are the outcomes that are known; `advance` adds more.
    """

    run: Run
    index: int
    instants: Sequence[float]
    points: tuple[tuple[float, Outcome], ...] = ()

    @property
    def done(self) -> bool:
        return len(self.points) == len(self.instants)

    def advance(self, count: int | None = None, executor: Executor | None = None) -> None:
        """Try up to `count` instants more; all of them unless given.

        Where the learner's own code fails, its error names the outcome: the other instants count.
        """
        setup, known = self.run.setup, len(self.points)
        instants = self.instants[known:][:count]
        moved = (setup.with_fault_at(self.index, ms) for ms in instants)
        outcomes: Iterable[Outcome] = map(_outcome, moved)
        if executor:
            outcomes = (judged.outcome for _, judged in results(setup.scenario, moved, executor))
        for point in zip(instants, outcomes, strict=True):
            self.points += (point,)

    def picture(self) -> Picture:
        """The strip, from the first of the instants to the last."""
        instants = [ms for ms, _ in self.points] or [0]
        window = (instants[0], instants[-1]) if len(instants) > 1 else None
        here = self.run.faults[self.index].at_ms, self.run.outcome
        return strip(self.points, spacetime(self.run, window=window).layout, here, alone=True)

    def text(self) -> str:
        """The stretches of time with one outcome, one after another."""
        return self.picture().text

    __repr__ = __str__ = text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.picture()._repr_mimebundle_()


def sweep(
    scenario: Scenario | str,
    fault: str | Fault,
    instants: Iterable[float] | None = None,
    *,
    faults: str | Schedule = (),
    seed: int | None = None,
    executor: Executor | None = None,
    **knobs: Any,
) -> Sweep:
    """Let `fault` begin at each of `instants` (milliseconds; spread over the run unless given), in
    the order of time.

    `faults` are others, which stay where they are. Raises `BadInput` for a wrong argument.
    """
    scenario = get(scenario) if isinstance(scenario, str) else scenario
    moving = as_schedule(fault if isinstance(fault, str) else (fault,))
    if len(moving) != 1:
        raise BadInput(f"sweep moves one fault, got {fault!r}")
    run = scenario.run(seed, (*moving, *as_schedule(faults)), **knobs)
    if instants is None:
        instants = spread(0, scenario.horizon_ms)
    times = list(instants) if isinstance(instants, Iterable) else [instants]
    for ms in times:
        if not is_number(ms):
            raise BadInput(f"instants: {ms!r} is no number of milliseconds")
    found = Sweep(run, 0, sorted(set(times)))
    found.advance(executor=executor)
    return found


def _outcome(setup: Token) -> Outcome:
    try:
        return setup.run().outcome
    except BadInput:
        raise
    except Exception as error:
        return Outcome(type(error).__name__, UNKNOWN)


def spread(from_ms: float, to_ms: float) -> list[float]:
    """Instants in steps of whole milliseconds over a stretch of time, both ends included.

    Requests come every ten milliseconds or so, in most scenarios. A step of two, five or ten would
    meet all of them in the same phase and miss the other phases. So no step shares a factor with
    ten.
    """
    step = max(1, ceil((to_ms - from_ms) / (INSTANTS - 1)))
    while gcd(step, 10) > 1:
        step += 1
    steps = [round(from_ms + step * i, 3) for i in range(floor((to_ms - from_ms) / step) + 1)]
    return steps if steps[-1] == to_ms else [*steps, to_ms]
