"""A watch over code that may use nothing but its arguments: whatever it calls is looked at."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from distlab.course import plain
from distlab.course.foreign import (
    ENDS,
    LOOKS_INSIDE,
    SLEEPS,
    WAITS,
    is_ask,
    of_computer,
    refused,
    refused_anywhere,
)
from distlab.course.steps import Forbidden
from distlab.places import PACKAGE

NO_NEED = "It has nothing to wait for: the run is over."
ONLY = "It may use nothing but history and trace."
WORDS = {SLEEPS: NO_NEED, WAITS: NO_NEED, ENDS: ENDS}
"""What is said of an oracle in the place of what is said of a program."""


class LooksElsewhere(Forbidden):
    """An oracle calls what it should not."""


class Guard:
    """Asks an oracle. Its own file may be part of distlab: there stand the references."""

    def __init__(self, holds: Callable[..., Any]) -> None:
        code = getattr(inspect.unwrap(holds), "__code__", None)
        self.holds, self.file = holds, getattr(code, "co_filename", "")
        self.allowed = {plain.__file__, self.file}
        self.seen: LooksElsewhere | None = None

    def ask(self, view: plain.View) -> Any:
        """What it says of a run. Raises what its code raises, and `LooksElsewhere`."""
        before = sys.getprofile()
        sys.setprofile(self._look)
        try:
            return self.holds(*view)
        finally:
            sys.setprofile(before)
            if self.seen:  # the learner's code may have caught it
                raise self.seen

    def _look(self, frame: FrameType, event: str, function: Any) -> None:
        code, caller = frame.f_code, frame.f_back
        if event == "call" and is_ask(code):
            self._refuse("input", NO_NEED)
        elif event == "call" and code.co_filename not in self.allowed:
            asked = caller and caller.f_code.co_filename == self.file
            foreign = asked and of_computer(str(frame.f_globals.get("__name__")))
            if foreign or Path(code.co_filename).is_relative_to(PACKAGE):
                self._refuse(code.co_qualname, ONLY)
        elif event == "c_call" and code.co_filename != __file__:
            own = code.co_filename == self.file
            why = refused(function) if own else refused_anywhere(function)
            if not why and any(function is each for each in LOOKS_INSIDE):
                why = ONLY
            if why:
                self._refuse(function.__name__, WORDS.get(why, ONLY))

    def _refuse(self, name: str, why: str) -> None:
        self.seen = self.seen or LooksElsewhere(f"Your check calls {name}. {why}")
        raise self.seen
