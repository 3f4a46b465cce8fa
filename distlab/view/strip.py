"""The outcome strip: how the run would have ended, had one fault happened at another instant.

It lies on the same scale of time as the diagram above it. Each outcome has a colour, a pattern and
a word; the instant at which the fault stands now is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from distlab.sim.faults import plain
from distlab.view.labels import Box, pattern
from distlab.view.picture import Layout, Picture, number, text, text_width, xml
from distlab.view.theme import TONES

if TYPE_CHECKING:
    from distlab.scenario import Outcome

TOP, HIGH, HEIGHT = 8, 20, 52


def strip(
    outcomes: Sequence[tuple[float, Outcome]], layout: Layout, selected_ms: float | None = None
) -> Picture:
    """Blocks for outcomes at instants (milliseconds, ascending) under a diagram of this `layout`.

    Each outcome stands for the time to halfway between its neighbours. What lies beyond the last
    instant is still unknown and stays empty.
    """
    layout = replace(layout, height=HEIGHT, top=TOP, bottom=TOP + HIGH, lanes={})
    outcomes = [each for each in outcomes if layout.from_ms <= each[0] <= layout.to_ms]
    instants = [ms for ms, _ in outcomes]
    halfway = [(a + b) / 2 for a, b in pairwise(instants)]
    edges = [*instants[:1], *halfway, *instants[-1:]]
    frame = f'M{number(layout.left)} {TOP}H{number(layout.right)}v{HIGH}H{number(layout.left)}z'
    out = [text("dl-side", layout.left - 16, TOP + 14, "outcome"), f'<path class="dl-frame" d="{frame}"/>']
    told, index = [], 0
    for outcome, group in groupby(outcomes, key=lambda each: each[1]):
        times = [ms for ms, _ in group]
        box = Box(layout.x(edges[index]), TOP, layout.x(edges[index + len(times)]), TOP + HIGH)
        out.append(_block(outcome, box))
        until = f"–{plain(times[-1])}" if len(times) > 1 else ""
        told.append(f"{plain(times[0])}{until} ms {outcome.name}")
        index += len(times)
    out += _legend(dict.fromkeys(outcome for _, outcome in outcomes), layout.left)
    if selected_ms is not None and layout.from_ms <= selected_ms <= layout.to_ms:
        x = number(layout.x(selected_ms))
        out.append(f'<path class="dl-here" d="M{x} {TOP + HIGH + 2}V{TOP - 1}m0 0l-5-7h10z"/>')
    words = " · ".join(told) or "not computed yet"
    alt = f"Outcome if the fault happened at another instant: {words}"
    size = f"{number(layout.width)} {HEIGHT}"
    svg = (
        f'<svg class="dl-picture" viewBox="0 0 {size}" width="{number(layout.width)}" '
        f'height="{HEIGHT}" role="img" aria-label="{xml(alt)}">{"".join(out)}</svg>'
    )
    return Picture(svg, words, alt, layout)


def _block(outcome: Outcome, box: Box) -> str:
    tone, (x1, y1, x2, y2) = outcome.tone, box
    shape = f"M{number(x1)} {y1}H{number(x2)}V{y2}H{number(x1)}z"
    return (
        f'<g><title>{xml(outcome.name)}</title><path class="dl-{tone}" d="{shape}"/>'
        f'<path class="dl-{tone}-pattern" d="{pattern(TONES[tone][0], box)}"/></g>'
    )


def _legend(outcomes: Sequence[Outcome] | dict[Outcome, None], x: float) -> list[str]:
    """What the blocks mean: a sample, a mark and the word of each outcome there is."""
    out = []
    for outcome in outcomes:
        words = f"{TONES[outcome.tone][1]} {outcome.name}"
        out.append(_block(outcome, Box(x, TOP + HIGH + 7, x + 16, TOP + HIGH + 19)))
        out.append(text(f"dl-{outcome.tone}-text", x + 21, TOP + HIGH + 17, words))
        x += 48 + text_width(words) * 1.08
    return out
