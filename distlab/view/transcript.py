"""The text twin of a space-time diagram: lines that can be read aloud and compared.

A message has one line, at the instant it was sent, which says how it ended. Chatter that arrived is
only counted. Lines of the witness have the numbers of the badges in the picture.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from distlab.host import plain
from distlab.sim.faults import Fault
from distlab.view.story import Mark, Message, Span, Story
from distlab.view.theme import LOST

LONGEST = 80


def transcript(story: Story, faults: Iterable[Fault], numbered: Mapping[int, int]) -> str:
    """One line for each message, bar and mark: the first `LONGEST`, and all of the witness.

    `numbered` maps the positions of the witness's events to their numbers.
    """
    everything: list[Message | Span | Mark] = [*story.messages, *story.spans, *story.marks]
    worth, chatter = [], Counter[str]()
    for each in everything:
        marked = bool(numbered) and not numbered.keys().isdisjoint(each.positions)
        if not marked and isinstance(each, Message) and each.quiet and not each.lost:
            chatter[each.kind] += 1
        else:
            worth.append((each.positions[0], marked, each))
    worth.sort(key=lambda row: row[0])
    shown = worth[:LONGEST] + [row for row in worth[LONGEST:] if row[1]]
    rows = [(each.positions, *_row(each)) for _, _, each in shown]
    wide = max((len(where) for _, _, where, _ in rows), default=0)
    lines = [f"{'fault':>14}  {fault}" for fault in faults]
    for positions, at_us, where, what in rows:
        marks = " ".join(f"▶{numbered[p]}" for p in positions if p in numbered)
        lines.append(f"{marks:5} {ms(at_us):>8}  {where:{wide}}  {what}")
    if len(worth) > len(shown):
        lines.append(f"… and {len(worth) - len(shown)} lines more")
    if chatter:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(chatter.items()))
        lines.append(f"not listed, because they repeat and all arrived: {counts}")
    return "\n".join(lines)


def _row(each: Message | Span | Mark) -> tuple[int, str, str]:
    """When, where and what."""
    if isinstance(each, Message):
        return each.at_us, f"{each.sender} → {each.receiver}", f"{each.label}  {_end(each)}"
    if isinstance(each, Mark):
        return each.at_us, each.node, f"{each.kind}: {each.text}"
    if each.kind == "state":
        return each.from_us, each.node, f"state: {each.text}"
    until = f"until {ms(each.to_us)}" if len(each.positions) > 1 else "to the end"
    return each.from_us, each.node, f"{each.words} ({until})"


def fate(message: Message) -> str:
    """A message and how it ended, in one sentence."""
    sent = f"{message.sender} → {message.receiver}, {ms(message.at_us)} ms"
    return f"{sent}: {message.label}, {_end(message)}"


def _end(message: Message) -> str:
    ends = [
        f"× {LOST.get(arrival.why, arrival.why)}" if arrival.why else f"arrives {ms(arrival.at_us)}"
        for arrival in message.arrivals
    ]
    return " and again ".join(ends) or "still under way at the end"


def ms(us: float) -> str:
    """Microseconds as milliseconds, to a tenth."""
    return plain(round(us / 1000, 1))
