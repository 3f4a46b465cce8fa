"""The chart of a state machine, drawn from its table (`distlab.states`)."""

from collections import defaultdict
from typing import Any

from distlab.states import Transitions, states
from distlab.view.picture import Box, Layout, Picture, number, path, sheet, text, text_width

EDGE, HIGH, LINE, LOOP, DEEP, HEAD = 24, 36, 15, 30, 34, 5


def state_chart(table: Transitions[Any], title: str = "States") -> Picture:
    """States in a row; an arrow for each two that events connect, with the events' names.

    Neighbours are connected by straight arrows, an arrow over others passes below, and one that
    ends where it begins is a loop above its state.
    """
    names = states(table)
    labels: dict[tuple[int, int], list[str]] = defaultdict(list)
    for (source, event), target in table.items():
        labels[names.index(source), names.index(target)].append(event.__name__)

    def widest(loops: bool) -> float:
        found = [each for (a, b), events in labels.items() if (a == b) is loops for each in events]
        return max(map(text_width, found), default=0)

    wide = max(widest(True), *(text_width(str(name), bold=True) + 28 for name in names))
    pitch = wide + widest(False) + 36
    loops = max((len(events) for (a, b), events in labels.items() if a == b), default=0)
    middle = 30 + (LOOP + LINE * loops if loops else 0) + HIGH / 2
    centre = [EDGE + wide / 2 + pitch * index for index in range(len(names))]
    out, deepest = [text("dl-bold", EDGE, 18, title)], middle + HIGH / 2

    for (a, b), events in labels.items():
        x1, x2, ahead = centre[a], centre[b], 1 if b > a else -1
        if a == b:
            y = middle - HIGH / 2
            line = f"M{number(x1 - 14)} {number(y)}c-8-{LOOP} 36-{LOOP} 28-2"
            tip, along, first = (x1 + 14, y), (0, 1), y - LOOP - LINE * (len(events) - 1)
        elif abs(a - b) == 1:
            y = middle - 8 * ahead
            tip, along = (x2 - ahead * wide / 2, y), (ahead, 0)
            line = f"M{number(x1 + ahead * wide / 2)} {number(y)}H{number(tip[0] - ahead * HEAD)}"
            first = y - 7 - LINE * (len(events) - 1) if ahead > 0 else y + 17
        else:
            x1, x2, y = x1 + ahead * 8, x2 - ahead * 20, middle + HIGH / 2
            low = y + DEEP * abs(a - b) + (LINE if ahead < 0 else 0)
            line = (
                f"M{number(x1)} {number(y)}C{number(x1)} {number(low)} {number(x2)} {number(low)} "
                f"{number(x2)} {number(y + HEAD)}"
            )
            tip, along, first = (x2, y), (0, -1), y + (low - y) * 0.75 + 17
        out += [path("dl-axis", line), path("dl-flag", _head(tip, along))]
        for row, label in enumerate(events):
            out.append(text("dl-tick dl-label", (x1 + x2) / 2, first + LINE * row, label))
        deepest = max(deepest, first + LINE * len(events))

    for x, name in zip(centre, names, strict=True):
        y = middle - HIGH / 2
        out.append(path("dl-call", Box(x - wide / 2, y, x + wide / 2, y + HIGH).outline()))
        out.append(text("dl-state dl-bold", x, middle + 4, str(name)))

    words = [f"{names[a]} → {names[b]}: {', '.join(events)}" for (a, b), events in labels.items()]
    alt = f"{title}: " + "; ".join(words)
    right = max(centre[-1] + wide / 2, EDGE + text_width(title, bold=True)) + EDGE
    layout = Layout(right, deepest + 8, EDGE, right, 0, 1)
    return Picture(sheet(layout, out, alt), "\n".join([title, *words]), alt, layout)


def _head(tip: tuple[float, float], along: tuple[int, int]) -> str:
    """The head of an arrow that ends at `tip` in this direction."""
    (x, y), (dx, dy) = tip, along
    ends = [(x - HEAD * (1.6 * dx + s * dy), y - HEAD * (1.6 * dy + s * dx)) for s in (1, -1)]
    return f"M{number(x)} {number(y)}" + "".join(f"L{number(a)} {number(b)}" for a, b in ends) + "z"
