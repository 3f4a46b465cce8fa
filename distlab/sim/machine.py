"""A machine: the hardware under a node's program. It can lose its power, or stand still.

Disk, clock and network card belong to the machine and survive a crash. Memory belongs to the
program: a crash sets it back to the configuration that `Node.__init__` made, and `on_start` runs
again at the restart.

Messages, timers and steps of coroutines reach the program through here. A paused machine keeps
them for later, in order. A machine that is down drops them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Protocol

from distlab.host import BadInput
from distlab.sim.clocks import Clock
from distlab.sim.disk import Disk
from distlab.sim.faults import Fault
from distlab.sim.kernel import Action, Future, Kernel, Task
from distlab.sim.network import Link, Mail, Network, Sent
from distlab.sim.randomness import Streams
from distlab.sim.state import State
from distlab.sim.trace import Note, Trace

UP, PAUSED, DOWN = "up", "paused", "down"


class NodeProgram(Protocol):
    """The program of a machine: in practice a node."""

    name: str

    def place_on(self, machine: Machine, routes: dict[str, Callable[[Any], None]]) -> None: ...

    def on_start(self) -> Any: ...

    def handler_for(self, kind: type) -> Callable[..., Any]: ...


@dataclass(slots=True, eq=False)
class Timer:
    """A callback that is due once, unless it is cancelled or its machine crashes before.

    It is due when the machine's monotonic clock shows `due_us`.
    """

    callback: Callable[[], None]
    due_us: int
    boots: int
    active: bool = True

    def cancel(self) -> None:
        """Make it never fire; harmless when it already has."""
        self.active = False


def _later(one: int | None, other: int | None) -> int | None:
    """The later of two ends, where None is never."""
    return None if one is None or other is None else max(one, other)


class Machine:
    """Power, disk, clocks and network card of one node."""

    __slots__ = (
        "_backlog", "_configured", "_cuts", "_describe", "_drifts", "_handlers", "_last_mailbox",
        "_mailboxes", "_shown", "_switched_on", "_until_us", "boots", "clock", "disk", "kernel",
        "name", "network", "node", "record", "routes", "status", "streams", "trace",
    )  # fmt: skip

    def __init__(
        self, kernel: Kernel, trace: Trace, network: Network, streams: Streams, node: NodeProgram
    ) -> None:
        self.kernel, self.trace, self.network, self.streams = kernel, trace, network, streams
        self.node, self.name = node, node.name
        self.record = trace.append
        self.disk = Disk()
        self.clock = Clock()
        self.status = UP
        self.boots = -1  # how often the program has begun anew; 0 after the first boot
        self._switched_on = False
        self.routes: dict[str, Callable[[Any], None]] = {}
        self._cuts = network.cuts
        self._drifts: list[Fault] = []
        self._handlers: dict[type, Callable[[Any, str], Any]] = {}
        self._mailboxes: dict[int, Future] = {}
        self._last_mailbox = 0
        self._backlog: list[tuple[Action, Any]] = []
        self._until_us: int | None = 0  # end of the current pause or outage; None: for ever
        self._describe: Callable[[], str | State] | None = getattr(node, "describe", None)
        self._shown: str | State = ""
        node.place_on(self, self.routes)
        self._configured: dict[str, Any] = {}  # what `Node.__init__` set

    @property
    def running(self) -> bool:
        return self.status is UP

    @property
    def random(self) -> Random:
        """This machine's own stream of randomness."""
        return self.streams.stream(f"node/{self.name}")

    # Messages

    def send(self, target: str, message: Any) -> None:
        """Send and forget. `target` is a machine's name, or a mailbox: `n1#3`."""
        name, _, mailbox = target.partition("#")
        self.link_to(name).send(message, ("", int(mailbox)) if mailbox else None)

    def link_to(self, target: str) -> Link:
        """The link to another machine. Raises `BadInput` when there is none of that name."""
        link = self.network.link(self.name, target)
        self.routes[target] = link.send
        return link

    def deliver(self, sent: Sent, address: str = "", arrived: bool = False) -> None:
        """A message comes to the network card: hand it to the program, if it can take it."""
        trouble = self.status is not UP or self._cuts
        if trouble and self._kept_out(sent, (address, 0), arrived):
            return
        record = self.record  # as in Link.send
        record((self.kernel.now_us, sent))
        _, _, sender, _, message, _, _ = sent
        try:
            handler = self._handlers[type(message)]
        except KeyError:
            handler = self._handlers[type(message)] = self.node.handler_for(type(message))
        result = handler(message, address or sender)
        if result is not None:
            self._follow(result, f"handling {type(message).__name__}")
        if self._describe is not None:
            self._record_state()

    def deliver_mail(self, letter: tuple[Sent, Mail], arrived: bool = False) -> None:
        """The same for a call, which says where to answer, and for an answer to a mailbox."""
        sent, (address, mailbox) = letter
        if not mailbox:
            self.deliver(sent, address, arrived)
        elif self._kept_out(sent, (address, mailbox), arrived):
            return
        elif mailbox in self._mailboxes:
            self.record((self.kernel.now_us, sent))
            self._mailboxes.pop(mailbox).resolve(sent[4])
        else:
            self.network.drop(sent, "late")

    def _kept_out(self, sent: Sent, mail: Mail, arrived: bool) -> bool:
        """Drop a message (cut, down) or let it wait (paused); False if it can be taken now."""
        if self._cuts and not arrived and self.network.is_cut(sent[2], self.name):
            self.network.drop(sent, "cut")
        elif self.status is DOWN:
            self.network.drop(sent, "down")
        elif self.status is PAUSED:
            self._backlog.append((self._deliver_late, (sent, mail)))
        else:
            return False
        return True

    def _deliver_late(self, letter: tuple[Sent, Mail]) -> None:
        """Deliver after a pause. The message had arrived before: no cut can take it back."""
        self.deliver_mail(letter, arrived=True)

    def open_mailbox(self, label: str) -> tuple[int, Future]:
        """A numbered return address for one answer, and the future that it resolves."""
        self._last_mailbox += 1
        future = self._mailboxes[self._last_mailbox] = Future(self.kernel, label)
        return self._last_mailbox, future

    def close_mailbox(self, number: int) -> None:
        """From now on an answer to this address is late."""
        self._mailboxes.pop(number, None)

    # Time

    def now_us(self) -> int:
        """The wall clock, in microseconds."""
        return self.clock.now_us(self.kernel.now_us)

    def monotonic_us(self) -> int:
        """The monotonic clock, in microseconds."""
        return self.clock.monotonic_us(self.kernel.now_us)

    def now_ms(self) -> int:
        """The wall clock: milliseconds since 1970, possibly wrong."""
        return self.clock.now_us(self.kernel.now_us) // 1000

    def monotonic_ms(self) -> int:
        """Milliseconds that have passed by this machine's crystal."""
        return self.clock.monotonic_us(self.kernel.now_us) // 1000

    def set_timer(self, ms: float, timer: Any) -> Timer:
        """Call `on_<timer>(timer)` after `ms` of this machine's time."""
        return self.after(ms, partial(self._ring, timer))

    def after(self, ms: float, callback: Callable[[], None]) -> Timer:
        """Call back once `ms` of this machine's time have passed."""
        if ms < 0:
            raise ValueError(f"a duration of {ms} ms on {self.name}: it cannot be negative")
        due_us = self.clock.monotonic_us(self.kernel.now_us) + round(ms * 1000)
        timer = Timer(callback, due_us, self.boots)
        # A slow clock has shown this microsecond for a while: nothing is due in the past.
        time_us = max(self.kernel.now_us, self.clock.when_us(due_us))
        self.kernel.at(time_us, self._fire, timer)
        return timer

    def jump(self, fault: Fault) -> None:
        """The wall clock is set."""
        self._record("clock", fault)
        self.clock.jump(fault.amount_us)

    def begin_drift(self, fault: Fault) -> None:
        """From now on the clocks run too fast, or too slow, and the timers with them."""
        self._record("clock", fault)
        self._drifts.append(fault)
        self._run_clock()

    def end_drift(self, fault: Fault) -> None:
        """From now on the drift counts that began last of those that are still on."""
        self._record("clock", fault, "over")
        self._drifts.remove(fault)
        self._run_clock()

    def _run_clock(self) -> None:
        ppm = int(self._drifts[-1].amount or 0) if self._drifts else 0
        self.clock.drift(ppm, self.kernel.now_us)
        for timer in self.kernel.scheduled(self._fire):
            time_us = max(self.kernel.now_us, self.clock.when_us(timer.due_us))
            self.kernel.at(time_us, self._fire, timer)

    def _fire(self, timer: Timer) -> None:
        if not timer.active or timer.boots != self.boots or self.status is DOWN:
            return
        if self.clock.monotonic_us(self.kernel.now_us) < timer.due_us:
            return  # the clock was slowed down meanwhile: `_run_clock` has set this timer anew
        if self.status is PAUSED:
            self._backlog.append((self._fire, timer))
            return
        timer.active = False
        timer.callback()
        if self._describe is not None:
            self._record_state()

    def _ring(self, value: Any) -> None:
        """A timer that carries `value` goes off: `on_<type of value>(value)`."""
        self._record("timer", value)
        result = self.node.handler_for(type(value))(value)
        if result is not None:
            self._follow(result, f"handling {type(value).__name__}")

    # Coroutines

    def spawn(
        self, coroutine: Coroutine[Any, Any, Any], label: str, background: bool = False
    ) -> Task:
        """A coroutine that lives as long as this machine does not crash; `start` it."""
        if not inspect.iscoroutine(coroutine):
            what = type(coroutine).__name__
            raise TypeError(f"{self.name} ({label}): expected a coroutine, got {what}")
        return Task(self.kernel, coroutine, f"{self.name} ({label})", self, background)

    def _follow(self, coroutine: Coroutine[Any, Any, Any], label: str) -> None:
        """Run an `async` handler: like any handler it acts at once, up to its first wait."""
        self.spawn(coroutine, label).step()

    def admit(self, action: Action, argument: Any) -> None:
        if self.status is UP:
            action(argument)
            if self._describe is not None:
                self._record_state()
        elif self.status is PAUSED:
            self._backlog.append((action, argument))

    # Power

    def start(self, will_crash: bool) -> None:
        """Switch it on for the first time, once the faults of this instant have struck."""
        if will_crash:  # only then: to look at its vars() makes an object slow
            self._configured = dict(vars(self.node))
        self.kernel.at(self.kernel.now_us, self._switch_on)

    def _switch_on(self, _: Any) -> None:
        self._switched_on = True
        self.admit(self._boot, None)

    def _boot(self, _: Any) -> None:
        self.boots += 1
        result = self.node.on_start()
        if result is not None:
            self._follow(result, "on_start")

    def crash(self, until_us: int | None, lose_disk: bool = False) -> None:
        """Stop at once. `until_us` None: nothing will bring it back but a restart."""
        assert self._configured, "start(will_crash=True) comes first"
        self._record("crash", why="disk lost" if lose_disk else "")
        self._until_us = _later(self._until_us, until_us) if self.status is DOWN else until_us
        self.status = DOWN
        for task in self.kernel.tasks:
            if task.owner is self:
                task.abandon()
        self._mailboxes.clear()
        for action, argument in self._backlog:
            if action == self._deliver_late:
                self.network.drop(argument[0], "down")
        self._backlog.clear()
        self.disk.wipe() if lose_disk else self.disk.crash()
        vars(self.node).clear()
        vars(self.node).update(self._configured)
        self._shown = ""

    def restart(self) -> None:
        """Power on, if it is down."""
        if self.status is DOWN:
            self.status = UP
            self._record("restart")
            if self._switched_on:  # else its first boot is still to come, at this instant
                self.admit(self._boot, None)

    def pause(self, until_us: int | None) -> None:
        """Stand still: a garbage collection, a stopped process, a frozen virtual machine."""
        if self.status is UP:
            self.status = PAUSED
            self._until_us = until_us
            self._record("pause")
        elif self.status is PAUSED:
            self._until_us = _later(self._until_us, until_us)

    def resume(self) -> None:
        """Go on after a pause, with everything that has come in meanwhile, in order."""
        if self.status is not PAUSED:
            return
        self.status = UP
        self._record("resume")
        backlog, self._backlog = self._backlog, []
        for action, argument in backlog:
            self.admit(action, argument)

    def recover(self) -> None:
        """A fault ends: restart or resume, unless a longer fault is still on."""
        if self._until_us is not None and self._until_us <= self.kernel.now_us:
            self.restart() if self.status is DOWN else self.resume()

    def dismantle(self) -> None:
        """After the run: let go of everything, so that it is freed at once."""
        vars(self.node).clear()
        self._configured.clear()
        self.routes.clear()
        self._backlog.clear()

    # Record

    def note(self, note: Any) -> None:
        """Put a remark into the trace. Raises `BadInput` unless it is text or a frozen `Note`."""
        made = getattr(note, "__dataclass_params__", None) if isinstance(note, Note) else None
        if not (type(note) is str or (made and made.frozen)):
            raise BadInput(f"{self.name}: note {note!r} is neither text nor a frozen Note")
        self._record("note", note)

    def unheard(self, task: Task, error: BaseException) -> None:
        self.note(f"{task.label} ended: {type(error).__name__}: {error}")

    def _record(self, kind: str, what: Any = None, why: str = "") -> None:
        self.record((self.kernel.now_us, kind, self.name, "", what, 0, why))

    def _record_state(self) -> None:
        if self._describe is None:
            return
        state = self._describe()
        if state != self._shown and (state or self._shown):
            self._shown = state
            self._record("state", state)
