"""Stills: HTML and plain text, for pages that run no widget.

GitHub and an untrusted notebook run no scripts and load no style sheets. So a still uses bare tags,
hides what reveals an answer in a closed `<details>`, and is readable on light and on dark.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

__all__ = ["WRAPPED", "Still", "Table", "aligned", "closed", "coded", "escape", "items", "table"]

CHINESE = "\u2e80"
"""The first of the Chinese characters; Latin letters are smaller."""
WRAPPED = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
"""The style of a `<pre>` that keeps its lines and breaks words only where they do not fit."""


class Still:
    """Something that a cell shows as HTML, and as plain text where there is no HTML.

    A widget may be a still as well: `class Panel(Still, ipywidgets.VBox)` shows the widget where a
    kernel runs, and the still elsewhere.
    """

    def html(self) -> str:
        return f"<p>{escape(self.text())}</p>"

    def text(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        still = {"text/html": self.html(), "text/plain": self.text()}
        widget: Any = getattr(super(), "_repr_mimebundle_", lambda **_: {})(**kwargs) or {}
        if isinstance(widget, tuple):  # of data and metadata
            return {**widget[0], **still}, widget[1]
        return {**widget, **still}


def coded(text: str) -> str:
    """A plain text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def closed(summary: str, inner: str, opened: bool = False) -> str:
    """A part of the page that opens and closes on a click or with the Enter key."""
    return f"<details{' open' * opened}><summary>{escape(summary)}</summary>{inner}</details>"


def items(texts: Iterable[str], ordered: bool = False) -> str:
    """A list of texts, their backticks as code; nothing when there are none."""
    tag = "ol" if ordered else "ul"
    inner = "".join(f"<li>{coded(text)}</li>" for text in texts)
    return inner and f"<{tag}>{inner}</{tag}>"


class Table(NamedTuple):
    """A table with a title, as a still. Its first column names its rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """The table in aligned letters."""
        lines = aligned((self.head, *self.rows))
        return "\n".join([f"{self.title}:", *(f"  {line}" for line in lines)])

    def html(self) -> str:
        """The table for a page."""
        return f"<p><b>{self.title}</b></p>" + table(self.head, self.rows)


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """A line for each row, with all cells of a column equally wide."""
    lines = tuple(rows)
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, wide)).rstrip() for line in lines]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table whose first column names its rows; a column with longer texts is wider.

    A column with a Chinese head is marked as Chinese: see `browser/letters.js`.
    """
    head, cells = tuple(head), [tuple(row) for row in rows]
    longest = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    room = [14 + min(each, 80) for each in longest]
    styles = [f'style="text-align:left;vertical-align:top;width:{100 * each // sum(room)}%"'
              + ' lang="zh"' * (name > CHINESE)
              for name, each in zip(head, room, strict=True)]  # fmt: skip
    top = _row((f'th scope="col" {style}' for style in styles), head)
    body = "".join(
        _row((f'th scope="row" {styles[0]}', *(f"td {style}" for style in styles[1:])), row)
        for row in cells
    )
    return f"<table><thead>{top}</thead><tbody>{body}</tbody></table>"


def _row(openings: Iterable[str], texts: Iterable[str]) -> str:
    """A row of cells; the opening of a cell is its tag with what belongs to it."""
    pairs = zip(openings, texts, strict=True)
    inner = (f"<{tag}>{escape(text)}</{tag.split()[0]}>" for tag, text in pairs)
    return f"<tr>{''.join(inner)}</tr>"
