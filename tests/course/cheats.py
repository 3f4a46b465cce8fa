"""Solutions that no exercise may take, made for each exercise from its stub and its reference.

They are written as learners write them: the text of a cell that defines the class or the function.
Each changes one method of the reference, which is right otherwise. So an exercise that takes one of
them never looks at what that method does. A solution that leaves out one statement of the
reference is a cheat as well: a statement that may be missing is not asked for.

    for cheat in cheats(EXERCISE):
        print(cheat.name, EXERCISE.check(cheat.solution))
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from textwrap import dedent, indent
from typing import Any, NamedTuple

from distlab.course.exercise import Exercise
from distlab.host import Unavailable
from distlab.sim.trace import Note

SEEN = r"violated|nothing to judge"
"""The verdict of a run in which something went wrong, or nothing happened."""
LINE = r"\n  your code, line \d+"
SHARED = r"`[\w.]+`.*share"
OUT = rf"reaches out of the simulation.*{LINE}"
VALUES = 3
"""Different results of the reference that a cheat gives always."""


class Cheat(NamedTuple):
    """A wrong solution, and a pattern for the words that it must get."""

    name: str
    solution: Any
    words: str


class Way(NamedTuple):
    """How to cheat: the body of a method. `CALL` stands for the reference's own, awaited.

    `only` says where it makes sense: for "async" or "plain" methods, or in "class"es.
    """

    body: str
    words: str
    only: str = ""


WAYS = {
    "does nothing": Way("pass", rf"{SEEN}|returned NoneType"),
    "refuses": Way("raise Unavailable('never')", rf"{SEEN}|Unavailable: never{LINE}"),
    "raises": Way("raise RuntimeError('oh')", rf"^RuntimeError: oh{LINE}"),
    "raises no Exception": Way("raise Odd('oh')", rf"^Odd: oh{LINE}"),
    "raises what cannot be printed": Way("raise Unprintable", rf"^Unprintable\b.*{LINE}"),
    "exits": Way("import sys\nsys.exit()", rf"exit.*{LINE}"),
    "uses an undefined name": Way("return undefined", rf"^NameError: .*'undefined'.*{LINE}"),
    "hides an undefined name": Way(
        "with suppress(Exception): (lambda: undefined)()", rf"NameError: .*'undefined'.*{LINE}"
    ),
    "hides all errors": Way(
        "try: undefined()\nexcept BaseException: pass", rf"NameError: .*'undefined'.*{LINE}"
    ),
    "loops": Way("while True: pass", rf"a loop that does not end.*{LINE}"),
    "loops and catches": Way(
        "while True:\n  try: x = 1\n  except BaseException: pass",
        rf"a loop that does not end.*{LINE}",
    ),
    "waits for ever": Way(
        "while True: CALL", rf"{SEEN}|a loop that does not end.*{LINE}", "async"
    ),
    "calls itself": Way("return AWAIT self.METHOD(GIVEN)", rf"RecursionError.*{LINE}", "class"),
    "sleeps": Way(
        "import time\ntime.sleep(0.001)\nreturn CALL", rf"await self.sleep\(ms\).*{LINE}"
    ),
    "sleeps and catches": Way(
        "from time import sleep as nap\ntry: nap(0.001)\nexcept Exception: pass\nreturn CALL",
        rf"await self.sleep\(ms\).*{LINE}",
    ),
    "sleeps in asyncio": Way(
        "import asyncio\nawait asyncio.sleep(0)\nreturn CALL",
        rf"await self.sleep\(ms\).*{LINE}", "async",
    ),
    "awaits something foreign": Way("await Foreign()", "awaits only what its host gives", "async"),
    "asks a person": Way("input()\nreturn CALL", rf"input.*{LINE}"),
    "forgets to await": Way("PLAINLY", rf"await.*{LINE}", "async"),
    "returns what it did not await": Way("return PLAINLY", r"await", "async"),
    "remembers in a global": Way("seen.append(1)\nreturn CALL", SHARED),
    "remembers in a cache": Way("cached(object())\nreturn CALL", SHARED),
    "remembers in a decorator": Way("decorated()\nreturn CALL", SHARED),
    "remembers in a namespace": Way("space.seen.add(object())\nreturn CALL", SHARED),
    "remembers in slots": Way("slots.seen.add(object())\nreturn CALL", SHARED),
    "remembers in a module": Way(
        "import string\nstring.seen = [*getattr(string, 'seen', []), 1]\nreturn CALL", SHARED
    ),
    "remembers in a class of the course": Way(
        "Unavailable.seen = [*getattr(Unavailable, 'seen', []), 1]\nreturn CALL", SHARED
    ),
    "remembers weakly": Way("weak[Odd] = 1\nreturn CALL", "`weak` reaches out"),
    "remembers in a database": Way("database.execute('select 1')\nreturn CALL",
        "`database` reaches out"),
    "remembers in a file": Way("open('/nowhere/at/all')\nreturn CALL", OUT),
    "remembers in a path": Way(
        "import pathlib\npathlib.Path('/nowhere').exists()\nreturn CALL", OUT
    ),
    "remembers in its randomness": Way(
        "self.random.seen = 1\nreturn CALL", rf"seen does not belong here.*{LINE}", "node"
    ),
    "remembers in the disk object": Way(
        "self.disk.seen = 1\nreturn CALL", rf"AttributeError: 'Disk'.*{LINE}", "node"
    ),
    "waits in a thread": Way("import threading\nthreading.Event().wait(0.001)\nreturn CALL", OUT),
    "sends a signal": Way("import os\nos.kill(os.getpid(), 0)\nreturn CALL", OUT),
    "asks the clock of the computer": Way("import time\ntime.time()\nreturn CALL", OUT),
    "looks at frames": Way("import sys\nsys._getframe()\nreturn CALL", OUT),
    "looks at a frame by an error": Way(
        "try: undefined\nexcept NameError as error: error.__traceback__.tb_frame\nreturn CALL",
        "`tb_frame`"
    ),
    "looks at all objects": Way("import gc\ngc.get_objects()\nreturn CALL", OUT),
    "looks at its variables": Way("vars(suppress)\nreturn CALL", OUT),
    "patches the judge": Way(
        "import distlab.course.case as judge\njudge.failing = print\nreturn CALL",
        "`distlab.course.case`"
    ),
    "patches the judge by its name": Way(
        "import sys\nsys.modules['distlab.course.case'].failing = print\nreturn CALL",
        "`distlab.course.case`",
    ),
    "looks at the machinery by its name": Way(
        "getattr(self, '_mach' + 'ine').trace\nreturn CALL", "`_machine`", "node"
    ),
    "looks at the machinery": Way("self._machine.trace\nreturn CALL", "`_machine`", "node"),
}  # fmt: skip

PREAMBLE = """
from contextlib import suppress
class Odd(BaseException): pass
class Unprintable(Exception):
    def __str__(self): raise ValueError
class Foreign:
    def __await__(self): yield 3
seen = []

import functools, sqlite3, types, weakref
@functools.cache
def cached(given): pass
def remembering(function):
    seen = []
    @functools.wraps(function)
    def inner(*given):
        seen.append(1)
        return function(*given)
    return inner
@remembering
def decorated(): pass
space = types.SimpleNamespace(seen=set())
class Slots: __slots__ = ("seen",)
slots = Slots()
slots.seen = set()
weak = weakref.WeakKeyDictionary()
database = sqlite3.connect(":memory:")
"""


def cheats(exercise: Exercise) -> Iterator[Cheat]:
    """Every cheat for this exercise."""
    for method in exercise.methods or ("",):
        cell = Cell(exercise, method)
        for name, way in WAYS.items():
            if cell.takes(way.only):
                yield cell.cheat(name, way.body, way.words)
        yield from _signatures(cell)
        yield from _constants(cell)
    if exercise.base:
        yield from _elsewhere(exercise)
    yield from _shortened(exercise)


class Cell:
    """A cell of a notebook in which one method of the reference is written anew."""

    def __init__(self, exercise: Exercise, method: str) -> None:
        self.exercise, self.method = exercise, method
        self.stub = getattr(exercise.stub, method) if method else exercise.stub
        own = [*inspect.signature(self.stub).parameters]
        self.given = own[1:] if method else own
        self.is_async = inspect.iscoroutinefunction(self.stub)
        self.label = f"{method} " if method else ""

    def takes(self, only: str) -> bool:
        """Whether a way that makes sense only there makes sense here."""
        allowed = {"", "async" if self.is_async else "plain"}
        allowed |= {"class"} if self.method else set()
        allowed |= {"node"} if hasattr(self.exercise.base, "_machine") else set()
        return only in allowed

    def cheat(self, name: str, body: str, words: str, **names: Any) -> Cheat:
        source = self.source(body, ", ".join(self.given), self.is_async)
        return Cheat(self.label + name, run_cell(self.exercise, source, names), words)

    def source(self, body: str, given: str, is_async: bool) -> str:
        """The text of the cell. In the body, words in capitals stand for calls."""
        arguments, awaited = ", ".join(self.given), "await " if is_async else ""
        plainly = f"super().{self.method}" if self.method else "Reference"
        plainly += f"({arguments})"
        for word, text in (("CALL", f"{awaited}{plainly}"), ("PLAINLY", plainly),
                           ("AWAIT ", awaited), ("METHOD", self.method),
                           ("GIVEN", arguments)):  # fmt: skip
            body = body.replace(word, text)
        own = ("self, " if given else "self") if self.method else ""
        name, is_async_word = self.method or self.exercise.name, "async " if is_async else ""
        lines = f"{is_async_word}def {name}({own}{given}):\n{indent(body, '    ')}"
        return in_class(self.exercise, lines) if self.method else lines

    def alone(self, body: str) -> str:
        """The text of the method without its class."""
        source = self.source(body, ", ".join(self.given), self.is_async)
        return dedent(source.partition("\n")[2])


def in_class(exercise: Exercise, lines: str) -> str:
    return f"class {exercise.name}(Reference):\n{indent(lines, '    ')}"


def run_cell(
    exercise: Exercise, source: str, names: dict[str, Any] | None = None, name: str = ""
) -> Any:
    """What the cell defines. Its lines are found as those of a notebook are."""
    text = f"{PREAMBLE}\n{source}\n"
    filename = f"<cheat {exercise.name} {abs(hash(text))}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    module = vars(sys.modules[exercise.reference.__module__])
    space = {**module, "Unavailable": Unavailable, **(names or {})}
    space |= {"Reference": exercise.reference, "__name__": "cell"}
    exec(compile(text, filename, "exec"), space)
    return space[name or exercise.name]


def written(exercise: Exercise) -> Any:
    """The reference as a learner would write it, in a cell."""
    reference = exercise.reference
    return run_cell(exercise, dedent(inspect.getsource(reference)), name=reference.__name__)


def _signatures(cell: Cell) -> Iterator[Cheat]:
    """The reference's work under another signature, or as the other kind of function."""
    too_many = [*cell.given, "more"]
    for name, given in (("takes too little", cell.given[1:]), ("takes too much", too_many)):
        if given != cell.given:
            source = cell.source("pass", ", ".join(given), cell.is_async)
            yield Cheat(cell.label + name, run_cell(cell.exercise, source), r"is called with")
    if cell.is_async:
        source = cell.source("pass", ", ".join(cell.given), False)
        yield Cheat(f"{cell.label}is plain", run_cell(cell.exercise, source), r"async def")
    elif not cell.method.startswith("on_"):  # a handler may be either
        source = cell.source("return PLAINLY", ", ".join(cell.given), True)
        yield Cheat(f"{cell.label}is async", run_cell(cell.exercise, source), r"without `async`")


def _constants(cell: Cell) -> Iterator[Cheat]:
    """What the reference answered first, always; what it was given first, always."""
    results, arguments = _recorded(cell.exercise, cell.method)
    kinds = (True, False) if cell.exercise.returns.get(cell.method) is bool else ()
    for value in dict.fromkeys([*kinds, *results]):
        name = f"always {value!r}" if isinstance(value, int | None) else f"always {value}"
        lacking = rf"{SEEN}|has no attribute"  # what the method would have set
        yield cell.cheat(name[:60], "return VALUE", lacking, VALUE=value)
    for name, first in zip(cell.given, arguments, strict=True):
        yield cell.cheat(f"ignores {name}", f"{name} = FIRST\nreturn CALL", SEEN, FIRST=first)


def _recorded(exercise: Exercise, method: str) -> tuple[list[Any], tuple[Any, ...]]:
    """Different results of the reference in named runs, and what it was given first."""
    results: dict[str, Any] = {}
    arguments: list[tuple[Any, ...]] = []

    def recorded(given: tuple[Any, ...], result: Any) -> Any:
        arguments.append(given)
        if result is not None:
            results.setdefault(repr(result), result)
        return result

    for case in exercise.cases:
        next(case.named(_recording(exercise.reference, method, recorded)))
    return [*results.values()][:VALUES], arguments[0]


def _recording(reference: Any, method: str, record: Callable[..., Any]) -> Any:
    function = getattr(reference, method) if method else reference

    @wraps(function)
    def plain(*given: Any) -> Any:
        return record(given[bool(method) :], function(*given))

    @wraps(function)
    async def coroutine(*given: Any) -> Any:
        return record(given[1:], await function(*given))

    recording = coroutine if inspect.iscoroutinefunction(function) else plain
    return type(reference.__name__, (reference,), {method: recording}) if method else recording


def _elsewhere(exercise: Exercise) -> Iterator[Cheat]:
    """Memory that does not belong to one machine, or changes of the course itself."""
    method = exercise.methods[0]
    kept = "def __setattr__(self, name, value):\n    setattr(type(self), name, value)"
    cell = Cell(exercise, method)
    listed = "seen = []\n" + cell.alone("self.seen.append(1)\nreturn CALL")
    around = "@remembering\n" + cell.alone("return CALL")
    ways = [("keeps all on the class", kept, SHARED), ("remembers in a list", listed, SHARED),
            ("remembers around it", around, SHARED)]  # fmt: skip
    if cell.takes("node"):
        ways.append(("changes what is given", "def note(self, note): pass", "`note` is given"))
        ways.append(("is no method", f"{method} = 3", f"{method} is called, and yours is a int"))
    for name, lines, words in ways:
        yield Cheat(name, run_cell(exercise, in_class(exercise, lines)), words)
    given = vars(sys.modules[exercise.base.__module__]) if exercise.base else {}
    for name, value in given.items():
        if isinstance(value, type) and issubclass(value, Note) and value is not Note:
            yield cell.cheat(f"writes {name} itself", "NOTED\nreturn CALL", "`NOTED`", NOTED=value)


def _shortened(exercise: Exercise) -> Iterator[Cheat]:
    """The reference without one of its statements."""
    source = dedent(inspect.getsource(exercise.reference))
    for line in range(1, source.count("\n") + 1):
        tree = ast.parse(source)
        leaving_out = _LeaveOut(line, exercise.methods or (exercise.name,))
        shorter = leaving_out.visit(tree)
        if leaving_out.left_out:
            text = ast.unparse(ast.fix_missing_locations(shorter))
            name = f"without {leaving_out.left_out!r}"
            solution = run_cell(exercise, text, name=exercise.reference.__name__)
            yield Cheat(name, solution, rf"{SEEN}|{LINE}|returned NoneType")


class _LeaveOut(ast.NodeTransformer):
    """Puts `pass` in the place of the statement that begins on this line of these functions."""

    def __init__(self, line: int, functions: tuple[str, ...]) -> None:
        self.line, self.functions = line, functions
        self.left_out, self.inside = "", False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.inside = node.name in self.functions
        elif isinstance(node, ast.stmt) and self.inside and node.lineno == self.line:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not docstring:
                self.left_out = ast.unparse(node).partition("\n")[0]
                return ast.Pass()
        return super().generic_visit(node)
