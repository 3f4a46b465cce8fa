"""One fault, moved over the whole run: how would it have ended, had it come at another instant?

The answer is a strip: stretches of time by outcome. Where it is red, the system is vulnerable.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil, floor, gcd
from numbers import Real
from typing import Any

from distlab.explore.work import results
from distlab.host import BadInput
from distlab.registry import get
from distlab.scenario import Outcome, Run, Scenario
from distlab.sim.faults import Fault, Schedule, as_schedule
from distlab.view.picture import Picture
from distlab.view.spacetime import spacetime
from distlab.view.strip import strip

INSTANTS = 160
"""How many instants are tried at most, unless they are given."""


@dataclass(frozen=True)
class Sweep:
    """The outcomes by instant (milliseconds) of `fault`; `run` is the run with the fault where it
    was given.
    """

    run: Run
    fault: Fault
    points: tuple[tuple[float, Outcome], ...]

    def picture(self) -> Picture:
        """The strip, from the first of the instants to the last."""
        instants = [ms for ms, _ in self.points] or [0]
        window = (instants[0], instants[-1]) if len(instants) > 1 else None
        here = self.fault.at_ms, self.run.outcome
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
        if not isinstance(ms, Real):
            raise BadInput(f"instants: {ms!r} is no number of milliseconds")
    moved = (run.setup.with_fault_at(0, ms) for ms in sorted(set(times)))
    judged = results(scenario, moved, executor)
    points = tuple((trial.faults[0].at_ms, result.outcome) for trial, result in judged)
    return Sweep(run, moving[0], points)


def spread(from_ms: float, to_ms: float) -> list[float]:
    """Instants in steps of whole milliseconds over a stretch of time, both ends included.

    Requests come every ten milliseconds or so, in most scenarios. A step of two, five or ten would
    meet all of them in the same phase and miss what happens in the others, so there is none.
    """
    step = max(1, ceil((to_ms - from_ms) / (INSTANTS - 1)))
    while gcd(step, 10) > 1:
        step += 1
    steps = [round(from_ms + step * i, 3) for i in range(floor((to_ms - from_ms) / step) + 1)]
    return steps if steps[-1] == to_ms else [*steps, to_ms]
