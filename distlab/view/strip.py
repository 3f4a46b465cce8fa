"""The outcome strip: how the run would have ended, had one fault happened at another instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from distlab.sim.faults import plain
from distlab.view.picture import Layout, Picture, number, shortened, text_width, xml
from distlab.view.theme import TONES

if TYPE_CHECKING:
    from distlab.scenario import Outcome

HEIGHT, Y = 22, 4


def strip(
    outcomes: Sequence[tuple[float, Outcome]], layout: Layout, selected_ms: float | None = None
) -> Picture:
    """Blocks by instant (milliseconds, in order) on the time axis of `layout`."""
    layout = replace(layout, height=52, top=Y, bottom=Y + HEIGHT, lanes={})
    runs: list[tuple[float, float, Outcome]] = []
    for ms, outcome in outcomes:
        if runs and runs[-1][2] == outcome:
            runs[-1] = (runs[-1][0], ms, outcome)
        else:
            runs.append((ms, ms, outcome))
    text = " · ".join(f"{plain(a)}–{plain(b)} ms {o.name}" if a != b else f"{plain(a)} ms {o.name}"
                      for a, b, o in runs)
    out = []
    for index, (start, _, outcome) in enumerate(runs):
        x1 = layout.x(start)
        x2 = layout.x(runs[index + 1][0] if index + 1 < len(runs) else runs[-1][1])
        out.append(f'<rect class="dl-{outcome.tone}" x="{number(x1)}" y="{Y}" '
                   f'width="{number(x2 - x1)}" height="{HEIGHT}"><title>{xml(outcome.name)}</title></rect>')
        words = shortened(f"{TONES[outcome.tone][1]} {outcome.name}", x2 - x1 - 8)
        if words:
            out.append(f'<text class="dl-{outcome.tone}-text" x="{number(x1 + 5)}" y="{Y + 15}">{xml(words)}</text>')
    svg = (f'<svg class="dl-picture" viewBox="0 0 {number(layout.width)} 52" width="{number(layout.width)}" '
           f'height="52" role="img">{"".join(out)}</svg>')
    return Picture(svg, text, f"Outcome by instant of the fault: {text}", layout)
