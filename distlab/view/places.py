"""The places of everything in a space-time diagram.

From top to bottom: the grips of the faults, a life line for each machine, the axis of time. A life
line is as thick as the bars that lie on it: states, or operations, side by side if they overlap.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from distlab.sim.faults import Fault
from distlab.view.picture import Box, Layout, text_width
from distlab.view.story import Span, Story
from distlab.view.theme import fault_words

SIZE, TRACK = 24, 28
"""Height of a grip, and from one row of grips to the next, in pixels."""
BAR, PITCH = 18, 21
"""Height of a bar, and from one bar to the next below it, in pixels."""
MARGIN, AXIS = 30, 28
"""Above the first and below the last life line; below that, for the axis."""
CLOSE = 29
"""Life lines are not nearer to each other than this."""
CROWD = 60
"""With more bars than this on a life line, arrows end at its edge, not at the bars."""


class Grip(NamedTuple):
    """A fault and its place: the middle of its knob, and where the grip with its words ends."""

    position: int
    fault: Fault
    at_us: float
    end_us: float
    x: float
    y: float
    x1: float
    x2: float


class Places:
    """The places of one picture. `top` and `bottom` are the edges of the life lines.

    They depend as little as possible on the instants of the faults, so that nothing jumps while a
    fault is dragged.
    """

    def __init__(
        self, machines: Sequence[str], faults: Sequence[Fault], story: Story,
        window: tuple[float, float], width: float, lanes: int, high: float,
    ) -> None:  # fmt: skip
        self._row_of: dict[int, int] = {}
        self.for_hands = lanes > 0
        rows = self._stack(story.spans)
        names = [text_width(name, bold=True) for name in machines]
        left = round(min(max([*names, 46]) + 28, 200))
        layout = Layout(width, 0, left, width - 28, *window)
        self.grips, tracks = _grips(faults, layout, story.healed_us, story.end_us, lanes)
        self.track = 6 + (tracks - 1) * TRACK + SIZE / 2
        self.gap: float = 88 if len(machines) <= 3 else 72 if len(machines) <= 5 else 60
        if high and len(machines) > 1:
            bars = sum(max(rows[name] * PITCH - PITCH + BAR, 2) for name in machines)
            room = high - 6 - TRACK * tracks - 2 * MARGIN - AXIS - bars
            self.gap = min(max(room / (len(machines) - 1), CLOSE), self.gap)
        self.top: dict[str, float] = {}
        self.bottom: dict[str, float] = {}
        start = 6.0 + TRACK * tracks
        y = start + MARGIN
        for name in machines:
            self.top[name], self.bottom[name] = y, y + max(rows[name] * PITCH - PITCH + BAR, 2)
            y = self.bottom[name] + self.gap
        self._beside = {name: [span for span in story.spans if span.node == name]
                        for name in machines if rows[name] > 1}  # fmt: skip
        bottom = y - self.gap + MARGIN
        middles = {name: (self.top[name] + self.bottom[name]) / 2 for name in machines}
        self.layout = replace(layout, height=bottom + AXIS, top=start, bottom=bottom, lanes=middles)
        self._scale = (layout.right - left) / (layout.span_ms * 1000)
        self._origin = left - window[0] * 1000 * self._scale

    def _stack(self, spans: Sequence[Span]) -> defaultdict[str, int]:
        """Give each bar the first free row of its life line. Outages cover all rows.

        Returns the number of rows by machine.
        """
        ends: defaultdict[str, list[int]] = defaultdict(list)
        rows: defaultdict[str, int] = defaultdict(int)
        for span in spans:
            free, row = ends[span.node], 0
            if not span.is_outage:
                row = next((row for row, end in enumerate(free) if end <= span.from_us), len(free))
                free[row : row + 1] = [span.to_us]
            self._row_of[id(span)] = row
            rows[span.node] = max(rows[span.node], row + 1)
        return rows

    def x(self, us: float) -> float:
        """The place of an instant; it may lie outside the picture."""
        return self._origin + us * self._scale

    def inside(self, us: float) -> float:
        """The place of an instant, or the nearest place inside the picture."""
        return min(max(self.x(us), self.layout.left), self.layout.right)

    def edge(self, name: str, at_us: int, below: bool) -> float:
        """Where an arrow touches a life line: at the outermost bar of that instant."""
        edges = self.bottom if below else self.top
        spans = self._beside.get(name, ())
        if not 0 < len(spans) <= CROWD:
            return edges[name]
        boxes = [self.bar(span) for span in spans if span.from_us <= at_us <= span.to_us]
        middle = (self.top[name] + self.bottom[name]) / 2
        if below:
            return max([middle, *(box.y2 for box in boxes)])
        return min([middle, *(box.y1 for box in boxes)])

    def bar(self, span: Span) -> Box:
        """The place of a bar."""
        y = self.top[span.node] + self._row_of[id(span)] * PITCH
        x1, x2 = self.inside(span.from_us), self.inside(span.to_us)
        return Box(x1, y, max(x2, x1 + 1), self.bottom[span.node] if span.is_outage else y + BAR)


def _grips(
    faults: Sequence[Fault], layout: Layout, healed_us: dict[str, int], last_us: int, lanes: int
) -> tuple[list[Grip], int]:
    """The grips of the faults that are on in the picture, and the number of their rows.

    With `lanes`, each fault has a row of its own, and there are at least so many, so that no grip
    leaves the hand that drags it. Else grips that would overlap are stacked, and two faults have
    two rows.
    """
    grips, ends, rows = [], list[float](), list[int]()
    for index, fault in enumerate(faults):
        end_us = healed_us.get(str(fault), fault.end_us or last_us if fault.lasts else fault.at_us)
        at_us = fault.at_us if fault.message is None else end_us
        if at_us > 1000 * layout.to_ms or end_us < 1000 * layout.from_ms:
            continue
        x, words = max(layout.x(at_us / 1000), layout.left), text_width(fault_words(fault)) + 14
        leftward = x + SIZE / 2 + words > layout.width - 4
        x1, x2 = x - SIZE / 2 - words * leftward, x + SIZE / 2 + words * (not leftward)
        row = next((row for row, end in enumerate(ends) if end + 8 <= x1), len(ends))
        ends[row : row + 1] = [x2]
        row = index if lanes else row
        rows.append(row)
        grips.append(Grip(index, fault, at_us, end_us, x, 0, x1, x2))
    count = max(lanes, len(faults)) if lanes else max(len(ends), min(len(faults), 2))
    return [
        grip._replace(y=6 + (count - 1 - row) * TRACK + SIZE / 2)
        for grip, row in zip(grips, rows, strict=True)
    ], count
