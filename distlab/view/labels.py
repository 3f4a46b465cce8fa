"""Where there is room for words: rectangles that must not overlap, lines that should not be crossed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from distlab.view.picture import number


class Box(NamedTuple):
    """A rectangle from its upper left to its lower right corner."""

    x1: float
    y1: float
    x2: float
    y2: float

    def meets(self, other: Box) -> bool:
        return (self.x1 < other.x2 and other.x1 < self.x2
                and self.y1 < other.y2 and other.y1 < self.y2)  # fmt: skip


def pattern(kind: str, box: Box) -> str:
    """A path that fills a box: plain, stripes, crosses or dots. No `id` is needed, as `<pattern>`
    would: the ids of several pictures on one page are in each other's way.
    """
    x1, y1, x2, y2 = box
    high, paths = y2 - y1, []
    if kind == "dots":
        rows = range(int(y1) + 4, int(y2), 6)
        return "".join(f"M{number(x)} {y}h.1" for y in rows for x in _steps(x1 + 4, x2, 6))
    for b in _steps(x1 + 7, x2 + high, 7) if kind != "plain" else ():
        left, right = max(b - high, x1), min(b, x2)
        low, top = y2 - (left - b + high), y1 + (b - right)
        paths.append(f"M{number(left)} {number(low)}L{number(right)} {number(top)}")
        if kind == "crosses":
            paths.append(f"M{number(left)} {number(y1 + y2 - low)}L{number(right)} {number(y1 + y2 - top)}")
    return "".join(paths)


def _steps(start: float, stop: float, step: float) -> list[float]:
    return [start + step * index for index in range(max(0, ceil((stop - start) / step)))]


class Line(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float

    def crosses(self, box: Box) -> bool:
        """Whether it runs through the box. Lines of this kind are never level, or hardly ever."""
        x1, y1, x2, y2 = self if self.y1 <= self.y2 else (self.x2, self.y2, self.x1, self.y1)
        if y2 <= box.y1 or y1 >= box.y2:
            return False
        slope = (x2 - x1) / (y2 - y1) if y2 > y1 else 0
        a, b = (x1 + slope * (min(max(y, y1), y2) - y1) for y in (box.y1, box.y2))
        return min(a, b) < box.x2 and max(a, b) > box.x1


class Room:
    """A sheet on which boxes are taken one after the other."""

    CELL = 80

    def __init__(self, edges: Box) -> None:
        self.edges = edges
        self._boxes: defaultdict[int, list[Box]] = defaultdict(list)
        self._lines: defaultdict[int, list[Line]] = defaultdict(list)

    def take(self, box: Box) -> None:
        for cell in self._cells(box):
            self._boxes[cell].append(box)

    def draw(self, line: Line) -> None:
        box = Box(min(line.x1, line.x2), line.y1, max(line.x1, line.x2), line.y2)
        for cell in self._cells(box):
            self._lines[cell].append(line)

    def find(self, candidates: Iterable[Box], crossings: int) -> Box | None:
        """Take the candidate that meets no box and crosses fewest lines, at most `crossings`."""
        best, fewest = None, crossings + 1
        for box in candidates:
            if not self._is_free(box):
                continue
            crossed = {line for cell in self._cells(box) for line in self._lines[cell]
                       if line.crosses(box)}  # fmt: skip
            if len(crossed) < fewest:
                best, fewest = box, len(crossed)
            if not fewest:
                break
        if best is not None:
            self.take(best)
        return best

    def _is_free(self, box: Box) -> bool:
        edges = self.edges
        return (
            edges.x1 <= box.x1 and box.x2 <= edges.x2 and edges.y1 <= box.y1 and box.y2 <= edges.y2
            and not any(box.meets(other) for cell in self._cells(box)
                        for other in self._boxes[cell])
        )  # fmt: skip

    def _cells(self, box: Box) -> range:
        return range(int(box.x1) // self.CELL, int(box.x2) // self.CELL + 1)
