"""The world: machines, a network between them, and the faults that will happen to them.

    world = World(seed=7)
    world.add(Echo("n1"))
    world.client("client", ask_twice)
    world.inject(parse_schedule("pause:n1@20+100"))
    world.run(until_ms=500)
    print(world.trace.text())

The same seed, machines and faults give the same trace, in every process and on every platform.
"""

import gc
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from distlab.host import BadInput, pick
from distlab.sim.client import Client, Program
from distlab.sim.faults import KINDS, Fault, check_schedule
from distlab.sim.kernel import MAX_EVENTS, Kernel
from distlab.sim.machine import Machine
from distlab.sim.network import Network
from distlab.sim.node import Node
from distlab.sim.randomness import Streams
from distlab.sim.trace import Trace

FROZEN = gc.get_freeze_count()
"""The objects that Python itself has frozen. With more than that, the user has frozen some."""


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """A run keeps nearly all it allocates (the trace), so looking for garbage only costs time."""
    was_on = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_on:
            gc.enable()


AnyNode = TypeVar("AnyNode", bound=Node)


class World:
    """A simulated world. `latency_ms` is the (shortest, longest) way of a message."""

    def __init__(self, seed: int = 0, latency_ms: tuple[float, float] = (5, 15)) -> None:
        self.kernel = Kernel()
        self.trace = Trace()
        self.streams = Streams(seed)
        self.network = Network(self.kernel, self.trace, self.streams, latency_ms)
        self.machines: dict[str, Machine] = {}
        self._faults: list[Fault] = []
        self._started = False
        # A world that is forgotten without close() is closed by the garbage collector at any time:
        # first this is called, then the coroutines run their finally blocks.
        self._seal = weakref.finalize(self, self.trace.seal)

    def add(self, node: AnyNode) -> AnyNode:
        """Put a node on a machine of its own, before `run`. Returns the node."""
        self._refuse_when_started("add")
        if node.name in self.machines:
            raise BadInput(f"there is a node {node.name!r} already: names are unique")
        machine = Machine(self.kernel, self.trace, self.network, self.streams, node)
        self.machines[node.name] = machine
        self.network.connect(machine)
        return node

    def client(self, name: str, program: Program) -> Client:
        """Add a client that runs the coroutine `program(client)`."""
        return self.add(Client(name, program))

    def machine(self, name: str) -> Machine:
        """The machine of that name. Raises `BadInput` when there is none."""
        return pick(self.machines, name, "machine")

    def inject(self, faults: Iterable[Fault]) -> None:
        """Add faults to the schedule, before `run`."""
        self._refuse_when_started("inject")
        self._faults.extend(faults)

    def run(self, until_ms: float, max_events: int = MAX_EVENTS) -> Trace:
        """Boot every machine (at the first call), let the world go on until `until_ms`.

        Raises `BadInput` for a fault on an unknown machine or beyond `until_ms`, `Deadlock` when
        somebody waits and nothing is left to happen, `Runaway` beyond `max_events` events.
        """
        if not self._started:
            check_schedule(tuple(self._faults), self.machines, until_ms)
            self._started = True
            for fault in self._faults:
                self.kernel.at(fault.at_us, self._begin, fault)
            crashing = {f.target for f in self._faults if KINDS[f.kind].power == "off"}
            for machine in self.machines.values():
                machine.start(will_crash=machine.name in crashing)
        with no_garbage_collection():
            self.kernel.run(round(until_ms * 1000), max_events)
        return self.trace

    def close(self) -> None:
        """End the world. The trace stays and no longer changes.

        Suspended coroutines are closed, so their `finally` blocks run, after the trace is sealed.
        Objects that refer to each other are taken apart, so that no garbage is left to search for.
        """
        self._seal()
        self.kernel.close()
        self.network.close()
        for machine in self.machines.values():
            machine.dismantle()
        self.machines.clear()
        # Only the trace is left. Freezing and unfreezing makes it old at once; else the collector
        # would look at each event, which takes a fifth of the time of a long run.
        if gc.get_freeze_count() <= FROZEN:
            gc.freeze()
            gc.unfreeze()

    def _refuse_when_started(self, method: str) -> None:
        if self._started:
            raise RuntimeError(f"{method}() after run(): the world is on its way already")

    def _begin(self, fault: Fault) -> None:
        if fault.end_us is not None:
            self.kernel.at(fault.end_us, self._end, fault)
        kind = KINDS[fault.kind]
        if kind.target == "machine":
            kind.begin(self.machines[fault.target], fault)
        else:
            self.network.begin(fault)

    def _end(self, fault: Fault) -> None:
        kind = KINDS[fault.kind]
        if kind.target == "machine":
            kind.end(self.machines[fault.target], fault)
        else:
            self.network.end(fault)
