"""What no program in a simulation may call or reach, and why: one list for exercises and oracles.

A simulated machine has no files, threads, sockets or frames of this computer. Code that reached
them would remember what a crash should take, wait in real time, end the kernel, or read the
verdict's own variables. Nor may it use the parts of the course that judge it.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
import time
from functools import lru_cache
from pathlib import Path
from types import (
    BuiltinFunctionType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from distlab.sim.trace import Note

SLEEPS = "Virtual time does not pass while you sleep: `await self.sleep(ms)`, or set a timer."
WAITS = "`input()` waits for a person, and a machine has nobody to ask."
ENDS = "That would end this notebook's kernel. A program on a machine crashes by a fault only."
LOOKS_ON = "No debugger can look on during a check. Look at the run in a lab instead."
NO_LOOP = "No asyncio runs in a simulation. To wait: `await self.sleep(ms)`."
OUTSIDE = (
    "`{}` reaches out of the simulation. A machine there has none of this computer's files, "
    "threads, clocks or variables: use what the task names."
)

JUDGING = (
    "`{}` is the simulation's: a program on a real machine has nothing like it. Use what the task "
    "names."
)


@lru_cache
def of_asyncio(filename: str) -> bool:
    """Whether a file is asyncio's."""
    return Path(filename).parent == Path(os.__file__).parent / "asyncio"


ANYWHERE: tuple[tuple[Any, str], ...] = (
    (time.sleep, SLEEPS),
    (os._exit, ENDS), (os.abort, ENDS), (os.system, ENDS),
    (breakpoint, LOOKS_ON), (sys.settrace, LOOKS_ON), (sys.setprofile, LOOKS_ON),
)  # fmt: skip
"""What may not be called even by a library that the learner's code calls."""
LOOKS_INSIDE = (sys._getframe, sys._current_frames, gc.get_objects, gc.get_referrers,
                gc.get_referents)  # fmt: skip
"""What an oracle may not even let a library do for it."""
BUILTIN = (vars, globals, eval, exec, compile, builtins.__import__, open)
MODULES = frozenset({
    "atexit", "code", "concurrent", "ctypes", "dbm", "faulthandler", "fileinput", "gc", "http",
    "importlib", "inspect", "io", "mmap", "multiprocessing", "nt", "os", "pathlib", "pdb", "pickle",
    "posix", "pty", "queue", "runpy", "select", "selectors", "shelve", "shutil", "signal", "socket",
    "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "thread", "threading",
    "time", "tracemalloc", "urllib", "weakref", "weakrefset",
})  # fmt: skip
"""Modules of Python whose functions are this computer's."""
NOTEBOOK = "IPython.core.interactiveshell"
"""Has its own `open`."""
JUDGES = ("course", "scenario", "check", "explore", "registry", "lab")
"""Parts of distlab that judge a solution."""
ATTRIBUTES = frozenset({
    "__builtins__", "__closure__", "__code__", "__dict__", "__globals__", "__setattr__",
    "__subclasses__", "ag_frame", "cr_frame", "f_back", "f_globals", "f_locals", "gi_frame",
    "tb_frame",
})  # fmt: skip
"""Attributes that lead behind the scenes."""


def _home(value: Any) -> str:
    """The name of the module that a value is from, without running the learner's code."""
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, MethodType):
        value = value.__func__
    if isinstance(value, BuiltinFunctionType):
        return value.__module__ or type(value.__self__).__module__
    if isinstance(value, MethodDescriptorType):
        value = value.__objclass__
    kind = value if isinstance(value, type | FunctionType) else type(value)
    return str(kind.__module__)


def of_computer(module: str) -> bool:
    """Whether the functions of this module are this computer's."""
    known = module.partition(".")[0].lstrip("_") in MODULES or module == NOTEBOOK
    return known and not module.startswith("importlib._")


def refused_anywhere(function: Any) -> str:
    """Why not even a library may call this for the learner's code; empty when it may."""
    known = (*ANYWHERE, (builtins.input, WAITS))
    return next((why for each, why in known if function is each), "")


def refused(function: Any) -> str:
    """Why the learner's code may not call this; empty when it may."""
    why = refused_anywhere(function)
    if why or function is sys.exit:  # which raises: that is told better
        return why
    code = getattr(function, "__code__", None) if isinstance(function, FunctionType) else None
    if code and of_asyncio(code.co_filename):
        return NO_LOOP
    if any(function is each for each in BUILTIN) or of_computer(_home(function)):
        return OUTSIDE.format(getattr(function, "__qualname__", "it"))
    return ""


def refused_code(frame: FrameType) -> str:
    """The same of a function of Python that has just been called."""
    if of_asyncio(frame.f_code.co_filename):
        return NO_LOOP
    if is_ask(frame.f_code):
        return WAITS
    if of_computer(str(frame.f_globals.get("__name__"))):
        return OUTSIDE.format(frame.f_code.co_qualname)
    return ""


def beyond(name: str, value: Any) -> str:
    """Why the learner's functions may not even hold this, under this name; empty when they may."""
    if isinstance(value, ModuleType | type | FunctionType | BuiltinFunctionType):
        noted = isinstance(value, type) and issubclass(value, Note) and value is not Note
        home = _home(value)
        judging = is_judge(home) or (noted and home.startswith("distlab."))
        return JUDGING.format(name) if judging else ""
    computers = any(of_computer(_home(kind)) for kind in type(value).__mro__)
    return OUTSIDE.format(name) if computers else ""


def is_judge(module: str) -> bool:
    """Whether a module with this name judges solutions."""
    first, _, rest = module.partition(".")
    return first == "distlab" and rest.partition(".")[0] in JUDGES and rest != "course.plain"


def is_ask(code: Any) -> bool:
    """Whether this is the code of `input`, which in a notebook is a function of Python."""
    return code is getattr(builtins.input, "__code__", builtins)
