"""The simulated world: machines, clocks, disks, a network and faults, in virtual time.

Read in this order: `kernel` (time and coroutines), `network`, `machine` and `node` (where protocol
code lives), `faults` (what can go wrong), `world` (all of it together), `trace` (what happened).
Nothing here needs more than Python's standard library.
"""

from distlab.sim.client import Client
from distlab.sim.faults import Fault, parse_schedule, schedule_text
from distlab.sim.kernel import Deadlock, Future, Runaway
from distlab.sim.node import Node
from distlab.sim.trace import Call, Event, Trace
from distlab.sim.world import World

__all__ = [
    "Call", "Client", "Deadlock", "Event", "Fault", "Future", "Node", "Runaway", "Trace", "World",
    "parse_schedule", "schedule_text",
]  # fmt: skip
