"""Faults in a space-time diagram: a grip to take hold of, a stem down to what the fault strikes,
and, for faults of the network, a band over the time and the machines that it concerns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from distlab.sim.faults import ANY, KINDS, Fault, plain
from distlab.view.labels import Line, Room
from distlab.view.picture import Box, Layout, number, path, text, text_width, xml
from distlab.view.theme import ICONS, fault_words

if TYPE_CHECKING:
    from distlab.view.places import Places

SIZE, TRACK = 24, 30
"""Height of a grip, and from one row of grips to the next, in pixels."""


class Grip(NamedTuple):
    """A fault and its place: the middle of its knob, and where the grip with its words ends."""

    position: int
    fault: Fault
    end_us: float
    x: float
    y: float
    x1: float
    x2: float


def place(
    faults: Sequence[Fault], layout: Layout, healed_us: dict[str, int], last_us: int
) -> tuple[list[Grip], int]:
    """The grips of the faults that are on in the picture, and the number of their rows.

    Grips that would overlap are stacked. Two faults always have two rows, so that one can be
    dragged past the other and nothing else moves.
    """
    grips, ends, rows = [], list[float](), list[int]()
    for index, fault in enumerate(faults):
        end_us = healed_us.get(str(fault), fault.end_us or last_us)
        if not KINDS[fault.kind].lasts and str(fault) not in healed_us:
            end_us = fault.at_us
        if fault.at_ms > layout.to_ms or end_us < 1000 * layout.from_ms:
            continue
        x, words = max(layout.x(fault.at_ms), layout.left), text_width(fault_words(fault), 12) + 14
        leftward = x + SIZE / 2 + words > layout.width - 4
        x1, x2 = x - SIZE / 2 - words * leftward, x + SIZE / 2 + words * (not leftward)
        row = next((row for row, end in enumerate(ends) if end + 8 <= x1), len(ends))
        ends[row : row + 1] = [x2]
        rows.append(row)
        grips.append(Grip(index, fault, end_us, x, 0, x1, x2))
    count = max(len(ends), min(len(faults), 2))
    return [
        grip._replace(y=6 + (count - 1 - row) * TRACK + SIZE / 2)
        for grip, row in zip(grips, rows, strict=True)
    ], count


def draw_grip(grip: Grip, chosen: bool, horizon_ms: float) -> str:
    """The handle: a knob at the fault's instant with its sign, and its words beside it."""
    fault, words, at = grip.fault, fault_words(grip.fault), plain(grip.fault.at_ms)
    x, y = number(grip.x), number(grip.y)
    words_x = grip.x + 16 if grip.x1 > grip.x - SIZE else grip.x1 + 10
    return (
        f'<g class="dl-fault{" dl-chosen" * chosen}" data-fault="{grip.position}" tabindex="0" '
        f'role="slider" aria-label="{xml(words)}" aria-valuemin="0" '
        f'aria-valuemax="{plain(horizon_ms)}" aria-valuenow="{at}" aria-valuetext="at {at} ms">'
        f"<title>{xml(words)}: {KINDS[fault.kind].meaning}</title>"
        f'<rect class="dl-pill" x="{number(grip.x1)}" y="{number(grip.y - SIZE / 2)}" '
        f'width="{number(grip.x2 - grip.x1)}" height="{SIZE}" rx="{SIZE // 2}"/>'
        f'<circle class="dl-knob" cx="{x}" cy="{y}" r="10"/>'
        f'<path class="dl-icon" transform="translate({x} {y})" d="{ICONS[fault.kind]}"/>'
        f"{text('dl-fault-text', words_x, grip.y + 4, words)}</g>"
    )


def draw_reach(grip: Grip, machines: Sequence[str], places: Places, room: Room) -> str:
    """The stem and the band of a fault, and the walls of a partition; words will avoid them."""
    fault, elements = grip.fault, ""
    named = [name for name in machines if name in fault.machines]
    x2 = max(places.inside(grip.end_us), grip.x + 2)
    if KINDS[fault.kind].target == "machine":
        bottom = places.top[named[0]]
    else:
        if fault.kind != "partition" and ANY not in fault.target:  # between the two machines
            top, bottom = places.bottom[named[0]], places.top[named[-1]]
        else:
            named = [*machines] if ANY in fault.target else named
            top, bottom = places.top[named[0]] - 8, places.bottom[named[-1]] + 8
        elements = path("dl-band", Box(grip.x, top, x2, bottom).outline())
    if fault.at_ms >= places.layout.from_ms:
        stem = Line(grip.x, grip.y + SIZE / 2, grip.x, bottom)
        room.draw(stem, 1)
        elements += path("dl-stem", "M{} {}L{} {}".format(*map(number, stem)))
    if fault.kind == "partition":
        side = {name: index for index, group in enumerate(fault.groups) for name in group}
        for upper, lower in pairwise(named):
            if side[upper] != side[lower]:
                y = (places.bottom[upper] + places.top[lower]) / 2
                room.take(Box(grip.x, y, x2, y))
                elements += path("dl-wall", f"M{number(grip.x)} {number(y)}H{number(x2)}")
    return elements
