"""The events of a run: the one record from which everything else is made.

Pictures, verdicts, histories and digests are all computed from a `Trace`, after the run. An event
is a flat tuple of seven fields. A long run has hundreds of thousands of them, so the simulator
appends plain tuples of that shape, and a delivery just as `(time, the record of the sending)`:
`Trace.events` makes events of them when it is read.

| kind | node | peer | what | number | why |
|---|---|---|---|---|---|
| send | sender | receiver | the message | the message's number | |
| deliver | receiver | sender | the message | the same number | |
| drop | sender | receiver | the message | the same number | lost, cut, down, late |
| timer | machine | | the timer | | |
| crash, restart, pause, resume | machine | | | | disk lost |
| clock | machine | | the `Fault` of its clock | | over, when it ends |
| fault, heal | target | | the `Fault` of the network | | |
| state | machine | | its new state: text or `State` | | |
| note | machine | | a remark: text or `Note` | | |
| invoke | client | | the `Call` | the operation's number | |
| ok, failed, unknown | client | | the result (ok) | the same number | the reason |

A message that is duplicated has two `deliver` events for one `send`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import Enum
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from distlab.sim.faults import Fault
from distlab.sim.state import State


class Event(NamedTuple):
    """One thing that happened; the table above says what the fields hold for each kind."""

    at_us: int
    kind: str
    node: str
    peer: str
    what: Any
    number: int
    why: str


class Call(NamedTuple):
    """An operation as a client asks for it: `Call("write", "x", 1)`."""

    function: str
    key: str
    argument: Any


class Note:
    """A remark that checks can read: subclasses are frozen, slotted dataclasses.

        @dataclass(frozen=True, slots=True)
        class Suspects(Note):
            server: str

            def __str__(self):
                return f"suspects {self.server}"

    `str(note)` is its caption in the transcript and in pictures. The digest is made from its class
    and fields, so a caption can be reworded.
    """

    __slots__ = ()


class Trace:
    """The events of one run in the order in which they happened."""

    def __init__(self, events: Sequence[tuple[Any, ...]] = ()) -> None:
        self.operations = count(1)
        """Numbers for the operations of the clients."""
        self._records: list[tuple[Any, ...]] = list(events)
        self._events: tuple[Event, ...] = ()
        self._text = ""
        self.append: Callable[[tuple[Any, ...]], None] = self._records.append

    @property
    def events(self) -> tuple[Event, ...]:
        """All events; a witness names them by their position in this sequence."""
        if len(self._events) != len(self._records):
            make = partial(tuple.__new__, Event)  # as Event._make, which is slower
            events = [make(each if len(each) == 7 else _delivery(*each)) for each in self._records]
            self._events = tuple(events)
        return self._events

    def __len__(self) -> int:
        return len(self._records)

    def seal(self) -> None:
        """Take no more events. A caller that still holds `append` writes to a forgotten list."""
        self._records = list(self._records)

    def of_kind(self, *kinds: str) -> list[Event]:
        """The events of these kinds, in order."""
        return [event for event in self.events if event.kind in kinds]

    def text(self) -> str:
        """The transcript: a line an event, the same on every machine."""
        if self._text.count("\n") != len(self._records):  # a line an event, no more
            self._text = "".join(line(event) + "\n" for event in self.events)
        return self._text

    def digest(self) -> str:
        """SHA-256 of the transcript, in hex: two runs are the same when their digests are.

        A `Note` counts by its class and fields, not by its caption.
        """
        lines = self.text().split("\n")
        for position, event in enumerate(self.events):
            if isinstance(event.what, Note):
                lines[position] = line(event._replace(what=_inner(event.what)))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _delivery(at_us: int, sent: tuple[Any, ...]) -> tuple[Any, ...]:
    _, _, source, target, message, number, _ = sent
    return at_us, "deliver", target, source, message, number, ""


def line(event: Event) -> str:
    """One event as a line of the transcript, without the newline."""
    at_us, kind, node, peer, what, number, why = event
    where = f"{node} {'←' if kind == 'deliver' else '→'} {peer}" if peer else node
    parts = [f"{at_us // 1000:6d}.{at_us % 1000:03d}", f"{kind:8}", where]
    if number:
        parts.append(f"#{number}")
    if what is not None or kind == "ok":
        parts.append(describe(what))
    if why:
        parts.append(f"({why})")
    return " ".join(parts).replace("\n", "\\n")


def describe(value: Any) -> str:
    """A value as text that depends on nothing but the value.

    Understands None, booleans, numbers, text, bytes, tuples, frozen sets, enumerations and frozen
    dataclasses of these. Everything else is refused with `TypeError`: the default text of an object
    holds its address, and a list could have changed since it was sent.
    """
    if type(value) is str:
        return value
    if isinstance(value, State):
        return value.words
    if isinstance(value, Fault | Note):
        return str(value)
    if isinstance(value, Call):
        return f"{value.function}({', '.join(_operands(value))})"
    return _inner(value)


def _operands(call: Call) -> list[str]:
    argument = [] if call.argument is None else [_inner(call.argument)]
    return [call.key, *argument] if call.key else argument


def _inner(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return repr(value)
    if isinstance(value, tuple):
        inside = ", ".join(map(_inner, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(_inner, value))) + "}"
    frozen = getattr(getattr(value, "__dataclass_params__", None), "frozen", False)
    if frozen and not isinstance(value, type):
        inside = ", ".join(f"{f.name}={_inner(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({inside})"
    raise TypeError(
        f"a trace cannot hold a {type(value).__name__}: use numbers, text, tuples, frozen sets and "
        "frozen dataclasses, which cannot change after they were sent"
    )
