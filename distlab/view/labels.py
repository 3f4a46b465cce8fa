"""Room for words: boxes never overlap, and cross lines only where nothing else is free."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from distlab.view.picture import Box


class Line(NamedTuple):
    """A straight line; its x does not fall."""

    x1: float
    y1: float
    x2: float
    y2: float

    def crosses(self, box: Box) -> bool:
        """Whether a part of it lies in the box."""
        low, high = max(min(self.y1, self.y2), box.y1), min(max(self.y1, self.y2), box.y2)
        if low > high:
            return False
        a, b = (self.x1, self.x2) if self.y1 == self.y2 else sorted((self.at(low), self.at(high)))
        return a < box.x2 and b > box.x1

    def at(self, y: float) -> float:
        """Its x at this height; it must not be level."""
        return self.x1 + (y - self.y1) * (self.x2 - self.x1) / (self.y2 - self.y1)


class Room:
    """A sheet on which boxes are taken one after another."""

    GAP = 4  # between words on one line
    CELL = 80  # lines and boxes are looked for in columns of this width

    def __init__(self, edges: Box) -> None:
        self.edges = edges
        self._boxes: defaultdict[int, list[Box]] = defaultdict(list)
        self._lines: defaultdict[int, list[tuple[Line, int]]] = defaultdict(list)

    def take(self, box: Box) -> None:
        """Reserve a box: nothing else may stand here."""
        for column in self._columns(box.x1, box.x2):
            self._boxes[column].append(box)

    def draw(self, line: Line, cost: int) -> None:
        """Add a line that words avoid. Crossing it has this cost."""
        for column in self._columns(line.x1, line.x2):
            self._lines[column].append((line, cost))

    def find(self, candidates: Iterable[Box], most: int) -> Box | None:
        """Take the cheapest candidate that meets no box and costs at most `most`, if any."""
        best, least = None, most + 1
        for box in candidates:
            columns = self._columns(box.x1, box.x2)
            if not self._is_free(box, columns):
                continue
            near = {each for column in columns for each in self._lines[column]}
            cost = sum(cost for line, cost in near if line.crosses(box))
            if cost < least:
                best, least = box, cost
            if not least:
                break
        if best is not None:
            self.take(best)
        return best

    def _is_free(self, box: Box, columns: range) -> bool:
        edges = self.edges
        if box.x1 < edges.x1 or box.x2 > edges.x2 or box.y1 < edges.y1 or box.y2 > edges.y2:
            return False
        wider = box._replace(x1=box.x1 - self.GAP, x2=box.x2 + self.GAP)
        return not any(wider.meets(other) for column in columns for other in self._boxes[column])

    def _columns(self, x1: float, x2: float) -> range:
        return range(int(x1) // self.CELL, int(x2) // self.CELL + 1)
