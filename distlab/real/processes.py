"""Real client processes: to be paused and killed in the middle of their work.

    with ClientProcess("distlab.locks.reality:buyer", name="alice", **options) as alice:
        alice.receive()  # "has the lock, ..."
        alice.pause()

The function is `async def buyer(pipe, name, ...)` in a module that can be imported. Both sides
`send` and `receive` values of JSON, a line each. `pause` is SIGSTOP, `kill` is SIGKILL. The
process ends when we do, also when we are killed.
"""

import asyncio
import contextlib
import importlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from typing import IO, Any

from distlab.real.child import GRACE_S, Child


class ClientDied(RuntimeError):
    """A client process has ended too early. The text is its error."""


class ClientProcess(Child):
    """`module:function` in a process of its own. `options` are the function's keyword arguments.

    Raises `ClientDied` from `send` and `receive` when the process is no more.
    """

    def __init__(self, function: str, **options: Any) -> None:
        self.function = function
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        path = os.pathsep.join(filter(None, sys.path))
        pipe = subprocess.PIPE
        pipes: dict[str, Any] = {"stdin": pipe, "stdout": pipe, "stderr": self._errors}
        command = [sys.executable, "-m", __name__, function]
        super().__init__(command, text=True, env={**os.environ, "PYTHONPATH": path}, **pipes)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.send(options)  # not on its command line, which everybody can read

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")  # the end, which no line is

    def receive(self, timeout_s: float = 30.0) -> Any:
        """The next value that it sends. Raises `TimeoutError` when none comes in time."""
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(f"{self.function} said nothing for {timeout_s:g} s") from None
        if not line.endswith("\n"):  # the end, or a line that a SIGKILL has cut
            self._lines.put("")
            raise self._died()
        return json.loads(line)

    def send(self, value: Any) -> None:
        assert self.process.stdin is not None
        try:
            print(json.dumps(value), file=self.process.stdin, flush=True)
        except (BrokenPipeError, ValueError):
            raise self._died() from None

    def _died(self) -> ClientDied:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_S)  # its pipes close a little before it is gone
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace")[-2000:]
        return ClientDied(f"{self.function} has ended. {said.strip()}")

    def _finish(self, number: int, wait_s: float | None) -> None:
        super()._finish(number, wait_s)
        self._reader.join()
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._errors.close()


class Pipe:
    """The side of the process: the function's first argument."""

    def __init__(self, incoming: IO[str], outgoing: IO[str]) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, value: Any) -> None:
        print(json.dumps(value), file=self._outgoing, flush=True)

    async def receive(self) -> Any:
        """The parent's next value; other tasks go on meanwhile. Raises `EOFError` when the parent
        has ended.
        """
        line = await asyncio.to_thread(self._incoming.readline)
        if not line:
            raise EOFError("the parent has ended")
        return json.loads(line)

    def block(self) -> None:
        """Wait for the parent's next value and stop the event loop meanwhile: its other tasks do
        not learn that time has passed.
        """
        self._incoming.readline()


def main(function: str) -> None:
    """The life of the process. Its prints go to its standard error."""
    pipe = Pipe(sys.stdin, sys.stdout)
    sys.stdout = sys.stderr
    options = json.loads(sys.stdin.readline())
    module, _, name = function.partition(":")
    asyncio.run(getattr(importlib.import_module(module), name)(pipe, **options))


if __name__ == "__main__":
    main(sys.argv[1])
