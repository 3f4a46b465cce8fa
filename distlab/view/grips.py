"""Faults in a space-time diagram: a grip to drag, a stem down to the fault's target and, for faults
of the network, a band over their time and their machines.
"""

from collections.abc import Sequence
from itertools import pairwise

from distlab.host import plain
from distlab.sim.faults import ANY, KINDS
from distlab.view.labels import Line, Room
from distlab.view.picture import Box, number, path, text, xml
from distlab.view.places import SIZE, Grip, Places
from distlab.view.theme import fault_words


def draw_grip(grip: Grip, chosen: bool, horizon_ms: float) -> str:
    """The grip: a knob with the fault's sign at its instant, and the fault's words beside it."""
    fault, words, at = grip.fault, fault_words(grip.fault), plain(grip.at_us / 1000)
    x, y = number(grip.x), number(grip.y)
    words_x = grip.x + 16 if grip.x1 > grip.x - SIZE else grip.x1 + 10
    return (
        f'<g class="dl-fault{" dl-chosen" * chosen}" data-fault="{grip.position}" tabindex="0" '
        f'role="slider" aria-label="{xml(words)}" aria-valuemin="0" '
        f'aria-valuemax="{plain(horizon_ms)}" aria-valuenow="{at}" aria-valuetext="at {at} ms">'
        f"<title>{xml(words)}: {KINDS[fault.kind].meaning}</title>"
        f'<rect class="dl-pill" x="{number(grip.x1)}" y="{number(grip.y - SIZE / 2)}" '
        f'width="{number(grip.x2 - grip.x1)}" height="{SIZE}" rx="{SIZE // 2}"/>'
        f'<circle class="dl-knob" cx="{x}" cy="{y}" r="{SIZE // 2}"/>'
        f'<path class="dl-icon" transform="translate({x} {y})" d="{KINDS[fault.kind].icon}"/>'
        f"{text('dl-fault-text', words_x, grip.y + 4, words)}</g>"
    )


def draw_reach(grip: Grip, machines: Sequence[str], places: Places, room: Room) -> str:
    """The stem and the band of a fault, and the walls of a partition. Words avoid them."""
    fault, elements = grip.fault, ""
    strikes, anywhere = KINDS[fault.kind].target, ANY in fault.target
    named = [name for name in machines if name in fault.machines]
    x2 = max(places.inside(grip.end_us), grip.x + 2)
    if not named and not anywhere:  # it strikes one message
        bottom = places.layout.top
    elif strikes == "machine":
        bottom = places.top[named[0]]
    else:
        if strikes == "link" and not anywhere:  # between the two machines
            top, bottom = places.bottom[named[0]], places.top[named[-1]]
        else:
            named = [*machines] if anywhere else named
            top, bottom = places.top[named[0]] - 8, places.bottom[named[-1]] + 8
        elements = path("dl-band", Box(grip.x, top, x2, bottom).outline())
    if grip.at_us >= 1000 * places.layout.from_ms:
        stem = Line(grip.x, grip.y + SIZE / 2, grip.x, bottom)
        room.draw(stem, 1)
        elements += path("dl-stem", "M{} {}L{} {}".format(*map(number, stem)))
    if strikes == "groups":
        side = {name: index for index, group in enumerate(fault.groups) for name in group}
        for upper, lower in pairwise(named):
            if side[upper] != side[lower]:
                y = (places.bottom[upper] + places.top[lower]) / 2
                room.take(Box(grip.x, y, x2, y))
                elements += path("dl-wall", f"M{number(grip.x)} {number(y)}H{number(x2)}")
    return elements
