"""The generators in an ordinary process: its clock, its chance, its threads, its disk.

    ids = ThreadedSnowflake(worker_id=7)
    ids.next_id()  # from any number of threads

`ThreadSafe` makes any other generator fit for threads. A Snowflake that keeps a mark in a file is

    ids = ThreadSafe(DurableSnowflake(7, THIS_PROCESS, MarkFile("ids.mark"), ahead_ms=1000))

No other module of this package knows threads, files or a real clock.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, Protocol, TypeVar

from distlab.host import BadInput, is_number
from distlab.ids import fork
from distlab.ids.layout import COURSE, Layout
from distlab.ids.snowflake import NotYet, SequenceExhausted, Snowflake
from distlab.real.host import THIS_PROCESS

T = TypeVar("T")
Id = TypeVar("Id", covariant=True)

STUCK_MS = 100
"""A clock that shows the same millisecond for this long stands still."""


class AnyGenerator(Protocol[Id]):
    """What makes ids: a Snowflake, leased or not, `Uuid7`, `Ulid`, `ObjectIds`."""

    def next_id(self) -> Id: ...


def sit_out(make: Callable[[], T], max_wait_ms: float) -> T:
    """`make()`; while it says `NotYet`, sleep and ask again.

    A millisecond that is used up passes by itself. For anything else we wait up to `max_wait_ms` in
    all, and in no case for a clock that stands still. Then the refusal passes through.
    """
    started, seen_ms, since = time.monotonic(), -1, 0.0
    while True:
        try:
            return make()
        except NotYet as no:
            now = time.monotonic()
            if THIS_PROCESS.now_ms() != seen_ms:
                seen_ms, since = THIS_PROCESS.now_ms(), now
            longest_ms = max(no.wait_ms, (now - started) * 1000)
            too_long = longest_ms > max_wait_ms and not isinstance(no, SequenceExhausted)
            if too_long or now - since > STUCK_MS / 1000:
                raise
            time.sleep(max(no.wait_ms - 1, 0.05) / 1000)  # a millisecond is over before long


def patience(max_wait_ms: float) -> float:
    """The value. Raises `BadInput` unless it is a number from 0 on, perhaps infinite."""
    if not is_number(max_wait_ms) or max_wait_ms < 0:
        raise BadInput(f"max_wait_ms {max_wait_ms!r} is no number from 0 on")
    return max_wait_ms


class ThreadedSnowflake(Snowflake):
    """Ids for all threads of a process: no two are equal, and those of each thread ascend.

    It waits for the next millisecond when one is used up, and up to `max_wait_ms` for a clock that
    has moved back. For a larger move it raises `ClockMovedBackwards`; when the clock stands still,
    `SequenceExhausted`. Waiting threads sleep and hold no lock. Its last millisecond is in memory
    only: after a restart with the clock set back it repeats ids. A `DurableSnowflake` does not.
    """

    def __init__(
        self, worker_id: int, layout: Layout = COURSE, max_wait_ms: float = 5, **others: int
    ) -> None:
        self.max_wait_ms = patience(max_wait_ms)
        super().__init__(worker_id, THIS_PROCESS, layout, Lock(), **others)

    def _begin(self) -> int:
        return sit_out(super()._begin, self.max_wait_ms)


class ThreadSafe(Generic[Id]):
    """Another generator, for all threads of a process: it makes one id at a time.

    It waits as `ThreadedSnowflake` does. A forked child gets a lock of its own, because a thread
    that the child does not have may hold the copied one.
    """

    def __init__(self, generator: AnyGenerator[Id], max_wait_ms: float = 5) -> None:
        self.generator, self.max_wait_ms = generator, patience(max_wait_ms)
        self._locks: dict[int, Lock] = {}

    def next_id(self) -> Id:
        """A new id. Raises as the generator's `next_id`."""
        return sit_out(self._one_at_a_time, self.max_wait_ms)

    def _one_at_a_time(self) -> Id:
        with self._locks.setdefault(fork.generation, Lock()):  # one step: all threads get the same
            return self.generator.next_id()


class MarkFile:
    """A `Mark` in a file of its own. A file that is not there counts as 0: the first start.

    A crash leaves the old number or the new one. It is for one process at a time.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read(self) -> int:
        """The number. Raises `BadInput` when the file holds something else."""
        try:
            text = self.path.read_bytes()
            return int(text)
        except FileNotFoundError:
            return 0
        except ValueError:
            raise BadInput(f"{self.path} holds {text[:40]!r} (allowed: milliseconds)") from None

    def write(self, ms: int) -> None:
        """Write the new number beside the old one, and rename it when it is on the disk."""
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("w") as file:
            file.write(str(ms))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        if os.name == "posix":  # Windows opens no folders
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)  # the new name, too
            os.close(folder)
