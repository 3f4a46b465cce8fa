"""The common part of the servers that we start: a folder, a life, a crash."""

import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from distlab.real.child import GUARD, KILL, Child
from distlab.real.needed import find

START_S = 30.0


class Server:
    """A server of our own, at the same address until `stop`. `part` is the doctor's name for it.

    Raises `NotHere` when this machine has none, and `RuntimeError` with the end of its log when it
    does not start.
    """

    silent: tuple[type[Exception], ...]
    """The errors of `ask` while the server does not answer yet."""
    end: int = KILL
    """The signal that asks the process to finish."""

    def __init__(self, part: str) -> None:
        self.program = Path(find(part))
        self.folder = Path(tempfile.mkdtemp(prefix="distlab-"))
        GUARD.tell(str(self.folder), 0)  # it is removed even when we are killed
        self.password = secrets.token_hex(16)
        self.log = self.folder / "log"
        self.user: dict[str, Any] = {}  # the user of the process, if it is not ours

    def command(self) -> list[str]:
        raise NotImplementedError

    def ask(self) -> None:
        """Ask the server something, to see whether it answers."""
        raise NotImplementedError

    def begin(self) -> None:
        """Start it without waiting, so that several can start at the same time."""
        with self.log.open("wb") as log:
            files = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
            self._child = Child(self.command(), self.end, **files, **self.user)

    def wait(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + START_S
        while self._child.running and time.monotonic() < until:
            try:
                return self.ask()
            except self.silent:
                time.sleep(0.005)
        raise RuntimeError(f"{self.program} did not start:\n{self.last_words()}")

    def last_words(self) -> str:
        return self.log.read_text("utf-8", "replace")[-1000:] if self.log.exists() else ""

    @property
    def pid(self) -> int:
        return self._child.pid

    def pause(self) -> None:
        """SIGSTOP: connections stay open, and no answer comes."""
        self._child.pause()

    def resume(self) -> None:
        self._child.resume()

    def kill(self) -> None:
        """SIGKILL: a crash of the process."""
        self._child.kill()

    def restart(self) -> None:
        """Kill it if it is alive, and start it at the same address with the data that it kept."""
        self.kill()
        self.begin()
        self.wait()

    def stop(self) -> None:
        """End it and remove its folder."""
        if hasattr(self, "_child"):
            self._child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        GUARD.tell(str(self.folder), None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # no password, and the same in every notebook
