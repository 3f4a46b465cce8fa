"""The learner's progress: one JSON file in the user's data folder.

Every change re-reads the file under a lock, changes one entry and replaces the file in one step, so
two notebooks that are open at once, and two threads of a kernel, keep each other's entries. A
damaged file is set aside under a dated name. A field of the wrong type counts as absent. When the
file cannot be written, the entries stay in this process, and `warning` says so: a full disk or a
missing home directory must not break a lesson.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from distlab.places import home

Entry = dict[str, Any]
Change = Callable[[Entry], Entry]

TYPES = {"tries": int, "correct": bool, "right": bool, "skipped": bool, "chosen": str}
"""The fields that the course reads again."""


def progress() -> Progress:
    """The learner's progress, in `distlab.places.home()`."""
    folder = home()
    return _OPEN.setdefault(folder, Progress(folder))


class Progress:
    """Entries by key (`quiz/cap/smallest-r`). `wait_s` limits the wait for another notebook."""

    def __init__(self, folder: Path, wait_s: float = 2.0) -> None:
        self.path = folder / "progress.json"
        self.wait_s = wait_s
        self._damage = ""
        self._trouble = ""
        self._unsaved: list[tuple[str, Change]] = []
        self._one_thread = threading.Lock()

    @property
    def warning(self) -> str:
        """What the learner should know; empty when all is well."""
        return f"{self._damage} {self._trouble}".strip()

    def entries(self) -> dict[str, Entry]:
        """All entries, including those that could not be saved."""
        entries: dict[str, Entry] | None = {}
        with self._one_thread:
            with self._warns():
                entries = self._read()
                if entries is None:
                    with self._locked():
                        entries = self._read_or_set_aside()
            entries = self._with_unsaved(entries or {})
        return {key: _sound(entry) for key, entry in entries.items()}

    def get(self, key: str) -> Entry:
        """One entry; empty when there is none."""
        return self.entries().get(key, {})

    def record(self, key: str, **facts: Any) -> str:
        """Add facts to an entry, with the date and the number of tries. Returns `warning`.

        A fact may be a function of its value so far (None at first): another notebook may have
        changed that since it was last read.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")

        def add(old: Entry) -> Entry:
            new = {name: fact(old.get(name)) if callable(fact) else fact
                   for name, fact in facts.items()}  # fmt: skip
            return {**old, **new, "at": at, "tries": old.get("tries", 0) + 1}

        return self.change(key, add)

    def change(self, key: str, change: Change) -> str:
        """Replace one entry by `change(entry)` under the lock. Returns `warning`."""
        with self._one_thread, self._warns():
            self._unsaved.append((key, change))
            with self._locked():
                self._write(self._with_unsaved(self._read_or_set_aside()))
                self._unsaved.clear()
                self._trouble = ""
        return self.warning

    def _with_unsaved(self, entries: dict[str, Entry]) -> dict[str, Entry]:
        for key, change in self._unsaved:
            entries[key] = change(_sound(entries.get(key, {})))
        return entries

    def _read(self) -> dict[str, Entry] | None:
        """The file's entries; None when it is damaged."""
        try:
            entries = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            return None
        sound = isinstance(entries, dict) and all(isinstance(e, dict) for e in entries.values())
        return entries if sound else None

    def _read_or_set_aside(self) -> dict[str, Entry]:
        entries = self._read()
        if entries is not None:
            return entries
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%f")
        aside = self.path.replace(self.path.with_name(f"progress.damaged-{stamp}.json"))
        self._damage = f"Your progress file was damaged. It is kept as {aside}; a new one begins."
        return {}

    def _write(self, entries: dict[str, Entry]) -> None:
        new = self.path.with_name("progress.tmp")  # one name: the lock is held
        try:
            with new.open("w", encoding="ascii") as file:
                file.write(json.dumps(entries, default=repr))  # escaped: also half a character
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)  # noqa: PTH105 (tests take this one step away)
        except BaseException:
            new.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.expanduser().parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name("progress.lock").open("a+b") as lock:
            deadline = time.monotonic() + self.wait_s
            while not _try_lock(lock):
                if time.monotonic() > deadline:
                    raise TimeoutError("another notebook holds it")
                time.sleep(0.01)
            yield  # closing the file gives the lock back, and so does dying

    @contextlib.contextmanager
    def _warns(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home directory
            why = getattr(error, "strerror", None) or error
            self._trouble = (
                f"Your progress cannot be kept in {self.path} ({why}). "
                "It lasts until this kernel stops. DISTLAB_HOME can name another folder."
            )


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a network folder without locks: replacing in one step must do
            return True
        return True


def _sound(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items()
            if type(value) is TYPES.get(name, type(value))}  # fmt: skip


_OPEN: dict[Path, Progress] = {}
