"""The learner's own protocol code, judged by runs of a scenario under many seeds and faults.

An exercise names the cases that its solution must survive: schedules that tell the story, then a
bounded search under random faults. `check(solution)` stops at the first run that fails and makes it
small, so the answer is always one run that can be looked at. A run that got stuck stays as it is.

The result says what went wrong, in this order: the learner's own mistake with its line
(`distlab.course.slips`), the message of the named mistake that the run shows, the verdict's own
explanation. An exception in the learner's code is shown as theirs: their lines only.

Every check ends. It makes `schedules` times `seeds` plus `searched` runs a case, as many again of
the reference at most, and up to `SHRINKING` to make a failure small. A run ends after 200,000
events of the world or `MAX_STEPS` steps of the learner's code. `distlab.course.steps` says which
loops no count reaches. The interrupt button stops Python code, but no loop that runs in C alone.

Solution and judge share one process. A solution may change what its task names, `on_start` and
`describe`, and do more in a handler; it may not reach this computer, the machinery or the judges
(`distlab.course.foreign`), and keeps nothing outside its machines (`distlab.course.shared`). That
stops what can be seen: names, constants, calls. Names that are put together while the code runs
(`getattr` with a text that is computed), calls that a library makes, and private attributes of
other objects are not seen. The course's own answer, imported, is right.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple

from distlab.check.verdict import Verdict
from distlab.course import slips
from distlab.course.case import Case
from distlab.course.content import TEXT, chapter, entries, find, names, record, several
from distlab.course.prediction import came_true
from distlab.course.slips import Watch, Word, WrongReturn, misfit, strangers
from distlab.explore.work import Words
from distlab.host import pick
from distlab.scenario import STUCK, Run
from distlab.view.picture import Picture
from distlab.view.spacetime import spacetime
from distlab.view.still import WRAPPED, Still, closed, coded, escape

__all__ = ["Case", "Drawn", "Exercise", "Mistake", "Probe", "Result", "Texts", "ended_by", "texts"]

Probe = Callable[[Any, Any], Iterable[str]]
"""Asks a solution and the reference the same, outside of any scenario, on inputs that the task
promises. It yields after each of them: empty, or words for what the solution does otherwise.
"""

MARKS: dict[Word, str] = {"correct": "✓", "incorrect": "✗", "not attempted": "○", "error": "!"}


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
    that say yes the first counts. `also` names, as patterns, the
    cheats (tests/course/cheats.py) that make this mistake too.
    """

    name: str
    when: str | Callable[[Run], bool]
    example: Any
    also: tuple[str, ...] = ()

    def explains(self, run: Run) -> bool:
        return came_true(self.when, run) if isinstance(self.when, str) else self.when(run)


class Drawn(NamedTuple):
    """A run to be shown, and the positions that stand out."""

    summary: str
    run: Run
    highlight: tuple[int, ...]

    def picture(self) -> Picture:
        return spacetime(self.run, highlight=self.highlight)


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
        said = self.said(escape(self._replay))
        return said + "".join(
            closed(each.summary, each.picture().html()) for each in self.runs_shown
        )

    def said(self, more: str = "") -> str:
        """The words as HTML."""
        words = f"<b>{MARKS[self.kind]} {self.kind}:</b> {coded(self.message)}{more}"
        return f'<pre role="status" style="{WRAPPED}">{words}</pre>'

    @property
    def runs_shown(self) -> tuple[Drawn, ...]:
        """The runs to look at."""
        if not self.run:
            return ()
        witness = next((v.witness for v in self.run.verdicts if v.ok is False), ())
        return (Drawn("The run that fails", self.run, witness),)


@dataclass(frozen=True)
class Exercise:
    """Something to build. `name` is what the notebook calls it, `base` the class to extend.

    `probes` come after the cases, so that a mistake that a run can show gets its picture.
    `returns` gives the types that the solution's methods must return (key `""`: the function).
    A stub raises `NotImplementedError`; what it defines a solution must define itself.
    `honest` says which cheats (tests/course/cheats.py) are honest work here, and why.
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
    probes: tuple[Probe, ...] = ()

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
        for case in self.cases:
            case.using(self.reference)  # an unknown scenario is the author's error
        words = Words()
        try:
            wrong = self._not_a_solution(solution)
            if wrong:
                return wrong
            typed = self._typed(solution)
            with Watch(typed) as watch:
                try:
                    return self._judge(typed, watch, words, shrinking)
                except BaseException as error:
                    result = ended_by(error, self.name, words.total(), watch)
                    other = strangers(typed, self.reference) if result.kind == "error" else ""
                    return replace(result, message=result.message + other)
        except BaseException as error:
            return ended_by(error, self.name, words.total())

    def _judge(self, solution: Any, watch: Watch, words: Words, shrinking: bool) -> Result:
        for case in self.cases:
            for run, verdict, wrong in case.judged(solution, self.reference):
                words[verdict.word if verdict else "holds"] += 1
                watch.look()
                if wrong and verdict:
                    case.write_down(run, solution)
                    caught, certain = watch.swallowed()
                    mistake = None if certain else self._mistake(run, verdict)
                    small = run
                    # A run without end takes seconds, and so does each try to make it smaller.
                    if shrinking and verdict.name != STUCK and verdict.judged:
                        watch.next_run()
                        small = case.small(run, verdict, self.reference, watch.next_run)
                    return self._incorrect(case, small, verdict, words.total(), mistake, caught,
                                           strangers(solution, self.reference))  # fmt: skip
                watch.next_run()
        for said in (each for probe in self.probes for each in probe(solution, self.reference)):
            watch.look()
            if said:
                caught, _ = watch.swallowed()
                return Result("incorrect", "\n".join(filter(None, [caught, said])), words.total())
            watch.next_run()
        total = f"{words.decided} run" + "s" * (words.decided != 1)
        said = f"{self.texts.title}: it held in {total}{words}."
        return Result("correct" if words.decided else "error", said, words.total())

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
        said = misfit(solution, self)
        return Result("incorrect", said) if said else None

    def _undefined(self, solution: type) -> list[str]:
        """The methods that the stub leaves open and that the solution has at most from `base`."""
        given = self.base.__mro__ if self.base else ()
        own = [vars(each) for each in solution.__mro__ if each not in given]
        return [name for name in self.methods if not any(name in each for each in own)]

    def _mistake(self, run: Run, verdict: Verdict) -> Mistake | None:
        """The named mistake that the run shows."""
        known = (each for each in self.mistakes if verdict.name != STUCK and each.explains(run))
        return next(known, None)

    def _incorrect(
        self, case: Case, run: Run, verdict: Verdict, done: int, mistake: Mistake | None,
        before: str, after: str,
    ) -> Result:  # fmt: skip
        said = str(run.verdict(verdict.name))
        if not verdict.judged:
            said += "\nThat is not enough: with a right solution there is something in this run."
        name = mistake.name if mistake else ""
        parts = [before, self.texts.mistakes[name] if mistake else "", f"{said}{after}"]
        message = "\n".join(filter(None, parts))
        return Result("incorrect", message, done, run, name, case.lab(self.name))

    def _typed(self, solution: Any) -> Any:
        """The solution with its calls and its return values checked."""
        if not self.base:
            return _called_as(solution, self.reference, self.returns.get(""))
        checked = {
            name: _called_as(getattr(solution, name), getattr(self.reference, name),
                             self.returns.get(name), is_handler=name.startswith("on_"))
            for name in {**dict.fromkeys(self.methods), **self.returns} if hasattr(solution, name)
        }  # fmt: skip
        return type(solution.__name__, (solution,), checked)


def ended_by(error: BaseException, name: str, runs: int, watch: Watch | None = None) -> Result:
    """What is said of an exception that the learner's code, called `name`, let out."""
    kind, said = slips.ended_by(error, name, watch)
    return Result(kind, said, 0 if kind == "not attempted" else runs)


Types = type | tuple[type, ...] | None


def _called_as(
    function: Callable[..., Any],
    right: Callable[..., Any],
    expected: Types,
    is_handler: bool = False,
) -> Any:
    """The function. It complains unless it is a coroutine as the right one is (a handler may be
    either), and unless it returns one of the expected types.
    """
    name = getattr(function, "__name__", "it")

    def checked(value: Any) -> Any:
        if expected is None or isinstance(value, expected):
            return value
        kinds = expected if isinstance(expected, tuple) else (expected,)
        allowed = " or ".join(kind.__name__ for kind in kinds)
        hint = " Did you forget `await`?" if _is_coroutine(value) else ""
        raise WrongReturn(
            f"{name} returned {type(value).__name__}; it should return {allowed}.{hint}"
        )

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        if not is_handler and _is_coroutine(value):
            raise WrongReturn(f"{name} is called without `await`: write it without `async`.")
        return checked(value)

    @wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        awaitable = function(*args, **kwargs)
        if not inspect.isawaitable(awaitable):
            raise WrongReturn(f"{name} is awaited: write `async def {name}`.")
        return checked(await awaitable)

    return coroutine if inspect.iscoroutinefunction(right) else plain


def _is_coroutine(value: Any) -> bool:
    """Whether it is a coroutine, which is closed then."""
    if inspect.iscoroutine(value):
        value.close()
        return True
    return False
