"""The course's tools as widgets. Each button calls a method that a notebook may call as well.

A click is recorded in the learner's progress; the same method called from a cell records nothing
unless `record=True`. Every tool has a still: plain HTML and text that do not depend on progress and
keep answers in a closed part.
"""

import math
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import ipywidgets

from distlab.course import cards, chapters, quiz
from distlab.course.exercise import Exercise, Result
from distlab.course.oracle import Oracle
from distlab.course.prediction import Guess, Judgement, Prediction
from distlab.course.progress import progress
from distlab.scenario import Run
from distlab.view.still import Still, closed, coded, escape, items
from distlab.view.theme import STILLS

WIDE = {"width": "auto", "max_width": "46rem"}
CHOOSE_FIRST = "→ Choose an answer first."
TYPE_FIRST = "→ Type a number first."
STYLE = f"<style>{STILLS}\n{(Path(__file__).parent / 'course.css').read_text('utf-8')}</style>"


class Panel(Still, ipywidgets.VBox):  # type: ignore[misc]
    """A tool of the course. Its last line warns when progress cannot be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = progress()
        self._status, self._warning = _html(), _html()

    def _fill(self, *parts: ipywidgets.Widget) -> None:
        self.add_class("distlab-course")
        self.children = [_html(STYLE), *parts, self._warning]
        self._warn()

    def _say(self, text: str) -> None:
        self._status.value = _read_out(text)

    def _record(self, key: str, **facts: Any) -> None:
        self.kept.record(key, **facts)
        self._warn()

    def _warn(self) -> None:
        self._warning.value = _read_out(f"⚠ {self.kept.warning}") if self.kept.warning else ""


class PredictionWidget(Panel):
    """A prediction. A lab's gate watches `guess`."""

    def __init__(self, prediction: Prediction) -> None:
        super().__init__()
        self.prediction = prediction
        self.guess = Guess(prediction)
        self.choose, self.skip = self.guess.choose, self.guess.skip
        self._options = _choose_one(prediction.answers, "Prediction")
        buttons = [
            _button("Record prediction", "check", self._click),
            _button("Skip", "forward", lambda: self.skip(record=True)),
        ]
        question = _html(f"<b>Predict:</b> {coded(prediction.question)}")
        self._fill(question, self._options, ipywidgets.HBox(buttons), self._status)
        self.guess.watchers.append(self._update)
        self.guess.restore()

    def judge(self, run: Run, record: bool = False) -> Judgement:
        """Say how the prediction did, if it is about `run`."""
        judgement = self.guess.judge(run, record)
        self._say(judgement.text or self.guess.text)
        return judgement

    def html(self) -> str:
        answers = items(self.prediction.answers, ordered=True)
        return f"<p><b>Predict:</b> {coded(self.prediction.question)}</p>{answers}"

    def text(self) -> str:
        answers = [f"\n  {n}. {answer}" for n, answer in enumerate(self.prediction.answers, 1)]
        return f"Predict: {self.prediction.question}{''.join(answers)}"

    def _click(self) -> None:
        if self._options.value is None:
            self._say(CHOOSE_FIRST)
        else:
            self.choose(self._options.value, record=True)

    def _update(self, guess: Guess) -> None:
        self._options.value = guess.chosen
        self._say(guess.text)
        self._warn()


class QuizWidget(Panel):
    """A quiz. `feedback` holds the texts that the answers so far got, by question."""

    def __init__(self, questions: quiz.Quiz) -> None:
        super().__init__()
        self.quiz = questions
        self.feedback: dict[str, str] = {}
        self._statuses = {name: _html() for name in questions.questions}
        for name, status in self._statuses.items():
            if self.kept.get(questions.key(name)).get("correct"):
                status.value = _read_out("✓ You have answered this question correctly.")
        self._fill(*map(self._box, questions.questions.values()))

    def answer(self, question_id: str, given: quiz.Given, record: bool = False) -> quiz.Feedback:
        """Give an answer: its number, a list of numbers, or the number asked for."""
        feedback = self.quiz[question_id].mark(given)
        self.feedback[question_id] = feedback.text()
        self._statuses[question_id].value = _read_out(feedback.text())
        if record:
            self._record(self.quiz.key(question_id), correct=feedback.correct)
        return feedback

    def html(self) -> str:
        return "".join(
            f"<p><b>{coded(question.question)}</b></p>"
            + items((answer["text"] for answer in question.answers), ordered=True)
            + closed("Answer", f"<p>{coded(question.solution())}</p>")
            for question in self.quiz.questions.values()
        )

    def text(self) -> str:
        return "\n\n".join(f"[{q.id}] {q.shown()}" for q in self.quiz.questions.values())

    def _box(self, question: quiz.Question) -> ipywidgets.Widget:
        texts = [answer["text"] for answer in question.answers]
        missing = TYPE_FIRST if question.kind == "number" else CHOOSE_FIRST
        if question.kind == "number":
            unit = question.unit or "Answer"
            inputs = [ipywidgets.Text(description=unit, placeholder="a number")]
        elif question.kind == "single":
            inputs = [_choose_one(texts, "Answer")]
        else:
            inputs = [_tick(text) for text in texts]

        def click() -> None:
            given: Any = inputs[0].value
            if question.kind == "multiple":
                given = [n for n, box in enumerate(inputs, 1) if box.value] or None
            elif question.kind == "number":
                given = _number(given)
            if given is None:
                self._statuses[question.id].value = _read_out(missing)
            else:
                self.answer(question.id, given, record=True)

        title = _html(f"<b>{coded(question.question)}</b>")
        check = _button("Check answer", "check", click)
        parts = [title, *inputs, check, self._statuses[question.id]]
        return ipywidgets.VBox(parts, layout={"margin": "0 0 1em 0"})


class ExercisePanel(Panel):
    """An exercise: hints one after another, the check, the solution.

    The check takes what the notebook calls by the exercise's `name` at that moment.
    """

    def __init__(self, exercise: Exercise | Oracle) -> None:
        super().__init__()
        self.exercise = exercise
        self.result: Result | None = None
        self._hints = 0
        self._hint_text, self._answer = _html(), _html()
        self._hint_button = _button("Hint 1 of 3", "lightbulb-o", self.hint)
        buttons = [
            _button("Check", "check", lambda: self.check(record=True)),
            self._hint_button,
            _button("Solution", "eye", self.solution),
        ]
        if self.kept.get(exercise.key).get("correct"):
            self._say("✓ You have solved this exercise.")
        parts = [ipywidgets.HBox(buttons), self._hint_text, self._status, self._answer]
        self._fill(_html(self._task()), *parts)

    def check(self, solution: Any = None, record: bool = False) -> Result:
        """Judge `solution`, or what the notebook calls by the exercise's name."""
        if solution is None:
            solution = vars(sys.modules["__main__"]).get(self.exercise.name)
        self._say("… running")
        self.result = self.exercise.check(solution)
        self._status.value = self.result.html()
        if record:
            kind = self.result.kind
            self._record(
                self.exercise.key, result=kind, correct=lambda was: bool(was) or kind == "correct"
            )
        return self.result

    def hint(self) -> str:
        """The next hint; the last one again when there are no more."""
        hints = self.exercise.texts.hints
        self._hints = min(self._hints + 1, len(hints))
        self._hint_text.value = items(hints[: self._hints], ordered=True)
        self._hint_button.disabled = self._hints == len(hints)
        following = min(self._hints + 1, len(hints))
        self._hint_button.description = f"Hint {following} of {len(hints)}"
        return hints[self._hints - 1]

    def solution(self) -> str:
        """The source of the reference solution."""
        self._answer.value = f"<pre>{escape(self.exercise.source())}</pre>"
        return self.exercise.source()

    def html(self) -> str:
        revealed = [f"<p>{coded(hint)}</p>" for hint in self.exercise.texts.hints]
        revealed.append(f"<pre>{escape(self.exercise.source())}</pre>")
        names = ("Hint 1", "Hint 2", "Hint 3", "Solution")
        return self._task() + "".join(map(closed, names, revealed))

    def text(self) -> str:
        return f"Exercise: {self.exercise.texts.title}\n{self.exercise.texts.task}"

    def _task(self) -> str:
        texts = self.exercise.texts
        return f"<p><b>{escape(texts.title)}</b></p><p>{coded(texts.task)}</p>"


class CourseMap(Panel):
    """The chapters, and in the browser how far the learner is."""

    def __init__(self) -> None:
        super().__init__()
        self._table = _html()
        self._fill(self._table, _button("Refresh", "refresh", self.refresh))
        self.refresh()

    def refresh(self) -> None:
        """Read progress again."""
        self._table.value = chapters.map_html(self.kept.entries())
        self._warn()

    def html(self) -> str:
        return chapters.map_html()

    def text(self) -> str:
        return chapters.map_text()


class InterviewCard(Panel):
    """An interview card: answer first, compare, tick what you said."""

    def __init__(self, card: cards.Card) -> None:
        super().__init__()
        self.card = card
        self._ticks = [_tick(point) for point in card.points]
        self._rest = ipywidgets.VBox()
        answer = ipywidgets.Textarea(
            description="Your answer", layout=WIDE,
            placeholder="Say it aloud, or write it here, before you compare.",
        )  # fmt: skip
        compare = _button("Compare", "eye", self.reveal)
        self._fill(_html(f"<b>{coded(card.question)}</b>"), answer, compare, self._rest)

    def reveal(self) -> None:
        """Show what an interviewer listens for, the follow-ups, the trap and the lab."""
        save = _button("Record what I said", "check", lambda: self.score(record=True))
        listened_for = [_html("<b>Tick what you said:</b>"), *self._ticks, save, self._status]
        self._rest.children = [*listened_for, _html(self._after())]

    def score(self, record: bool = False) -> str:
        """How many of the points are ticked."""
        ticked = [n for n, tick in enumerate(self._ticks, 1) if tick.value]
        text = f"{len(ticked)} of {len(self._ticks)} points"
        self._say(text)
        if record:
            self._record(self.card.key, said=ticked, of=len(self._ticks))
        return text

    def html(self) -> str:
        inner = f"<p>An interviewer listens for:</p>{items(self.card.points)}{self._after()}"
        return f"<p><b>{coded(self.card.question)}</b></p>{closed('Compare', inner)}"

    def text(self) -> str:
        return f"Interview: {self.card.question}"

    def _after(self) -> str:
        follow_ups = "".join(
            closed(follow_up["question"], f"<p>{coded(follow_up['answer'])}</p>")
            for follow_up in self.card.follow_ups
        )
        return (
            f"<p>They may go on:</p>{follow_ups}<p><b>The trap:</b> {coded(self.card.trap)}</p>"
            f"<p><b>The lab that proves it:</b> <code>{escape(self.card.lab)}</code></p>"
        )


def _html(value: str = "") -> ipywidgets.HTML:
    return ipywidgets.HTML(value, layout=WIDE)


def _read_out(text: str) -> str:
    """A line that a screen reader reads out when it changes."""
    return f'<div role="status">{coded(text)}</div>'


def _button(description: str, icon: str, action: Callable[[], Any]) -> ipywidgets.Button:
    button = ipywidgets.Button(description=description, icon=icon, layout={"width": "auto"})
    button.on_click(lambda _: action())
    return button


def _choose_one(texts: Iterable[str], description: str) -> ipywidgets.RadioButtons:
    options = [(text, n) for n, text in enumerate(texts, 1)]
    return ipywidgets.RadioButtons(
        options=options, value=None, description=description, layout={"width": "auto"}
    )


def _tick(text: str) -> ipywidgets.Checkbox:
    return ipywidgets.Checkbox(description=text, indent=False, layout=WIDE)


def _number(text: str) -> float | None:
    """The number that was typed, as `4096` or `4,096`; None for anything else."""
    try:
        number = float(re.sub(r",(?=\d{3}\b)", "", text))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
