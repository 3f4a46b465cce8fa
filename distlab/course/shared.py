"""Memory that belongs to no machine: in a class, a global, a closure, a default argument.

In a simulation all machines are objects of one process. So what a method keeps outside `self` is
shared by all of them, survives a crash, and is still there in the next run. No real machine has
such a memory. It is found by comparison: what the learner's functions can reach, before and after.
Files and the like are refused (`distlab.course.foreign`). What a function hides in C, or in an
object of a library, is not found.
"""

from __future__ import annotations

import dis
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from types import (
    CodeType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from distlab.places import PACKAGE

GLOBAL = ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL")
PLAIN = (int, float, str, bytes, bool, complex, type(None))
DEPTH = 5
LAYERS = 9


@lru_cache
def is_own(filename: str) -> bool:
    """Whether a source file is the learner's: neither distlab's nor Python's nor generated."""
    libraries = [PACKAGE, *map(Path, set(sysconfig.get_paths().values()) - {sys.prefix})]
    inside = any(Path(filename).is_relative_to(folder) for folder in libraries)
    return not inside and not filename.startswith(("<frozen", "<string>"))


def functions(solution: Any) -> Iterator[FunctionType]:
    """The functions of a solution: itself, or its class's and those of classes that it extends."""
    if isinstance(solution, type):
        for kind in solution.__mro__:
            for value in vars(kind).values():
                yield from _within(value)
    else:
        yield from _within(solution)


def _within(value: Any) -> Iterator[FunctionType]:
    """The functions of a method, a property, a decorated or partial function, a callable object:
    the wrapping ones, too.
    """
    value = getattr(value, "__func__", getattr(value, "fget", value))
    for _ in range(LAYERS):
        value = value.func if isinstance(value, partial) else value
        if isinstance(value, FunctionType):
            yield value
        elif not isinstance(value, type) and _is_own_class(type(value)):
            yield from functions(type(value))
        value = getattr(value, "__wrapped__", None)


@lru_cache
def names(code: CodeType, of_globals: bool = False) -> frozenset[str]:
    """The names of globals and attributes in a function and in those within it."""
    inner = [names(each, of_globals) for each in code.co_consts if isinstance(each, CodeType)]
    own = {i.argval for i in dis.get_instructions(code) if i.opname in GLOBAL}
    return frozenset(own if of_globals else code.co_names).union(*inner)


@lru_cache
def texts(code: CodeType) -> frozenset[str]:
    """The constant texts in a function and in those within it."""
    inner = [texts(each) for each in code.co_consts if isinstance(each, CodeType)]
    return frozenset(each for each in code.co_consts if type(each) is str).union(*inner)


@lru_cache
def _imports(code: CodeType) -> tuple[tuple[str, str], ...]:
    """What a function imports itself: modules, and names from modules."""
    found = [("", "")]
    for each in dis.get_instructions(code):
        if each.opname == "IMPORT_NAME":
            found.append((each.argval, ""))
        elif each.opname == "IMPORT_FROM":
            found.append((found[-1][0], each.argval))
    inner = [_imports(each) for each in code.co_consts if isinstance(each, CodeType)]
    return sum(inner, tuple(found[1:]))


def used(function: FunctionType) -> dict[str, Any]:
    """The globals that a function names, what it imports, and attributes of modules and of classes
    of a library that it may mean.
    """
    code = function.__code__
    known = function.__globals__
    found = {name: known[name] for name in names(code, of_globals=True) if name in known}
    for module, name in _imports(code):
        value = sys.modules.get(module)
        found[name or module] = getattr(value, name, None) if name else value
    wanted = names(code) | texts(code)
    waiting = list(found.items())
    for name, value in waiting:
        if isinstance(value, ModuleType) or (isinstance(value, type) and not _is_own_class(value)):
            inside = {f"{name}.{each}": vars(value)[each] for each in wanted & vars(value).keys()}
            waiting += [(each, inner) for each, inner in inside.items() if each not in found]
            found |= inside
    return found


class Memory:
    """What the learner's functions in a solution can reach beside the machines."""

    def __init__(self, solution: Any) -> None:
        self.solution = solution
        self.before = self._look()

    def changed(self) -> str:
        """A name whose value is another one than at the last call; empty when there is none."""
        before, self.before = self.before, self._look()
        changed = (
            name for name in before | self.before if before.get(name) != self.before.get(name)
        )
        return next(changed, "")

    def _look(self) -> dict[str, Any]:
        seen: dict[int, Any] = {}
        found: dict[str, Any] = {}
        if isinstance(self.solution, type):
            for kind in self.solution.__mro__[:-1]:
                for name, value in vars(kind).items():
                    if not name.startswith("__"):
                        depth = DEPTH if _is_own_class(kind) else 0
                        found.setdefault(f"{kind.__name__}.{name}", _print(value, depth))
        for function in functions(self.solution):
            self._reach(function, found, seen)
        return found

    def _reach(self, function: FunctionType, found: dict[str, Any], seen: dict[int, Any]) -> None:
        code = function.__code__
        if id(function) in seen or not is_own(code.co_filename):
            return
        seen[id(function)] = function
        reached = used(function)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            if name != "__class__":
                reached[name] = _content(cell)
        taken = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        reached |= dict(zip(taken[len(taken) - len(defaults) :], defaults, strict=True))
        reached |= function.__kwdefaults__ or {}
        reached |= {f"{function.__name__}.{name}": each for name, each in vars(function).items()
                    if name != "__wrapped__"}  # fmt: skip
        for name, value in reached.items():
            if isinstance(value, FunctionType):
                self._reach(value, found, seen)
            elif isinstance(value, type) and _is_own_class(value):
                for attribute, each in vars(value).items():
                    if not attribute.startswith("__"):
                        found[f"{name}.{attribute}"] = _print(each)
            else:
                found[name] = _print(value)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return None


def _print(value: Any, depth: int = DEPTH) -> Any:
    """Something equal as long as the value does not change, without running the learner's code.

    Objects of a library (a script that keeps its digest) are looked at from outside only.
    """
    kind = type(value)
    if kind in PLAIN:
        return kind, value
    if not depth:
        return id(value)
    inner: Any = ()
    if isinstance(value, dict):
        inner = [(_print(k, depth - 1), _print(v, depth - 1)) for k, v in dict.items(value)]
    elif isinstance(value, list | tuple | set | frozenset) or kind.__module__ == "collections":
        inner = [_print(each, depth - 1) for each in value] if _safe(kind) else ()
    elif hasattr(kind, "cache_info"):  # functools.cache
        inner = kind.cache_info(value)
    elif kind is FunctionType:
        inner = [(k, _print(v, depth - 1)) for k, v in vars(value).items() if k != "__wrapped__"]
    elif kind is SimpleNamespace:
        inner = _print(vars(value), depth - 1)
    elif isinstance(value, bytearray):
        inner = bytes(value)
    elif isinstance(value, Random):
        inner = value.getstate()
    elif isinstance(value, GeneratorType):
        inner = value.gi_frame and value.gi_frame.f_lasti
    elif kind.__module__ == "itertools":
        inner = repr(value)
    elif not isinstance(value, type | FunctionType) and _is_own_class(kind):
        slots = {name: each for of in kind.__mro__ for name, each in vars(of).items()
                 if isinstance(each, MemberDescriptorType)}  # fmt: skip
        filled = {name: _filled(each, value) for name, each in slots.items()}
        inner = _print(filled | getattr(value, "__dict__", {}), depth - 1)
    return id(value), inner


def _filled(slot: MemberDescriptorType, value: Any) -> Any:
    try:
        return slot.__get__(value)
    except AttributeError:  # not yet filled
        return None


def _is_own_class(kind: type) -> bool:
    if kind.__module__ == "builtins":
        return False
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return file is None or is_own(file)


def _safe(kind: type) -> bool:
    """Whether to iterate over it runs no code of the learner's."""
    return not isinstance(getattr(kind, "__iter__", None), FunctionType)
