"""Messages per second: distlab's simulated world beside SimPy and detangle, in one pinned run.

Everybody does the same work. Ten machines pass a hundred messages on: whoever receives a `Hop`
makes a new one and sends it to the next machine, after a latency drawn between 5 and 15 ms. Each
message goes to a handler chosen by its type. distlab does so by way of a scenario, checks for
faults and keeps its full trace, two events a message; its peers keep no record.

The peers are written in a fast form that uses what they document: SimPy with one stream of random
numbers for all links; detangle's network as it comes, and once more in its leanest setting (strict
order, no copies of messages). Each has a process of its own, all are pinned to one core and take
turns; rates are messages per second of processor time, ratios the medians of single rounds.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from operator import truediv
from subprocess import PIPE
from typing import IO, Any

import detangle
import simpy

from distlab.check.invariants import invariant
from distlab.scenario import Scenario
from distlab.sim import Node, World

ROUNDS = 15
MACHINES = tuple(f"n{number}" for number in range(10))
IN_FLIGHT = 100
LOW_MS, SPAN_MS = 5, 10


@dataclass(frozen=True, slots=True)
class Hop:
    """A message on its way from machine to machine."""

    count: int


def peers_of(name: str) -> tuple[str, ...]:
    return tuple(other for other in MACHINES if other != name)


def horizon_ms(messages: int) -> int:
    return int(messages / IN_FLIGHT * (LOW_MS + SPAN_MS / 2))


# distlab


class Station(Node):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.peers = peers_of(name)

    def on_start(self) -> None:
        for count in range(IN_FLIGHT // len(MACHINES)):
            self.send(self.peers[count % 9], Hop(count))

    def on_hop(self, message: Hop, sender: str) -> None:
        self.send(self.peers[message.count % 9], Hop(message.count + 1))


UNJUDGED = invariant("unjudged", lambda trace: [])


def ring(world: World) -> None:
    for name in MACHINES:
        world.add(Station(name))


def with_distlab(messages: int) -> float:
    scenario = Scenario("bench/ring", "", "", (UNJUDGED,), ring, horizon_ms=horizon_ms(messages))
    began = time.process_time()
    run = scenario.run()
    seconds = time.process_time() - began
    delivered = (len(run.trace) - IN_FLIGHT) // 2  # every message sent, but the last, arrived
    return delivered / seconds


# SimPy


class TimeoutStation:
    """A message is a time-out whose callback is the receiver."""

    def __init__(self, env: simpy.Environment, stations: dict[str, Any], name: str) -> None:
        self.env, self.stations, self.name, self.peers = env, stations, name, peers_of(name)
        self.random = random.Random(1).random
        self.received = 0
        self.handlers: dict[type, Callable[[Any, str], None]] = {Hop: self.on_hop}

    def start(self) -> None:
        for count in range(IN_FLIGHT // len(MACHINES)):
            self.send(self.peers[count % 9], Hop(count))

    def send(self, target: str, message: Hop) -> None:
        way = self.env.timeout(LOW_MS + SPAN_MS * self.random(), (message, self.name))
        way.callbacks.append(self.stations[target].arrive)

    def arrive(self, event: simpy.Event) -> None:
        message, sender = event.value
        self.received += 1
        self.handlers[type(message)](message, sender)

    def on_hop(self, message: Hop, sender: str) -> None:
        self.send(self.peers[message.count % 9], Hop(message.count + 1))


class StoreStation(TimeoutStation):
    """An inbox; a callback takes one message out and asks for the next."""

    def __init__(self, env: simpy.Environment, stations: dict[str, Any], name: str) -> None:
        super().__init__(env, stations, name)
        self.inbox = simpy.Store(env)
        self.inbox.get().callbacks.append(self.take)

    def arrive(self, event: simpy.Event) -> None:
        self.inbox.put(event.value)

    def take(self, event: simpy.Event) -> None:
        message, sender = event.value
        self.received += 1
        self.handlers[type(message)](message, sender)
        self.inbox.get().callbacks.append(self.take)


class ProcessStation(TimeoutStation):
    """An inbox; a process that waits for it: the form of SimPy's own examples."""

    def __init__(self, env: simpy.Environment, stations: dict[str, Any], name: str) -> None:
        super().__init__(env, stations, name)
        self.inbox = simpy.Store(env)
        env.process(self.work())

    def arrive(self, event: simpy.Event) -> None:
        self.inbox.put(event.value)

    def work(self) -> Iterator[simpy.Event]:
        while True:
            message, sender = yield self.inbox.get()
            self.received += 1
            self.handlers[type(message)](message, sender)


def with_simpy(form: type[TimeoutStation], messages: int) -> float:
    began = time.process_time()
    env = simpy.Environment()
    stations: dict[str, TimeoutStation] = {}
    for name in MACHINES:
        stations[name] = form(env, stations, name)
    for station in stations.values():
        station.start()
    env.run(until=horizon_ms(messages))
    seconds = time.process_time() - began
    return sum(station.received for station in stations.values()) / seconds


# detangle


def with_detangle(messages: int, lean: bool) -> float:
    boxes: dict[str, Any] = {}
    received = 0

    async def station(name: str) -> None:
        nonlocal received
        box, peers = boxes[name], peers_of(name)

        def on_hop(message: Hop, sender: Any) -> None:
            box.send((peers[message.count % 9], 1), Hop(message.count + 1))

        handlers = {Hop: on_hop}
        for count in range(IN_FLIGHT // len(MACHINES)):
            box.send((peers[count % 9], 1), Hop(count))
        while True:
            message, sender = await box.recv()
            received += 1
            handlers[type(message)](message, sender)

    async def main() -> None:
        for name in MACHINES:
            boxes[name] = detangle.network().mailbox(1, host=name)
        for name in MACHINES:
            detangle.spawn(station(name), host=name)
        await asyncio.sleep(horizon_ms(messages) / 1000)

    latency_s = (LOW_MS / 1000, (LOW_MS + SPAN_MS) / 1000)
    network = detangle.NetConfig(latency_s, 10_001, copy_messages=not lean)
    config = detangle.SimConfig(reorder=not lean, max_steps=100 * messages, net=network)
    began = time.process_time()
    result = detangle.execute(main, config=config, strategy=detangle.RandomWalk(1))
    seconds = time.process_time() - began
    assert result.ok, result.failure
    return received / seconds


# All of them

OURS = "distlab, full trace"
CONTENDERS: dict[str, tuple[Callable[[int], float], int]] = {
    OURS: (with_distlab, 50_000),
    "SimPy Timeout + callback": (partial(with_simpy, TimeoutStation), 50_000),
    "SimPy Store + callback": (partial(with_simpy, StoreStation), 20_000),
    "SimPy Store + process": (partial(with_simpy, ProcessStation), 20_000),
    "detangle network": (partial(with_detangle, lean=False), 2_000),
    "detangle network, lean": (partial(with_detangle, lean=True), 5_000),
}
GOALS = {
    "SimPy Timeout + callback": 1.2,
    "SimPy Store + callback": 5,
    "SimPy Store + process": 5,
    "detangle network": 10,
}


def measure() -> dict[str, Any]:
    """Messages a second, and how many times as many distlab's are."""
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(worker(name)) for name in CONTENDERS}
        for _ in range(ROUNDS):
            for name, (ask, answer) in workers.items():
                print("once more", file=ask, flush=True)
                rates[name].append(float(answer.readline()))
    ratios = {
        name: statistics.median(map(truediv, rates[OURS], rates[name]))
        for name in list(CONTENDERS)[1:]
    }
    return {
        "messages/s": {name: round(statistics.median(rates[name]), -3) for name in CONTENDERS},
        "times as many": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "goal": GOALS,
        "versions": {name: version(name) for name in ("simpy", "detangle")},
    }


@contextmanager
def worker(name: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """A process that measures one contender whenever it reads a line."""
    command = [sys.executable, "-m", "tests.benchmarks.kernel", name]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield process.stdin, process.stdout
        process.stdin.close()


def work(name: str) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    run, messages = CONTENDERS[name]
    run(messages)  # the first run is slower
    for _ in sys.stdin:
        print(run(messages), flush=True)


if __name__ == "__main__":
    work(sys.argv[1])
