"""The small figures on a life line: bars for what lasts, flags and clocks for an instant."""

import re
from collections.abc import Iterable, Iterator
from itertools import product

from distlab.sim.faults import KINDS
from distlab.view.picture import (
    LINE,
    Box,
    Layout,
    group,
    number,
    path,
    shortened,
    text,
    text_width,
)  # fmt: skip
from distlab.view.story import Mark, Span
from distlab.view.theme import STATES, WITNESS
from distlab.view.transcript import ms


def bar_style(span: Span) -> str:
    """The classes of a bar."""
    if span.is_outage:
        return f"dl-{span.kind}"
    look = {"state": "", "ok": " dl-call"}.get(span.kind, " dl-call dl-not-ok")
    return "dl-bar" + look


def bar_outline(span: Span, box: Box) -> str:
    """The path around a bar. An operation with an unknown outcome has a torn end."""
    if span.kind != "unknown":
        return box.outline()
    x1, y1, x2, y2 = map(number, box)
    return f"M{x1} {y2}V{y1}H{x2}{'l4 3l-4 3' * 3}H{x1}z"  # 3 teeth of 6: the height of a bar


def bar_words(span: Span, width: float) -> str:
    """The words of a bar, as many as it has room for."""
    if span.kind == "state":
        first = re.match(r"\w*", span.text)
        mark = STATES.get(first[0].lower(), "") if first else ""
        return shortened(f"{mark} {span.text}".lstrip(), width)
    mark = {"down": "✕ ", "paused": "Ⅱ "}.get(span.kind, "")
    return next((words for words in (mark + span.words, mark) if text_width(words) <= width), "")


def beside_bar(words: str, box: Box, top: float, bottom: float, layout: Layout) -> Iterator[Box]:
    """Places beside a bar that is too short for its words.

    The words begin where the bar begins, so that they do not seem to belong to its neighbour. They
    may instead end where the bar ends, if the bar is a third as long as they are, or if the picture
    would end before they do.
    """
    wide = text_width(words)
    late = box.x1 + wide > layout.width - 4
    long = 3 * (box.x2 - box.x1) > wide
    for x in (box.x1, box.x2 - wide)[: 1 + (late or long)]:
        for y in (top - 4 - LINE, bottom + 4, top - 4 - 2 * LINE):
            yield Box(x, y, x + wide, y + LINE)


def beside_flag(mark: Mark, x: float, top: float, bottom: float, bold: bool) -> Iterator[Box]:
    """Places for the words of a note: at its pole, above or below the life line."""
    wide = text_width(_shown(mark), bold) + 7
    for rise in (4, 4 + LINE):
        for y in (top - rise - LINE, bottom + rise):
            yield Box(x + 2, y, x + wide, y + LINE)
            yield Box(x - wide, y, x - 2, y + LINE)
    for y in (top - 4 - LINE, bottom + 4):
        yield Box(x + 11, y, x + wide + 11, y + LINE)


def flag(mark: Mark, x: float, top: float, bottom: float, box: Box | None, more: str) -> str:
    """A note: a pole with a pennant, and its words in `box`, if there is one."""
    up = box is None or box.y1 < top
    left = box is not None and box.x2 < x
    foot, tip = (top, top - 8) if up else (bottom, bottom + 8)
    words = ""
    if box is not None:
        tip = box.y1 + 2 if up else box.y2 - 2
        look = "dl-label dl-note-text" + (WITNESS if more else "")
        words = text(look, box.x1 + (5 if box.x1 == x + 2 else 2), box.y2 - 3, _shown(mark))
    across, down = (-4 if left else 4), (2.5 if up else -2.5)
    pole = f"M{number(x)} {number(foot)}V{number(tip)}l{across} {down} {-across} {down}"
    title = f"{mark.node}: {mark.text} ({ms(mark.at_us)} ms)"
    return group(mark.positions[0], title, path(f"dl-flag{more}", pole), words)


def _shown(mark: Mark) -> str:
    return shortened(mark.text, 170)


def badges(x: float, shifts: Iterable[int], ys: Iterable[float]) -> list[Box]:
    """Places for the number of an event at `x`, the nearest first."""
    middles = product(sorted(shifts, key=abs), ys)
    return [Box(x + by - 10, y - 10, x + by + 10, y + 10) for by, y in middles]


def clock(mark: Mark, x: float, y: float, more: str) -> str:
    """The sign of a clock fault."""
    sign = path(f"dl-clock{more}", KINDS["jump"].icon)
    at = f'<g transform="translate({number(x)} {number(y)})">{sign}</g>'
    return group(mark.positions[0], f"{mark.node}: {mark.text}", at)
