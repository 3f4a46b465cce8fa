"""How a check reads a trace: by type, not by words.

Captions, `describe()` and explanations are for people, and may be reworded at any time. A check
reads types: messages that were sent or delivered, notes of nodes, operations of clients
(`distlab.check.history`), crashes.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from distlab.check.history import COMPLETIONS, Operation
from distlab.sim.trace import Event, Note, Trace

Kind = TypeVar("Kind", bound=Note)


def notes(trace: Trace, kind: type[Kind]) -> Iterator[tuple[int, str, Kind]]:
    """Each note of this kind: its position, the node that made it, and the note."""
    for position, event in enumerate(trace.events):
        if isinstance(event.what, kind):
            yield position, event.node, event.what


def sent(trace: Trace, *kinds: type) -> Iterator[tuple[int, Event]]:
    """Each sending of a message of these kinds: its position and the event."""
    return _messages(trace, "send", kinds)


def delivered(trace: Trace, *kinds: type) -> Iterator[tuple[int, Event]]:
    """Each delivery of a message of these kinds: its position and the event."""
    return _messages(trace, "deliver", kinds)


def dropped(trace: Trace, *kinds: type) -> Iterator[tuple[int, Event]]:
    """Each loss of a message of these kinds: its position and the event."""
    return _messages(trace, "drop", kinds)


def _messages(trace: Trace, how: str, kinds: tuple[type, ...]) -> Iterator[tuple[int, Event]]:
    for position, event in enumerate(trace.events):
        if event.kind == how and isinstance(event.what, kinds):
            yield position, event


class Outage(NamedTuple):
    """A machine was down from position `crash` to position `end`.

    `end` is its restart; the length of the trace if it never came back.
    """

    machine: str
    crash: int
    end: int


def outages(trace: Trace) -> list[Outage]:
    """When machines were down, in the order of their crashes. A pause is no outage."""
    down: dict[str, int] = {}  # machine → where its outage stands in the list
    found: list[Outage] = []
    for position, event in enumerate(trace.events):
        if event.kind == "crash" and event.node not in down:
            down[event.node] = len(found)
            found.append(Outage(event.node, position, len(trace)))
        elif event.kind == "restart" and event.node in down:
            index = down.pop(event.node)
            found[index] = found[index]._replace(end=position)
    return found


def ends(*operations: Operation) -> tuple[int, ...]:
    """Where operations begin and complete, in order: the usual witness."""
    both = (end for each in operations for end in (each.invoked, each.completed))
    return tuple(sorted(end for end in both if end is not None))


def completions(*operations: Operation) -> tuple[int, ...]:
    """Where operations complete, in order."""
    return tuple(sorted(each.completed for each in operations if each.completed is not None))


def under_way(trace: Trace, operation: Operation) -> range:
    """The positions of an operation, from its invocation to its end.

    The end is its completion, or where the client gave up or crashed, or the end of the run.
    """
    for position in range(operation.invoked + 1, len(trace)):
        event = trace.events[position]
        over = event.kind in COMPLETIONS and event.number == operation.number
        if over or (event.kind == "crash" and event.node == operation.process):
            return range(operation.invoked, position + 1)
    return range(operation.invoked, len(trace))
