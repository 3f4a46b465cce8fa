"""What the servers that we start have in common: a folder, a life, a crash."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from distlab.real.child import Child, Folder
from distlab.real.needed import find

START_S = 30.0


class Server:
    """A server of our own, at the same address until `stop`. `part` is the doctor's name for it.

    Raises `NotHere` when this machine has none, and `RuntimeError` with the end of its log when it
    does not start.
    """

    silent: tuple[type[Exception], ...]
    """What `ask` raises while it does not answer yet."""

    def __init__(self, part: str) -> None:
        self.program = Path(find(part))
        self._folder = Folder()
        self.folder = Path(self._folder.path)
        self.password = secrets.token_hex(16)
        self.log = self.folder / "log"

    def start(self) -> Child:
        raise NotImplementedError

    def ask(self) -> None:
        """Any question, to see whether it answers."""
        raise NotImplementedError

    def begin(self) -> None:
        """Start it, without waiting: several can be starting at the same time."""
        self._child = self.start()

    def wait(self) -> None:
        """Until it answers."""
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
        """SIGSTOP: connections stay open, and nobody answers."""
        self._child.pause()

    def resume(self) -> None:
        self._child.resume()

    def kill(self) -> None:
        """SIGKILL: a crash of the process."""
        self._child.kill()

    def restart(self) -> None:
        """Again at the same address, with what it has kept; killed before if it is alive."""
        self.kill()
        self.begin()
        self.wait()

    def stop(self) -> None:
        """The end, of its folder, too."""
        if hasattr(self, "_child"):
            self._child.stop()
        self._folder.remove()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # no password, and the same in every notebook
