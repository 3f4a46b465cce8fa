"""From a trace to what there is to draw: messages, spans of states and outages, operations, marks.

Events are joined here (a send with its arrivals, a crash with its restart, an invocation with its
completion) and what is repeated over and over is recognised as chatter, so that drawing is only a
matter of places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, NamedTuple

from distlab.sim.trace import Event, describe

CHATTER = 8
"""More messages of one kind than this are chatter, and are drawn thin, if there are many in all."""
MANY = 24


class Arrival(NamedTuple):
    """How a message, or a copy of it, ended: delivered (`why` is empty) or dropped."""

    position: int
    at_us: int
    why: str


@dataclass(slots=True)
class Message:
    """One message from its sending on; no arrival means that it was still under way at the end."""

    position: int
    at_us: int
    sender: str
    receiver: str
    kind: str
    label: str
    arrivals: list[Arrival] = field(default_factory=list)
    quiet: bool = False

    @property
    def positions(self) -> Iterator[int]:
        yield self.position
        yield from (arrival.position for arrival in self.arrivals)


@dataclass(slots=True)
class Span:
    """Something that lasts on one machine: kind is state, down, paused, ok, failed or unknown."""

    kind: str
    node: str
    from_us: int
    to_us: int
    text: str
    positions: tuple[int, ...]
    open: bool = False
    """Whether it lasts beyond the end of the run, or nobody knows how it ended."""


class Mark(NamedTuple):
    """Something that happened at one instant on one machine: note, clock, restart or timer."""

    kind: str
    node: str
    at_us: int
    text: str
    position: int


@dataclass(slots=True)
class Story:
    """All that a picture of one run can show, in order of time."""

    messages: list[Message] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    ended_us: dict[str, int] = field(default_factory=dict)
    """When each network fault ended (its text, the instant)."""

    def cut(self, from_us: int, to_us: int, hide: Collection[str] = ()) -> None:
        """Leave out what lies before or after these instants, and messages of types in `hide`."""
        self.messages = [
            m for m in self.messages
            if m.at_us <= to_us and m.kind not in hide
            and (not m.arrivals or m.arrivals[-1].at_us >= from_us)
        ]  # fmt: skip
        self.spans = [s for s in self.spans if s.from_us <= to_us and s.to_us >= from_us]
        self.marks = [m for m in self.marks if from_us <= m.at_us <= to_us]
        _find_chatter(self.messages)


def tell(events: Sequence[Event], end_us: int) -> Story:
    """The story of these events; whatever is unfinished lasts until `end_us`."""
    story = Story()
    sent: dict[int, Message] = {}
    lasting: dict[tuple[str, str], Span] = {}

    def close(layer: str, node: str, at_us: int, *positions: int) -> None:
        span = lasting.pop((layer, node), None)
        if span is not None:
            span.to_us, span.open = at_us, False
            span.positions += positions

    def begin(layer: str, kind: str, text: str, event: Event, position: int) -> None:
        close(layer, event.node, event.at_us)
        span = Span(kind, event.node, event.at_us, end_us, text, (position,), True)
        lasting[layer, event.node] = span
        story.spans.append(span)

    for position, event in enumerate(events):
        at_us, kind, node, peer, what, key, why = event
        if kind == "send":
            sent[key] = message = Message(position, at_us, node, peer, *names(what))
            story.messages.append(message)
        elif kind in ("deliver", "drop"):
            if key in sent:
                sent[key].arrivals.append(Arrival(position, at_us, why))
        elif kind == "state":
            begin("state", "state", str(what), event, position)
        elif kind == "invoke":
            begin(f"operation {key}", "unknown", describe(what), event, position)
        elif kind in ("ok", "failed", "unknown"):
            _complete(lasting.pop((f"operation {key}", node), None), position, event)
        elif kind == "crash":
            for layer, other in tuple(lasting):
                if other == node and not layer.startswith("operation"):
                    close(layer, node, at_us)
            begin("power", "down", f"down, {why}" if why else "down", event, position)
        elif kind == "pause":
            begin("power", "paused", "paused", event, position)
        elif kind in ("restart", "resume"):
            close("power", node, at_us, position)
        elif kind in ("note", "clock"):
            story.marks.append(Mark(kind, node, at_us, str(what), position))
        elif kind == "heal":
            story.ended_us[str(what)] = at_us
    return story


def _complete(span: Span | None, position: int, event: Event) -> None:
    if span is None:
        return
    span.kind, span.to_us = event.kind, event.at_us
    span.open = event.kind == "unknown"
    span.positions += (position,)
    result = "ok" if event.what is None else describe(event.what)
    span.text += {"ok": f" → {result}", "failed": f" ✕ {event.why}"}.get(event.kind, " → ?")


def _find_chatter(messages: list[Message]) -> None:
    kinds = Counter(message.kind for message in messages)
    for message in messages:
        message.quiet = len(messages) > MANY and kinds[message.kind] > CHATTER


def names(message: Any) -> tuple[str, str]:
    """The type of a message, and a label with its most telling fields: the first two short ones."""
    kind = type(message).__name__
    if is_dataclass(message):
        pairs = [(each.name, getattr(message, each.name)) for each in fields(message)]
    elif isinstance(message, tuple) and hasattr(message, "_fields"):
        pairs = list(zip(message._fields, message, strict=True))
    else:
        text = describe(message)
        return (text.split()[0] if isinstance(message, str) and text else kind), text[:24]
    shown = [(name, describe(value)) for name, value in pairs if value not in (None, ())]
    short = [(name, value) for name, value in shown if len(value) <= 10][:2]
    if len(pairs) == 1:
        return kind, f"{kind} {short[0][1]}" if short else kind
    return kind, " ".join([kind, *(f"{name}={value}" for name, value in short)])
