"""The generators in an ordinary process: its clock, its chance, its threads.

    ids = ThreadedSnowflake(worker_id=7)
    ids.next_id()  # from any number of threads

No other module of this package knows threads or a real clock.
"""

import time
from threading import Lock

from distlab.host import BadInput
from distlab.ids.layout import COURSE, Layout
from distlab.ids.snowflake import ClockMovedBackwards, NotYet, Snowflake
from distlab.real.host import THIS_PROCESS

STUCK_MS = 100
"""A clock that shows the same millisecond for this long stands still."""


class ThreadedSnowflake(Snowflake):
    """Ids for all threads of a process: no two are equal, and those of each thread ascend.

    It waits for the next millisecond when one is used up, and up to `max_wait_ms` for a clock that
    has moved back. For a larger move it raises `ClockMovedBackwards`; when the clock stands still,
    `SequenceExhausted`. Waiting threads sleep and hold no lock.
    """

    def __init__(
        self, worker_id: int, layout: Layout = COURSE, max_wait_ms: float = 5, **others: int
    ) -> None:
        if not max_wait_ms >= 0:
            raise BadInput(f"max_wait_ms {max_wait_ms!r} is below 0")
        super().__init__(worker_id, THIS_PROCESS, layout, Lock(), **others)
        self.max_wait_ms = max_wait_ms

    def _begin(self) -> int:
        seen_ms, since = -1, 0.0
        while True:
            try:
                return super()._begin()
            except NotYet as no:
                if self.now_ms() != seen_ms:
                    seen_ms, since = self.now_ms(), time.monotonic()
                refused = isinstance(no, ClockMovedBackwards) and no.wait_ms > self.max_wait_ms
                if refused or time.monotonic() - since > STUCK_MS / 1000:
                    raise
                time.sleep(max(no.wait_ms - 1, 0.05) / 1000)  # a millisecond is over before long
