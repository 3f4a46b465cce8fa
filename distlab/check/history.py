"""Histories: what the clients asked for, what they were told, and when.

A history is all that an outside observer can know about a system. Each operation has an
invocation and, usually, a completion; between the two it took effect at some instant, or not:

* **ok**: it happened, with this result;
* **failed**: it did not happen and never will;
* **unknown**: no answer. It may have happened, it may happen at any later time, or never. Such an
  operation has no end: ``completed`` is None even if the client gave up at some point.

Time is the position of an event in the trace. Positions have no ties, so "returned before the
other was invoked" is a plain ``<`` (Herlihy & Wing 1990, section 2.2: the order <_H).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from distlab.host import BadInput

if TYPE_CHECKING:
    from distlab.sim.trace import Event, Trace

Ending = Literal["ok", "failed", "unknown"]
COMPLETIONS: dict[str, Ending] = {"ok": "ok", "failed": "failed", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a client. ``invoked`` and ``completed`` are positions in the trace."""

    number: int
    process: str
    function: str
    key: str
    argument: Any = None
    result: Any = None
    outcome: Ending = "unknown"
    invoked: int = 0
    completed: int | None = None
    invoked_us: int = 0
    completed_us: int | None = None

    def may_return(self, value: Any) -> bool:
        """Whether the client's record allows this result: an unknown outcome allows any."""
        return self.outcome == "unknown" or bool(self.result == value)

    def before(self, other: Operation) -> bool:
        """Whether this operation had completed when the other was invoked (real-time order)."""
        return self.completed is not None and self.completed < other.invoked

    @property
    def call(self) -> str:
        """``write(x, 1)``: what was asked for."""
        several = isinstance(self.argument, tuple) and len(self.argument) > 1
        arguments = self.argument if several else (self.argument,)
        shown = [repr(each) for each in arguments if several or each is not None]
        return f"{self.function}({', '.join([self.key, *shown] if self.key else shown)})"

    def __str__(self) -> str:
        """``read(x) → None``; ``write(x, 1)``; ``write(x, 2) failed``; ``read(x) ?``."""
        if self.outcome == "ok":
            told = self.result is not None or self.function in ("read", "get", "dequeue")
            return f"{self.call} → {self.result!r}" if told else self.call
        return f"{self.call} {'failed' if self.outcome == 'failed' else '?'}"


@dataclass(frozen=True, slots=True)
class History:
    """Operations in the order of their invocation."""

    operations: tuple[Operation, ...]

    def __post_init__(self) -> None:
        positions = [each.invoked for each in self.operations]
        assert positions == sorted(set(positions)), (
            "the operations of a history stand in the order of their invocation"
        )

    @classmethod
    def from_trace(cls, trace: Trace) -> History:
        """The history that a run's clients recorded. Raises `BadInput` if it is ill-formed."""
        return cls.from_events(enumerate(trace.events))

    @classmethod
    def from_events(cls, events: Iterable[tuple[int, Event]]) -> History:
        """Join each operation's ``invoke`` with its ``ok``, ``failed`` or ``unknown``.

        Takes (position, event) pairs in order; events of other kinds are passed over. Raises
        `BadInput` naming the position of a completion without invocation, of a second completion
        and of a number that is invoked twice.
        """
        operations: dict[int, Operation] = {}
        answered: set[int] = set()
        for position, event in events:
            number = event.number
            if event.kind == "invoke":
                if number in operations:
                    raise BadInput(f"position {position}: operation {number} is invoked twice")
                call = event.what
                operations[number] = Operation(
                    number, event.node, call.function, call.key, call.argument,
                    invoked=position, invoked_us=event.at_us,
                )  # fmt: skip
            elif event.kind in COMPLETIONS:
                outcome = COMPLETIONS[event.kind]
                if number not in operations:
                    raise BadInput(
                        f"position {position}: {event.kind!r} for operation {number}, "
                        "which was never invoked"
                    )
                if number in answered:
                    raise BadInput(f"position {position}: operation {number} completes twice")
                answered.add(number)
                if outcome != "unknown":
                    operations[number] = replace(
                        operations[number], outcome=outcome, completed=position,
                        completed_us=event.at_us, result=event.what if outcome == "ok" else None,
                    )  # fmt: skip
        return cls(tuple(operations.values()))

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __len__(self) -> int:
        return len(self.operations)

    @property
    def processes(self) -> tuple[str, ...]:
        """The clients in order of first use."""
        return tuple(dict.fromkeys(operation.process for operation in self.operations))

    def by_key(self) -> list[History]:
        """The history of each key, in order of first use."""
        parts: dict[str, list[Operation]] = {}
        for each in self.operations:
            parts.setdefault(each.key, []).append(each)
        return [History(tuple(part)) for part in parts.values()] if len(parts) != 1 else [self]

    def prefix(self, end: int) -> History:
        """The history just before position ``end``: later completions are unknown yet."""
        begun = [each for each in self.operations if each.invoked < end]
        for index, each in enumerate(begun):
            if each.completed is not None and each.completed >= end:
                begun[index] = replace(
                    each, outcome="unknown", result=None, completed=None, completed_us=None
                )
        return History(tuple(begun))
