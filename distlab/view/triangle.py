"""The triangle of CAP as an instrument: the verdicts of a run say which corner gave way.

C and A have the tones of their verdicts; P says whether the network fails in this run. The edge
between two corners that were both kept is thick: it names what the system was in this run.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from distlab.check.verdict import NOTHING
from distlab.sim.faults import KINDS
from distlab.view.picture import Layout, Picture, number, path, sheet, text, text_width
from distlab.view.theme import TONE_OF, TONES

if TYPE_CHECKING:
    from distlab.scenario import Run

TITLE = "The triangle of CAP in this run:"
CORNERS = {"C": (44.0, 24.0), "A": (236.0, 24.0), "P": (140.0, 98.0)}
VERDICTS = {"C": "linearizable", "A": "available"}
HEIGHT, RADIUS, WORDS = 122, 20, 284
"""In pixels; `WORDS` is where the words beside the triangle begin."""
WIDTH = WORDS + text_width(f"C ? {VERDICTS['C']}: {NOTHING}", bold=True) + 12


def triangle(run: Run, ms: float = 0) -> Picture:
    """The triangle of a run with the verdicts linearizable and available; always the same one."""
    failing = any(KINDS[fault.kind].target != "machine" for fault in run.faults)
    kept: dict[str, bool | None] = {"P": failing}
    shown = {"P": ("price", "⚡", "the network fails") if failing else
                 ("unknown", "–", "the network is whole")}  # fmt: skip
    for letter, name in VERDICTS.items():
        verdict = run.verdict(name)
        tone = TONE_OF[verdict.ok]
        kept[letter], shown[letter] = verdict.ok, (tone, TONES[tone][1], f"{name}: {verdict.word}")
    out, lines = [], []
    for one, other in combinations(CORNERS, 2):
        (x1, y1), (x2, y2) = CORNERS[one], CORNERS[other]
        look = "dl-life" if kept[one] and kept[other] else "dl-grid"
        out.append(path(look, f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"))
    for row, (letter, (x, y)) in enumerate(CORNERS.items()):
        tone, mark, words = shown[letter]
        lines.append(f"{letter} {mark} {words}")
        out.append(f'<circle class="dl-{tone}-bar" cx="{x:g}" cy="{y:g}" r="{RADIUS}"/>')
        out.append(text(f"dl-{tone}-text dl-bold", x - 4, y - 2, letter))
        out.append(text("dl-tick", x, y + 13, mark))
        out.append(text(f"dl-{tone}-text dl-bold", WORDS, 40 + 26 * row, lines[-1]))
    alt = f"{TITLE} {'; '.join(lines)}"
    layout = Layout(WIDTH, HEIGHT, 0, WIDTH, 0, 1)
    return Picture(sheet(layout, out, alt), "\n  ".join([TITLE, *lines]), alt, layout)
