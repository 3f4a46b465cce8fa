"""Histories written as drawings.

The drawing of a paper can be typed as it stands: a line a process, a bar an operation, time to
the right::

    A: |--write(x, 1)--|        |--read(x) → 0--|
    B:        |--write(x, 2)---------->

A bar ends in ``|`` (ok), in ``>`` (unknown: still open at the end) or, with the word ``failed``
before it, in a definite no. Only the order of the ends counts: at the same column an invocation
comes before a completion, so that bars which touch overlap. Values are Python literals or bare
words.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from distlab.check.history import Ending, History, Operation
from distlab.check.models import Model, cas_register, key_value, mutex, queue, register
from distlab.host import BadInput

BAR = re.compile(
    r"\|[-\s]*(?P<function>\w+)\((?P<inside>[^)]*)\)"
    r"(?:\s*(?:→|->)\s*(?P<result>[^\s|>][^|>]*?))?(?P<failed>\s+failed)?\s*-*(?P<end>[|>])"
)


def history(drawing: str) -> History:
    """The history that a drawing shows. Raises `BadInput` naming a line not understood."""
    bars: list[tuple[str, re.Match[str]]] = []
    for number, line in enumerate(drawing.strip("\n").splitlines(), start=1):
        process, colon, row = line.partition(":")
        if not line.strip():
            continue
        if not colon or BAR.sub("", row).strip():
            raise BadInput(f"line {number} is not `name: |--function(key, value)--| …`: {line!r}")
        bars += [(process.strip(), bar) for bar in BAR.finditer(" " * (len(process) + 1) + row)]
    ends = [(bar.start(), 0, index) for index, (_, bar) in enumerate(bars)]
    ends += [(bar.end() - 1, 1, index) for index, (_, bar) in enumerate(bars) if bar["end"] == "|"]
    position = {(index, kind): rank for rank, (_, kind, index) in enumerate(sorted(ends))}
    operations = []
    for index, (process, bar) in enumerate(bars):
        outcome: Ending = "unknown" if bar["end"] == ">" else "failed" if bar["failed"] else "ok"
        key, *arguments = (part.strip() for part in bar["inside"].split(","))
        values = tuple(_value(each) for each in arguments)
        operations.append(
            Operation(
                number=position[index, 0] + 1,
                process=process,
                function=bar["function"],
                key=key,
                argument=values if len(values) > 1 else values[0] if values else None,
                result=_value(bar["result"] or "None"),
                outcome=outcome,
                invoked=position[index, 0],
                completed=position.get((index, 1)),
            )
        )
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


def _value(word: str) -> Any:
    try:
        return ast.literal_eval(word.strip())
    except (SyntaxError, ValueError):
        return word.strip()


MODELS = {
    "register": register,
    "cas-register": cas_register,
    "key-value": key_value,
    "mutex": mutex,
    "queue": queue,
}


def drawings(name: str) -> list[tuple[str, Model, str, str]]:
    """What a file of drawings holds: (title, model, what is said of it, drawing)."""
    found = []
    for section in (Path(__file__).parent / name).read_text("utf-8").strip().split("\n\n"):
        title, said, drawing = section.split("\n", 2)
        kind, _, said = said.partition(": ")
        model, *initial = kind.split()
        found.append((title, MODELS[model](*map(int, initial)), said, drawing))
    return found
