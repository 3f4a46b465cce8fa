"""What a check answers, and what a check is.

A verdict is *holds* (``ok`` is True), *violated* (False) or *undecided* (None): a check that runs
out of its budget says so rather than guess. The explanation is one or two sentences for a
beginner; the witness is the positions in ``trace.events`` of the few events that prove it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from distlab.sim.trace import Trace


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the check called ``name`` about one run."""

    name: str
    ok: bool | None
    explanation: str
    witness: tuple[int, ...] = ()

    @property
    def word(self) -> str:
        """``holds``, ``violated`` or ``undecided``."""
        return {True: "holds", False: "violated", None: "undecided"}[self.ok]

    def __str__(self) -> str:
        return f"{self.name} {self.word}: {self.explanation}"


class Check(Protocol):
    """Anything that judges a trace under a name; in this package, frozen dataclasses."""

    @property
    def name(self) -> str: ...

    def __call__(self, trace: Trace, /) -> Verdict: ...
