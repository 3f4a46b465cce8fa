"""Checks, and the verdicts that they give.

A verdict is *holds* (``ok`` is True), *violated* (False) or neither (None). Neither has two
reasons. *Undecided*: the check ran out of its budget. *Nothing to judge*: nothing happened in this
run that could have failed the check, so the run proves nothing.

The explanation is one or two sentences for a beginner. The witness is the positions in
``trace.events`` of the few events that prove it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from distlab.sim.trace import Trace


NOTHING = "nothing to judge"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the check called ``name`` about one run.

    ``judged`` counts what could have failed it: answered reads, acquisitions, suspicions, …
    With 0 the verdict can only be None. Raises `ValueError` otherwise, and for no count at all.
    """

    name: str
    ok: bool | None
    explanation: str
    witness: tuple[int, ...] = ()
    judged: int = field(kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.judged, bool) or self.judged < 0:
            raise ValueError(f"{self.name}: judged={self.judged!r} is no count")
        if not self.judged and self.ok is not None:
            raise ValueError(f"{self.name} judged nothing, so it can neither hold nor be violated")

    @property
    def word(self) -> str:
        """``holds``, ``violated``, ``undecided`` or ``nothing to judge``."""
        if not self.judged:
            return NOTHING
        return {True: "holds", False: "violated", None: "undecided"}[self.ok]

    def __str__(self) -> str:
        return f"{self.name} {self.word}: {self.explanation}"


class Check(Protocol):
    """Anything that judges a trace under a name; in this package, frozen dataclasses."""

    @property
    def name(self) -> str: ...

    def __call__(self, trace: Trace, /) -> Verdict: ...
