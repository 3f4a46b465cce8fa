"""A watch over code that may use nothing but its arguments: whatever it calls is looked at."""

import builtins
import gc
import inspect
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from distlab.course import plain
from distlab.course.steps import ENDS, Forbidden
from distlab.places import PACKAGE

NO_NEED = "It has nothing to wait for: the run is over."
ONLY = "It may use nothing but history and trace."
NOT_YOURS = {
    time.sleep: NO_NEED, builtins.input: NO_NEED,
    os._exit: ENDS, os.abort: ENDS, os.system: ENDS,
    sys._getframe: ONLY, sys._current_frames: ONLY, sys.setprofile: ONLY, sys.settrace: ONLY,
    gc.get_objects: ONLY, gc.get_referrers: ONLY, gc.get_referents: ONLY,
}  # fmt: skip


class LooksElsewhere(Forbidden):
    """An oracle calls what it should not."""


class Guard:
    """Asks an oracle. Its own file may be part of distlab: there stand the references."""

    def __init__(self, holds: Callable[..., Any]) -> None:
        code = getattr(inspect.unwrap(holds), "__code__", None)
        self.holds, self.allowed = holds, {plain.__file__, getattr(code, "co_filename", "")}
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
        code = frame.f_code
        if event == "call" and code is getattr(builtins.input, "__code__", None):
            self._refuse("input", NO_NEED)  # in a notebook it is a function of Python
        elif event == "call" and code.co_filename not in self.allowed:
            if Path(code.co_filename).is_relative_to(PACKAGE):
                self._refuse(code.co_qualname, ONLY)
        elif event == "c_call" and code.co_filename != __file__:
            for forbidden, why in NOT_YOURS.items():
                if function is forbidden:
                    self._refuse(forbidden.__name__, why)

    def _refuse(self, name: str, why: str) -> None:
        self.seen = self.seen or LooksElsewhere(f"Your check calls {name}. {why}")
        raise self.seen
