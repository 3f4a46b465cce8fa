"""The same thing for every reader: HTML and plain text of what a widget shows.

GitHub and an untrusted notebook show neither scripts nor style sheets, so a still uses bare tags,
keeps what reveals an answer in a closed `<details>`, and looks right on light and on dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

__all__ = ["WRAPPED", "Still", "closed", "coded", "escape", "items", "table"]

WRAPPED = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
"""The style of a `<pre>` that keeps its lines and breaks words only where they do not fit."""


class Still:
    """Something that a cell shows as HTML, and as plain text where there is no HTML."""

    def html(self) -> str:
        return f"<p>{escape(self.text())}</p>"

    def text(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text()}


def coded(text: str) -> str:
    """A plain text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def closed(summary: str, inner: str) -> str:
    """A part of the page that opens on a click or with the Enter key."""
    return f"<details><summary>{escape(summary)}</summary>{inner}</details>"


def items(texts: Iterable[str], ordered: bool = False) -> str:
    """A list of texts, their backticks as code; nothing when there are none."""
    tag = "ol" if ordered else "ul"
    inner = "".join(f"<li>{coded(text)}</li>" for text in texts)
    return inner and f"<{tag}>{inner}</{tag}>"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table whose first column names its rows; all its columns are equally wide."""
    head = tuple(head)
    left = f'style="text-align:left;vertical-align:top;width:{100 // len(head)}%"'
    top = "".join(f'<th scope="col" {left}>{escape(cell)}</th>' for cell in head)
    body = ""
    for first, *rest in rows:
        cells = "".join(f"<td {left}>{escape(cell)}</td>" for cell in rest)
        body += f'<tr><th scope="row" {left}>{escape(first)}</th>{cells}</tr>'
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
