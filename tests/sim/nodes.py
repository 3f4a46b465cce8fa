"""Small nodes, worlds in which every message takes 5 ms, and what was noted there."""

from dataclasses import dataclass
from functools import partial

from distlab.sim import Client, Node
from tests.worlds import notes, world_of


@dataclass(frozen=True, slots=True)
class Ask:
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    pass


class Echo(Node):
    """Answers every `Ask`, and counts them in memory."""

    def on_start(self):
        self.heard = 0

    def on_ask(self, message, sender):
        self.heard += 1
        self.send(sender, Answer(f"{message.text} {self.heard}"))


class Ticker(Node):
    """A timer every 10 ms."""

    def on_start(self):
        self.set_timer(10, Tick())

    def on_tick(self, timer):
        self.note("tick")
        self.set_timer(10, timer)


world = partial(world_of, latency_ms=(5, 5))
"""A world in which every message takes 5 ms."""


def lines(trace, *kinds):
    """(ms, node, what or why) of the events of these kinds."""
    return [(e.at_us / 1000, e.node, e.what or e.why) for e in trace.of_kind(*kinds)]


client = partial(Client, "client")


def notes_of(*nodes, faults="", until_ms=200):
    return notes(world(*nodes, faults=faults).run(until_ms))


def client_notes(*expected, node=None, faults="", drops=()):
    """A test from a client's program: with `node` (or an echo) its notes are these."""

    def make(program):
        def test():
            nodes = client(program), node or Echo("echo")
            trace = world(*nodes, faults=faults).run(600)
            assert notes(trace) == [*expected]
            assert [event.why for event in trace.of_kind("drop")] == [*drops]

        return test

    return make


async def ask(self):
    self.send("echo", Ask("x"))


async def ask_and_wait(self):
    self.note((await self.call("echo", Ask("x"))).text)
