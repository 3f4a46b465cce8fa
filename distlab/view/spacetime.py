"""The space-time diagram: a line for each machine, time to the right, an arrow for each message.

What lasts is a bar on the life line (a state, an outage, a client's operation), what happens at an
instant is a mark; arrows run from bar to bar. Words stand only where there is room for them: the
rest is in titles and in the text twin. The picture depends on nothing but the arguments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from distlab.sim.faults import KINDS, Fault, plain
from distlab.sim.trace import line
from distlab.view.arrows import Arrow, arrows, worth_words
from distlab.view.labels import Box, Line, Room, pattern
from distlab.view.picture import Picture, number, shortened, text, text_width, xml
from distlab.view.places import GRIP, Places
from distlab.view.story import Mark, Span, Story, tell
from distlab.view.theme import ICONS, STATES, fault_words
from distlab.view.transcript import fate, ms, transcript

if TYPE_CHECKING:
    from distlab.scenario import Run

DENSE = 120
"""More arrows (or bars) than this: those without words are drawn together in one element."""
NOTES = 12
"""Notes with words; the others are flags."""


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
    window = window or (0, run.scenario.horizon_ms)
    story = tell(run.trace.events, 1000 * run.scenario.horizon_ms)
    story.cut(1000 * window[0], 1000 * window[1], hide)
    numbered = {position: index for index, position in enumerate(sorted(set(highlight)), 1)}
    places = Places(run.machines, run.faults, story, window, width)
    drawing = _Drawing(run, story, places, numbered)
    lost = sum(message.lost for message in story.messages)
    alt = (
        f"Space-time diagram of {run.scenario.id}, {plain(window[0])} to {plain(window[1])} ms. "
        f"Machines: {', '.join(run.machines)}. {len(story.messages)} messages, {lost} not "
        f"delivered. Faults: {', '.join(map(str, run.faults)) or 'none'}. "
        f"Outcome: {run.outcome.name}."
    )
    text = transcript(story, run.faults, numbered)
    return Picture(drawing.svg(alt, selected, cursor_ms), text, alt, places.layout)


class _Drawing:
    """One diagram in the making. What is drawn later lies above what is drawn before."""

    def __init__(self, run: Run, story: Story, places: Places, numbered: dict[int, int]) -> None:
        self.run, self.story, self.at, self.numbered = run, story, places, numbered
        self.layout = places.layout
        self.room = Room(Box(4, self.layout.top, self.layout.width - 4, self.layout.bottom))
        for name in self.layout.lanes:
            self.room.take(Box(0, places.above(name), self.layout.width, places.below(name)))
        self.arrows = arrows(story, places)
        self.out: list[str] = []
        self.front: list[str] = []

    def svg(self, alt: str, selected: int | None, cursor_ms: float | None) -> str:
        badges = list(self._badges())
        self._axis()
        self._bands()
        self._life_lines()
        self.out.append('<g class="dl-dimmed">' if self.numbered else "<g>")
        told = self._arrows()
        self._spans()
        self._words(told)
        self._marks()
        self.out += ["</g>", *self.front, *badges]
        self._faults(selected)
        if cursor_ms is not None:
            self._line("dl-cursor", self.layout.x(cursor_ms), self.layout.top, self.layout.bottom)
        wide, high = number(self.layout.width), number(self.layout.height)
        return (
            f'<svg class="dl-picture" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
            f'role="group" aria-label="{xml(alt)}">{"".join(self.out)}</svg>'
        )

    def _shows(self, positions: Iterable[int]) -> str:
        """The class of what belongs to the witness; empty for everything else."""
        return " dl-witness" if any(map(self.numbered.__contains__, positions)) else ""

    def _add(self, element: str, shows: str) -> None:
        """What belongs to the witness stands in front of all else, and is not dimmed."""
        (self.front if shows else self.out).append(element)

    def _text(self, css: str, x: float, y: float, words: str) -> None:
        self.out.append(text(css, x, y, words))

    def _line(self, css: str, x: float, y1: float, y2: float) -> None:
        self.out.append(f'<path class="{css}" d="M{number(x)} {number(y1)}V{number(y2)}"/>')

    # Ground

    def _axis(self) -> None:
        layout = self.layout
        seconds = layout.span_ms > 5000
        steps = (step * 10**power for power in range(-3, 9) for step in (1, 2, 5))
        step = next(step for step in steps if layout.span_ms / step <= 10)
        at = -(-layout.from_ms // step) * step
        while at <= layout.to_ms + step / 1e6:
            self._line("dl-grid", layout.x(at), layout.top, layout.bottom)
            self._text("dl-tick", layout.x(at), layout.bottom + 16, plain(at / (1000 if seconds else 1)))
            at += step
        self.out.append(
            f'<path class="dl-axis" d="M{number(layout.left)} {number(layout.bottom)}'
            f'H{number(layout.right)}"/>'
        )
        self._text("dl-side", layout.left - 16, layout.bottom + 16, "s" if seconds else "ms")

    def _bands(self) -> None:
        """The reach of each fault in time and over the machines; a stem hangs from its grip."""
        for fault, grip in zip(self.run.faults, self.at.grips, strict=True):
            end_us = self.story.healed_us.get(str(fault), fault.end_us)
            x1 = self.at.inside(fault.at_us)
            x2 = self.at.inside(self.story.end_us if end_us is None else end_us)
            names = fault.machines or self.run.machines
            top, bottom = self.at.above(names[0]), self.at.below(names[0])
            if KINDS[fault.kind].target == "machine":
                bottom = top
            else:
                top, bottom = self._reach(fault, names)
                self.out.append(
                    f'<rect class="dl-band" x="{number(x1)}" y="{number(top)}" '
                    f'width="{number(max(x2 - x1, 2))}" height="{number(bottom - top)}"/>'
                )
            if self.layout.from_ms <= fault.at_ms <= self.layout.to_ms:
                self._line("dl-stem", x1, grip.y + GRIP / 2, bottom)
                self.room.draw(Line(x1, grip.y, x1, bottom))
            if fault.kind == "partition":
                self._walls(fault, x1, x2)

    def _reach(self, fault: Fault, names: Sequence[str]) -> tuple[float, float]:
        """Top and bottom of a network fault: a link's reach is the space between its machines."""
        if "*" in fault.target:
            names = self.run.machines
        order = [name for name in self.run.machines if name in names]
        if fault.kind == "partition" or "*" in fault.target or len(order) < 2:
            return self.at.above(order[0]) - 8, self.at.below(order[-1]) + 8
        return self.at.below(order[0]), self.at.above(order[-1])

    def _walls(self, fault: Fault, x1: float, x2: float) -> None:
        """Between neighbours that a partition separates."""
        sides = {name: side for side, group in enumerate(fault.groups) for name in group}
        named = [name for name in self.run.machines if name in sides]
        for upper, lower in pairwise(named):
            if sides[upper] != sides[lower]:
                y = number((self.at.below(upper) + self.at.above(lower)) / 2)
                self.out.append(f'<path class="dl-wall" d="M{number(x1)} {y}H{number(x2)}"/>')

    # Life

    def _life_lines(self) -> None:
        left, right = number(self.layout.left), number(self.layout.right)
        for name, y in self.layout.lanes.items():
            self.out.append(
                f'<g data-machine="{xml(name)}"><rect class="dl-hit" x="0" y="{number(y - 12)}" '
                f'width="{right}" height="24"/><path class="dl-life" d="M{left} {number(y)}H{right}"/>'
                f"{text('dl-name', self.layout.left - 16, y + 4.5, name)}</g>"
            )

    def _spans(self) -> None:
        outages: defaultdict[str, list[float]] = defaultdict(list)
        for span in self.story.spans:
            if span.is_outage:
                outages[span.node].append(self.at.x(span.from_us))
        crowd: defaultdict[str, list[str]] = defaultdict(list)
        alone = []
        for span in self.story.spans:
            x1, _, x2, _ = box = self.at.span_box(span)
            free = min([x2, *(x for x in outages[span.node] if x > x1)])
            words, shows = span_words(span, free - x1 - 9), self._shows(span.positions)
            if words or shows or len(self.story.spans) <= DENSE:
                alone.append((span, box, words, shows))
            else:
                crowd[span_style(span)].append(span_path(span, box))
        self.out += [f'<path class="{css}" d="{"".join(paths)}"/>' for css, paths in crowd.items()]
        for span, box, words, shows in sorted(alone, key=lambda one: one[0].is_outage):
            self._add(self._bar(span, box, words, shows), shows)

    def _bar(self, span: Span, box: Box, words: str, shows: str) -> str:
        x1, y1, x2, y2 = box
        title = f"{span.node}: {span.words}, {ms(span.from_us)} to {ms(span.to_us)} ms"
        inner = f'<path class="{span_style(span)}{shows}" d="{span_path(span, box)}"/>'
        if span.kind == "down":
            inner += f'<path class="dl-hatch" d="{pattern("stripes", box)}"/>'
        if words:
            css = f"dl-label dl-{span.kind}-text" if span.is_outage else ""
            inner += text(css, x1 + 5, (y1 + y2) / 2 + 4, words)
        elif span.result:
            wide, above = text_width(span.words), self.at.above(span.node)
            rows = (above - 17, self.at.below(span.node) + 4, above - 30)
            starts = (x1, (x1 + x2 - wide) / 2, x2 - wide)
            found = self.room.find([Box(x, y, x + wide, y + 13) for y in rows for x in starts], 0)
            inner += text("dl-label", found.x1, found.y2 - 3, span.words) if found else ""
        return f'<g data-event="{span.positions[0]}"><title>{xml(title)}</title>{inner}</g>'

    # Messages

    def _arrows(self) -> list[Arrow]:
        """Draw all arrows; return those that deserve words."""
        told = worth_words(self.arrows, self.numbered)
        own = set(map(id, told))
        together: defaultdict[str, list[str]] = defaultdict(list)
        few = len(self.arrows) <= DENSE
        for arrow in self.arrows:
            look, message = arrow.style, arrow.message
            if few or id(arrow) in own:
                self.room.draw(arrow.line)
                shows = self._shows(message.positions)
                self._add(
                    f'<path class="{look}{shows}" data-event="{message.position}" '
                    f'd="{arrow.path()}"><title>{xml(fate(message))}</title></path>', shows
                )  # fmt: skip
                if look.startswith("dl-lost"):
                    self._add(f'<path class="dl-end" d="{arrow.end_mark()}"/>', shows)
            else:
                together[look].append(arrow.path())
                if look.startswith("dl-lost"):
                    together["dl-end dl-less"].append(arrow.end_mark())
        batches = sorted(together.items(), reverse=True)
        self.out += [f'<path class="{css}" d="{"".join(paths)}"/>' for css, paths in batches]
        return told

    def _words(self, told: list[Arrow]) -> None:
        for arrow in told:
            box = self.room.find(arrow.label_boxes(arrow.words), 2)
            if box is not None:
                shows = self._shows(arrow.message.positions)
                look = "dl-witness-text" if shows else ""
                look = look or "dl-lost-text" if arrow.style.startswith("dl-lost") else look
                self._add(text(f"dl-label {look}".rstrip(), box.x1, box.y2 - 3, arrow.words), shows)

    def _marks(self) -> None:
        marks = sorted(self.story.marks, key=lambda mark: mark.position not in self.numbered)
        bare = []
        for count, mark in enumerate(marks):
            x, y1, y2 = self.at.x(mark.at_us), self.at.above(mark.node), self.at.below(mark.node)
            shows = self._shows([mark.position])
            words, box = shortened(mark.text, 170), None
            if mark.kind == "note" and count < NOTES:
                box = self.room.find(flag_boxes(words, x, y1, y2), 1)
            if mark.kind == "clock":
                self._add(clock(mark, x, y1, shows), shows)
            elif box is None and len(marks) > DENSE:
                bare.append(f"M{number(x)} {number(y1)}v-7")
            else:
                self._add(flag(mark, x, y1, y2, box, words, shows), shows)
        if bare:
            self.out.append(f'<path class="dl-flag" d="{"".join(bare)}"/>')

    # The witness

    def _badges(self) -> Iterator[str]:
        """A number at each event of the witness, beside its life line or where it was lost."""
        ends = {arrow.message.arrivals[arrow.copy].position: arrow.line
                for arrow in self.arrows if arrow.style.startswith("dl-lost")}  # fmt: skip
        for position, index in self.numbered.items():
            event = self.run.trace.events[position]
            x = self.at.x(event.at_us)
            if event.node not in self.layout.lanes or x != self.at.inside(event.at_us):
                continue
            rows = [self.at.above(event.node) - 11, self.at.below(event.node) + 11]
            if position in ends:
                x, rows = ends[position].x2, [ends[position].y2 - 14, ends[position].y2 + 14]
            boxes = [Box(x + dx - 9, y - 9, x + dx + 9, y + 9)
                     for dx in (0, 18, -18, 36, -36) for y in rows]  # fmt: skip
            box = self.room.find(boxes, 9) or boxes[0]
            cx, cy = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
            yield (
                f'<g data-event="{position}"><title>{xml(line(event).strip())}</title>'
                f'<circle class="dl-badge" cx="{number(cx)}" cy="{number(cy)}" r="8.5"/>'
                f"{text('dl-badge-text', cx, cy + 4, str(index))}</g>"
            )

    # Faults

    def _faults(self, selected: int | None) -> None:
        if self.run.faults:
            self._text("dl-side", self.layout.left - 16, 22, "faults")
        for index, (fault, grip) in enumerate(zip(self.run.faults, self.at.grips, strict=True)):
            chosen = " dl-chosen" if index == selected else ""
            words, at = fault_words(fault), plain(fault.at_ms)
            leftward = grip.x1 < grip.x - GRIP / 2
            self.out.append(
                f'<g class="dl-fault{chosen}" data-fault="{index}" tabindex="0" role="slider" '
                f'aria-label="{xml(words)}" aria-valuemin="0" '
                f'aria-valuemax="{plain(self.run.scenario.horizon_ms)}" aria-valuenow="{at}" '
                f'aria-valuetext="at {at} ms"><title>{xml(words)}: {KINDS[fault.kind].meaning}</title>'
                f'<rect class="dl-pill" x="{number(grip.x1)}" y="{number(grip.y - GRIP / 2)}" '
                f'width="{number(grip.x2 - grip.x1)}" height="{GRIP}" rx="{GRIP // 2}"/>'
                f'<circle class="dl-knob" cx="{number(grip.x)}" cy="{number(grip.y)}" r="10"/>'
                f'<path class="dl-icon" transform="translate({number(grip.x)} {number(grip.y)})" '
                f'd="{ICONS[fault.kind]}"/>'
                f"{text('dl-fault-text', grip.x1 + 10 if leftward else grip.x + 16, grip.y + 4, words)}"
                "</g>"
            )


def span_path(span: Span, box: Box) -> str:
    """The outline of a bar; that of an operation whose outcome is unknown ends in a tear."""
    x1, y1, x2, y2 = map(number, box)
    if span.kind != "unknown":
        return f"M{x1} {y1}H{x2}V{y2}H{x1}z"
    tear = "l4 3l-4 3" * 3  # three teeth of six pixels: the height of a bar
    return f"M{x1} {y2}V{y1}H{x2}{tear}H{x1}z"


def span_style(span: Span) -> str:
    """The classes of a bar."""
    if span.is_outage:
        return f"dl-{span.kind}"
    if span.kind == "state":
        return "dl-bar"
    return "dl-bar dl-call" if span.kind == "ok" else "dl-bar dl-call dl-not-ok"


def span_words(span: Span, width: float) -> str:
    """As many words of a bar as it has room for."""
    if span.kind == "state":
        mark = STATES.get(span.text.split()[0].lower(), "") if span.text.strip() else ""
        return shortened(f"{mark} {span.text}" if mark else span.text, width)
    mark = {"down": "✕ ", "paused": "Ⅱ "}.get(span.kind, "")
    texts = (mark + span.words, f"{mark}{span.text}" if mark else "", mark)
    return next((text for text in texts if text and text_width(text) <= width), "")


def clock(mark: Mark, x: float, y: float, shows: str) -> str:
    """The sign of a clock that was changed."""
    return (
        f'<path class="dl-clock{shows}" data-event="{mark.position}" transform="translate({number(x)} '
        f'{number(y)})" d="{ICONS["jump"]}"><title>{xml(mark.text)}</title></path>'
    )


def flag_boxes(words: str, x: float, y1: float, y2: float) -> Iterator[Box]:
    """Where the words of a note may stand: right or left of its pole, above or below the bar."""
    wide = text_width(words)
    for rise in (4, 17):
        for y in (y1 - rise - 13, y2 + rise):
            yield Box(x + 7, y, x + 7 + wide, y + 13)
    for y in (y1 - 17, y2 + 4):
        yield Box(x - 7 - wide, y, x - 7, y + 13)


def flag(
    mark: Mark, x: float, y1: float, y2: float, box: Box | None, words: str, shows: str
) -> str:
    """A note: a pole with a pennant, and its words if there is room for them."""
    up = box is None or box.y1 < y1
    side = -1 if box is not None and box.x1 < x else 1
    tip = y1 - 8 if box is None else box.y1 + 2 if up else box.y2 - 2
    pennant = f"l{4 * side} {2.5 if up else -2.5} {-4 * side} {2.5 if up else -2.5}"
    look = "dl-label dl-note-text" + (" dl-witness-text" if shows else "")
    shown = text(look, box.x1, box.y2 - 3, words) if box else ""
    title = xml(f"{mark.node}: {mark.text} ({ms(mark.at_us)} ms)")
    return (
        f'<g data-event="{mark.position}"><title>{title}</title><path class="dl-flag{shows}" '
        f'd="M{number(x)} {number(y1 if up else y2)}V{number(tip)}{pennant}"/>{shown}</g>'
    )
