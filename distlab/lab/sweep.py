"""The outcome strip: how a run would have ended, had one fault come at another instant.

The strip of a fault does not depend on when the fault comes now, so it outlives a drag. It is made
in slices: whoever shows it asks for more when there is time.
"""

from __future__ import annotations

from distlab.explore.sweep import spread
from distlab.scenario import UNKNOWN, Outcome, Token


class Sweep:
    """The outcomes with the fault of that index at instants spread evenly over `window`."""

    def __init__(self, setup: Token, index: int, window: tuple[float, float]) -> None:
        self.instants = spread(*window)
        self.points: tuple[tuple[float, Outcome], ...] = ()
        self.about = setup, index, window

    @property
    def done(self) -> bool:
        return len(self.points) == len(self.instants)

    def advance(self, count: int) -> None:
        """Try up to `count` instants more."""
        setup, index, _ = self.about
        for ms in self.instants[len(self.points) :][:count]:
            try:
                outcome = setup.with_fault_at(index, ms).run().outcome
            except Exception as error:  # of the learner's own code: the other instants are worth it
                outcome = Outcome(type(error).__name__, UNKNOWN)
            self.points += ((ms, outcome),)
