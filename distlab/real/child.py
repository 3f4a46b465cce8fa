"""Programs that we start, and that end for sure: in good order, after an error, when we are killed.

Who leaves a `with` block ends what was started in it. Nobody leaves anything when a kernel or a
test is ended by SIGKILL; so a *guard*, a tiny process started beside the first child, holds one end
of a pipe whose other end only we hold. When the pipe closes, we are gone, however that happened,
and the guard ends what is still there and removes its folders. Children and guard run in groups of
their own: an interrupt meant for us does not reach them. This file is both the guard and its user.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Any, Self

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has no other way than to kill
GRACE_S = 3.0


class _Guard:
    """Our end of the pipe. Another one after a fork: the parent's children are not ours."""

    def __init__(self) -> None:
        self._pid = 0
        self._pipe: IO[str] | None = None

    def tell(self, what: str) -> None:
        if os.name != "posix":
            return  # Windows pauses nobody, so the pipes that close with us end our children
        if self._pid != os.getpid():
            command = [sys.executable, "-I", "-S", __file__]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            process.returncode = 0  # it outlives us: nobody waits for it
            self._pid, self._pipe = os.getpid(), process.stdin
        assert self._pipe is not None
        with contextlib.suppress(BrokenPipeError):  # somebody has killed it
            print(what, file=self._pipe, flush=True)


GUARD = _Guard()


def guard(lines: IO[str]) -> None:
    """The guard's life: remember pids and folders until the pipe closes, then end and remove."""
    polite: dict[int, int] = {}
    folders: dict[str, None] = {}
    for line in lines:
        verb, what = line.rstrip("\n").split(" ", 1)
        if verb == "watch":
            child, signum = what.split()
            polite[int(child)] = int(signum)
        elif verb == "forget":
            polite.pop(int(what), None)
        elif verb == "folder":
            folders[what] = None
        elif verb == "removed":
            folders.pop(what, None)
    for pid, end in polite.items():
        _signal(pid, end)
        _signal(pid, signal.SIGCONT)  # who is paused hears of it only then
    if any(end != KILL for end in polite.values()):
        time.sleep(GRACE_S)
    for pid in polite:
        _signal(pid, KILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Folder:
    """A temporary folder that is removed even when we are killed."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="distlab-")
        GUARD.tell(f"folder {self.path}")

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        GUARD.tell(f"removed {self.path}")


class Child:
    """A running program. `end` is the signal that asks it to finish in order.

    `pause` and `resume` are SIGSTOP and SIGCONT, `kill` is SIGKILL: what the simulation calls pause
    and crash. Windows has no pause: `distlab.real.needed.NotHere`.
    """

    def __init__(self, command: Sequence[str], end: int = KILL, **options: Any) -> None:
        self.process = subprocess.Popen(command, start_new_session=True, **options)
        self._end = end
        GUARD.tell(f"watch {self.pid} {int(end)}")

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def pause(self) -> None:
        """Returns when it stands still. Does nothing to a process that has ended."""
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
        """At once and without a last word, paused or not."""
        self._finish(KILL, None)

    def stop(self) -> None:
        """Ask it to finish, and kill it if it does not."""
        self._finish(self._end, GRACE_S)

    def _finish(self, number: int, wait_s: float | None) -> None:
        if self.running:
            self.process.send_signal(number)
            if number != KILL:
                self.resume()
        GUARD.tell(f"forget {self.pid}")  # before its number can be given to somebody else
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
