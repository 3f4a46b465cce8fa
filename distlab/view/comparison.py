"""Runs beside each other: a small coloured table, and the same in aligned letters."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from distlab.host import BadInput
from distlab.scenario import Outcome, Run
from distlab.sim.faults import schedule_text
from distlab.view.still import Still, aligned, escape
from distlab.view.theme import COLOURS, TONES


class Cell(NamedTuple):
    """A text in a table, in the colours of its tone. `why` is shown on hover."""

    text: str
    tone: str = ""
    why: str = ""

    def html(self, tag: str) -> str:
        style, why = "text-align:left;vertical-align:top", ""
        if self.tone:
            style += (
                f";background:{COLOURS[self.tone][0]}4d"  # three tenths of it, on light and dark
            )
        if self.why:
            why = f' title="{escape(self.why)}"'
        return f'<{tag} style="{style}"{why}>{escape(self.text)}</{tag.split()[0]}>'


@dataclass(frozen=True)
class Comparison(Still):
    """A row for each run; the first is the head."""

    rows: tuple[tuple[Cell, ...], ...]

    def html(self) -> str:
        head, *rows = self.rows
        lines = ["".join(cell.html('th scope="col"') for cell in head)]
        lines += [row[0].html('th scope="row"') + "".join(cell.html("td") for cell in row[1:])
                  for row in rows]  # fmt: skip
        return f"<table><tr>{'</tr><tr>'.join(lines)}</tr></table>"

    def text(self) -> str:
        return "\n".join(aligned([cell.text for cell in row] for row in self.rows))


def compare(runs: Iterable[Run], *verdicts: str) -> Comparison:
    """Show runs beside each other: in what they differ, how each ended, and why.

    With names of verdicts a column for each of these stands in the place of outcome and reason.
    Raises `BadInput` when there are no runs.
    """
    runs = tuple(runs)
    if not runs:
        raise BadInput("compare: there are no runs")
    settings = [{"scenario": run.scenario.id, **run.knobs, "seed": run.seed,
                 "faults": schedule_text(run.faults) or "none"} for run in runs]  # fmt: skip
    names = [name for name in settings[0] if len({setting.get(name) for setting in settings}) > 1]
    head = (*names, *(verdicts or ("outcome", "why")))
    rows = [
        (*(Cell(str(setting.get(name, ""))) for name in names), *_ending(run, verdicts))
        for run, setting in zip(runs, settings, strict=True)
    ]
    return Comparison((tuple(map(Cell, head)), *rows))


def _ending(run: Run, verdicts: tuple[str, ...]) -> tuple[Cell, ...]:
    if not verdicts:
        return _marked(run.outcome.name, run.outcome), Cell(run.deciding.explanation)
    judged = (run.verdict(name) for name in verdicts)
    return tuple(_marked(each.word, run.scenario.outcome_of(each), each.explanation)
                 for each in judged)  # fmt: skip


def _marked(words: str, outcome: Outcome, why: str = "") -> Cell:
    return Cell(f"{TONES[outcome.tone][1]} {words}", outcome.tone, why)
