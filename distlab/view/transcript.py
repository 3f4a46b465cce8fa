"""The text twin of a space-time diagram: the same in lines that can be read aloud and compared.

A message has one line, at the instant it was sent, which says how it ended. Chatter that arrived is
only counted. Lines of the witness carry its numbers, as the badges in the picture do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from distlab.sim.faults import Fault, plain
from distlab.view.story import Message, Span, Story
from distlab.view.theme import LOST

LONGEST = 80


class Row(NamedTuple):
    """One line of the text."""

    at_us: int
    position: int
    where: str
    what: str
    positions: tuple[int, ...]


def transcript(story: Story, faults: Iterable[Fault], numbered: Mapping[int, int]) -> str:
    """One line for each thing that happened, the first `LONGEST` and all of the witness.

    `numbered` gives the positions of the witness's events their numbers.
    """
    rows = sorted(_rows(story), key=lambda row: row[:2])
    chatter = {m.position: m.kind for m in story.messages if m.quiet and not m.lost}
    marked = {row.position for row in rows if not numbered.keys().isdisjoint(row.positions)}
    worth = [row for row in rows if row.position not in chatter or row.position in marked]
    shown = worth[:LONGEST] + [row for row in worth[LONGEST:] if row.position in marked]
    wide = max((len(row.where) for row in shown), default=0)
    lines = [f"{'fault':>14}  {fault}" for fault in faults]
    for row in shown:
        marks = " ".join(f"▶{numbered[p]}" for p in row.positions if p in numbered)
        lines.append(f"{marks:5} {ms(row.at_us):>8}  {row.where:{wide}}  {row.what}")
    if len(worth) > len(shown):
        lines.append(f"… and {len(worth) - len(shown)} lines more")
    counts = Counter(kind for position, kind in chatter.items() if position not in marked)
    if counts:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        lines.append(f"not listed, because they repeat and all arrived: {told}")
    return "\n".join(lines)


def _rows(story: Story) -> Iterator[Row]:
    for m in story.messages:
        where = f"{m.sender} → {m.receiver}"
        yield Row(m.at_us, m.position, where, f"{m.label}  {_end(m)}", m.positions)
    for span in story.spans:
        yield Row(span.from_us, span.positions[0], span.node, _lasting(span), span.positions)
    for mark in story.marks:
        what = f"{mark.kind}: {mark.text}"
        yield Row(mark.at_us, mark.position, mark.node, what, (mark.position,))


def _lasting(span: Span) -> str:
    if span.kind == "state":
        return f"state: {span.text}"
    until = f"until {ms(span.to_us)}" if len(span.positions) > 1 else "to the end"
    return f"{span.words} ({until})"


def fate(message: Message) -> str:
    """A message and what became of it, in one sentence."""
    return (
        f"{message.sender} → {message.receiver}, {ms(message.at_us)} ms: "
        f"{message.label}, {_end(message)}"
    )


def _end(message: Message) -> str:
    ends = [
        f"× {LOST.get(arrival.why, arrival.why)}" if arrival.why else f"arrives {ms(arrival.at_us)}"
        for arrival in message.arrivals
    ]
    return " and again ".join(ends) or "still under way at the end"


def ms(us: float) -> str:
    """Microseconds as milliseconds, to a tenth."""
    return plain(round(us / 1000, 1))
