"""A table of measured percentages as a picture: each cell is a bar and a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distlab.view.picture import Layout, Picture, number, sheet, text, xml

SIDE, TOP, HIGH, WIDE, GAP = 96, 44, 24, 62, 28


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity: `percent[row, column]` from 0 to 100, in the colour of an outcome's tone."""

    title: str
    tone: str
    percent: Mapping[tuple[str, str], int]


def grid(
    panels: Sequence[Panel], rows: Sequence[str], columns: Sequence[str], columns_title: str
) -> Picture:
    """Panels side by side over the same rows and columns."""
    across = WIDE * len(columns)
    width = SIDE + len(panels) * (across + GAP)
    layout = Layout(width, TOP + HIGH * len(rows) + 12, SIDE, width - GAP, 0, 1)
    out = [text("dl-side", SIDE - 10, TOP + HIGH * y + 16, row) for y, row in enumerate(rows)]
    out.append(text("dl-side", SIDE - 10, TOP - 8, columns_title))
    for index, panel in enumerate(panels):
        left = SIDE + index * (across + GAP)
        out.append(text("dl-bold", left, TOP - 26, panel.title))
        for x, column in enumerate(columns):
            out.append(text("dl-tick", left + WIDE * (x + 0.5), TOP - 8, column))
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                percent = panel.percent[row, column]
                out.append(_cell(panel.tone, percent, left + WIDE * x, TOP + HIGH * y))
    words = _in_words(panels, rows, columns, columns_title)
    titles = " and ".join(panel.title for panel in panels)
    return Picture(sheet(layout, out, titles), words, titles, layout)


def _cell(tone: str, percent: int, x: float, y: float) -> str:
    place = f'x="{number(x)}" y="{number(y)}" height="{HIGH - 2}"'
    full = WIDE - 2
    return (
        f'<rect class="dl-bar" {place} width="{full}"/>'
        f'<rect class="dl-{xml(tone)}-bar" {place} width="{number(full * percent / 100)}"/>'
        + text("dl-tick", x + WIDE / 2 - 1, y + 15, f"{percent} %")
    )


def _in_words(
    panels: Sequence[Panel], rows: Sequence[str], columns: Sequence[str], columns_title: str
) -> str:
    lines = []
    for panel in panels:
        lines.append(f"{panel.title} (columns: {columns_title})")
        lines.append(" " * 12 + "".join(f"{column:>9}" for column in columns))
        for row in rows:
            cells = "".join(f"{panel.percent[row, column]:>7} %" for column in columns)
            lines.append(f"{row:12}{cells}")
        lines.append("")
    return "\n".join(lines).rstrip()
