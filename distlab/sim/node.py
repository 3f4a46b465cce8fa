"""Nodes: where protocol code lives.

A protocol is a subclass of `Node`. It is written in either of two styles, or both:

* **handlers**: `on_<message>(message, sender)` and `on_<timer>(timer)`. Each runs to its end
  before anything else happens on the node, as state machines in papers do;
* **coroutines**: `async def` code that awaits `sleep`, `call` and `timeout`. A handler may itself
  be `async`, and so may `on_start`: it acts at once, as any other, up to its first wait.

`__init__` takes configuration (names, sizes, durations). Memory is made in `on_start`, which runs
at every boot: so a crash loses it, and what must survive is written to `self.disk`.

    class Echo(Node):
        def on_start(self):
            self.heard = 0

        def on_ping(self, message, sender):
            self.heard += 1
            self.send(sender, Pong())

        def describe(self):  # optional: the node's state in a few words, for the diagram
            return f"heard {self.heard}"
"""

from __future__ import annotations

import gc
import re
from collections import abc
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from random import Random
from types import MappingProxyType
from typing import Any

from distlab import host
from distlab.host import BadInput, plain
from distlab.sim.faults import NAME
from distlab.sim.kernel import Cancelled, Future, Task, Timeout
from distlab.sim.machine import Machine, Timer
from distlab.sim.trace import Note

MUTABLE = (abc.MutableSequence, abc.MutableMapping, abc.MutableSet)


class _OnNoMachine:
    """Stands where a node's machine will be. (A `__getattr__` would slow down every attribute.)"""

    def __get__(self, node: Node | None, owner: type[Node]) -> Any:
        if node is None:
            return self
        raise RuntimeError(f"{node.name} is on no machine yet: world.add(node) comes first")


class Node:
    """A program on a simulated machine; it is a `distlab.host.Host`.

    Raises `BadInput` for a name that could not stand in a fault (letters, digits, `-`, `_`, `.`).
    """

    _machine: host.Machine = _OnNoMachine()  # type: ignore[assignment]
    _routes: Mapping[str, Callable[[Any], None]] = _OnNoMachine()  # type: ignore[assignment]
    _placed = False

    def __init__(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise BadInput(
                f"node name {name!r}: allowed are letters, digits, '-', '_' and '.', "
                "beginning with a letter"
            )
        self.name = name

    def on_start(self) -> Any:
        """Runs when the machine boots, and again after each crash: make the memory here."""

    # Messages

    def send(self, target: str, message: Any) -> None:
        """Send and forget. `target` is a node's name, or the `sender` of a call (its mailbox)."""
        try:
            send = self._routes[target]
        except KeyError:
            self._machine.send(target, message)
        else:
            send(message)

    async def call(
        self, target: str, message: Any, timeout_ms: float | None = None, farewell: Any = None
    ) -> Any:
        """Send `message` and wait for the answer, which the receiver sends to its `sender`.

        The message carries a numbered mailbox of this node as its return address, so the receiver
        may answer at once, later, or after asking others. Raises `TimeoutError` when no answer has
        come after `timeout_ms`: whether the other side acted is then unknown. `farewell` is sent
        from the same address when the wait ends without an answer.
        """
        machine = self._simulated
        link = machine.link_to(target)
        mailbox, answer = machine.open_mailbox(f"an answer of {target} to {type(message).__name__}")
        address = (f"{self.name}#{mailbox}", 0)
        link.send(message, address)
        try:
            if timeout_ms is None:
                return await answer
            async with self.timeout(timeout_ms):
                return await answer
        finally:
            machine.close_mailbox(mailbox)
            if farewell is not None and not answer.done:
                link.send(farewell, address)

    def handler_for(self, kind: type) -> Callable[..., Any]:
        """The method that takes messages and timers of this kind. Raises `TypeError`."""
        name = "on_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()
        handler = getattr(self, name, None)
        if handler is None:
            raise TypeError(
                f"{self.name} ({type(self).__name__}) received a {kind.__name__}, "
                f"but has no method {name}"
            ) from None
        return handler  # type: ignore[no-any-return]

    def in_order_from(self, source: str) -> None:
        """From now on messages of `source` arrive in the order in which they were sent."""
        network = self._simulated.network
        low_us, span_us, _ = network.latency_of(source, self.name)
        high_us = low_us + span_us - 1
        network.set_latency(source, self.name, low_us / 1000, high_us / 1000, fifo=True)

    # Time and concurrency

    def after(self, ms: float, callback: Callable[[], None]) -> Timer:
        """Call back after `ms` of this machine's time, if it does not crash before."""
        return self._simulated.after(ms, callback)

    def set_timer(self, ms: float, timer: Any) -> host.Timer:
        """Call `on_<timer>(timer)` after `ms` of this machine's time; the result can cancel it."""
        return self._machine.set_timer(ms, timer)

    async def sleep(self, ms: float) -> None:
        """Wait for `ms` of this machine's time."""
        machine = self._simulated
        wake = Future(machine.kernel, f"{plain(ms)} ms to pass")
        machine.after(ms, wake.resolve)
        await wake

    def timeout(self, ms: float) -> AbstractAsyncContextManager[Any]:
        """`async with self.timeout(50): ...` raises `TimeoutError` when the block takes longer."""
        machine = self._simulated
        return Timeout(machine.kernel, lambda expire: machine.after(ms, expire).cancel, ms)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], background: bool = False) -> Task:
        """Run `coroutine` beside everything else on this machine; await the task for its result.

        A background task does not count when the run looks for a deadlock.
        """
        label = getattr(coroutine, "__name__", "coroutine")
        task = self._simulated.spawn(coroutine, label, background)
        task.start()
        return task

    def this_task(self) -> Task:
        """The task that is running."""
        task = self._simulated.kernel.current
        assert task is not None  # a coroutine runs in one
        return task

    def keeping_cancellation(self) -> AbstractContextManager[None]:
        """`with self.keeping_cancellation(): ...`: see `distlab.host.Host`."""
        task = self.this_task()
        return host.keeping(lambda: task.cancelling, Cancelled)

    def future(self, label: str) -> Future:
        """A result that some handler of this node will give later; await it in a coroutine."""
        return Future(self._simulated.kernel, label)

    def now_ms(self) -> int:
        """The wall clock of this machine: milliseconds since 1970, possibly wrong."""
        return self._machine.now_ms()

    def now_us(self) -> int:
        """The same in microseconds."""
        return self._simulated.now_us()

    def monotonic_ms(self) -> int:
        """Milliseconds that have passed by this machine's crystal."""
        return self._machine.monotonic_ms()

    def monotonic_us(self) -> int:
        """The same in microseconds."""
        return self._simulated.monotonic_us()

    @property
    def random(self) -> Random:
        """This node's own stream of randomness."""
        return self._machine.random

    # Hardware

    @property
    def boots(self) -> int:
        """How many times this machine has booted before: 0 at the first time."""
        return self._simulated.boots

    @property
    def disk(self) -> host.Disk:
        """What survives a crash."""
        return self._machine.disk

    def note(self, note: Note | str) -> None:
        """Put a remark into the trace. Text is for pictures only: checks read a `Note`."""
        self._machine.note(note)

    # The machine

    @property
    def _simulated(self) -> Machine:
        if not isinstance(self._machine, Machine):
            raise TypeError(
                f"{self.name} is not on a simulated machine: it may send, set timers, note, and "
                "ask for the time, randomness and its disk"
            )
        return self._machine

    def place_on(
        self,
        machine: host.Machine,
        routes: Mapping[str, Callable[[Any], None]] = MappingProxyType({}),
    ) -> None:
        """Run on this machine, which calls this once, before `on_start`.

        `routes` are ways to send that it knows already, by target: they save a call a message.
        """
        if self._placed:
            raise BadInput(f"{self.name} is on a machine already: make a node for each world")
        if any(isinstance(value, MUTABLE) for value in gc.get_referents(self)):
            self._refuse_memory()
        self._placed = True
        self._machine, self._routes = machine, routes

    def _refuse_memory(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, MUTABLE):
                raise BadInput(
                    f"{type(self).__name__}.__init__ makes {name}, a {type(value).__name__}: it "
                    "would survive a crash. Make memory in on_start; configuration is a tuple."
                )
