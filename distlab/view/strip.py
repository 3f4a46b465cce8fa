"""The outcome strip: how the run ends when one fault happens at another instant.

It has the scale of time of the diagram above it, or a scale of its own. Each outcome has a colour,
a pattern and a word. A mark shows where the fault is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from distlab.host import plain
from distlab.view.picture import Box, Layout, Picture, number, path, sheet, text, text_width, xml
from distlab.view.theme import TONES

if TYPE_CHECKING:
    from distlab.scenario import Outcome

TOP, HIGH, HEIGHT, SCALE, ROW = 8, 20, 52, 16, 18


def strip(
    outcomes: Sequence[tuple[float, Outcome]],
    layout: Layout,
    here: tuple[float, Outcome],
    alone: bool = False,
) -> Picture:
    """Blocks for outcomes at instants (milliseconds, ascending) under a diagram of this `layout`.

    `here` is the fault's present instant and the outcome of that run; it joins the others if it
    lies among them. Each outcome covers the time halfway to its neighbours. The time after the last
    instant is not computed yet and stays empty. A strip that stands `alone` has a scale.
    """
    below = TOP + HIGH + SCALE * alone
    layout = replace(layout, height=HEIGHT + SCALE * alone, top=TOP, bottom=TOP + HIGH, lanes={})
    if outcomes and outcomes[0][0] < here[0] < outcomes[-1][0]:
        outcomes = sorted({here[0]: here[1], **dict(outcomes)}.items())
    outcomes = [each for each in outcomes if layout.from_ms <= each[0] <= layout.to_ms]
    instants = [ms for ms, _ in outcomes]
    halfway = [(a + b) / 2 for a, b in pairwise(instants)]
    edges = [*instants[:1], *halfway, *instants[-1:]]
    frame = Box(layout.left, TOP, layout.right, TOP + HIGH).outline()
    out = [text("dl-side", layout.left - 16, TOP + 14, "outcome"), path("dl-frame", frame)]
    out += layout.scale(below) if alone else ()
    stretches, index = [], 0
    for outcome, same in groupby(outcomes, key=lambda each: each[1]):
        times = [ms for ms, _ in same]
        x1, x2 = layout.x(edges[index]), layout.x(edges[index + len(times)])
        out.append(_block(outcome, Box(x1, TOP, x2, TOP + HIGH)))
        until = f"–{plain(times[-1])}" if len(times) > 1 else ""
        stretches.append(f"{plain(times[0])}{until} ms {outcome.name}")
        index += len(times)
    entries, rows = _legend(dict.fromkeys(outcome for _, outcome in outcomes), layout, below)
    out += entries
    layout = replace(layout, height=layout.height + ROW * (rows - 1))
    if layout.from_ms <= here[0] <= layout.to_ms:
        x = number(layout.x(here[0]))
        out.append(path("dl-here", f"M{x} {TOP + HIGH + 2}V{TOP - 1}m0 0l-5-7h10z"))
    words = " · ".join(stretches) or "not computed yet"
    alt = f"Outcome if the fault happened at another instant: {words}"
    return Picture(sheet(layout, out, alt), words, alt, layout)


def _block(outcome: Outcome, box: Box) -> str:
    tone, pattern = outcome.tone, TONES[outcome.tone][0]
    inner = path(f"dl-{tone}", box.outline()) + path(f"dl-{tone}-pattern", box.filled(pattern))
    return f"<g><title>{xml(outcome.name)}</title>{inner}</g>"


def _legend(outcomes: Iterable[Outcome], layout: Layout, y: float) -> tuple[list[str], int]:
    """A sample, a mark and a word for each outcome; and the number of rows that they need."""
    out, x, rows = list[str](), layout.left, 1
    for outcome in outcomes:
        words = f"{TONES[outcome.tone][1]} {outcome.name}"
        wide = 21 + text_width(words, bold=True)
        if x > layout.left and x + wide > layout.width:
            x, y, rows = layout.left, y + ROW, rows + 1
        out.append(_block(outcome, Box(x, y + 7, x + 16, y + 19)))
        out.append(text(f"dl-{outcome.tone}-text dl-bold", x + 21, y + 17, words))
        x += wide + 23
    return out, rows
