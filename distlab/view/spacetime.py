"""The space-time diagram: a line for each machine, time to the right, an arrow for each message.

A state, an outage or a client's operation is a bar on the life line; a note or a clock fault is a
mark. Arrows run from bar to bar. Words stand only where there is room; all words are in titles and
in the text twin. The picture depends only on the arguments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from distlab.host import plain
from distlab.sim.trace import line
from distlab.view import figures
from distlab.view.arrows import MOST_LABELS, arrows, to_label
from distlab.view.grips import draw_grip, draw_reach
from distlab.view.labels import Line, Room
from distlab.view.picture import Box, Picture, group, number, path, sheet, text, text_width, xml
from distlab.view.places import Places
from distlab.view.story import Span, Story, tell
from distlab.view.theme import WITNESS
from distlab.view.transcript import fate, ms, transcript

if TYPE_CHECKING:
    from distlab.scenario import Run

DENSE = 120
"""With more arrows, bars or marks than this, those without words are drawn in one element."""
NOTES = 12
"""Notes with words; the others are bare flags."""


def spacetime(
    run: Run,
    *,
    window: tuple[float, float] | None = None,
    width: float = 960,
    highlight: Sequence[int] = (),
    first: Sequence[int] = (),
    selected: int | None = None,
    lanes: int = 0,
    high: float = 0,
) -> Picture:
    """Draw a run, or the part of it in `window` (from, to; milliseconds).

    `highlight` are the positions in `run.trace.events` that stand out, such as a verdict's witness.
    The words of the events in `first` get their places before all others, without standing out.
    `selected` is the index of a fault. A picture for hands has at least so many `lanes` for faults,
    one for each. Life lines move together until the picture is no taller than `high`.
    """
    from_ms, to_ms = window or (0, run.scenario.horizon_ms)
    story = tell(run.trace.events, 1000 * run.scenario.horizon_ms)
    story.crop(1000 * from_ms, 1000 * to_ms)
    numbered = {position: index for index, position in enumerate(sorted(set(highlight)), 1)}
    lost = sum(message.lost for message in story.messages)
    alt = (
        f"Space-time diagram of {run.scenario.id}, {plain(from_ms)} to {plain(to_ms)} ms. "
        f"Machines: {', '.join(run.machines)}. {len(story.messages)} messages, {lost} not "
        f"delivered. Faults: {', '.join(map(str, run.faults)) or 'none'}. "
        f"Outcome: {run.outcome.name}."
    )
    places = Places(run.machines, run.faults, story, (from_ms, to_ms), width, lanes, high)
    drawing = _Drawing(run, story, places, numbered, {*highlight, *first})
    svg = sheet(places.layout, drawing.elements(selected), alt, "group")
    return Picture(svg, transcript(story, run.faults, numbered), alt, places.layout)


class _Drawing:
    """One diagram while it is drawn. Later elements lie above earlier ones."""

    def __init__(
        self, run: Run, story: Story, places: Places, numbered: dict[int, int], first: set[int]
    ) -> None:
        self.run, self.story, self.at, self.numbered, self.first = (
            run, story, places, numbered, first
        )  # fmt: skip
        self.layout = layout = places.layout
        left = layout.left if places.for_hands else 4  # for hands: states below the names
        self.room = Room(Box(left, layout.top, layout.width - 4, layout.bottom))
        self.room.draw(Line(layout.left, layout.top, layout.left, layout.bottom), 1)
        for name in run.machines:
            self.room.take(Box(0, places.top[name], layout.width, places.bottom[name]))
        self.outages: defaultdict[str, list[Span]] = defaultdict(list)
        for span in story.spans:
            if span.is_outage:
                self.outages[span.node].append(span)
        self.arrows = arrows(story, places)
        self.labelled = to_label(self.arrows, numbered)
        self.few = len(self.arrows) <= DENSE
        for arrow in self.arrows if self.few else self.labelled:
            self.room.draw(arrow.line, 1 if arrow.message.quiet else 2)
            if arrow.is_lost:
                x, y = arrow.line.x2, arrow.line.y2
                self.room.take(Box(x - 5, y - 5, x + 5, y + 5))
        for mark in story.marks:
            x, y = places.x(mark.at_us), places.top.get(mark.node, 0.0)
            if mark.kind == "note":
                self.room.draw(Line(x, y - 8, x, y), 1)
            else:
                self.room.take(Box(x - 6, y - 8, x + 6, y))
        self.beside: dict[tuple[int, ...], Box | None] = {}  # a bar's positions → its words
        self.out: list[str] = []
        self.front: list[str] = []

    def elements(self, selected: int | None) -> list[str]:
        """The whole diagram, from the axis to the grips."""
        self._axis()
        for grip in self.at.grips:
            self.out.append(draw_reach(grip, self.run.machines, self.at, self.room))
        self._life_lines()
        self._first_words()
        badges = list(self._badges())
        self.out.append('<g class="dl-dimmed">' if self.numbered else "<g>")
        self._arrows()
        self._bars()
        self._words()
        self._marks()
        self.out += ["</g>", *self.front, *badges]
        if self.at.grips:
            self.out.append(text("dl-side", self.layout.left - 18, self.at.track + 4, "faults"))
        for grip in self.at.grips:
            chosen = grip.position == selected
            self.out.append(draw_grip(grip, chosen, self.run.scenario.horizon_ms))
        return self.out

    def _upright(self, css: str, x: float) -> None:
        top, bottom = number(self.layout.top), number(self.layout.bottom)
        self.out.append(path(css, f"M{number(x)} {top}V{bottom}"))

    def _witness_class(self, positions: Iterable[int]) -> str:
        """The CSS class of the witness, if one of these events belongs to it; else empty."""
        return " dl-witness" if any(map(self.numbered.__contains__, positions)) else ""

    def _add(self, element: str, marked: str) -> None:
        """Add an element; those of the witness come in front of all others and are not dimmed."""
        (self.front if marked else self.out).append(element)

    def _axis(self) -> None:
        layout = self.layout
        y, horizon_ms = layout.bottom + 16, self.run.scenario.horizon_ms
        unit, *numbers = layout.scale(y)
        end = plain(horizon_ms / (1000 if layout.span_ms > 5000 else 1))
        later = f"… {end}" if layout.to_ms < horizon_ms else ""
        free = layout.width - 4 - text_width(later) - 20 if later else layout.width
        for at, words in zip(layout.ticks(), numbers, strict=True):
            self._upright("dl-grid", layout.x(at))
            self.out.append(words if layout.x(at) < free else "")
        left, right = number(layout.left), number(layout.right)
        self.out.append(path("dl-axis", f"M{left} {number(layout.bottom)}H{right}"))
        self.out.append(unit)
        if later:
            self.out.append(text("dl-side", layout.width - 4, y, later))

    def _life_lines(self) -> None:
        left, right = self.layout.left, number(self.layout.right)
        for name, y in self.layout.lanes.items():
            life = path("dl-life", f"M{number(left)} {number(y)}H{right}")
            words = text("dl-name dl-bold", left - 16, y + 4.5, name, left - 20)
            self.out.append(f'<g data-machine="{xml(name)}">{life}{words}</g>')

    def _words_in(self, span: Span) -> str:
        """The words that a bar has room for, up to the next outage."""
        box = self.at.bar(span)
        cuts = [self.at.x(s.from_us) for s in self.outages[span.node]]
        return figures.bar_words(span, min([box.x2, *(x for x in cuts if x > box.x1)]) - box.x1 - 9)

    def _first_words(self) -> None:
        """Take places for the words of the `first` operations, before the badges do."""
        for span in self.story.spans:
            about = not self.first.isdisjoint(span.positions)
            if span.result and about and not self._words_in(span):
                self.beside[span.positions] = self._room_beside(span, 20)

    def _room_beside(self, span: Span, most: int) -> Box | None:
        top, bottom = self.at.top[span.node], self.at.bottom[span.node]
        boxes = figures.beside_bar(span.words, self.at.bar(span), top, bottom, self.layout)
        return self.room.find(boxes, most)

    def _bars(self) -> None:
        together: defaultdict[str, list[str]] = defaultdict(list)
        alone = []
        for span in self.story.spans:
            box, marked = self.at.bar(span), self._witness_class(span.positions)
            words = self._words_in(span)
            if words or marked or len(self.story.spans) <= DENSE:
                alone.append((span, box, words, marked))
            else:
                together[figures.bar_style(span)].append(figures.bar_outline(span, box))
        self.out += [path(css, "".join(paths)) for css, paths in together.items()]
        for span, box, words, marked in sorted(alone, key=lambda each: each[0].is_outage):
            self._add(self._bar(span, box, words, marked), marked)

    def _bar(self, span: Span, box: Box, words: str, marked: str) -> str:
        body = path(figures.bar_style(span) + marked, figures.bar_outline(span, box))
        if span.kind == "down":
            body += path("dl-hatch", box.filled("stripes"))
        if words:
            css = f"dl-label dl-{span.kind}-text" if span.is_outage else ""
            body += text(css, box.x1 + 5, (box.y1 + box.y2) / 2 + 4, words)
        elif span.result:
            found = self.beside.get(span.positions) or self._room_beside(span, 2)
            body += text("dl-label", found.x1, found.y2 - 3, span.words) if found else ""
        title = f"{span.node}: {span.words}, {ms(span.from_us)} to {ms(span.to_us)} ms"
        return group(span.positions[0], title, body)

    def _arrows(self) -> None:
        own = set(map(id, self.labelled))
        together: defaultdict[str, list[str]] = defaultdict(list)
        for arrow in self.arrows:
            look, message = arrow.style, arrow.message
            if self.few or id(arrow) in own:
                marked = self._witness_class(message.positions)
                data = arrow.path()
                self._add(path(look + marked, data, message.position, fate(message)), marked)
                if arrow.is_lost and arrow.whole:
                    self._add(path("dl-end", arrow.end_mark()), marked)
            else:
                together[look].append(arrow.path())
                if arrow.is_lost and arrow.whole:
                    together["dl-end dl-less"].append(arrow.end_mark())
        batches = sorted(together.items(), reverse=True)
        self.out += [path(css, "".join(paths)) for css, paths in batches]

    def _words(self) -> None:
        placed: set[tuple[str, str, int]] = set()  # a broadcast is labelled once
        for arrow in self.labelled:
            marked = self._witness_class(arrow.message.positions)
            broadcast = arrow.words, arrow.message.sender, arrow.message.at_us
            if (broadcast in placed and not marked) or len(placed) == MOST_LABELS:
                continue
            most = 6 if arrow.is_lost or marked else 3
            box = self.room.find(arrow.label_boxes(arrow.words, bold=bool(marked)), most)
            if box is not None:
                placed.add(broadcast)
                look = "dl-label" + (WITNESS if marked else " dl-lost-text" * arrow.is_lost)
                self._add(text(look, box.x1, box.y2 - 3, arrow.words), marked)

    def _marks(self) -> None:
        marks = [mark for mark in self.story.marks if mark.node in self.layout.lanes]
        marks.sort(key=lambda mark: mark.positions[0] not in self.numbered)
        bare = []
        for count, mark in enumerate(marks):
            top, bottom = self.at.top[mark.node], self.at.bottom[mark.node]
            x, marked, box = self.at.x(mark.at_us), self._witness_class(mark.positions), None
            if mark.kind == "clock":
                self._add(figures.clock(mark, x, top, marked), marked)
                continue
            if count < NOTES:
                box = self.room.find(figures.beside_flag(mark, x, top, bottom, bool(marked)), 2)
            if box is None and len(marks) > DENSE:
                bare.append(f"M{number(x)} {number(top)}v-7")
            else:
                self._add(figures.flag(mark, x, top, bottom, box, marked), marked)
        self.out.append(path("dl-flag", "".join(bare)) if bare else "")

    def _badges(self) -> Iterator[str]:
        """A number at each event of the witness, beside its life line or where it was lost."""
        ends = {arrow.arrival: arrow.line for arrow in self.arrows if arrow.is_lost and arrow.whole}
        latest: defaultdict[str, float] = defaultdict(float)  # numbers run to the right
        for position, index in self.numbered.items():
            event = self.run.trace.events[position]
            x = self.at.x(event.at_us)
            if event.node not in self.layout.lanes or x != self.at.inside(event.at_us):
                continue
            ys, least = (self.at.top[event.node] - 12, self.at.bottom[event.node] + 12), 0.0
            if position in ends:
                x, ys = ends[position].x2, (ends[position].y2 - 15, ends[position].y2 + 15)
            else:
                least = latest[event.node]
            close = figures.badges(x, (0, -11, 11), ys)
            boxes = figures.badges(x, range(-60, 80, 20), (*ys, ys[0] - 20, ys[1] + 20))
            ordered = ([each for each in some if each.x1 >= least] for some in (close, boxes))
            box = next(filter(None, map(self.room.find, (*ordered, boxes), (1, 20, 20))), close[0])
            if position not in ends:
                latest[event.node] = box.x1
            cx, cy = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
            disc = f'<circle class="dl-badge" cx="{number(cx)}" cy="{number(cy)}" r="9.5"/>'
            label = text("dl-badge-text dl-bold", cx, cy + 4.5, str(index))
            yield group(position, line(event).strip(), disc, label)
