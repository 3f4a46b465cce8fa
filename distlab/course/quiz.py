"""Quizzes: every answer has a feedback that says why it is right, or why it is tempting.

`data/quizzes/NN_chapter.yaml` is a list of questions; those with `pretest: true` are asked before
the chapter. Answers are numbered from 1, as they are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distlab.course.content import NAME, TEXT, BadContent, chapter, entries, find, record, several
from distlab.host import BadInput, is_number, pick
from distlab.view.still import Still

Given = float | Sequence[float]

CHOICE = record({"text": TEXT, "feedback": TEXT}, correct={"type": "boolean"})
TEMPTING = record({"value": {"type": "number"}, "feedback": TEXT})
CHOOSING = {"required": ["answers"], "not": {"required": ["value"]}}
COUNTING = {"required": ["value", "feedback", "otherwise"], "not": {"required": ["answers"]}}
QUESTION = {
    **record(
        {"id": NAME, "kind": {"enum": ["single", "multiple", "number"]}, "question": TEXT},
        answers=several(CHOICE, 2), value={"type": "number"}, unit=TEXT, feedback=TEXT,
        otherwise=TEXT, tempting=several(TEMPTING), lab=TEXT, pretest={"type": "boolean"},
    ),
    "if": {"properties": {"kind": {"const": "number"}}}, "then": COUNTING, "else": CHOOSING,
}  # fmt: skip


@dataclass(frozen=True)
class Feedback(Still):
    """The reply to one answer of the learner."""

    correct: bool
    reason: str

    def text(self) -> str:
        between = "\n" if "\n" in self.reason else " "
        return f"{'✓ Right.' if self.correct else '✗ Not yet.'}{between}{self.reason}"


@dataclass(frozen=True)
class Question:
    """`kind` is single, multiple (both with `answers`) or number (with `value`).

    Every answer has a `text`, a `feedback` and perhaps `correct`. Every tempting number has a
    `value` and a `feedback`; any other wrong number gets `otherwise`. `lab` is a scenario or token
    that shows the right answer.
    """

    id: str
    kind: str
    question: str
    answers: list[dict[str, Any]] = field(default_factory=list)
    value: float = 0
    unit: str = ""
    feedback: str = ""
    otherwise: str = ""
    tempting: list[dict[str, Any]] = field(default_factory=list)
    lab: str = ""
    pretest: bool = False

    @property
    def correct(self) -> set[int]:
        """The numbers of the right answers."""
        return {n for n, answer in enumerate(self.answers, 1) if answer.get("correct")}

    def mark(self, given: Given) -> Feedback:
        """Judge an answer: a number, or a list of numbers for `multiple`. Else `BadInput`."""
        if self.kind == "number":
            return self._mark_number(given)
        chosen = self._chosen(given)
        reasons = [self.answers[number - 1]["feedback"] for number in chosen]
        if self.kind == "multiple":
            reasons = [f"{self._named(n)} {why}" for n, why in zip(chosen, reasons, strict=True)]
        missing = self.missing(chosen)
        return Feedback(
            self.correct == set(chosen), "\n".join([*reasons, *filter(None, [missing])])
        )

    def missing(self, chosen: Sequence[int]) -> str:
        """How many right answers of a multiple choice these leave out; empty if none."""
        missing = len(self.correct.difference(chosen)) if self.kind == "multiple" else 0
        so_far = "Right so far; " if self.correct.issuperset(chosen) else ""
        return f"{so_far}{missing} more to find." if missing else ""

    def _named(self, number: int) -> str:
        """The first words of an answer, with a mark that says if it is right."""
        words = self.answers[number - 1]["text"].replace("`", "").split()
        first = " ".join(words[:5]).rstrip(".,;:")
        return f"{'✓' if number in self.correct else '✗'} “{first}{'…' if words[5:] else ''}”:"

    def asked(self) -> str:
        """The question, and whether more than one answer may be right."""
        return self.question + (" Choose all that are right." if self.kind == "multiple" else "")

    def shown(self) -> str:
        """The question with its numbered answers, in plain text."""
        answers = [f"\n  {n}. {answer['text']}" for n, answer in enumerate(self.answers, 1)]
        return self.asked() + "".join(answers)

    def solution(self) -> str:
        """The right answer and its reason."""
        if self.kind == "number":
            return f"{self.value:g} {self.unit}".rstrip() + f": {self.feedback}"
        return " ".join(f"({n}) {self.answers[n - 1]['feedback']}" for n in sorted(self.correct))

    def _mark_number(self, given: Given) -> Feedback:
        if not is_number(given):
            raise BadInput(f"answer {given!r} to {self.id!r}: give a number")
        if given == self.value:
            return Feedback(True, self.feedback)
        known = {tempting["value"]: tempting["feedback"] for tempting in self.tempting}
        return Feedback(False, known.get(given, self.otherwise))

    def _chosen(self, given: Given) -> list[int]:
        many = self.kind == "multiple"
        numbers = list(given) if many and isinstance(given, Sequence) else [given]
        chosen = sorted({n for n in numbers if type(n) is int and 1 <= n <= len(self.answers)})
        if not chosen or len(chosen) < len(numbers):
            form = "different numbers" if many else "a number"
            raise BadInput(
                f"answer {given!r} to {self.id!r}: give {form} from 1 to {len(self.answers)}"
            )
        return chosen


@dataclass(frozen=True)
class Quiz:
    """The questions of one chapter's quiz, or of its pre-test, by id."""

    name: str
    questions: dict[str, Question]

    def __getitem__(self, question_id: str) -> Question:
        return pick(self.questions, question_id, "question")

    def key(self, question_id: str) -> str:
        """The name of the answer in progress."""
        return f"quiz/{chapter(self.name)}/{question_id}"


def quiz(name: str) -> Quiz:
    """The quiz `data/quizzes/<name>.yaml`."""
    return read(find("quizzes", name))


def pretest(name: str) -> Quiz:
    """The questions of the same file that are asked before the chapter."""
    return read(find("quizzes", name), pretest=True)


def read(path: Path, pretest: bool = False) -> Quiz:
    """Read a quiz file. Raises `BadContent` when any of it is malformed."""
    questions = entries(path, QUESTION, Question)
    for question in questions.values():
        right, of = len(question.correct), len(question.answers)
        if question.kind == "single" and right != 1:
            problem = f"a single choice has one correct answer, not {right}"
        elif question.kind == "multiple" and not 0 < right < of:
            problem = "a multiple choice has right answers and wrong ones"
        else:
            continue
        raise BadContent(f"quizzes/{path.name}, {question.id!r}: {problem}")
    return Quiz(path.stem, {k: q for k, q in questions.items() if q.pretest == pretest})
