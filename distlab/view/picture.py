"""What all pictures have in common: a size, a scale of time, and their forms on a page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from math import ceil, inf
from typing import NamedTuple

from distlab.host import plain
from distlab.view.theme import rules_for

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FOR_HANDS = re.compile(
    '<title>[^<]*</title>| (data-(event|fault|machine)|tabindex|role|aria-[a-z]+)="[^"]*"'
)
"""Parts that are useless in an image. It has an alternative text, and a page has many images."""
LETTERS, LINE = 13, 14
"""The size of all letters in a picture, and the height of a line of them, in pixels."""
_WIDTHS = {
    222: "ijl|'", 278: " !,./:;I[\\]ft·", 333: "()-{}`r", 389: '*"', 500: "Jcksvxyz^",
    584: "+<=>~−×", 611: "FTZ", 667: "ABEKPSVXY&", 722: "CDHNRUw", 778: "GOQ", 833: "Mm",
    944: "W%", 1000: "@…—№",
}  # fmt: skip
_WIDTH = {character: width for width, characters in _WIDTHS.items() for character in characters}
"""The widths of characters in thousandths of their size: those of Helvetica and Arial, as the Adobe
Font Metrics have them. Every font is pressed into them, so that pictures look alike everywhere.
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are, in pixels of the picture. `lanes` has the middle of each life line."""

    width: float
    height: float
    left: float
    right: float
    from_ms: float
    to_ms: float
    top: float = 0
    bottom: float = 0
    lanes: Mapping[str, float] = field(default_factory=dict)

    def x(self, ms: float) -> float:
        """The place of an instant."""
        return self.left + (ms - self.from_ms) * (self.right - self.left) / self.span_ms

    @property
    def span_ms(self) -> float:
        return self.to_ms - self.from_ms

    def ticks(self) -> list[float]:
        """At most eleven round instants."""
        steps = (step * 10.0**power for power in range(-3, 9) for step in (1, 2, 5))
        step = next(step for step in steps if self.span_ms <= 10 * step)
        return [step * n for n in range(ceil(self.from_ms / step), int(self.to_ms // step) + 1)]

    def scale(self, y: float) -> Iterator[str]:
        """The numbers of the axis of time, and their unit."""
        unit, unit_ms = ("s", 1000) if self.span_ms > 5000 else ("ms", 1)
        yield text("dl-side", self.left - 20, y, unit)
        for at in self.ticks():
            yield text("dl-tick", self.x(at), y, plain(at / unit_ms))


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing (`svg`, styled by `theme.stylesheet(live=True)`) and the same in words."""

    svg: str
    text: str
    alt: str
    layout: Layout

    def still(self) -> str:
        """The drawing as a file: opaque and light, so that it looks the same everywhere."""
        start = self.svg.index(">") + 1
        paper = '<rect class="dl-paper" width="100%" height="100%"/>'
        head = self.svg[:start].replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        style = rules_for(f"{paper}{self.svg}")
        return f"{head}<style>{style}</style>{paper}{self.svg[start:]}"

    def html(self) -> str:
        """The still for an untrusted page: an image, and the text in a closed part."""
        data = base64.b64encode(_FOR_HANDS.sub("", self.still()).encode()).decode()
        return (
            f'<img alt="{xml(self.alt)}" class="dl-still" src="data:image/svg+xml;base64,{data}">'
            f"<details><summary>The picture as text</summary><pre>{xml(self.text)}</pre></details>"
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text}


class Box(NamedTuple):
    """A rectangle from its upper left to its lower right corner."""

    x1: float
    y1: float
    x2: float
    y2: float

    def meets(self, other: Box) -> bool:
        across = self.x1 < other.x2 and other.x1 < self.x2
        return across and self.y1 < other.y2 and other.y1 < self.y2

    def outline(self) -> str:
        """The path around it."""
        x1, y1, x2, y2 = map(number, self)
        return f"M{x1} {y1}H{x2}V{y2}H{x1}z"

    def filled(self, pattern: str) -> str:
        """A path that fills it with stripes, crosses or dots; plain is empty.

        An SVG `<pattern>` would need an id, and those of several pictures on a page collide.
        """
        x1, y1, x2, y2 = self
        if pattern == "dots":
            columns = _steps(x1 + 4, x2, 6)
            return "".join(f"M{number(x)} {number(y)}h.1" for x in columns
                           for y in _steps(y1 + 4, y2, 6))  # fmt: skip
        paths = []
        for end in _steps(x1 + 7, x2 + y2 - y1, 7) if pattern in ("stripes", "crosses") else ():
            left, right = max(end - y2 + y1, x1), min(end, x2)
            low, high = y1 + end - left, y1 + end - right
            paths.append((left, low, right, high))
            if pattern == "crosses":
                paths.append((left, y1 + y2 - low, right, y1 + y2 - high))
        return "".join("M{} {}L{} {}".format(*map(number, each)) for each in paths)


def _steps(start: float, stop: float, step: float) -> list[float]:
    return [start + step * index for index in range(max(0, ceil((stop - start) / step)))]


def xml(text: str) -> str:
    """Text, escaped for an element or an attribute."""
    return escape(_NOT_XML.sub("�", text))


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel, without noise."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def text(css: str, x: float, y: float, words: str, room: float = inf) -> str:
    """A piece of text, as wide as `text_width` says. One that is wider than `room` is cut, and its
    title is the whole; it is left out when too little would be left.
    """
    bold = "dl-bold" in css
    shown = shortened(words, room, bold)
    if not shown:
        return ""
    title = f"<title>{xml(words)}</title>" if shown != words else ""
    look = f' class="{css}"' if css else ""
    return (
        f'<text{look} x="{number(x)}" y="{number(y)}" textLength="{text_width(shown, bold):.1f}" '
        f'lengthAdjust="spacingAndGlyphs">{xml(shown)}{title}</text>'
    )


def path(css: str, data: str, event: int | None = None, title: str = "") -> str:
    """A path; `event` is the position of what it stands for in the trace."""
    stands = "" if event is None else f' data-event="{event}"'
    start = f'<path class="{css}"{stands} d="{data}"'
    return f"{start}><title>{xml(title)}</title></path>" if title else f"{start}/>"


def group(event: int, title: str, *elements: str) -> str:
    """Elements that stand for one event of the trace."""
    return f'<g data-event="{event}"><title>{xml(title)}</title>{"".join(elements)}</g>'


def sheet(layout: Layout, elements: Iterable[str], alt: str, role: str = "img") -> str:
    """The whole drawing."""
    wide, high = number(layout.width), number(layout.height)
    return (
        f'<svg class="dl-picture" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'role="{role}" aria-label="{xml(alt)}">{"".join(elements)}</svg>'
    )


def text_width(words: str, bold: bool = False) -> float:
    """The width that a text has in a picture, whatever the font."""
    thousandths = sum(  # whole numbers: sums of floats differ between versions of Python
        _WIDTH.get(c) or (556 if c < "\u2190" else 850 if c < "\u2e80" else 1000) for c in words
    )
    return thousandths * LETTERS * (108 if bold else 100) / 100_000


def shortened(words: str, width: float, bold: bool = False) -> str:
    """The text, cut to this width with an ellipsis; empty when too little would be left."""
    if text_width(words, bold) <= width:
        return words
    while len(words) > 9:
        words = words[:-1]
        if text_width(words + "…", bold) <= width:
            return words.rstrip(" …") + "…"
    return ""
