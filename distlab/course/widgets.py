"""The course's tools as widgets. Each button calls a method that a notebook may call as well.

A click is recorded in the learner's progress; the same method called from a cell records nothing
unless `record=True`. Every tool has a still: plain HTML and text that do not depend on progress and
keep answers in a closed part.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from distlab.course import cards, chapters, quiz
from distlab.course.controls import Choice, Panel, Said, button, html, read_out
from distlab.course.exercise_panel import ExercisePanel
from distlab.course.glossary import explained
from distlab.course.prediction import Guess, Judgement, Prediction
from distlab.lab.pinned import Pinned
from distlab.lab.widget import Lab
from distlab.scenario import Run
from distlab.view.spacetime import spacetime
from distlab.view.still import closed, coded, escape, items

__all__ = ["CourseMap", "ExercisePanel", "InterviewCard", "PredictionWidget", "QuizWidget"]

CHOOSE_FIRST = "→ Choose an answer first."
TYPE_FIRST = "→ Type a number first."
RIGHT: Said = ("good", "<b>✓ Right.</b>")
WRONG: Said = ("bad", "<b>✗ Not this.</b>")
PREDICTED: Said = ("good", "<b>✓ As you predicted.</b>")
NOT_SO: Said = ("bad", "<b>✗ Not in this run.</b>")
HAPPENED: Said = ("good", "<b>This happened.</b>")


class PredictionWidget(Panel):
    """A prediction. A lab's gate watches `guess`."""

    def __init__(self, prediction: Prediction) -> None:
        super().__init__("Prediction", "dl-narrow")
        self.prediction = prediction
        self.guess = Guess(prediction)
        self._seen: Run | None = None
        self.choose, self.skip = self.guess.choose, self.guess.skip
        self._options = Choice(f"Predict: {prediction.question}", prediction.answers)
        buttons = [button("Record prediction", self._click, main=True),
                   button("Skip", lambda: self.skip(record=True))]  # fmt: skip
        self._fill(self._options, ipywidgets.HBox(buttons), self._status)
        self.guess.watchers.append(self._update)
        self.guess.restore()

    def judge(self, run: Run, record: bool = False) -> Judgement:
        """Say how the prediction did, if it is about `run`. Another run leaves what was said."""
        judgement = self.guess.judge(run, record)
        if judgement.true:
            self._options.say(self._said(judgement))
            self._say("" if self.guess.chosen else "Skipped: this happened.")
        elif judgement.text:
            self._say(judgement.text)
        return judgement

    def here(self, run: Run) -> Pinned:
        """The run with its picture, which judges the prediction; covered until it is made."""
        self._seen = run
        if self.guess.open:
            self.judge(run, record=True)
        return Pinned(run, spacetime(run, highlight=run.deciding.witness), self.guess)

    def _said(self, judgement: Judgement) -> dict[int, Said]:
        """What stands below the options: the explanation is at the one that was chosen."""
        chosen = self.guess.chosen
        said = dict.fromkeys(judgement.true, HAPPENED)
        if chosen:
            said[chosen] = PREDICTED if chosen in said else NOT_SO
        place = chosen or judgement.true[0]
        return {**said, place: _because(said[place], self.prediction.explain)}

    def html(self) -> str:
        answers = items(self.prediction.answers, ordered=True)
        return f"<p><b>Predict:</b> {coded(self.prediction.question)}</p>{answers}"

    def text(self) -> str:
        answers = [f"\n  {n}. {answer}" for n, answer in enumerate(self.prediction.answers, 1)]
        return f"Predict: {self.prediction.question}{''.join(answers)}"

    def _click(self) -> None:
        if self._options.chosen:
            self.choose(self._options.chosen[0], record=True)
            if self._seen is not None:
                self.judge(self._seen, record=True)
        else:
            self._say(CHOOSE_FIRST)

    def _update(self, guess: Guess) -> None:
        self._options.chosen, self._options.said = [guess.chosen] if guess.chosen else [], {}
        self._say(guess.text)
        if self._seen is not None and guess.open:
            self.judge(self._seen)
        self._warn()


class QuizWidget(Panel):
    """A quiz. `feedback` holds the texts that the answers so far got, by question."""

    def __init__(self, questions: quiz.Quiz) -> None:
        super().__init__("Quiz", "dl-narrow")
        self.quiz = questions
        self.feedback: dict[str, str] = {}
        self._inputs = {name: _choice(each) for name, each in questions.questions.items()}
        self._statuses = {name: html() for name in questions.questions}
        for name, status in self._statuses.items():
            if self.kept.get(questions.key(name)).get("correct"):
                status.value = read_out("✓ You have answered this question correctly.")
        self._fill(*map(self._box, questions.questions))

    def answer(self, question_id: str, given: quiz.Given, record: bool = False) -> quiz.Feedback:
        """Give an answer: its number, a list of numbers, or the number asked for."""
        question = self.quiz[question_id]
        feedback = question.mark(given)
        self.feedback[question_id] = feedback.text()
        if question.kind == "number":
            said = {1: _because(RIGHT if feedback.correct else WRONG, feedback.reason)}
            missing = ""
        else:
            chosen = [int(n) for n in (given if isinstance(given, Sequence) else [given])]
            said = {n: _because(RIGHT if n in question.correct else WRONG,
                                question.answers[n - 1]["feedback"]) for n in chosen}  # fmt: skip
            missing = question.missing(chosen)
            self._inputs[question_id].chosen = chosen
        self._inputs[question_id].say(said)
        self._statuses[question_id].value = read_out(missing)
        if record:
            self._record(self.quiz.key(question_id), correct=feedback.correct)
        return feedback

    def html(self) -> str:
        return "".join(
            f"<p><b>{coded(question.asked())}</b></p>"
            + items((answer["text"] for answer in question.answers), ordered=True)
            + closed("Answer", f"<p>{coded(question.solution())}</p>")
            for question in self.quiz.questions.values()
        )

    def text(self) -> str:
        return "\n\n".join(f"[{q.id}] {q.shown()}" for q in self.quiz.questions.values())

    def _box(self, name: str) -> ipywidgets.Widget:
        check = button("Check answer", lambda: self._click(name))
        box = ipywidgets.VBox([self._inputs[name], check, self._statuses[name]])
        box.add_class("dl-question")
        return box

    def _click(self, name: str) -> None:
        kind, field = self.quiz[name].kind, self._inputs[name]
        given: Any = list(field.chosen)
        if kind == "number":
            given = _number(field.typed)
        elif kind == "single" and given:
            given = given[0]
        if given in (None, []):
            missing = TYPE_FIRST if kind == "number" else CHOOSE_FIRST
            self._statuses[name].value = read_out(missing)
        else:
            self.answer(name, given, record=True)


class CourseMap(Panel):
    """The chapters, and in the browser how far the learner is."""

    def __init__(self) -> None:
        super().__init__("Course map")
        self._table = html()
        self._fill(self._table, button("Refresh", self.refresh))
        self.refresh()

    def refresh(self) -> None:
        """Read progress again."""
        self._table.value = chapters.live_map(self.kept.entries(), Path.cwd())
        self._warn()

    def html(self) -> str:
        return chapters.map_html()

    def text(self) -> str:
        return chapters.map_text()


class InterviewCard(Panel):
    """An interview card: answer first, compare, tick what you said."""

    def __init__(self, card: cards.Card) -> None:
        super().__init__("Interview question", "dl-narrow")
        self.card = card
        self.lab: Lab | None = None
        self._points = Choice("Tick what you said:", card.points, kind="multiple")
        self._rest = ipywidgets.VBox()
        answer = ipywidgets.Textarea(
            description="Your answer",
            placeholder="Say it aloud, or write it here, before you compare.",
        )
        compare = button("Compare", self.reveal, main=True)
        self._fill(html(f"<h3>{coded(card.question)}</h3>"), answer, compare, self._rest)

    def reveal(self) -> None:
        """Show what an interviewer listens for, the follow-ups, the trap and the lab."""
        save = button("Record what I said", lambda: self.score(record=True))
        proof = button("Open the lab that proves it", self.open_lab)
        self._rest.children = [self._points, save, self._status, html(self._after()), proof]

    def open_lab(self) -> Lab:
        """The lab that proves the point, below all that was said."""
        if self.lab is None:
            self.lab = Lab(self.card.lab)
            self._fill(*self.children[1:-1], self.lab)
        return self.lab

    def score(self, record: bool = False) -> str:
        """How many of the points are ticked."""
        ticked = list(self._points.chosen)
        text = f"{len(ticked)} of {len(self.card.points)} points"
        self._say(text)
        if record:
            self._record(self.card.key, said=ticked, of=len(self.card.points))
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
        return explained(
            f"<p>They may go on:</p>{follow_ups}<p><b>The trap:</b> {coded(self.card.trap)}</p>"
            f"<p><b>The lab that proves it:</b> <code>{escape(self.card.lab)}</code></p>"
        )


def _choice(question: quiz.Question) -> Choice:
    if question.kind == "number":
        return Choice(question.question, [question.unit or "Answer"], "number")
    return Choice(question.question, [each["text"] for each in question.answers], question.kind)


def _because(said: Said, reason: str) -> Said:
    return said[0], f"{said[1]} {explained(coded(reason))}".rstrip()


def _number(text: str) -> float | None:
    """The number that was typed, as `4096` or `4,096`; None for anything else."""
    try:
        number = float(re.sub(r",(?=\d{3}\b)", "", text))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
