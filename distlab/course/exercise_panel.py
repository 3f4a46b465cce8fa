"""An exercise as a widget: hints one after another, the check, the solution, the run that fails.

The check judges what the learner's cell says at that moment (`distlab.course.cell`). A panel that
is made again in the same kernel goes on where the last one of that exercise was: the cell of the
solution often shows the panel as well, and it runs after each change.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets

from distlab.course.cell import Definition, definition
from distlab.course.controls import CheckButton, Panel, button, html, wide
from distlab.course.exercise import Exercise, Result, ended_by
from distlab.course.oracle import Oracle
from distlab.lab.widget import Lab
from distlab.view.still import closed, coded, escape, items
from distlab.view.theme import stylesheet

TONE = {"correct": "good", "incorrect": "bad", "error": "bad", "not attempted": "unknown"}


@dataclass
class Memory:
    """What a kernel remembers of an exercise."""

    hints: int = 0
    solution: bool = False
    result: Result | None = None
    judged: Definition | None = None


_MEMORIES: dict[tuple[Path, str], Memory] = {}


class ExercisePanel(Panel):
    """The panel of an exercise or an oracle. Its methods do what its buttons do."""

    def __init__(self, exercise: Exercise | Oracle) -> None:
        super().__init__(f"Exercise: {exercise.texts.title}")
        self.exercise = exercise
        self.lab: Lab | None = None
        self._memory = _MEMORIES.setdefault((self.kept.path, exercise.key), Memory())
        self._hint_text, self._answer, self._shown = html(), html(), html()
        self._hint_button = button("", self.hint)
        self._open_button = button("Open this run in a lab", self.open_lab)
        self._place = ipywidgets.VBox()
        buttons = [CheckButton(self, self._click), self._hint_button,
                   button("Solution", self.solution)]  # fmt: skip
        parts = [ipywidgets.HBox(buttons), self._hint_text, self._answer, self._status]
        self._fill(html(self._task()), *parts, self._place, self._shown)
        self._remember()

    @property
    def result(self) -> Result | None:
        """What the last check found, also that of an earlier panel of this exercise."""
        return self._memory.result

    def check(self, solution: Any = None, record: bool = False) -> Result:
        """Judge `solution`, or what the notebook calls by the exercise's name."""
        return self._check(
            definition(self.exercise.name) if solution is None else Definition(solution, ""), record
        )

    def hint(self) -> str:
        """The next hint; the last one again when there are no more."""
        hints = self.exercise.texts.hints
        self._memory.hints = min(self._memory.hints + 1, len(hints))
        self._show_hints()
        return hints[self._memory.hints - 1]

    def solution(self) -> str:
        """The source of the reference solution."""
        self._memory.solution = True
        self._answer.value = f"<pre>{escape(self.exercise.source())}</pre>"
        return self.exercise.source()

    def open_lab(self) -> Lab | None:
        """A lab with the learner's code, at the run that the panel shows; None if it shows none."""
        if self.result and self.result.runs_shown:
            run = self.result.runs_shown[0].run
            knobs: dict[str, Any] = dict(run.knobs)
            self.lab = Lab(run.scenario, seed=run.seed, faults=run.faults, **knobs)
            self._place.children = [self.lab]
            self._draw(self.result, opened=False)
        return self.lab

    def html(self) -> str:
        revealed = [f"<p>{coded(hint)}</p>" for hint in self.exercise.texts.hints]
        revealed.append(f"<pre>{escape(self.exercise.source())}</pre>")
        names = ("Hint 1", "Hint 2", "Hint 3", "Solution")
        task = f"<p><b>{escape(self.exercise.texts.title)}</b></p>{self._words()}"
        return task + "".join(map(closed, names, revealed))

    def text(self) -> str:
        return f"Exercise: {self.exercise.texts.title}\n{self.exercise.texts.task}"

    def _task(self) -> str:
        return f"<h3>{escape(self.exercise.texts.title)}</h3>{self._words()}"

    def _words(self) -> str:
        return f"<p>{coded(self.exercise.texts.task)}</p>"

    def _click(self, text: str | None) -> None:
        self._say("… running")
        try:
            found = definition(self.exercise.name, text)
        except BaseException as error:
            self._keep(ended_by(error, self.exercise.name, 0), None, record=True)
        else:
            self._check(found, record=True)

    def _check(self, found: Definition, record: bool) -> Result:
        self._say("… running")
        return self._keep(self.exercise.check(found.value), found, record)

    def _keep(self, result: Result, judged: Definition | None, record: bool) -> Result:
        self._memory.result, self._memory.judged = result, judged
        self._show_result()
        if record:
            kind = result.kind
            self._record(
                self.exercise.key, result=kind, correct=lambda was: bool(was) or kind == "correct"
            )
        return result

    def _remember(self) -> None:
        self._show_hints()
        if self._memory.solution:
            self.solution()
        if self.result:
            self._show_result()
        elif self.kept.get(self.exercise.key).get("correct"):
            self._say("✓ You have solved this exercise.")

    def _show_hints(self) -> None:
        hints, shown = self.exercise.texts.hints, self._memory.hints
        self._hint_text.value = items(hints[:shown], ordered=True)
        self._hint_button.disabled = shown == len(hints)
        self._hint_button.description = f"Hint {min(shown + 1, len(hints))} of {len(hints)}"

    def _show_result(self) -> None:
        """The words of the last check; the first run of those that fail, drawn; a way into it."""
        result, judged = self._memory.result, self._memory.judged
        if result is None:
            return
        words = judged.words(self.exercise.name) if judged else ""
        note = f'<p class="dl-muted">Judged: {coded(words)}</p>' if words else ""
        self._status.value = (
            f'<div class="dl-result" data-tone="{TONE[result.kind]}">{note}{result.said()}</div>'
        )
        self._draw(result)
        self._place.children = [self._open_button] if result.runs_shown else []

    def _draw(self, result: Result, opened: bool = True) -> None:
        drawn = "".join(
            closed(
                each.summary,
                f"<p><code>{escape(each.run.token)}</code></p>{wide(each.picture().svg)}",
                opened=opened and not number and result.kind != "correct",
            )
            for number, each in enumerate(result.runs_shown)
        )
        self._shown.value = f"<style>{stylesheet(live=True)}</style>{drawn}" if drawn else ""
