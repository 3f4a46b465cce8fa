"""The course on the command line: `distlab quiz` and `distlab progress`."""

import sys
from collections import Counter

from distlab.command import as_json, parser
from distlab.course import content, quiz
from distlab.course.progress import Entry, progress
from distlab.host import BadInput


def run_quiz(arguments: list[str]) -> int:
    """Ask the questions of a quiz one after another; without a name, list the quizzes."""
    options = parser("quiz", as_json=False)
    options.add_argument("name", nargs="?", help="01_cap, for instance")
    options.add_argument("--pretest", action="store_true", help="the questions before the chapter")
    given = options.parse_args(arguments)
    if not given.name:
        print("\n".join(content.names("quizzes")))
        return 0
    chosen = quiz.pretest(given.name) if given.pretest else quiz.quiz(given.name)
    right = 0
    for number, question in enumerate(chosen.questions.values(), 1):
        print(f"\n{number}/{len(chosen.questions)}  {question.shown()}")
        try:
            feedback = _ask(question)
        except EOFError:
            break
        print(feedback.text())
        progress().record(chosen.key(question.id), correct=feedback.correct)
        right += feedback.correct
    print(f"\n{right} of {len(chosen.questions)} right.")
    _warn()
    return 0


def _ask(question: quiz.Question) -> quiz.Feedback:
    """Read answers until one can be marked. Raises `EOFError` at the end of the input."""
    many = question.kind == "multiple"
    while True:
        words = input("numbers, with spaces: " if many else "number: ").split()
        try:
            numbers = [int(word) if word.isdecimal() else float(word) for word in words]
            return question.mark(numbers[0] if not many and len(numbers) == 1 else numbers)
        except BadInput as error:
            print(error)
        except ValueError:
            print("Type a number.")


def run_progress(arguments: list[str]) -> int:
    """Print the learner's progress, chapter by chapter."""
    options = parser("progress")
    given = options.parse_args(arguments)
    entries = progress().entries()
    print(as_json(entries) if given.json else summary(entries))
    _warn()
    return 0


def summary(entries: dict[str, Entry]) -> str:
    """One line for each chapter and kind of task: how many were tried, how many were right."""
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for key, entry in sorted(entries.items()):
        kind, _, rest = key.partition("/")
        group = f"{rest.partition('/')[0]:12} {kind:10}"
        tried[group] += 1
        right[group] += bool(entry.get("correct") or entry.get("right"))
    lines = [f"{group} {tried[group]:3} tried, {right[group]:3} right" for group in sorted(tried)]
    return "\n".join(lines) or "Nothing yet. `distlab lab` opens the course."


def _warn() -> None:
    if progress().warning:
        print(progress().warning, file=sys.stderr)
