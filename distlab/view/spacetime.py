"""The space-time diagram: a line for each machine, time to the right, an arrow for each message.

What lasts is a bar on the life line (a state, an outage, a client's operation), what happens at an
instant a mark; arrows run from bar to bar. Words stand only where there is room for them: the rest
is in titles and in the text twin. The diagram of a run depends on nothing but its arguments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from distlab.sim.faults import Fault, plain
from distlab.view.labels import Box, Line, Room
from distlab.view.picture import Layout, Picture, number, shortened, text_width, xml
from distlab.view.story import Mark, Message, Span, Story, tell
from distlab.view.theme import FAULT_ICONS, LOST
from distlab.view.transcript import message_lost, ms, transcript

if TYPE_CHECKING:
    from distlab.scenario import Run

BAR, PITCH = 18, 21
GRIP, TRACK = 24, 29
MOST_LABELS = 20
DENSE = 120
"""From this many messages on arrows are drawn together, in few elements."""


def spacetime(
    run: Run,
    *,
    window: tuple[float, float] | None = None,
    width: float = 960,
    highlight: Sequence[int] = (),
    selected: int | None = None,
    cursor_ms: float | None = None,
    hide: Collection[str] = (),
) -> Picture:
    """Draw a run, or the part of it in `window` (from, to; milliseconds).

    `highlight` are positions in `run.trace.events` that stand out, as a verdict's witness;
    `selected` is the index of a fault; `hide` names types of messages to leave out.
    """
    from_ms, to_ms = window or (0, run.scenario.horizon_ms)
    story = tell(run.trace.events, round(run.scenario.horizon_ms * 1000))
    story.cut(round(from_ms * 1000), round(to_ms * 1000), hide)
    numbered = {position: index for index, position in enumerate(sorted(set(highlight)), 1)}
    drawing = Drawing(run, story, numbered, (from_ms, to_ms), width)
    return Picture(
        drawing.svg(selected, cursor_ms),
        transcript(story, run.faults, numbered),
        _alt(run, story, from_ms, to_ms),
        drawing.layout,
    )


def _alt(run: Run, story: Story, from_ms: float, to_ms: float) -> str:
    lost = sum(map(message_lost, story.messages))
    faults = "; ".join(map(str, run.faults)) or "none"
    return (
        f"Space-time diagram of {run.scenario.id}, {plain(from_ms)} to {plain(to_ms)} ms: "
        f"{', '.join(run.machines)}; {len(story.messages)} messages, {lost} of them not delivered; "
        f"faults: {faults}. Outcome: {run.outcome.name}."
    )


class Drawing:
    """One diagram in the making: its places, and the elements so far."""

    def __init__(self, run: Run, story: Story, numbered: dict[int, int],
                 window: tuple[float, float], width: float) -> None:
        self.run, self.story, self.numbered = run, story, numbered
        self.rows = self._stack(story.spans)
        names = [text_width(name, 13) for name in run.machines]
        left = min(max([*names, 48]) + 26, 180)
        self.layout = Layout(width, 0, round(left), width - 24, *window)
        self.grips = self._place_grips(run.faults)
        self._place_lanes()
        self.room = Room(Box(4, self.layout.top, width - 4, self.layout.bottom))
        self.out: list[str] = []

    # Places

    def _stack(self, spans: Iterable[Span]) -> dict[int, int]:
        """The row of each span on its machine: states in the first, operations below, side by side."""
        ends: defaultdict[str, list[int]] = defaultdict(list)
        rows = {}
        for span in spans:
            free = ends[span.node]
            row = next((row for row, end in enumerate(free) if end <= span.from_us), len(free))
            if span.kind in ("down", "paused"):
                row = 0
            free[row:row + 1] = [span.to_us]
            rows[id(span)] = row
        self.heights = {name: max(len(ends[name]), 0) * PITCH or 4 for name in self.run.machines}
        return rows

    def _place_grips(self, faults: Sequence[Fault]) -> list[tuple[int, float, float, bool]]:
        """For each fault its row in the track, its place, its width, whether its words are left."""
        ends: list[float] = []
        grips = []
        for fault in faults:
            x = self.layout.x(min(max(fault.at_ms, self.layout.from_ms), self.layout.to_ms))
            wide = text_width(title(fault), 12) + 12
            leftward = x + GRIP / 2 + wide > self.layout.width - 4
            a, b = (x - GRIP / 2 - wide * leftward, x + GRIP / 2 + wide * (not leftward))
            row = next((row for row, end in enumerate(ends) if end + 6 <= a), len(ends))
            ends[row:row + 1] = [b]
            grips.append((row, x, wide, leftward))
        self.track_rows = max(len(ends), min(len(faults), 2))
        return grips

    def _place_lanes(self) -> None:
        names = self.run.machines
        top = 8 + self.track_rows * TRACK
        gap = 88 if len(names) <= 3 else 70 if len(names) <= 5 else 56
        lanes, y = {}, top + 26.0
        for name in names:
            lanes[name] = y + self.heights[name] / 2
            y += self.heights[name] + gap
        bottom = y - gap + 28
        self.layout = replace(self.layout, height=bottom + 26, top=top, bottom=bottom, lanes=lanes)

    def x(self, us: float) -> float:
        x = self.layout.x(us / 1000)
        return min(max(x, self.layout.left), self.layout.right)

    def edge(self, node: str, other: str) -> float:
        """Where arrows between two machines touch the first one's bars."""
        lanes, half = self.layout.lanes, self.heights[node] / 2
        return lanes[node] + (half if lanes[other] >= lanes[node] else -half)

    # Elements

    def svg(self, selected: int | None, cursor_ms: float | None) -> str:
        layout = self.layout
        calm = ' class="dl-dimmed"' if self.numbered else ""
        self._axis()
        self._bands()
        self.out.append(f"<g{calm}>")
        self._life_lines()
        self._messages()
        self._spans()
        self._marks()
        self.out.append("</g>")
        self._faults(selected)
        if cursor_ms is not None:
            x = number(layout.x(cursor_ms))
            self.out.append(f'<line class="dl-cursor" x1="{x}" x2="{x}" y1="{number(layout.top)}" '
                            f'y2="{number(layout.bottom)}"/>')
        size = f"{number(layout.width)} {number(layout.height)}"
        return (
            f'<svg class="dl-picture" viewBox="0 0 {size}" width="{number(layout.width)}" '
            f'height="{number(layout.height)}" role="img">{"".join(self.out)}</svg>'
        )

    def text(self, x: float, y: float, text: str, css: str = "", extra: str = "") -> None:
        self.out.append(
            f'<text class="{css}" x="{number(x)}" y="{number(y)}"{extra}>{xml(text)}</text>'
        )

    def _axis(self) -> None:
        layout = self.layout
        step = next(s for k in range(9) for s in (10**k, 2 * 10**k, 5 * 10**k)
                    if layout.span_ms / s <= 10)
        at = -(-layout.from_ms // step) * step
        while at <= layout.to_ms:
            x = number(layout.x(at))
            self.out.append(f'<path class="dl-grid" d="M{x} {number(layout.top)}V{number(layout.bottom)}"/>')
            self.text(layout.x(at), layout.bottom + 16, f"{plain(at)} ms", "dl-tick")
            at += step

    def _bands(self) -> None:
        layout = self.layout
        for fault in self.run.faults:
            if fault.kind in ("crash", "wipe", "pause", "restart", "jump", "drift"):
                continue
            end_us = self.story.ended_us.get(str(fault), fault.end_us or layout.to_ms * 1000)
            x1, x2 = self.x(fault.at_us), self.x(end_us)
            ys = [layout.lanes[name] for name in fault.machines] or list(layout.lanes.values())
            y1, y2 = min(ys), max(ys)
            self.out.append(f'<rect class="dl-band" x="{number(x1)}" y="{number(y1)}" '
                            f'width="{number(max(x2 - x1, 2))}" height="{number(y2 - y1)}"/>')

    def _life_lines(self) -> None:
        layout = self.layout
        for name, y in layout.lanes.items():
            self.out.append(
                f'<g data-machine="{xml(name)}"><path class="dl-life" d="M{number(layout.left)} '
                f'{number(y)}H{number(layout.right)}"/></g>')
            self.text(layout.left - 14, y + 4, name, "dl-name")

    def _messages(self) -> None:
        for message in self.story.messages:
            for arrival in message.arrivals:
                self._arrow(message, arrival)

    def _arrow(self, message: Message, arrival) -> None:  # type: ignore[no-untyped-def]
        x1, y1 = self.x(message.at_us), self.edge(message.sender, message.receiver)
        x2, y2 = self.x(arrival.at_us), self.edge(message.receiver, message.sender)
        css = "dl-lost" if arrival.why else "dl-quiet" if message.quiet else "dl-message"
        if arrival.why in ("lost", "cut"):
            x2, y2 = max(x2, x1 + 10), y1 + (y2 - y1) * 0.5
            x2, y2 = number(x2), number(y2)
            self.out.append(f'<path class="dl-mark" d="M{x2} {y2}m-4 -4l8 8m0 -8l-8 8"/>')
        else:
            x2, y2 = number(x2), number(y2)
        self.out.append(f'<path class="{css}" data-event="{message.position}" '
                        f'd="M{number(x1)} {number(y1)}L{x2} {y2}"/>')

    def _spans(self) -> None:
        for span in self.story.spans:
            x1, x2 = self.x(span.from_us), self.x(span.to_us)
            y = (self.layout.lanes[span.node] - self.heights[span.node] / 2
                 + self.rows[id(span)] * PITCH + 1)
            css = {"down": "dl-down", "paused": "dl-paused"}.get(span.kind, "dl-bar")
            self.out.append(f'<rect class="{css}" data-event="{span.positions[0]}" x="{number(x1)}" y="{number(y)}" '
                            f'width="{number(x2 - x1)}" height="{BAR}" rx="3"/>')
            text = shortened(span.text, x2 - x1 - 10)
            if text:
                self.text(x1 + 6, y + 13, text, "dl-bar-text")

    def _marks(self) -> None:
        for mark in self.story.marks:
            x, y = self.x(mark.at_us), self.layout.lanes[mark.node] - self.heights[mark.node] / 2
            self.out.append(f'<path class="dl-flag" data-event="{mark.position}" d="M{number(x)} {number(y)}v-8h6v4h-6"/>')

    def _faults(self, selected: int | None) -> None:
        layout = self.layout
        for index, (fault, (row, x, wide, leftward)) in enumerate(
                zip(self.run.faults, self.grips, strict=True)):
            y = 6 + row * TRACK
            chosen = " dl-chosen" if index == selected else ""
            words = title(fault)
            self.out.append(
                f'<g class="dl-fault{chosen}" data-fault="{index}" tabindex="0" role="slider" '
                f'aria-label="{xml(words)}" aria-valuemin="0" '
                f'aria-valuemax="{plain(self.run.scenario.horizon_ms)}" '
                f'aria-valuenow="{plain(fault.at_ms)}" aria-valuetext="{plain(fault.at_ms)} ms">'
                f'<path class="dl-stem" d="M{number(x)} {number(y + GRIP)}V{number(layout.bottom)}"/>'
                f'<rect class="dl-pill" x="{number(x - 12 - wide * leftward)}" y="{y}" '
                f'width="{number(GRIP + wide)}" height="{GRIP}" rx="12"/>'
                f'<circle class="dl-knob" cx="{number(x)}" cy="{y + 12}" r="10"/>')
            self.text(x, y + 16.5, FAULT_ICONS[fault.kind], "dl-icon")
            self.text(x + 16 if not leftward else x - 10 - wide, y + 16, words, "dl-fault-text")
            self.out.append("</g>")


def title(fault: Fault) -> str:
    """A fault in few words: `pause server-a`, `cut n1 → n2`, `jump n2 −5000 ms`."""
    target = fault.target.replace(">", " → ").replace("|", " | ").replace("*", "any")
    amount = ""
    if fault.amount is not None:
        unit = {"jump": " ms", "delay": " ms", "drift": " ppm"}.get(fault.kind, " %")
        sign = "+" if fault.kind in ("delay", "jump", "drift") and fault.amount > 0 else ""
        amount = f" {sign}{fault.amount}{unit}".replace("-", "−")
    return f"{fault.kind} {target}{amount}"
