"""The text twin of a space-time diagram: what it shows, in lines that can be read and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from distlab.sim.faults import Fault, plain
from distlab.view.story import Message, Story
from distlab.view.theme import LOST

LONGEST = 80


def transcript(story: Story, faults: tuple[Fault, ...], numbered: Mapping[int, int]) -> str:
    """One line for each thing that happened; `numbered` gives a witness's positions their number."""
    rows: list[tuple[int, int, str, str, tuple[int, ...]]] = []
    for message in story.messages:
        where = f"{message.sender} → {message.receiver}"
        rows.append((message.at_us, message.position, where, _fate(message), tuple(message.positions)))
    for span in story.spans:
        if span.kind in ("state", "down", "paused"):
            until = "" if span.kind == "state" or span.open else f" until {ms(span.to_us)}"
        else:
            until = f" (until {ms(span.to_us)})" if not span.open or span.kind == "unknown" else ""
        text = f"is now: {span.text}" if span.kind == "state" else f"{span.text}{until}"
        rows.append((span.from_us, span.positions[0], span.node, text, span.positions))
    for mark in story.marks:
        rows.append((mark.at_us, mark.position, mark.node, f"{mark.kind}: {mark.text}", (mark.position,)))
    rows.sort(key=lambda row: row[:2])
    quiet = {message.position for message in story.messages
             if message.quiet and not message_lost(message)}
    listed = [row for row in rows if row[1] not in quiet or any(p in numbered for p in row[4])]
    wide = max((len(row[2]) for row in listed), default=0)
    lines = [f"fault   {fault}" for fault in faults]
    for at_us, _, where, text, positions in _fewest(listed, numbered):
        numbers = "".join(f"▶{numbered[p]} " for p in positions if p in numbered)
        lines.append(f"{numbers:>6}{ms(at_us):>8}  {where:{wide}}  {text}")
    if len(listed) > LONGEST:
        lines.append(f"… {len(listed) - LONGEST} more lines are left out")
    left_out = Counter(m.kind for m in story.messages if m.position in quiet)
    if left_out:
        shown = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
        lines.append(f"not listed, all delivered: {shown}")
    return "\n".join(lines)


def _fewest(rows, numbered):  # type: ignore[no-untyped-def]
    return rows[:LONGEST] + [row for row in rows[LONGEST:] if any(p in numbered for p in row[4])]


def message_lost(message: Message) -> bool:
    return not message.arrivals or any(arrival.why for arrival in message.arrivals)


def _fate(message: Message) -> str:
    ends = []
    for arrival in message.arrivals:
        word = LOST.get(arrival.why, arrival.why)
        ends.append(f"× {word}" if arrival.why else f"arrives {ms(arrival.at_us)}")
    return f"{message.label:24} {', again '.join(ends) or 'still under way'}"


def ms(us: int) -> str:
    """Microseconds as milliseconds with at most one decimal."""
    return plain(round(us / 1000, 1))
