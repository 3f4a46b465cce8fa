"""Programs that we start, and that end for sure: in good order, after an error, when we are killed.

The end of a `with` block ends what was started in it. But a kernel or a test that is ended by
SIGKILL leaves no block. So a *guard*, a tiny process started beside the first child, holds one end
of a pipe whose other end only we hold. When the pipe closes, we are gone, however that happened.
The guard then ends what is still there and removes its folders. Children and guard run in groups of
their own: an interrupt meant for us does not reach them. This file is both the guard and its user.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO, Any, Self

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has no other way than to kill
GRACE_S = 3.0


class _Guard:
    """Our end of the pipe. After a fork we need a new one: the parent's children are not ours."""

    def __init__(self) -> None:
        self._pid = 0
        self._pipe: IO[str] | None = None

    def tell(self, what: int | str, end: int | None) -> None:
        """A child and the signal that ends it, or a folder and 0. With `end` None it is gone."""
        if os.name != "posix":
            return  # on Windows no child is paused, so the pipes that close with us end it
        if self._pid != os.getpid():
            command = [sys.executable, "-I", "-S", __file__]
            deaf: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, text=True, start_new_session=True, **deaf
            )
            process.returncode = 0  # it outlives us, so we do not wait for it
            self._pid, self._pipe = os.getpid(), process.stdin
        assert self._pipe is not None
        with contextlib.suppress(BrokenPipeError):  # somebody has killed it
            print(json.dumps([what, end]), file=self._pipe, flush=True)


GUARD = _Guard()


def guard(lines: IO[str]) -> None:
    """The guard's life: remember pids and folders until the pipe closes, then end and remove."""
    known: dict[int | str, int | None] = dict(map(json.loads, lines))  # the last word counts
    ends = {pid: end for pid, end in known.items() if isinstance(pid, int) and end is not None}
    for pid, end in ends.items():
        _signal(pid, end)
        _signal(pid, signal.SIGCONT)  # a paused child hears of it only then
    if any(end != KILL for end in ends.values()):
        time.sleep(GRACE_S)
    for pid in ends:
        _signal(pid, KILL)
    for folder, there in known.items():
        if isinstance(folder, str) and there is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Child:
    """A running program. `end` is the signal that asks it to finish in order.

    `pause` and `resume` are SIGSTOP and SIGCONT, `kill` is SIGKILL: what the simulation calls pause
    and crash. Windows has no pause: `distlab.real.needed.NotHere`.
    """

    def __init__(self, command: Sequence[str], end: int = KILL, **options: Any) -> None:
        self.process = subprocess.Popen(command, start_new_session=True, **options)
        self._end = end
        GUARD.tell(self.pid, int(end))

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def pause(self) -> None:
        """Stop it; returns when it stands still. A process that has ended stays as it is."""
        if os.name != "posix":
            from distlab.real.needed import NotHere  # here, for the guard imports nothing of ours

            raise NotHere("Windows cannot pause a process (it has no SIGSTOP)")
        if self.running:
            os.kill(self.pid, signal.SIGSTOP)
            _, status = os.waitpid(self.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):  # it ended before the signal arrived
                self.process.returncode = os.waitstatus_to_exitcode(status)

    def resume(self) -> None:
        if self.running and os.name == "posix":
            os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, paused or not."""
        self._finish(KILL, None)

    def stop(self) -> None:
        """Ask it to finish, and kill it if it does not."""
        self._finish(self._end, GRACE_S)

    def _finish(self, number: int, wait_s: float | None) -> None:
        if self.running:
            self.process.send_signal(number)
            if number != KILL:
                self.resume()
        GUARD.tell(self.pid, None)  # before its number can be given to somebody else
        try:
            self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


if __name__ == "__main__":
    guard(sys.stdin)
