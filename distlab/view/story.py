"""From a trace to what is drawn: messages, spans of time, marks at an instant.

Events are joined here: a send with its arrivals, a crash with its restart, an invocation with its
completion. Messages that repeat very often are called chatter. The other modules only find places.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, NamedTuple

from distlab.sim.trace import Event, describe

CHATTER, MANY = 8, 24
"""A type with more than `CHATTER` messages is chatter, in a picture of more than `MANY`."""
LONGEST = 28
"""A message that is text is cut after so many letters."""


class Arrival(NamedTuple):
    """How a message, or a copy of it, ended: delivered (`why` is empty) or dropped."""

    position: int
    at_us: int
    why: str


@dataclass(slots=True)
class Message:
    """One message. Without arrivals it was still under way at the end of the run."""

    position: int
    at_us: int
    sender: str
    receiver: str
    what: Any
    kind: str
    arrivals: list[Arrival] = field(default_factory=list)
    quiet: bool = False

    @property
    def label(self) -> str:
        return label(self.what)

    @property
    def lost(self) -> bool:
        """Whether it, or a copy of it, was not delivered."""
        return not self.arrivals or any(arrival.why for arrival in self.arrivals)

    @property
    def positions(self) -> tuple[int, ...]:
        return (self.position, *(arrival.position for arrival in self.arrivals))


@dataclass(slots=True)
class Span:
    """Something that lasts on one machine. Kind is state, down, paused, ok, failed or unknown."""

    kind: str
    node: str
    from_us: int
    to_us: int
    text: str
    positions: tuple[int, ...]
    result: str = ""
    """The result of an operation; empty for other kinds."""

    @property
    def is_outage(self) -> bool:
        return self.kind in ("down", "paused")

    @property
    def words(self) -> str:
        return f"{self.text} {self.result}".rstrip()


class Mark(NamedTuple):
    """Something that happened on one machine at one instant. Kind is note or clock."""

    kind: str
    node: str
    at_us: int
    text: str
    positions: tuple[int, ...]


@dataclass(slots=True)
class Story:
    """Everything that a picture of one run can show, in order of time."""

    end_us: int
    messages: list[Message] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    healed_us: dict[str, int] = field(default_factory=dict)
    """The end of each network fault, by its text."""

    def crop(self, from_us: float, to_us: float) -> None:
        """Drop everything outside these instants."""
        self.messages = [
            m for m in self.messages
            if m.at_us <= to_us and (not m.arrivals or m.arrivals[-1].at_us >= from_us)
        ]  # fmt: skip
        self.spans = [s for s in self.spans if s.from_us <= to_us and s.to_us >= from_us]
        self.marks = [m for m in self.marks if from_us <= m.at_us <= to_us]
        kinds = Counter(message.kind for message in self.messages)
        for message in self.messages:
            message.quiet = len(self.messages) > MANY and kinds[message.kind] > CHATTER


def tell(events: Sequence[Event], end_us: int) -> Story:
    """The story of these events. Spans that do not end last until `end_us`."""
    story = Story(end_us)
    sent: dict[int, Message] = {}
    lasting: dict[tuple[str, object], Span] = {}

    def begin(layer: object, kind: str, text: str, *positions: int) -> None:
        end(layer)
        span = Span(kind, node, at_us, end_us, text, positions)
        lasting[node, layer] = span
        story.spans.append(span)

    def end(layer: object, *positions: int) -> Span | None:
        span = lasting.pop((node, layer), None)
        if span is not None:
            span.to_us = at_us
            span.positions += positions
        return span

    for position, (at_us, kind, node, peer, what, key, why) in enumerate(events):
        if kind == "send":
            sent[key] = Message(position, at_us, node, peer, what, type_name(what))
        elif kind in ("deliver", "drop"):
            sent[key].arrivals.append(Arrival(position, at_us, why))
        elif kind == "state":
            begin("state", "state", str(what), position)
        elif kind == "invoke":
            begin(key, "unknown", describe(what), position)
        elif kind in ("ok", "failed", "unknown"):
            operation = end(key, position)
            if operation is not None:
                operation.kind, operation.result = kind, _result(kind, what, why)
        elif kind == "crash":
            end("state")
            begin("power", "down", f"down, {why}" if why else "down", position)
        elif kind == "pause":
            begin("power", "paused", "paused", position)
        elif kind in ("restart", "resume"):
            end("power", position)
        elif kind in ("note", "clock"):
            story.marks.append(Mark(kind, node, at_us, str(what), (position,)))
        elif kind == "heal":
            story.healed_us[str(what)] = at_us
    story.messages = list(sent.values())
    return story


def _result(kind: str, what: Any, why: str) -> str:
    if kind == "ok":
        return "→ ok" if what is None else f"→ {describe(what)}"
    return f"✕ {why}" if kind == "failed" else "→ ?"


def type_name(message: Any) -> str:
    """The name of a message's type; the first word of a message that is text."""
    return message.partition(" ")[0] if isinstance(message, str) else type(message).__name__


def label(message: Any) -> str:
    """A message in few words: its type, and its entries or its first two short fields."""
    name = type_name(message)
    if is_dataclass(message):
        pairs = [(each.name, getattr(message, each.name)) for each in fields(message)]
    elif isinstance(message, tuple) and hasattr(message, "_fields"):
        pairs = list(zip(message._fields, message, strict=True))
    else:
        return _cut(describe(message))
    for entries in (_entries(value) for _, value in pairs):
        if 0 < len(entries) <= 24:
            return f"{name}({entries})"
    shown = [(key, describe(value)) for key, value in pairs if value not in (None, ())]
    short = [(key, value) for key, value in shown if len(value) <= 12][:2]
    inside = ", ".join(
        f"{key}={value}" if len(pairs) > 2 and value[0] in "-0123456789TF" else value
        for key, value in short
    )
    return f"{name}({inside})" if inside else name


def _cut(text: str) -> str:
    """A text, shortened after a whole word if that leaves enough of it."""
    if len(text) <= LONGEST:
        return text
    words = text[: LONGEST - 1].rpartition(" ")[0]
    return f"{words} …" if len(words) > LONGEST / 2 else f"{text[: LONGEST - 1]}…"


def _entries(value: Any) -> str:
    """The words of a tuple of (name, value) pairs; empty for anything else."""
    if not isinstance(value, tuple):
        return ""
    for each in value:
        if type(each) is not tuple or len(each) != 2 or not isinstance(each[0], str):
            return ""
    return ", ".join(f"{key}={describe(inner)}" for key, inner in value)
