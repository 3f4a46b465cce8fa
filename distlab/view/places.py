"""Where everything stands in a space-time diagram.

From top to bottom: a track with the grip of each fault, a life line for each machine, the axis. A
life line is as thick as the bars that lie on it: its states, or a client's operations, side by side
when they overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from distlab.sim.faults import Fault
from distlab.view.labels import Box
from distlab.view.picture import Layout, text_width
from distlab.view.story import Span, Story
from distlab.view.theme import fault_words

BAR, PITCH = 18, 21
"""Height of a bar, and from one bar to the next below it."""
GRIP, TRACK = 24, 30
AXIS = 28
MARGIN = 30
"""Above the first and below the last life line, for notes."""


class Grip(NamedTuple):
    """The handle of a fault: its middle, and where its words begin and the whole ends."""

    x: float
    y: float
    x1: float
    x2: float


class Places:
    """The places of one picture. Heights do not change while a fault is dragged, where possible."""

    def __init__(
        self, machines: Sequence[str], faults: Sequence[Fault], story: Story,
        window: tuple[float, float], width: float,
    ) -> None:  # fmt: skip
        self.rows = {name: 0 for name in machines}
        self._row_of: dict[int, int] = {}
        self._stack(story.spans)
        names = max((text_width(name, 13) for name in machines), default=0)
        left = round(min(max(names, 44) + 28, 200))
        self.layout = Layout(width, 0, left, width - 28, *window)
        self.grips = [self._grip(fault) for fault in faults]
        tracks = self._spread_grips()
        top = 6 + TRACK * tracks if faults else 6
        self.gap = gap = 88 if len(machines) <= 3 else 72 if len(machines) <= 5 else 60
        lanes, y = {}, top + float(MARGIN)
        for name in machines:
            lanes[name] = y + self.thickness(name) / 2
            y += self.thickness(name) + gap
        bottom = y - gap + MARGIN
        self.layout = Layout(
            width, bottom + AXIS, left, width - 28, *window, float(top), bottom, lanes
        )
        self._scale = (self.layout.right - left) / (self.layout.span_ms * 1000)
        self._origin = left - window[0] * 1000 * self._scale

    def _stack(self, spans: Sequence[Span]) -> None:
        """Give each bar the first row of its life line that is free. Outages cover all rows."""
        ends: defaultdict[str, list[int]] = defaultdict(list)
        for span in spans:
            free = ends[span.node]
            row = next((row for row, end in enumerate(free) if end <= span.from_us), len(free))
            if span.is_outage:
                row = 0
            else:
                free[row : row + 1] = [span.to_us]
            self._row_of[id(span)] = row
            self.rows[span.node] = max(self.rows[span.node], row + 1)

    def _grip(self, fault: Fault) -> Grip:
        x = min(max(self.layout.x(fault.at_ms), self.layout.left), self.layout.right)
        words = text_width(fault_words(fault), 12) + 14
        if x + GRIP / 2 + words > self.layout.width - 4:
            return Grip(x, 0, x - GRIP / 2 - words, x + GRIP / 2)
        return Grip(x, 0, x - GRIP / 2, x + GRIP / 2 + words)

    def _spread_grips(self) -> int:
        """Stack grips that overlap. Two faults always have two rows, so that one can be dragged
        past the other and nothing else moves.
        """
        ends: list[float] = []
        for index, grip in enumerate(self.grips):
            row = next((row for row, end in enumerate(ends) if end + 8 <= grip.x1), len(ends))
            ends[row : row + 1] = [grip.x2]
            self.grips[index] = grip._replace(y=float(row))
        rows = max(len(ends), min(len(self.grips), 2))
        self.grips = [
            grip._replace(y=6 + (rows - 1 - grip.y) * TRACK + GRIP / 2) for grip in self.grips
        ]
        return rows

    def x(self, us: float) -> float:
        """The place of an instant, which may lie outside the picture."""
        return self._origin + us * self._scale

    def inside(self, us: float) -> float:
        """The place of an instant, or the nearest place inside the picture."""
        return min(max(self.x(us), self.layout.left), self.layout.right)

    def thickness(self, name: str) -> float:
        return max(self.rows[name] * PITCH - (PITCH - BAR), 2)

    def edge(self, name: str, towards: str) -> float:
        """Where arrows to or from another machine touch the bars of this one."""
        y, half = self.layout.lanes[name], self.thickness(name) / 2
        return y + half if self.layout.lanes[towards] > y else y - half

    def above(self, name: str) -> float:
        return self.layout.lanes[name] - self.thickness(name) / 2

    def below(self, name: str) -> float:
        return self.layout.lanes[name] + self.thickness(name) / 2

    def span_box(self, span: Span) -> Box:
        """Left, top, right and bottom of a bar."""
        y = self.above(span.node) + self._row_of[id(span)] * PITCH
        bottom = self.below(span.node) if span.is_outage else y + BAR
        x1, x2 = self.inside(span.from_us), self.inside(span.to_us)
        return Box(x1, y, max(x2, x1 + 1), bottom)
