"""The learner's own protocol code, judged by runs of a scenario under many seeds and faults.

An exercise names the cases that its solution must survive: schedules that tell the story, then a
bounded search under random faults. `check(solution)` stops at the first run that fails and makes it
small, so the answer is always one run that can be looked at. A run that got stuck stays as it is.
The result then says, in this order: the message of the named mistake that the run shows, or the
verdict's own explanation. An exception in the learner's code is shown as theirs: their lines only.
A loop without end is stopped: by the run's budget when it waits between its rounds, by a count of
steps when it does not. `distlab.course.steps` says which loops no count reaches. The interrupt
button stops Python code, but no loop that runs in C alone.
"""

import inspect
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import Any, Literal

from distlab.check.verdict import Verdict
from distlab.course import steps
from distlab.course.audit import audit
from distlab.course.case import Case
from distlab.course.content import TEXT, chapter, entries, find, names, record, several
from distlab.course.prediction import came_true
from distlab.explore.work import Words
from distlab.host import pick
from distlab.places import PACKAGE
from distlab.scenario import STUCK, Run
from distlab.view.spacetime import spacetime
from distlab.view.still import WRAPPED, Still, closed, coded, escape

__all__ = [
    "Case",
    "Exercise",
    "Mistake",
    "Result",
    "Texts",
    "WrongReturn",
    "ended_by",
    "is_own",
    "texts",
]

Word = Literal["correct", "incorrect", "not attempted", "error"]
MARKS: dict[Word, str] = {"correct": "✓", "incorrect": "✗", "not attempted": "○", "error": "!"}


class WrongReturn(TypeError):
    """The learner's function returned something of another type than it should."""


@dataclass(frozen=True)
class Texts:
    """What a learner reads: the task, three hints from gentle to plain, words for each mistake."""

    id: str
    title: str
    task: str
    hints: tuple[str, ...]
    mistakes: Mapping[str, str]


TEXTS = record({
    "id": {"type": "string", "pattern": "^[a-z0-9]+/[a-z0-9-]+$"},
    "title": TEXT, "task": TEXT, "hints": several(TEXT, 3),
    "mistakes": {"type": "object", "additionalProperties": TEXT},
})  # fmt: skip


def texts(exercise: str) -> Texts:
    """The texts of the exercise `cap/write-back`. Raises `BadInput` when there are none."""
    of, _, _ = exercise.partition("/")
    files = {chapter(name): name for name in names("exercises")}
    return pick(_read(find("exercises", files.get(of, of))), exercise, "exercise")


@cache
def _read(path: Path) -> dict[str, Texts]:
    return entries(path, TEXTS, Texts)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer with a name. `example` is one; `when` recognises it by the run that fails.

    `when` is a condition as in `distlab.course.prediction`, or a function of the run. Of several
    that say yes the first counts. `also` names the cheats that make this mistake too, as patterns
    (`distlab.course.cheats`).
    """

    name: str
    when: str | Callable[[Run], bool]
    example: Any
    also: tuple[str, ...] = ()

    def explains(self, run: Run) -> bool:
        return came_true(self.when, run) if isinstance(self.when, str) else self.when(run)


@dataclass(frozen=True)
class Result(Still):
    """What a check found. `run` is the run that failed, `mistake` the name of a known mistake.

    `lab` is the expression of a lab in which the token of that run is this very run.
    """

    kind: Word
    message: str
    runs: int = 0
    run: Run | None = None
    mistake: str = ""
    lab: str = ""

    @property
    def token(self) -> str:
        """The replay token of the failing run; empty when no run failed."""
        return self.run.token if self.run else ""

    def text(self) -> str:
        return f"{MARKS[self.kind]} {self.kind}: {self.message}{self._replay}"

    @property
    def _replay(self) -> str:
        if not self.run:
            return ""
        return f"\nThe run that fails: {self.token}\nPaste it into a lab with your code: {self.lab}"

    def html(self) -> str:
        said = f"{MARKS[self.kind]} {self.kind}: {coded(self.message)}{escape(self._replay)}"
        shown = f'<pre role="status" style="{WRAPPED}">{said}</pre>'
        if self.run:
            witness = next((v.witness for v in self.run.verdicts if v.ok is False), ())
            picture = spacetime(self.run, highlight=witness)
            shown += closed("The run that fails", picture.html())
        return shown


@dataclass(frozen=True)
class Exercise:
    """Something to build. `name` is what the notebook calls it, `base` the class to extend.

    `returns` gives the types that the solution's methods must return (key `""`: the function).
    A stub raises `NotImplementedError`; what it defines a solution must define itself. `audit`
    holds every exercise to its promises; `honest` says which cheats (`distlab.course.cheats`) are
    honest work here, and why.
    """

    texts: Texts
    name: str
    cases: tuple[Case, ...]
    stub: Any
    reference: Any
    mistakes: tuple[Mistake, ...]
    base: type | None = None
    returns: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    honest: Mapping[str, str] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the stub leaves open; none for a function."""
        return tuple(
            name for name, value in vars(self.stub).items()
            if self.base and callable(value) and not name.startswith("__")
        )  # fmt: skip

    @property
    def key(self) -> str:
        """Under which name progress keeps the result."""
        return f"exercise/{self.texts.id}"

    def source(self) -> str:
        """The reference solution, to read."""
        return inspect.getsource(self.reference)

    def check(self, solution: Any, shrinking: bool = True) -> Result:
        """Judge a solution. Never raises for what the solution does."""
        wrong = self._not_a_solution(solution)
        if wrong:
            return wrong
        for case in self.cases:
            case.using(self.reference)  # an unknown scenario is the author's error
        typed, words = self._typed(solution), Words()
        try:
            for case in self.cases:
                with steps.StepCount(is_own) as count:
                    for run, verdict, wrong_run in case.judged(typed, self.reference):
                        count.reset()
                        words[verdict.word if verdict else "holds"] += 1
                        if wrong_run and verdict:
                            small = count if shrinking else None
                            return self._incorrect(case, run, verdict, words.total(), small)
        except (Exception, KeyboardInterrupt, steps.LoopsForEver) as error:
            return ended_by(error, self.name, words.total())
        total = f"{words.decided} run" + "s" * (words.decided != 1)
        said = f"{self.texts.title}: it held in {total}{words}."
        return Result("correct" if words.decided else "error", said, words.total())

    def audit(self) -> list[str]:
        """What this exercise does not keep of its promises; CI wants an empty list."""
        return audit(self)

    def _not_a_solution(self, solution: Any) -> Result | None:
        if solution is None:
            return Result("not attempted", f"Define {self.name} first, and run its cell.")
        if self.base and not (isinstance(solution, type) and issubclass(solution, self.base)):
            said = f"{self.name} should be a class that extends {self.base.__name__}."
            return Result("incorrect", said)
        missing = self._undefined(solution) if self.base else []
        if missing:
            return Result("not attempted", f"define {' and '.join(missing)} in {self.name}.")
        if not callable(solution):
            said = f"{self.name} should be a function, not {type(solution).__name__}."
            return Result("incorrect", said)
        return None

    def _undefined(self, solution: type) -> list[str]:
        """The methods that the stub leaves open and that the solution has at most from `base`."""
        given = self.base.__mro__ if self.base else ()
        own = [vars(each) for each in solution.__mro__ if each not in given]
        return [name for name in self.methods if not any(name in each for each in own)]

    def _incorrect(
        self, case: Case, run: Run, verdict: Verdict, done: int, count: steps.StepCount | None
    ) -> Result:
        finished = verdict.name != STUCK
        known = (mistake for mistake in self.mistakes if finished and mistake.explains(run))
        mistake = next(known, None)
        # A run without end takes seconds, and so does each try to make it smaller.
        small = run
        if count and finished and verdict.ok is False:
            small = case.small(run, verdict, self.reference, count.reset)
        said = str(small.verdict(verdict.name))
        if not verdict.judged:
            said += "\nThat is not enough: with a right solution there is something in this run."
        name = mistake.name if mistake else ""
        message = f"{self.texts.mistakes[name]}\n{said}" if mistake else said
        return Result("incorrect", message, done, small, name, case.lab(self.name))

    def _typed(self, solution: Any) -> Any:
        """The solution with its return values checked."""
        if not self.returns:
            return solution
        if not isinstance(solution, type):
            return _returning(solution, self.returns[""])
        checked = {
            name: _returning(getattr(solution, name), expected)
            for name, expected in self.returns.items()
            if hasattr(solution, name)
        }
        return type(solution.__name__, (solution,), checked)


def ended_by(error: BaseException, name: str, runs: int) -> Result:
    """What is said of an exception that the learner's code, called `name`, let out."""
    where = _own_lines(error)
    match error:
        case NotImplementedError():
            return Result("not attempted", f"{name} still raises NotImplementedError.")
        case WrongReturn():
            return Result("incorrect", str(error), runs)
        case KeyboardInterrupt():
            where = where or "  (between two steps of your code)"
            return Result("error", f"You stopped the check. It was here:\n{where}", runs)
        case steps.LoopsForEver():
            said = f"Your code ran {steps.MAX_STEPS} steps in one run: a loop that does not end?"
            return Result("error", f"{said}\n{where}", runs)
        case _:
            said = re.sub(r" at 0x[0-9a-f]+", "", f"{type(error).__name__}: {error}")
            return Result("error", f"{said}\n{where}".rstrip(), runs)


def _returning(function: Callable[..., Any], expected: type | tuple[type, ...]) -> Any:
    kinds = expected if isinstance(expected, tuple) else (expected,)

    def checked(value: Any) -> Any:
        if isinstance(value, kinds):
            return value
        allowed = " or ".join(kind.__name__ for kind in kinds)
        found = type(value).__name__
        raise WrongReturn(f"{function.__name__} returned {found}; it should return {allowed}.")

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return checked(function(*args, **kwargs))

    @wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        return checked(await function(*args, **kwargs))

    return coroutine if inspect.iscoroutinefunction(function) else plain


@lru_cache
def is_own(filename: str) -> bool:
    """Whether a source file is the learner's: neither distlab's nor Python's nor generated."""
    libraries = [PACKAGE, *map(Path, set(sysconfig.get_paths().values()) - {sys.prefix})]
    inside = any(Path(filename).is_relative_to(folder) for folder in libraries)
    return not inside and not filename.startswith(("<frozen", "<string>"))


def _own_lines(error: BaseException) -> str:
    """The traceback's lines that the learner wrote, without paths, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(
        f"  your code, line {frame.lineno}, in {frame.name}: {frame.line}"
        for frame in frames
        if is_own(frame.filename)
    )
