"""Virtual time: one queue of things to do, and coroutines that wait in it.

The kernel knows nothing of machines or messages. It keeps a heap of `(time, order, action,
argument)`, takes out the earliest, sets the clock to its time and runs it. Nothing happens between
two entries, so an idle minute takes one step. The same entries in the same order give the same run.

* Time is a whole number of microseconds: sums of integers are the same on every machine.
* Of two entries for one instant the one with the lower `order` runs first. Faults, timers and
  coroutines run in the order in which they were scheduled. Then messages arrive, by their number.
  So a message finds a restarted machine fully awake.
* A coroutine waits by awaiting a `Future`. There is no asyncio underneath: a `Task` drives its
  coroutine with `send`, which is all that an event loop does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from heapq import heappop, heappush, heapreplace
from itertools import count, repeat
from typing import Any, Protocol

from distlab.host import BadInput, Refused, plain

Action = Callable[[Any], object]
Scheduled = tuple[int, int, Action, Any]

FIRST, LAST = -(1 << 62), 1 << 62
"""Orders: from FIRST on what happens on machines, from 1 on messages, LAST the end of the run."""

MAX_EVENTS = 200_000
"""Entries that one run may execute before it counts as a runaway."""


class Deadlock(Exception):
    """Nothing is left to do, yet somebody waits. The text names who waits for what."""


class Runaway(Exception):
    """The run did more than its budget allows: most likely something repeats without end."""


class Cancelled(BaseException):
    """Thrown into a coroutine to end its wait."""


class Owner(Protocol):
    """The owner of tasks: in practice a machine."""

    @property
    def running(self) -> bool:
        """Whether its tasks may take steps now."""

    def admit(self, action: Action, argument: Any) -> None:
        """Run `action(argument)` now, keep it for later (paused) or forget it (crashed)."""

    def unheard(self, task: Task, error: BaseException) -> None:
        """A task ended with an error, and nobody was waiting for it."""


class Kernel:
    """The event queue. `now_us` is the virtual time in microseconds."""

    __slots__ = ("busy", "current", "now_us", "orders", "push", "queue", "tasks")

    def __init__(self) -> None:
        self.now_us = 0
        self.busy = False
        self.queue: list[Scheduled] = []
        self.push: Callable[[list[Scheduled], Scheduled], object] = heappush
        self.orders = count(FIRST)
        self.tasks: dict[Task, None] = {}  # unfinished ones; a dict keeps them in order
        self.current: Task | None = None

    def at(self, time_us: int, action: Action, argument: Any = None) -> None:
        """Run `action(argument)` at `time_us`, after everything already scheduled for then."""
        if time_us < self.now_us:
            raise ValueError(f"cannot schedule at {time_us} µs: it is {self.now_us} µs already")
        self.put((time_us, next(self.orders), action, argument))

    def put(self, entry: Scheduled) -> None:
        """Put an entry into the queue."""
        push, self.push = self.push, heappush
        push(self.queue, entry)

    def scheduled(self, action: Action) -> list[Any]:
        """The arguments with which `action` will be called, in the order of the calls."""
        return [argument for _, _, due, argument in sorted(self.queue) if due == action]

    def run(self, until_us: int, max_events: int = MAX_EVENTS) -> None:
        """Execute everything up to and including `until_us`. The clock then stands at `until_us`.

        Raises `Runaway` after `max_events` entries before that time. Raises `Deadlock` when the
        queue is empty while a task still waits (background tasks do not count). After an error the
        run cannot go on; a further call raises `RuntimeError`.
        """
        if self.busy:
            raise RuntimeError("this world is running, or an error has ended its run")
        if until_us < self.now_us:
            raise BadInput(f"cannot run until {until_us} µs: it is {self.now_us} µs already")
        self.busy = True
        queue = self.queue
        stop: Action = _nothing
        heappush(queue, (until_us, LAST, stop, None))  # saves asking for the time at each step
        for _ in repeat(None, max_events):
            self.now_us, _, action, argument = queue[0]
            self.push = heapreplace  # the first entry that it schedules takes its place in the
            action(argument)  # heap, which costs much less than to take one out and put one in
            if self.push is heapreplace:
                heappop(queue)
                if action is stop:
                    break
        else:
            now = plain(self.now_us / 1000)
            why = self.waiting() or "nobody waits: handlers keep each other busy"
            raise Runaway(f"more than {max_events} events by {now} ms of virtual time: {why}")
        self.push = heappush
        self.busy = False
        if not queue and self.waiting():
            now = plain(self.now_us / 1000)
            raise Deadlock(f"at {now} ms nothing is left to do, yet {self.waiting()}")

    def waiting(self) -> str:
        """The tasks that wait, except for those in the background, and what each waits for."""
        waits = ((task.label, task.waiting_for) for task in self.tasks if task.counts)
        return "; ".join(f"{label} waits for {what.label}" for label, what in waits if what)

    def close(self) -> None:
        """End every coroutine that is still suspended, and forget what was to happen."""
        for task in list(self.tasks):
            task.discard()
        self.queue.clear()


def _nothing(_: Any) -> None:
    """Marks the end of a run in the queue."""


class Future:
    """A result that is not there yet. `label` says in words what one waits for."""

    __slots__ = ("_error", "_value", "_waiters", "done", "kernel", "label")

    def __init__(self, kernel: Kernel, label: str) -> None:
        self.kernel = kernel
        self.label = label
        self.done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiters: list[Callable[[], None]] = []

    def resolve(self, value: Any = None) -> None:
        """Give the result. A second result is ignored: the first one counted."""
        self._finish(value, None)

    def reject(self, error: BaseException) -> None:
        """End with an error. It is raised in every task that awaits this future."""
        self._finish(None, error)

    def _finish(self, value: Any, error: BaseException | None) -> None:
        if self.done:
            return
        self.done, self._value, self._error = True, value, error
        waiters, self._waiters = self._waiters, []
        for wake in waiters:
            wake()

    def result(self) -> Any:
        """The value; raises the error if it ended with one."""
        if self._error is not None:
            raise self._error
        return self._value

    def when_done(self, wake: Callable[[], None]) -> None:
        if self.done:
            wake()
        else:
            self._waiters.append(wake)

    def __await__(self) -> Generator[Future, None, Any]:
        if not self.done:
            yield self
        return self.result()


class Task(Future):
    """A coroutine on its way, once `start` or `step` has begun it. Awaiting it gives its result."""

    __slots__ = ("_cancel_next", "background", "cancelling", "coroutine", "owner", "waiting_for")

    def __init__(
        self,
        kernel: Kernel,
        coroutine: Coroutine[Any, Any, Any],
        label: str,
        owner: Owner,
        background: bool = False,
    ) -> None:
        super().__init__(kernel, label)
        self.coroutine = coroutine
        self.owner = owner
        self.background = background
        self.waiting_for: Future | None = None
        self.cancelling = 0  # how many have asked for its end and have not taken it back
        self._cancel_next = False  # the next step raises `Cancelled`
        kernel.tasks[self] = None

    def start(self) -> None:
        """Begin at this instant, after what is being done now."""
        self.kernel.at(self.kernel.now_us, self._wake_now)

    @property
    def counts(self) -> bool:
        """Whether this task matters when the run looks for a deadlock."""
        return not self.done and not self.background and self.owner.running

    def cancel(self) -> None:
        """End the wait of this task: `Cancelled` is raised where it awaits.

        Several that ask before its next step raise it once, as in asyncio.
        """
        if not self.done:
            self.cancelling += 1
            self._cancel_next = True
            self.start()

    def abandon(self) -> None:
        """Never take another step. The coroutine stays suspended: its `finally` must not run."""
        self.done = True

    def discard(self) -> None:
        """Close the coroutine after the run. Its `finally` blocks run, but change nothing."""
        self.done, self.waiting_for = True, None
        self.kernel.tasks.pop(self, None)
        with suppress(Exception, Cancelled):  # a finally block may fail
            self.coroutine.close()

    def _wake_now(self, _: Any) -> None:
        self.owner.admit(self.step, None)

    def step(self, _: Any = None) -> None:
        """Go on until the next wait, or stay where it is when there is nothing new."""
        if self.done:
            return
        waited, self.waiting_for = self.waiting_for, None
        if waited is not None and not waited.done and not self._cancel_next:
            self.waiting_for = waited  # woken for a cancellation that was already served
            return
        outer, self.kernel.current = self.kernel.current, self
        try:
            if self._cancel_next:
                self._cancel_next = False
                awaited = self.coroutine.throw(Cancelled("cancelled"))
            else:
                awaited = self.coroutine.send(None)
        except StopIteration as stop:
            self._end(stop.value, None)
        except (Refused, TimeoutError, Cancelled) as error:
            self._end(None, error)  # an outcome; any other exception is a bug and ends the run
        else:
            if not isinstance(awaited, Future):
                raise TypeError(
                    f"{self.label} awaited {type(awaited).__name__}: a coroutine here "
                    "awaits only what its host gives it (sleep, call, spawn, ...)"
                )
            self.waiting_for = awaited
            awaited.when_done(self.start)
        finally:
            self.kernel.current = outer

    def _end(self, value: Any, error: BaseException | None) -> None:
        self.kernel.tasks.pop(self, None)
        if isinstance(error, Exception) and not self._waiters:  # Cancelled is none: it was wanted
            self.owner.unheard(self, error)
        self._finish(value, error)


class Timeout:
    """`async with` block that raises `TimeoutError` when it takes longer than its timer."""

    def __init__(
        self, kernel: Kernel, start: Callable[[Callable[[], None]], Callable[[], None]], ms: float
    ) -> None:
        self._kernel = kernel
        self._start = start
        self._ms = ms

    async def __aenter__(self) -> Timeout:
        task = self._kernel.current
        if task is None:
            raise RuntimeError("timeout() needs a coroutine: use set_timer in a handler")
        self._task, self._before = task, task.cancelling
        self._expired = False
        self._stop = self._start(self._expire)
        return self

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._stop()
        if self._expired:
            self._task.cancelling -= 1
        # If somebody else has asked as well (the program, an outer time-out), `Cancelled` goes on.
        ours = self._expired and self._task.cancelling <= self._before
        del self._stop, self._task  # each holds on to the other: a loop would outlive the run
        if ours and isinstance(error, Cancelled):
            raise TimeoutError(f"nothing within {plain(self._ms)} ms") from None
