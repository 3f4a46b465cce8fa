"""A run as plain data: what an oracle (`distlab.course.oracle`) sees, and what it may answer."""

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from distlab.check.history import Ending, History
from distlab.course.slips import WrongReturn
from distlab.host import BadInput
from distlab.sim.trace import Trace

HIDDEN = ("state", "timer", "note")
"""Kinds of events that an oracle does not see."""


class PlainOperation(NamedTuple):
    """One call of a client. `invoked` and `completed` are positions in the trace.

    `outcome` is "ok", "failed" (it did not happen and never will) or "unknown" (no answer: it may
    have happened, it may happen yet, or never). Only an ok operation has a result. `completed` is
    None when the outcome is unknown.
    """

    process: str
    function: str
    key: str
    argument: Any
    result: Any
    outcome: Ending
    invoked: int
    completed: int | None
    invoked_ms: float
    completed_ms: float | None


class PlainEvent(NamedTuple):
    """One event of the trace; `distlab.sim.trace` has a table of the kinds.

    `what` and `value` are empty except for a message that the exercise tells of.
    """

    position: int
    kind: str
    at_ms: float
    node: str
    peer: str
    what: str
    value: Any


PlainHistory = tuple[PlainOperation, ...]
PlainTrace = tuple[PlainEvent, ...]


class View(NamedTuple):
    """What an oracle may see of a run."""

    history: PlainHistory
    trace: PlainTrace


class Witness(tuple[Any, ...]):
    """The proof that a promise is broken: `Witness(write, read)`.

    Its parts are operations of the history, events of the trace, or positions in the trace.
    """

    __slots__ = ()

    def __new__(cls, *parts: PlainOperation | PlainEvent | int) -> "Witness":
        return super().__new__(cls, parts)


Alarm = tuple[int, ...] | None
"""The positions that an oracle points at, perhaps none; None when it says that all is well."""


def view(trace: Trace, tells: Mapping[type, str]) -> View:
    """The part of a run that an oracle may see."""
    history = tuple(
        PlainOperation(
            each.process, each.function, each.key, as_plain(each.argument), as_plain(each.result),
            each.outcome, each.invoked, each.completed, each.invoked_us / 1000,
            None if each.completed_us is None else each.completed_us / 1000,
        )
        for each in History.from_trace(trace)
    )  # fmt: skip
    events = []
    for position, (at_us, kind, node, peer, what, _, _) in enumerate(trace.events):
        if kind not in HIDDEN:
            told = tells.get(type(what), "")
            shown = (type(what).__name__, as_plain(getattr(what, told))) if told else ("", None)
            events.append(PlainEvent(position, kind, at_us / 1000, node, peer, *shown))
    return View(history, tuple(events))


def as_plain(value: Any) -> Any:
    """None, a boolean, a number, text or a tuple of these. Raises `BadInput` for anything else."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value) if type(value) is not kind else value
    if isinstance(value, tuple):
        return tuple(map(as_plain, value))
    raise BadInput(f"{value!r} is no plain value: an oracle could not be shown it")


def as_alarm(answer: Any, seen: View, name: str) -> Alarm:
    """The answer of an oracle. Raises `WrongReturn` when it is none."""
    if answer is True:
        return None
    if answer is False:
        return ()
    allowed = "it should return True, False or a Witness"
    if type(answer) is not Witness:
        hint = {
            "NoneType": " Is there a way through it without a return?",
            "coroutine": " Write def, without async.",
            "generator": " Write return in place of yield.",
        }.get(type(answer).__name__, "")
        if inspect.iscoroutine(answer):
            answer.close()
        raise WrongReturn(f"{name} returned {type(answer).__name__}; {allowed}.{hint}")
    positions: list[int] = []
    last = seen.trace[-1].position
    for part in answer:
        if type(part) is int and 0 <= part <= last:
            positions.append(part)
        elif type(part) is PlainOperation and part in seen.history:
            positions += [end for end in (part.invoked, part.completed) if end is not None]
        elif type(part) is PlainEvent and part in seen.trace:
            positions.append(part.position)
        else:
            raise WrongReturn(
                f"{name} returned a Witness with a {type(part).__name__} that is neither an "
                f"operation of this history, an event of this trace, nor a position to {last}."
            )
    return tuple(positions)
