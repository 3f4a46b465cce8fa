"""What the learner's own code does in one run, step by step; and an end to what never ends.

A step is a call, a resumption (of a coroutine, a generator) or one more round of a loop, in the
learner's own Python code. The limit is the same on each computer: it counts, and reads no clock.

An endless loop of such steps is stopped, even where its body catches every error: `LoopsForEver` is
raised as the next round begins, and there the loop's own `try` is over. A loop that runs in C alone
(`sum(iter(int, 1))`) takes no steps: nothing stops it but the end of the process.

Other things are stopped before they begin (`distlab.course.foreign`): sleeping in real time, asking
a person, ending the process, a file, a thread. If the code catches that, it is raised once more in
the next round of a loop, as is the learner's Stop (`KeyboardInterrupt`); and after the run it is
known.

Exceptions that pass through the learner's lines are kept until the next run: of one that was
caught nobody would hear otherwise.

From Python 3.12 on `sys.monitoring` tells of steps, in the learner's functions alone. A check takes
about as long as without; tight loops of the learner take 2 to 13 times as long. Python 3.11 has
`sys.settrace` only, which tells of every call in distlab, too. A check takes 2 to 4 times as long;
tight loops 4 to 20 times, and generators that are read by C code up to 50 times. And 3.11 ends the
tracing when the error is raised. So code that catches the error of one endless loop and goes on,
into a second one or into another round, is no longer watched. A debugger has the same hook: while
one is at work, 3.11 counts nothing. Threads that the learner starts are not watched, nor is
what sleeps in a library's own code (from 3.12 on) or in C.
"""

from __future__ import annotations

import dis
import linecache
import sys
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from distlab.course.foreign import WAITS, is_ask, refused, refused_anywhere, refused_code
from distlab.host import Refused
from distlab.sim.kernel import Cancelled

MAX_STEPS = 20_000
"""Steps of the learner's code in one run. Right solutions take fewer than 200."""
GRACE = 1_000
"""Further calls (Python 3.11) before the error is raised in a call. A new round comes first."""
_TOOL = 4


class Stopped(BaseException):
    """The learner's code was stopped: nothing good would have come of it."""


class LoopsForEver(Stopped):
    """The learner's code took more than `MAX_STEPS` steps in one run."""


class Forbidden(Stopped):
    """The learner's code was about to do what a program in a simulation cannot."""


class Passed(NamedTuple):
    """An exception that passed through a line of the learner's code, and its text if it is safe."""

    kind: type[BaseException]
    said: str
    code: CodeType
    line: int

    def __str__(self) -> str:
        text = linecache.getline(self.code.co_filename, self.line).strip()
        return f"  your code, line {self.line}, in {self.code.co_name}: {text}"


OUTCOMES = (StopIteration, StopAsyncIteration, GeneratorExit, Cancelled, Refused, TimeoutError,
            Stopped)  # fmt: skip
"""Exceptions that are no accident."""


@lru_cache
def _jumps_to_itself(code: CodeType) -> bool:
    instructions = zip(code.co_code[::2], code.co_code[1::2], strict=True)
    return (dis.opmap["JUMP_BACKWARD"], 1) in instructions


def _jumps_back(frame: FrameType) -> bool:
    """Whether the next instruction begins another round of a loop."""
    operations = frame.f_code.co_code[frame.f_lasti :: 2]
    return "JUMP_BACKWARD" in dis.opname[next(op for op in operations if op != dis.EXTENDED_ARG)]


def _text(error: BaseException) -> str:
    """Its text, unless that would run the learner's code."""
    plain = not isinstance(type(error).__str__, FunctionType)
    return str(error) if plain and all(type(a) in (str, int, float) for a in error.args) else ""


class StepCount:
    """While it is entered, `LoopsForEver` is raised in learner's code that takes too many steps.

    `is_own` tells by a file's name whether its code is the learner's. With `strict` it may not call
    what `distlab.course.foreign` refuses. `passed` are the exceptions of this run that are no
    outcomes, the innermost line first. `stopping` is what the code was stopped by, even if it
    caught that.
    """

    def __init__(self, is_own: Callable[[str], bool], strict: bool = False) -> None:
        self.is_own, self.strict = is_own, strict
        self.reset()

    def reset(self, *_: object) -> None:
        """Begin anew: a run is over."""
        self.left = MAX_STEPS
        self.passed: dict[Passed, None] = {}
        self.stopping: BaseException | None = None
        self._watch()

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.stopping or LoopsForEver

    def _stop(self, error: BaseException) -> None:
        """From now on each further step raises this."""
        self.left, self.stopping = -1, error

    def _refuse(self, why: str) -> None:
        if not isinstance(self.stopping, Forbidden):  # the first one has the line that matters
            self._stop(Forbidden(why))
        self._step()

    def _called(self, why: str) -> None:
        """The learner's code is about to call something that is refused, if there are words."""
        if why and self.strict:
            self._refuse(why)

    def _raised(self, error: BaseException, code: CodeType, line: int) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._stop(error)
        elif not isinstance(error, OUTCOMES) and len(self.passed) < GRACE:
            self.passed.setdefault(Passed(type(error), _text(error), code, line))

    if sys.version_info >= (3, 12):

        def _watch(self) -> None:
            """Nothing ends this kind of watching."""

        def __enter__(self) -> StepCount:
            watch, events = sys.monitoring, sys.monitoring.events
            if watch.get_tool(_TOOL) is None:
                watch.use_tool_id(_TOOL, "distlab exercises")
            watch.register_callback(_TOOL, events.PY_START, self._enter)
            watch.register_callback(_TOOL, events.PY_RESUME, self._enter)
            watch.register_callback(_TOOL, events.JUMP, self._jump)
            watch.register_callback(_TOOL, events.CALL, self._call)
            watch.register_callback(_TOOL, events.RAISE, self._raise)
            watch.set_events(_TOOL, events.PY_START | events.PY_RESUME | events.RAISE)
            return self

        def __exit__(self, *_: object) -> None:
            events = sys.monitoring.events
            sys.monitoring.set_events(_TOOL, 0)
            for event in (events.JUMP, events.CALL):
                sys.monitoring.register_callback(_TOOL, event, None)

        def _enter(self, code: CodeType, offset: int) -> Any:
            if not self.is_own(code.co_filename):
                return sys.monitoring.DISABLE  # and never asked again
            events = sys.monitoring.events
            sys.monitoring.set_local_events(_TOOL, code, events.JUMP | events.CALL)
            return self._step()

        def _jump(self, code: CodeType, offset: int, to: int) -> Any:
            return sys.monitoring.DISABLE if to > offset else self._step()

        def _call(self, code: CodeType, offset: int, function: object, _: object) -> None:
            self._called(refused(function))

        def _raise(self, code: CodeType, offset: int, error: BaseException) -> None:
            if self.is_own(code.co_filename):
                lines = (ln for start, end, ln in code.co_lines() if start <= offset < end)
                self._raised(error, code, next(lines, None) or 0)

    else:

        def _watch(self) -> None:
            """Watch again: an error that was raised here has ended it."""
            self._inside = 0
            if self._entered:
                sys.settrace(self._enter)

        _entered = False

        def __enter__(self) -> StepCount:
            self._before = sys.gettrace(), sys.getprofile()
            if self._before[0] is None:  # a debugger uses the same hook and is left alone
                self._entered = True
                sys.settrace(self._enter)
            return self

        def __exit__(self, *_: object) -> None:
            self._entered = False
            sys.settrace(self._before[0])
            sys.setprofile(self._before[1])

        def _enter(self, frame: FrameType, event: str, _: object) -> Any:
            filename = frame.f_code.co_filename
            if not self.is_own(filename):
                if self._inside and self._is_called_by_own(frame):
                    self._called(refused_code(frame))
                return None
            # `while True: pass` is one instruction, which jumps to itself: no line event tells it.
            frame.f_trace_opcodes = _jumps_to_itself(frame.f_code)
            last = -1

            def trace(frame: FrameType, event: str, what: Any) -> Any:
                nonlocal last
                if event == "exception":
                    self._raised(what[1], frame.f_code, frame.f_lineno)
                elif event == "return":
                    self._leave()
                if self.stopping and event == "line" and sys.getprofile() is None:
                    sys.setprofile(self._profile)  # a refusal that was caught has ended it
                if self.left >= 0:
                    self.left -= frame.f_lasti <= last and event not in ("return", "exception")
                    last = frame.f_lasti
                elif self.left < -GRACE or (event == "opcode" and _jumps_back(frame)):
                    raise self.stopping or LoopsForEver
                frame.f_trace_opcodes |= self.left < 0
                return trace

            self.left -= 1
            self._inside += 1
            if self.strict and sys.getprofile() is None:
                sys.setprofile(self._profile)
            return trace

        def _leave(self) -> None:
            self._inside -= 1
            if self._inside <= 0 and sys.getprofile() == self._profile:
                sys.setprofile(None)

        def _is_called_by_own(self, frame: FrameType) -> bool:
            return frame.f_back is not None and self.is_own(frame.f_back.f_code.co_filename)

        def _profile(self, frame: FrameType, event: str, what: Any) -> None:
            """Calls of C functions while the learner's code is at work."""
            if event == "c_call" and frame.f_code.co_filename != __file__:
                own = self.is_own(frame.f_code.co_filename)
                self._called(refused(what) if own else refused_anywhere(what))
            elif event == "call" and is_ask(frame.f_code):
                self._refuse(WAITS)  # in a notebook it is a function of Python
