"""Snowflake: an id from the time, the worker and a sequence number, without asking anybody.

Two ids differ because their milliseconds differ, or their workers, or their sequence numbers. This
rests on three promises: no two workers share a worker id (see `lease`); no worker uses a
millisecond again that it has left, also when the clock moves back; a millisecond has no more ids
than the sequence has numbers.

A generator never waits. It answers at once, with an id or with a definite no that says how long to
wait (`NotYet`). A coroutine then waits with `patient`, a thread with `distlab.ids.process`. There
are three answers to a clock that has moved back:

* refuse: let `ClockMovedBackwards` through, as Twitter's original did;
* wait: `patient(host, snowflake.next_id, max_wait_ms=5)`, always with a bound;
* spare bits: `SpareBitsSnowflake` goes on at once, in another line of time.

A worker id belongs to one process. After a fork the child has a copy of the generator, with the
same worker id and the same millisecond; there it refuses (`fork.Forked`). The child needs a
generator of its own, with another worker id.

`next_id` is safe to call from many threads if a `lock` was given. Taking the next number of a
millisecond is one step of the interpreter, which threads cannot interrupt (`itertools.count`), so
only the start of a millisecond needs the lock. `process.ThreadSafe` does the same for generators
that take no lock.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from random import Random
from typing import Any, Protocol, TypeVar

from distlab.host import BadInput, Host, Refused, check_count
from distlab.ids import fork
from distlab.ids.layout import COURSE, SPARE_BITS, Layout

T = TypeVar("T")
FOREVER_MS = 1 << 62


class NotYet(Refused):
    """No id was made. Ask again after `wait_ms`."""

    def __init__(self, text: str, wait_ms: int) -> None:
        super().__init__(text)
        self.wait_ms = wait_ms


class ClockMovedBackwards(NotYet):
    """The clock shows a millisecond that has been left."""


class SequenceExhausted(NotYet):
    """This millisecond has no numbers left."""


class OutsideWindow(Refused):
    """The clock shows a millisecond for which this generator has no right to make ids."""


class Clock(Protocol):
    """The part of a host that a Snowflake needs."""

    def now_ms(self) -> int: ...


class Source(Clock, Protocol):
    """The part of a host that generators of random bits need."""

    @property
    def name(self) -> str: ...

    @property
    def random(self) -> Random: ...


class Snowflake:
    """Ids of one worker. Give fields of the layout other than `worker_id` by name.

    Raises `BadInput` for a worker id or field that the layout has no room for, a layout that does
    not end in `sequence` or does not count milliseconds, and an epoch in the future. When the
    layout's time is used up, that is a `TimeOutOfRange`.
    """

    def __init__(
        self,
        worker_id: int,
        clock: Clock,
        layout: Layout = COURSE,
        lock: AbstractContextManager[Any] | None = None,
        **others: int,
    ) -> None:
        if layout.fields[-1][0] != "sequence":
            raise BadInput(f"a Snowflake counts in the last field: {layout.fields[-1][0]!r}")
        if layout.unit_ms != 1:
            raise BadInput(f"a Snowflake counts milliseconds, not units of {layout.unit_ms} ms")
        self.layout = layout
        self.now_ms = clock.now_ms
        self.lock = lock or nullcontext()
        self.others = {"worker_id": worker_id, **others}
        self.from_ms, self.until_ms = 0, FOREVER_MS
        self._generation = fork.generation
        self._first_of(max(self.now_ms(), layout.epoch_ms))  # raises for wrong fields
        if self.now_ms() < layout.epoch_ms:
            raise BadInput(f"epoch {layout.epoch_ms} ms lies in the future: it is {self.now_ms()}")
        # The current millisecond, the highest id in it, and the function that gives the next one.
        self._current: tuple[int, int, Callable[[], int]] = (-1, -1, count().__next__)

    def set_window(self, from_ms: int, until_ms: int) -> None:
        """Make ids only for milliseconds from `from_ms` up to, but not including, `until_ms`."""
        self.from_ms, self.until_ms = from_ms, until_ms

    def next_id(self) -> int:
        """A new id. Raises `NotYet`, `OutsideWindow`, `TimeOutOfRange` or `Forked`; then no id was
        made.
        """
        if self._generation != fork.generation:
            raise fork.Forked(
                f"worker id {self.others['worker_id']} belongs to the parent of this process: "
                "after a fork, make a generator with another one"
            )
        ms, highest, next_number = self._current
        if self.now_ms() == ms:
            number = next_number()
            if number <= highest:
                return number
        return self._begin()

    def next_ids(self, n: int) -> list[int]:
        """`n` new ids. Raises as `next_id` does; the ids made until then are lost."""
        check_count("next_ids", n, 0)
        ids: list[int] = []
        while len(ids) < n:
            ids.append(self.next_id())
            _, highest, next_number = self._current
            left = range(min(n - len(ids), highest - ids[-1]))
            ids += [number for _ in left if (number := next_number()) <= highest]
        return ids

    def parse(self, number: int) -> dict[str, int]:
        """The fields of an id."""
        return self.layout.parse(number)

    def _begin(self) -> int:
        """The first id of a millisecond, or the next one if another thread has begun it."""
        with self.lock:
            now_ms = self.now_ms()
            ms, highest, next_number = self._current
            if now_ms == ms:
                number = next_number()
                if number <= highest:
                    return number
                raise SequenceExhausted(f"no more ids in this millisecond ({highest})", 1)
            if now_ms < ms:
                self._moved_back(ms, now_ms)
            if now_ms < self.from_ms:
                early_ms = self.from_ms - now_ms
                raise NotYet(f"these milliseconds are taken: {early_ms} ms too early", early_ms)
            if now_ms >= self.until_ms:
                self._window_over(now_ms)
            first = self._first_of(now_ms)
            next_number = count(first).__next__
            number = next_number()
            self._current = now_ms, first + self.layout.highest("sequence"), next_number
            return number

    def _first_of(self, now_ms: int) -> int:
        return self.layout.make(time=now_ms - self.layout.epoch_ms, sequence=0, **self.others)

    def _moved_back(self, ms: int, now_ms: int) -> None:
        """The clock was at `ms` and is at `now_ms` again. Raise, or make it safe to go on."""
        raise ClockMovedBackwards(f"the clock moved back by {ms - now_ms} ms", ms - now_ms)

    def _window_over(self, now_ms: int) -> None:
        """The clock is past the window. Raise, or move the window."""
        raise OutsideWindow(f"the right to make ids ended {now_ms - self.until_ms} ms ago")


class SpareBitsSnowflake(Snowflake):
    """Spends a few bits, the field `rollback`, on clocks that move back.

    Each value of the field is a line of time of its own. When the clock moves back, the generator
    changes to a line that it has left before this millisecond, and goes on at once. The new ids
    sort below older ones. When no such line is left, it refuses like any other. A call that is
    refused uses up no line.
    """

    def __init__(
        self,
        worker_id: int,
        clock: Clock,
        layout: Layout = SPARE_BITS,
        lock: AbstractContextManager[Any] | None = None,
        **others: int,
    ) -> None:
        super().__init__(worker_id, clock, layout, lock, rollback=0, **others)
        self._left_ms = [-1] * (layout.highest("rollback") + 1)  # of each line

    def _moved_back(self, ms: int, now_ms: int) -> None:
        if not max(self.from_ms, self.layout.epoch_ms) <= now_ms < self.until_ms:
            return  # no id is possible now: `_begin` refuses it
        self._left_ms[self.others["rollback"]] = ms
        for line, left_ms in enumerate(self._left_ms):
            if left_ms < now_ms:
                self.others["rollback"] = line
                return
        super()._moved_back(ms, now_ms)


class Mark(Protocol):
    """A number that survives a crash."""

    def read(self) -> int: ...

    def write(self, ms: int) -> None:
        """Write it; returns when it is safe on the disk."""


class DurableSnowflake(Snowflake):
    """Keeps a mark across restarts, and moves it ahead before it makes an id at or after it.

    After a restart it begins at the mark. So it never repeats an earlier id, whatever the clock
    says, if the mark serves one generator at a time. The price: there are no ids for up to
    `ahead_ms`, and for as long as the clock is behind.
    Raises `BadInput` for `ahead_ms` below 1.
    """

    def __init__(
        self, worker_id: int, clock: Clock, mark: Mark, ahead_ms: int, layout: Layout = COURSE
    ) -> None:
        super().__init__(worker_id, clock, layout)
        check_count("ahead_ms", ahead_ms, 1)
        self._mark, self._ahead_ms = mark, ahead_ms
        marked_ms = mark.read()
        self.set_window(marked_ms, marked_ms)

    def _window_over(self, now_ms: int) -> None:
        self._mark.write(now_ms + self._ahead_ms)
        self.until_ms = now_ms + self._ahead_ms


async def patient(host: Host, make: Callable[[], T], max_wait_ms: float) -> T:
    """`make()`; while it says `NotYet`, wait and ask again, for at most `max_wait_ms` in all.

    Without the bound, a clock that is an hour behind would keep its caller for an hour.
    """
    give_up_ms = host.monotonic_ms() + max_wait_ms
    while True:
        try:
            return make()
        except NotYet as no:
            if host.monotonic_ms() + no.wait_ms > give_up_ms:
                raise
            await host.sleep(no.wait_ms)
