"""An id, bit by bit, with the meaning of each field."""

from collections.abc import Sequence
from typing import NamedTuple

from distlab.view.picture import Box, Layout, Picture, path, sheet, text

WIDE, LEFT, TOP, HIGH, GAP, LINE = 960, 12, 30, 26, 34, 18
ROW = 64


class BitField(NamedTuple):
    """Some bits of a number, counted from the top. `words` say their value and its meaning."""

    name: str
    bits: int
    value: int
    words: str


def bits(title: str, fields: Sequence[BitField]) -> Picture:
    """One cell for each bit, 64 in a row, a frame for each field, and the words below."""
    total = sum(each.bits for each in fields)
    room = WIDE - 2 * LEFT
    cell, rows = room / ROW, -(-total // ROW)
    out = [text("dl-bold", LEFT, 16, title, room)]
    start = 0
    for index, each in enumerate(fields):
        digits = f"{each.value:0{each.bits}b}"
        for row in range(start // ROW, (start + each.bits - 1) // ROW + 1):
            first, last = max(start, row * ROW), min(start + each.bits, (row + 1) * ROW)
            x, y = LEFT + (first - row * ROW) * cell, TOP + row * (HIGH + GAP)
            box = Box(x, y, x + (last - first) * cell, y + HIGH)
            out.append(path("dl-bar" if index % 2 else "dl-call", box.outline(), title=each.name))
            for place, digit in enumerate(digits[first - start : last - start]):
                out.append(text("dl-tick", x + (place + 0.5) * cell, y + 17, digit))
            out.append(text("", x, y + HIGH + 14, each.name, box.x2 - box.x1))
        start += each.bits
    lines = [f"{name} ({bits} bit{'s' * (bits > 1)}): {words}" for name, bits, _, words in fields]
    below = TOP + rows * (HIGH + GAP)
    out += [text("", LEFT, below + LINE * n, line, room) for n, line in enumerate(lines)]
    height = below + LINE * len(lines)
    alt = f"{title}, as {total} bits: " + "; ".join(" ".join(line.split()) for line in lines)
    layout = Layout(WIDE, height, LEFT, WIDE - LEFT, 0, total)
    return Picture(sheet(layout, out, alt), "\n".join([title, *lines]), alt, layout)
