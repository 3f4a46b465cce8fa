"""What is said of the learner's own mistakes, with their line, when no run can tell of them.

`Watch` looks on while runs are made with a solution. After each run `look` raises what it found: a
stop or a refusal that the code has caught, a coroutine that nobody awaited, memory that belongs to
no machine. `ended_by` puts an exception into words. `swallowed` tells of exceptions that somebody
caught: they matter only when the run fails.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from itertools import starmap
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal

from distlab.course import foreign, steps
from distlab.course.shared import Memory, functions, is_own, names, texts, used
from distlab.sim import Node

if TYPE_CHECKING:
    from distlab.course.exercise import Exercise

Word = Literal["correct", "incorrect", "not attempted", "error"]

LINES, LONGEST = 6, 300
"""Lines of the learner's, and characters of an exception's text, that are shown at most."""
HOOKS = ("on_start", "describe")
"""Methods of the base that a solution may always have its own of."""
ORIGIN = 8
"""Calls between the learner's line and the coroutine that it made, at most."""
ACCIDENTS = (NameError, AttributeError, TypeError, LookupError, ImportError, ArithmeticError,
             RecursionError, AssertionError, ValueError, NotImplementedError)  # fmt: skip
"""Exceptions that are a mistake, whoever caught them. The first three are nothing else."""


class Slip(Exception):
    """A mistake in the learner's code, in words."""

    kind: Word = "error"


class WrongReturn(Slip, TypeError):
    """The learner's function returned something of another type than it should."""

    kind = "incorrect"


class Shared(Slip):
    """The solution remembers something outside its machines."""

    kind = "incorrect"


class Watch:
    """While it is entered, it looks on what a solution does."""

    def __init__(self, solution: Any) -> None:
        self.count = steps.StepCount(is_own, strict=True)
        self.memory = Memory(solution)

    def __enter__(self) -> Watch:
        self._depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(ORIGIN)
        with ExitStack() as stack:
            self._warned = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            stack.enter_context(self.count)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        sys.set_coroutine_origin_tracking_depth(self._depth)
        self._stack.close()
        for each in self._warned:
            if not _unawaited(each):
                warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)

    def next_run(self, *_: object) -> None:
        """A run is over."""
        self.count.reset()

    def look(self) -> None:
        """Raise what is wrong with the run that has just ended, whatever came of it."""
        if self.count.stopping:
            raise self.count.stopping
        forgotten, shared = self.forgotten(), self.shared()
        if forgotten:
            raise Slip(forgotten)
        if shared:
            raise Shared(shared)

    def forgotten(self) -> str:
        """Words for a coroutine that was made in the learner's code, and that nobody awaited."""
        for each in self._warned:
            for filename, line, name in _origin(each):
                what = getattr(each.source, "__qualname__", "a coroutine")
                where = own_line(filename, line, name)
                return f"You forgot `await`: {what} was called here, and never ran.\n{where}"
        return ""

    def shared(self) -> str:
        """Words for memory that outlives a run."""
        name = self.memory.changed()
        return name and (
            f"`{name}` has changed in the run, and it is on no machine. All machines share it, and "
            "it survives a crash: keep what a machine remembers on `self`."
        )

    def swallowed(self, but: BaseException | None = None) -> tuple[str, bool]:
        """The same of the run that has just ended."""
        return swallowed(self.count.passed, but)


def swallowed(
    exceptions: Iterable[steps.Passed], but: BaseException | None = None
) -> tuple[str, bool]:
    """Words for an exception that went through the learner's code and ended somewhere, and
    whether it is certain that this was not meant.
    """
    passed = [each for each in exceptions
              if issubclass(each.kind, ACCIDENTS) and each.kind is not type(but)]  # fmt: skip
    certain = [each for each in passed if issubclass(each.kind, ACCIDENTS[:3])]
    for each in (certain or passed)[:1]:
        said = f"{each.kind.__name__}: {each.said}".removesuffix(": ")
        return f"{said}\n{each}\nSomething caught this exception. It may be why:", bool(certain)
    return "", False


def _unawaited(warning: warnings.WarningMessage) -> bool:
    return any(True for _ in _origin(warning))


def _origin(warning: warnings.WarningMessage) -> Iterator[tuple[str, int, str]]:
    """Where in the learner's code a coroutine was made that nobody awaited."""
    made = getattr(warning.source, "cr_origin", None) or ()
    return ((file, line, name) for file, line, name in made if is_own(file))


def ended_by(error: BaseException, name: str, watch: Watch | None = None) -> tuple[Word, str]:
    """The word and the message for an exception that the learner's code, called `name`, let out."""
    kind, said = _said_of(error, name)
    if watch and kind != "not attempted" and not isinstance(error, KeyboardInterrupt):
        # A coroutine counts as forgotten when nothing holds it: not the frames of a traceback.
        where = own_lines(error)
        traceback.clear_frames(error.__traceback__)
        told = "" if isinstance(error, steps.Stopped | Slip) else watch.shared()
        caught = watch.swallowed(error)[0] if isinstance(error, Slip) or not where else ""
        parts = [watch.forgotten() if not isinstance(error, Shared) else "", caught, said, told]
        said = "\n".join(dict.fromkeys(part for part in parts if part))
    return kind, said


def _said_of(error: BaseException, name: str) -> tuple[Word, str]:
    where = own_lines(error)
    kind: Word = "error"
    if isinstance(error, NotImplementedError):
        return "not attempted", f"{name} still raises NotImplementedError."
    if isinstance(error, KeyboardInterrupt):
        where = where or "  (between two steps of your code)"
        said = "You stopped the check. It was here:"
    elif isinstance(error, steps.LoopsForEver):
        said = f"Your code ran {steps.MAX_STEPS} steps in one run: a loop that does not end?"
    elif isinstance(error, SystemExit):
        said = "sys.exit() ends a whole program. A method of a machine returns, or raises."
    elif isinstance(error, Slip):
        kind, said, where = error.kind, str(error), ""
    elif isinstance(error, steps.Forbidden):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {text_of(error)}"
    return kind, f"{said}\n{where}".rstrip()


def text_of(error: BaseException) -> str:
    """The text of an exception, without addresses; the learner may have written its `__str__`."""
    try:
        said = str(error)
    except BaseException as worse:
        if isinstance(worse, KeyboardInterrupt):
            raise
        return "(its text cannot be printed)"
    said = re.sub(r" at 0x[0-9a-f]+", "", said)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]} …"


def own_line(filename: str, line: int, name: str) -> str:
    return f"  your code, line {line}, in {name}: {linecache.getline(filename, line).strip()}"


def own_lines(error: BaseException) -> str:
    """The traceback's lines that the learner wrote, without paths, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [own_line(f.filename, f.lineno or 0, f.name) for f in frames if is_own(f.filename)]
    return "\n".join([*own[:1], "  …", *own[-LINES + 1 :]] if len(own) > LINES else own)


# Before the first run


def misfit(solution: Any, exercise: Exercise) -> str:
    """Words for a solution that cannot be called as it will be, that looks behind the scenes, or
    that changes what is given.
    """
    stub, methods, base = exercise.stub, exercise.methods, exercise.base
    for name in methods or ("",):
        theirs, ours = (getattr(each, name) if name else each for each in (solution, stub))
        if not callable(theirs):
            return f"{name} is called, and yours is a {type(theirs).__name__}: write a method."
        said = _wrong_signature(theirs, ours)
        if said:
            return said
    own = [each for each in functions(solution) if is_own(each.__code__.co_filename)]
    behind = next((said for each in own for said in _behind(each, bool(base))), "")
    if behind:
        return behind
    changed = next(_overridden(solution, base, exercise), "") if base else ""
    if changed:
        return (
            f"`{changed}` is given, and stays as it is. The task is {' and '.join(methods)}: give "
            "a method of your own another name."
        )
    return ""


def _behind(function: FunctionType, is_node: bool) -> Iterator[str]:
    """Words for what a function names that leads behind the scenes."""
    yield from map(foreign.JUDGING.format, sorted(hidden(function, is_node)))
    yield from filter(None, starmap(foreign.beyond, used(function).items()))


def hidden(function: FunctionType, is_node: bool = False) -> frozenset[str]:
    """Names in a function of what leads behind the scenes: attributes, modules that judge."""
    said = names(function.__code__) | texts(function.__code__)
    found = said & (_hidden() if is_node else foreign.ATTRIBUTES)
    found |= set(filter(foreign.is_judge, said))
    modules = ((k, v) for k, v in used(function).items() if isinstance(v, ModuleType))
    return found | {name for name, module in modules if foreign.is_judge(module.__name__)}


@lru_cache
def _hidden() -> frozenset[str]:
    return frozenset(name for name in vars(Node) if re.match("_[^_]", name)) | foreign.ATTRIBUTES


def _overridden(solution: type, base: type, exercise: Exercise) -> Iterator[str]:
    """Methods of the base that the learner's code replaces, and that the reference leaves alone.
    A handler may do more than the given one.
    """
    allowed = {*exercise.methods, *HOOKS}
    for kind in exercise.reference.__mro__[: exercise.reference.__mro__.index(base)]:
        allowed |= vars(kind).keys()
    for kind in solution.__mro__[: solution.__mro__.index(base)]:
        for name, value in vars(kind).items():
            given = getattr(base, name, None)
            changes = callable(given) or isinstance(given, property)
            own = not isinstance(value, FunctionType) or is_own(value.__code__.co_filename)
            code = getattr(value, "__code__", None)
            extends = name.startswith("on_") and code and {"super", name} <= names(code)
            hook = name in allowed or name.startswith("__") or extends
            if changes and own and not hook:
                yield name


def _wrong_signature(theirs: Any, ours: Callable[..., Any]) -> str:
    taken = [*inspect.signature(ours).parameters]
    try:
        signature = inspect.signature(theirs)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(*taken)
    except TypeError:
        given = [each for each in taken if each != "self"]
        name = getattr(theirs, "__name__", "it")
        yours = f"({', '.join(signature.parameters)})"
        return f"{name} is called with ({', '.join(given)}), but yours takes {yours}."
    return ""


def strangers(solution: Any, reference: Any) -> str:
    """Words for a name that the notebook uses for something else than the course does."""
    ours: dict[str, Any] = {}
    for function in functions(reference):
        known = function.__globals__
        ours |= {name: known[name] for name in names(function.__code__, True) if name in known}
    for function in functions(solution):
        if is_own(function.__code__.co_filename):
            for name in names(function.__code__, True):
                theirs = function.__globals__.get(name)
                if name in ours and theirs is not None and theirs is not ours[name]:
                    home = getattr(ours[name], "__module__", None)
                    if str(home).startswith("distlab."):
                        return f"\nYour `{name}` is not the one of the task. Import it anew."
    return ""
