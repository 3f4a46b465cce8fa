"""A history as a picture: a row for each client, a bar for each operation, and their order.

A bar reaches from the invocation to the answer; without an answer it stays open and dashed. The
badges under the bars number a linearization. Each stands at an instant at which its operation may
have taken effect. If there is no linearization, the badges show the longest order that fits, and
the operation that cannot follow is hatched. Only the *order* of the events is that of the run: bars
are as long as their words need. The same arrangement in letters is the notation of
`tests.check.notation`.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from distlab.check.history import History, Operation
from distlab.check.linearizability import LinearizabilityResult
from distlab.view.picture import Layout, Picture, number, sheet, text, text_width, xml

BAR, PITCH, GAP = 22, 50, 20  # a bar's height, from lane to lane, between two events: pixels


def history(
    past: History, result: LinearizabilityResult | None = None, *, most: int = 40
) -> Picture:
    """Draw a history; with a `result`, the history that was judged, and its order.

    Of more than `most` operations, only the latest and those of the proof are drawn.
    """
    past = result.history if result else past
    order = result.order if result else ()
    proof = {each.number for each in result.proof} if result else set()
    kept = {each.number for each in past.operations[-most:]} | proof
    shown = History(tuple(each for each in past if each.number in kept))
    notes = [result.explanation] if result else []
    if len(shown) < len(past):
        notes.insert(0, f"{len(past) - len(shown)} earlier operations are not shown.")
    alt = " ".join([f"History of {', '.join(shown.processes) or 'nobody'}.", *notes])
    if order:
        steps = [f"{i} {each.process} {each.call}" for i, each in enumerate(order, 1)]
        notes.append(f"Order: {' · '.join(steps[-most:])}")
    if result and result.refused:
        notes.append(f"Cannot be placed: {result.refused.process} {result.refused}")
    words = "\n".join([drawing(shown), "", *notes]).strip("\n")
    layout, elements = _drawn(shown, result, proof)
    return Picture(sheet(layout, elements, alt), words, alt, layout)


def drawing(past: History) -> str:
    """The history in letters, as the tests' notation has it."""
    places = Lanes(past, lambda each: len(_label(each)) + 5, gap=2)
    margin = max((len(name) for name in past.processes), default=0) + 2
    lines = []
    for process, lane in places.lanes:
        line = f"{process}:".ljust(margin)
        for each in lane:
            start, end = round(places.start(each)), round(places.end(each))
            line = line.ljust(margin + start) + "|--" + _label(each)
            line = line.ljust(margin + end, "-") + (">" if each.outcome == "unknown" else "|")
        lines.append(line)
    return "\n".join(lines)


def _label(operation: Operation) -> str:
    return operation.call if operation.outcome == "unknown" else str(operation)


class Lanes:
    """Lanes from top to bottom, places of the events from left to right, in any unit.

    `needs` is the least length of an operation's bar. Successive events are at least `gap` apart.
    An open bar ends before the next bar of its client.
    """

    def __init__(self, past: History, needs: Callable[[Operation], float], gap: float) -> None:
        clients = sorted(past.processes, key=lambda name: (len(name), name))
        self.lanes = [(name, lane) for name in clients for lane in _lanes(past, name)]
        self.at: dict[int, float] = {}  # position of an event: its place
        starts = {each.invoked: each for each in past}
        ends = {each.completed: each for each in past if each.completed is not None}
        before = {b.invoked: a for _, lane in self.lanes for a, b in pairwise(lane)}
        free = 0.0
        for event in sorted({*starts, *ends}):
            least = free
            if event in ends:
                least = self.at[ends[event].invoked] + needs(ends[event])
            elif event in before:
                least = self.at[before[event].invoked] + needs(before[event]) + gap
            self.at[event] = max(free, least)
            free = self.at[event] + gap
        self.width = max((self.start(each) + needs(each) for each in past), default=0.0)
        self.width = max(self.width, free - gap)
        self._open = {a.number: self.at[b.invoked] - gap for _, lane in self.lanes
                      for a, b in pairwise(lane)}  # fmt: skip

    def start(self, operation: Operation) -> float:
        """Where its bar begins."""
        return self.at[operation.invoked]

    def end(self, operation: Operation) -> float:
        """Where its bar ends, or is cut off."""
        if operation.completed is not None:
            return self.at[operation.completed]
        return self._open.get(operation.number, self.width)

    def points(self, order: Sequence[Operation]) -> dict[int, float]:
        """A place inside each operation's bar, by number. The order runs to the right."""
        events = sorted(self.at)
        groups: dict[int, list[Operation]] = {}  # index of an event → what takes effect after it
        latest = -1
        for each in order:
            latest = max(latest, each.invoked)
            if each.invoked in self.at:
                groups.setdefault(bisect_right(events, latest) - 1, []).append(each)
        points = {}
        for index, group in groups.items():
            left = self.at[events[index]]
            right = self.at[events[index + 1]] if index + 1 < len(events) else self.width
            for count, each in enumerate(group, start=1):
                points[each.number] = left + (right - left) * count / (len(group) + 1)
        return points


def _lanes(past: History, process: str) -> list[list[Operation]]:
    """The operations of a client, in several lanes if several are under way at once."""
    lanes: list[list[Operation]] = []
    for each in past:
        if each.process == process:
            free = [lane for lane in lanes if (lane[-1].completed or 0) < each.invoked]
            free[0].append(each) if free else lanes.append([each])
    return lanes


def _drawn(
    shown: History, result: LinearizabilityResult | None, proof: set[int]
) -> tuple[Layout, list[str]]:
    places = Lanes(shown, lambda each: text_width(_label(each)) + 16, GAP)
    left = max([text_width(name, bold=True) for name in shown.processes] or [0]) + 24
    right, height = left + places.width, 16 + PITCH * len(places.lanes)
    order = result.order if result else ()
    points = places.points(order)
    refused = result.refused.number if result and result.refused else None
    out, named = [], set()
    for row, (process, lane) in enumerate(places.lanes):
        y = 12 + row * PITCH
        if process not in named:
            named.add(process)
            out.append(text("dl-name dl-bold", left - 12, y + 15, process))
        line = f'x1="{number(left)}" x2="{number(left + places.width)}"'
        out.append(f'<line class="dl-grid" {line} y1="{y + BAR / 2:g}" y2="{y + BAR / 2:g}"/>')
        for each in lane:
            x1, x2 = left + places.start(each), left + places.end(each)
            body = _bar(each, x1, x2, y, refused == each.number, each.number in proof)
            out.append(f"<g><title>{xml(f'{each.process} {each}')}</title>{body}</g>")
            if result and refused == each.number:
                words = f"✕ cannot be placed: {result.state}"
                right = max(right, x1 + text_width(words))
                out.append(text("dl-label dl-lost-text", x1, y + BAR + 13, words))
    numbers = {each.number: index for index, each in enumerate(order, start=1)}
    for row, (_, lane) in enumerate(places.lanes):
        for each in lane:
            if each.number in points:
                x, y = left + points[each.number], 12 + row * PITCH + BAR
                out.append(_point(x, y, numbers[each.number]))
    width = right + 16
    layout = Layout(width, height, left, left + places.width, 0, places.width)
    return layout, out


def _bar(operation: Operation, x1: float, x2: float, y: int, refused: bool, in_proof: bool) -> str:
    style = "dl-down" if refused else "dl-bar"
    style += " dl-witness" if in_proof else ""
    style += " dl-dimmed" if operation.outcome == "failed" else ""
    size = f'x="{number(x1)}" y="{y}" width="{number(x2 - x1)}" height="{BAR}" rx="3"'
    body = f'<rect class="{style}" {size}/>'
    if operation.outcome == "unknown":
        a, b = number(x1), number(x2)
        body = f'<path class="{style} dl-again" d="M{b} {y}H{a}V{y + BAR}H{b}"/>'
    elif refused:
        starts = range(0, max(1, int(x2 - x1) - BAR), 8)
        hatch = "".join(f"M{number(x1 + step)} {y + BAR}l{BAR} -{BAR}" for step in starts)
        body += f'<path class="dl-hatch" d="{hatch}"/>'
    doubt = " ?" if operation.outcome == "unknown" else ""
    return body + text("dl-label", x1 + 7, y + 15, _label(operation) + doubt)


def _point(x: float, y: int, index: int) -> str:
    tick = f'<line class="dl-witness" x1="{number(x)}" y1="{y - 3}" x2="{number(x)}" y2="{y + 5}"/>'
    badge = f'<circle class="dl-badge" cx="{number(x)}" cy="{y + 12}" r="9"/>'
    return tick + badge + text("dl-badge-text dl-bold", x, y + 16, str(index))
