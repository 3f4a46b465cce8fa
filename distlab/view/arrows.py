"""The arrows of a space-time diagram: their lines, and the places for their words."""

from collections.abc import Collection, Iterator
from math import hypot
from statistics import median_low
from typing import NamedTuple

from distlab.view.labels import Line
from distlab.view.picture import LINE, Box, number, text_width
from distlab.view.places import Places
from distlab.view.story import Message, Story

MOST_LABELS = 20
UNDER_WAY = "under way"


class Arrow(NamedTuple):
    """A message, or a copy of it. `why` says how it ended if it was not delivered."""

    message: Message
    copy: int
    line: Line
    why: str
    whole: bool
    """Whether its end lies inside the picture."""

    @property
    def is_lost(self) -> bool:
        return bool(self.why) and self.why != UNDER_WAY

    @property
    def arrival(self) -> int:
        """The position of its end in the trace. Only for an arrow that has ended."""
        return self.message.arrivals[self.copy].position

    @property
    def style(self) -> str:
        """Its CSS classes."""
        if self.why:
            return ("dl-lost" if self.is_lost else "dl-flying") + " dl-less" * self.message.quiet
        if self.message.quiet:
            return "dl-quiet"
        return "dl-message dl-again" if self.copy else "dl-message"

    @property
    def words(self) -> str:
        end = f" · {self.why}" if self.why else " · again" if self.copy else ""
        return self.message.label + end

    def path(self) -> str:
        """The line and, if the message arrives, the head of the arrow."""
        x1, y1, x2, y2 = self.line
        data = f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
        length = hypot(x2 - x1, y2 - y1)
        if self.why or not self.whole or not length:
            return data
        u, v = (x2 - x1) / length, (y2 - y1) / length
        return f"{data}m0 0l{-7 * u - 3 * v:.1f} {3 * u - 7 * v:.1f} {6 * v:.1f} {-6 * u:.1f}z"

    def end_mark(self) -> str:
        """The shape that says how it was lost: a cross, a wall, a closed box, an empty ring."""
        shape = {
            "cut": "m-4.5-2h9m-9 4h9",
            "down": "m-3.5-3.5h7v7h-7z",
            "late": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
        }.get(self.why, "m-4-4l8 8m0-8l-8 8")
        return f"M{number(self.line.x2)} {number(self.line.y2)}{shape}"

    def label_boxes(self, text: str, bold: bool) -> Iterator[Box]:
        """Places for its words, the best first: beside the arrow, or above it if it is flat."""
        x1, y1, x2, y2 = self.line
        wide = text_width(text, bold)
        flat = abs(x2 - x1) > 2.5 * abs(y2 - y1)
        ends = (0.85, 1.0, 0.6) if self.why else ()
        for part in (*ends, 0.5, 0.36, 0.64, 0.24, 0.76):
            x, y = x1 + (x2 - x1) * part, y1 + (y2 - y1) * part
            lean = abs((x2 - x1) / (y2 - y1)) * 7 + 5 + 3 * bool(self.why) if y2 != y1 else 0
            if flat:
                rise = abs((y2 - y1) / (x2 - x1)) * wide / 2 + 2
                yield Box(x - wide / 2, y - rise - LINE, x + wide / 2, y - rise)
                yield Box(x - wide / 2, y + rise, x + wide / 2, y + rise + LINE)
            else:
                yield Box(x + lean, y - LINE / 2, x + lean + wide, y + LINE / 2)
                yield Box(x - lean - wide, y - LINE / 2, x - lean, y + LINE / 2)


def arrows(story: Story, places: Places) -> list[Arrow]:
    """An arrow for each copy of each message that shows in the picture."""
    ways = [a.at_us - m.at_us for m in story.messages for a in m.arrivals if not a.why]
    usual_us = median_low(ways) if ways else 10_000
    found = []
    for message in story.messages:
        sender, receiver = message.sender, message.receiver
        if sender == receiver:
            continue
        x1, down = places.x(message.at_us), places.top[sender] < places.top[receiver]
        y1 = places.edge(sender, message.at_us, down)
        for copy, (_, at_us, why) in enumerate(message.arrivals):
            part, y2 = 1.0, places.edge(receiver, at_us, not down)
            if why in ("lost", "cut"):  # between two life lines: the first, or those of the end
                half = places.gap / 2 / abs(y2 - y1)
                part = half if at_us == message.at_us else 1 - half
                at_us = max(at_us, message.at_us + usual_us)
            elif why:  # the mark stands in front of the receiver's bar
                part = 1 - 7 / abs(y2 - y1)
            end = x1 + (places.x(at_us) - x1) * part
            line = _clipped(places, x1, y1, end, y1 + (y2 - y1) * part)
            if line is not None:
                found.append(Arrow(message, copy, line, why, end <= places.layout.right))
        if not message.arrivals:
            y2 = places.edge(receiver, story.end_us, not down)
            line = _clipped(places, x1, y1, places.x(story.end_us), y1 + (y2 - y1) * 0.8)
            if line is not None:
                found.append(Arrow(message, 0, line, UNDER_WAY, False))
    return found


def _clipped(places: Places, x1: float, y1: float, x2: float, y2: float) -> Line | None:
    """The part of a line that lies between the edges of the picture."""
    left, right = places.layout.left, places.layout.right
    if x2 < left or x1 > right:
        return None
    slope = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
    if x1 < left:
        x1, y1 = left, y1 + (left - x1) * slope
    if x2 > right:
        x2, y2 = right, y2 - (x2 - right) * slope
    return Line(x1, y1, x2, y2)


def to_label(found: list[Arrow], witness: Collection[int]) -> list[Arrow]:
    """The arrows that may get words, the most important first: those of the witness, the first
    loss and the first arrival of each type, then all others that are not chatter.
    """
    seen: set[tuple[str, str]] = set()
    ranked: list[tuple[int, Arrow]] = []
    for arrow in found:
        message, kind = arrow.message, (arrow.message.kind, arrow.why)
        if any(position in witness for position in message.positions):
            ranked.append((0, arrow))
        elif kind not in seen and arrow.why != UNDER_WAY:
            ranked.append((1 if arrow.why else 2, arrow))
        elif not message.quiet:
            ranked.append((3, arrow))
        seen.add(kind)
    ranked.sort(key=lambda pair: pair[0])
    return [arrow for _, arrow in ranked[: 2 * MOST_LABELS]]
