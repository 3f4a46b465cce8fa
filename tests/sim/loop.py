"""Another machine for nodes of handlers: a plain event loop, with messages that travel as bytes.

Nothing here knows the simulation. A machine in a process of its own would look the same, with
sockets in the place of `Loop.carry`.
"""

import json
from dataclasses import fields, is_dataclass
from heapq import heappop, heappush
from importlib import import_module
from itertools import count
from random import Random

from distlab import host


def to_wire(message):
    """A message as bytes: dataclasses of numbers, text, None, tuples and other dataclasses."""

    def plain(value):
        if is_dataclass(value):
            kind = type(value)
            parts = [plain(getattr(value, field.name)) for field in fields(value)]
            return {"module": kind.__module__, "kind": kind.__qualname__, "parts": parts}
        return [plain(each) for each in value] if isinstance(value, tuple) else value

    return json.dumps(plain(message)).encode()


def from_wire(wire):
    def built(value):
        if isinstance(value, dict):
            kind = getattr(import_module(value["module"]), value["kind"])
            return kind(*map(built, value["parts"]))
        return tuple(map(built, value)) if isinstance(value, list) else value

    return built(json.loads(wire))


class Loop:
    """Deeds at their times. It carries each message after 1 to 10 ms, twice, or never."""

    def __init__(self, seed):
        self.now_ms, self.random = 0.0, Random(seed)
        self.deeds, self.order, self.machines = [], count(), {}

    def after(self, ms, deed, *arguments):
        heappush(self.deeds, (self.now_ms + ms, next(self.order), deed, arguments))

    def run(self, until_ms):
        while self.deeds and self.deeds[0][0] <= until_ms:
            self.now_ms, _, deed, arguments = heappop(self.deeds)
            deed(*arguments)

    def carry(self, source, target, message):
        wire = to_wire(message)
        for _ in range(self.random.choice((0, 1, 1, 1, 1, 1, 1, 2))):
            self.after(self.random.uniform(1, 10), self.machines[target].receive, source, wire)


class Disk(host.Disk):
    def __init__(self):
        self.cached, self.durable, self.broken = {}, {}, False

    def write(self, key, value):
        self.cached[key] = value

    def sync(self):
        if self.broken:
            raise OSError("the disk is broken")
        self.durable.update(self.cached)

    def read(self, key, default=None):
        return {**self.durable, **self.cached}.get(key, default)


class Timer:
    def __init__(self, ring):
        self.ring = ring

    def cancel(self):
        self.ring = lambda: None


class LoopMachine:
    """A `distlab.host.Machine`."""

    def __init__(self, loop, node):
        self.loop, self.node, self.name = loop, node, node.name
        self.random, self.disk, self.notes, self.on = Random(node.name), Disk(), [], True
        loop.machines[self.name] = self
        node.place_on(self)
        loop.after(0, self.callback, node.on_start)

    def callback(self, handler, *arguments):
        try:
            if self.on:
                handler(*arguments)
        except OSError:
            self.on = False  # a promise that is not on the disk must not be given

    def receive(self, source, wire):
        message = from_wire(wire)
        self.callback(self.node.handler_for(type(message)), message, source)

    def send(self, target, message):
        self.loop.carry(self.name, target, message)

    def set_timer(self, ms, timer):
        handler = self.node.handler_for(type(timer))
        made = Timer(lambda: self.callback(handler, timer))
        self.loop.after(ms, lambda: made.ring())
        return made

    def monotonic_ms(self):
        return int(self.loop.now_ms)

    def now_ms(self):
        return 1_767_225_600_000 + self.monotonic_ms()

    def note(self, note):
        self.notes.append((self.monotonic_ms(), str(note)))
