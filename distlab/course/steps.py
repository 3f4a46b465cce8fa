"""A limit to what the learner's code may do in one run: a loop that does not end is stopped.

A step is a call, a resumption (of a coroutine, a generator) or one more round of a loop, in the
learner's own Python code. The limit is the same on each computer: it counts, and reads no clock.

An endless loop of such steps is stopped, even where its body catches every error: `LoopsForEver` is
raised as the next round begins, and there the loop's own `try` is over. A loop that runs in C alone
(`sum(iter(int, 1))`) takes no steps: nothing stops it but the end of the process.

From Python 3.12 on `sys.monitoring` tells of steps, in the learner's functions alone. A check takes
about as long as without; tight loops of the learner take 2 to 13 times as long. Python 3.11 has
`sys.settrace` only, which tells of every call in distlab, too. A check takes 2 to 4 times as long;
tight loops 4 to 20 times, and generators that are read by C code up to 50 times. And 3.11 ends the
tracing when the error is raised. So code that catches the error of one endless loop and goes on,
into a second one or into another round, is no longer watched. A debugger has the same hook: while
one is at work, 3.11 counts nothing.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

MAX_STEPS = 200_000
"""Steps of the learner's code in one run."""
GRACE = 1_000
"""Further calls (Python 3.11) before the error is raised in a call. A new round comes first."""
_TOOL = 4


class Stopped(BaseException):
    """The learner's code was stopped: nothing good would have come of it."""


class LoopsForEver(Stopped):
    """The learner's code took more than `MAX_STEPS` steps in one run."""


@lru_cache
def _jumps_to_itself(code: CodeType) -> bool:
    instructions = zip(code.co_code[::2], code.co_code[1::2], strict=True)
    return (dis.opmap["JUMP_BACKWARD"], 1) in instructions


def _jumps_back(frame: FrameType) -> bool:
    """Whether the next instruction begins another round of a loop."""
    operations = frame.f_code.co_code[frame.f_lasti :: 2]
    return "JUMP_BACKWARD" in dis.opname[next(op for op in operations if op != dis.EXTENDED_ARG)]


class StepCount:
    """While it is entered, `LoopsForEver` is raised in learner's code that takes too many steps.

    `is_own` tells by a file's name whether its code is the learner's.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self.is_own = is_own
        self.reset()

    def reset(self, *_: object) -> None:
        """Count from zero again: a run is over."""
        self.left = MAX_STEPS

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise LoopsForEver

    if sys.version_info >= (3, 12):

        def __enter__(self) -> StepCount:
            watch, events = sys.monitoring, sys.monitoring.events
            if watch.get_tool(_TOOL) is None:
                watch.use_tool_id(_TOOL, "distlab exercises")
            watch.register_callback(_TOOL, events.PY_START, self._enter)
            watch.register_callback(_TOOL, events.PY_RESUME, self._enter)
            watch.register_callback(_TOOL, events.JUMP, self._jump)
            watch.set_events(_TOOL, events.PY_START | events.PY_RESUME)
            return self

        def __exit__(self, *_: object) -> None:
            sys.monitoring.set_events(_TOOL, 0)
            sys.monitoring.register_callback(_TOOL, sys.monitoring.events.JUMP, None)

        def _enter(self, code: CodeType, offset: int) -> Any:
            if not self.is_own(code.co_filename):
                return sys.monitoring.DISABLE  # and never asked again
            sys.monitoring.set_local_events(_TOOL, code, sys.monitoring.events.JUMP)
            return self._step()

        def _jump(self, code: CodeType, offset: int, to: int) -> Any:
            return sys.monitoring.DISABLE if to > offset else self._step()

    else:

        def __enter__(self) -> StepCount:
            self._before = sys.gettrace()
            if self._before is None:  # a debugger uses the same hook and is left alone
                sys.settrace(self._enter)
            return self

        def __exit__(self, *_: object) -> None:
            sys.settrace(self._before)

        def _enter(self, frame: FrameType, event: str, _: object) -> Any:
            if not self.is_own(frame.f_code.co_filename):
                return None
            # `while True: pass` is one instruction, which jumps to itself: no line event tells it.
            frame.f_trace_opcodes = _jumps_to_itself(frame.f_code)
            last = -1

            def trace(frame: FrameType, event: str, _: object) -> Any:
                nonlocal last
                if self.left >= 0:
                    self.left -= frame.f_lasti <= last and event != "return"
                    last = frame.f_lasti
                elif self.left < -GRACE or (event == "opcode" and _jumps_back(frame)):
                    raise LoopsForEver
                frame.f_trace_opcodes |= self.left < 0
                return trace

            self.left -= 1
            return trace
