"""The network: every message crosses a link, and a link may betray it.

There is one directed link for each pair of machines. A message takes `low` to `high` milliseconds,
drawn for each message, so two messages may overtake each other, as datagrams do; a link made `fifo`
keeps their order, as one TCP connection does. Nothing says that a message was lost: the sender
learns about it, if at all, by the answer that does not come.

A fault that is active on a link is consulted when a message is sent; a cut also when it arrives, so
what is under way when a partition begins is lost with it.
"""

from __future__ import annotations

from heapq import heappush
from itertools import count
from math import floor
from typing import Any, Protocol

from distlab.host import BadInput
from distlab.sim.faults import Fault
from distlab.sim.kernel import Kernel
from distlab.sim.randomness import Streams
from distlab.sim.trace import Trace

CUTS = ("partition", "cut")

Sent = tuple[int, str, str, str, Any, int, str]
"""A message under way is the record of its sending, as the trace holds it (see `Event`)."""

Mail = tuple[str, int]
"""What a call and its answer carry: the address to answer to, and the mailbox it is meant for."""


class Receiver(Protocol):
    """Where a link ends: in practice a machine."""

    @property
    def name(self) -> str: ...

    def deliver(self, sent: Sent) -> None: ...

    def deliver_mail(self, letter: tuple[Sent, Mail]) -> None: ...


class Link:
    """One direction between two machines."""

    __slots__ = (
        "_deliver",
        "_deliver_mail",
        "_last_us",
        "_network",
        "_numbers",
        "_random",
        "faults",
        "fifo",
        "kernel",
        "low_us",
        "record",
        "source",
        "span_us",
        "target",
    )

    def __init__(self, network: Network, source: str, receiver: Receiver) -> None:
        target = receiver.name
        self.kernel, self.record = network.kernel, network.trace.append
        self.source, self.target = source, target
        self.low_us, self.span_us, self.fifo = network.latency_of(source, target)
        self.faults: list[Fault] = [
            fault for fault in network.active if source != target and fault.matches(source, target)
        ]
        self._deliver, self._deliver_mail = receiver.deliver, receiver.deliver_mail
        self._network = network
        self._numbers = network.numbers
        self._random = network.streams.stream(f"latency/{source}>{target}").random
        self._last_us = 0

    def send(self, message: Any, mail: Mail | None = None) -> None:
        """Put `message` on its way."""
        # A function that is kept in an attribute is called faster by a local name.
        kernel, record, random = self.kernel, self.record, self._random
        now_us, number = kernel.now_us, next(self._numbers)
        sent = (now_us, "send", self.source, self.target, message, number, "")
        record(sent)
        arrival_us = now_us + self.low_us + floor(random() * self.span_us)
        if self.faults or self.fifo or mail:
            self._send_with_care(sent, arrival_us, mail)
        else:  # most messages: kernel.put, written out
            push, kernel.push = kernel.push, heappush
            push(kernel.queue, (arrival_us, number, self._deliver, sent))

    def _send_with_care(self, sent: Sent, arrival_us: int, mail: Mail | None) -> None:
        copies = 1
        for fault in tuple(self.faults):
            if fault.kind in CUTS:
                return self._network.drop(sent, "cut")
            if fault.kind == "lose":
                self._network.end(fault)
                return self._network.drop(sent, "lost")
            if fault.kind == "loss" and self._chance(fault):
                return self._network.drop(sent, "lost")
            if fault.kind == "delay":
                arrival_us += 1000 * (fault.amount or 0)
            elif fault.kind == "duplicate" and self._chance(fault):
                copies = 2
            elif fault.kind == "hold":
                if fault.end_us is None:
                    return None  # it waits for ever
                arrival_us = max(arrival_us, fault.end_us)
        for copy in range(copies):
            if self.fifo:
                arrival_us = self._last_us = max(arrival_us, self._last_us)
            time_us, number = arrival_us + copy * self.low_us, sent[5]
            if mail is None:
                self.kernel.put((time_us, number, self._deliver, sent))
            else:
                self.kernel.put((time_us, number, self._deliver_mail, (sent, mail)))
        return None

    def _chance(self, fault: Fault) -> bool:
        stream = self._network.streams.stream(f"{fault.kind}/{self.source}>{self.target}")
        return stream.random() * 100 < (fault.amount or 0)


class Network:
    """All links, and the faults that are active on them."""

    def __init__(
        self, kernel: Kernel, trace: Trace, streams: Streams, latency_ms: tuple[float, float]
    ) -> None:
        self.kernel, self.trace, self.streams = kernel, trace, streams
        self.active: list[Fault] = []
        self.cuts: list[Fault] = []  # those of the active faults that stop what is under way
        self.numbers = count(1)
        self._latency: dict[tuple[str, str], tuple[int, int, bool]] = {}
        self._default = _latency_us(latency_ms, False)
        self._links: dict[tuple[str, str], Link] = {}

    def set_latency(
        self, source: str, target: str, low_ms: float, high_ms: float, fifo: bool = False
    ) -> None:
        """Latency of one direction, for the messages that are sent from now on."""
        latency = self._latency[source, target] = _latency_us((low_ms, high_ms), fifo)
        link = self._links.get((source, target))
        if link is not None:
            link.low_us, link.span_us, link.fifo = latency

    def latency_of(self, source: str, target: str) -> tuple[int, int, bool]:
        """(lowest, span, fifo) in microseconds; a machine talks to itself at once."""
        if source == target:
            return 0, 1, False
        return self._latency.get((source, target), self._default)

    def link(self, source: str, receiver: Receiver) -> Link:
        """The link from `source` to `receiver`, made at its first use."""
        found = self._links.get((source, receiver.name))
        if found is None:
            found = self._links[source, receiver.name] = Link(self, source, receiver)
        return found

    def is_cut(self, source: str, target: str) -> bool:
        """Whether what arrives now from `source` is stopped on the way."""
        return any(fault in self.cuts for fault in self._links[source, target].faults)

    def drop(self, sent: Sent, why: str) -> None:
        """Record that a message will not arrive."""
        self.trace.append((self.kernel.now_us, "drop", *sent[2:6], why))

    def close(self) -> None:
        self._links.clear()

    def begin(self, fault: Fault) -> None:
        self.active.append(fault)
        if fault.kind in CUTS:
            self.cuts.append(fault)
        self.trace.append((self.kernel.now_us, "fault", fault.target, "", str(fault), 0, ""))
        for (source, target), link in self._links.items():
            if source != target and fault.matches(source, target):
                link.faults.append(fault)

    def end(self, fault: Fault) -> None:
        """Heal one fault; others on the same links stay."""
        if fault not in self.active:
            return
        self.active.remove(fault)
        if fault.kind in CUTS:
            self.cuts.remove(fault)
        self.trace.append((self.kernel.now_us, "heal", fault.target, "", str(fault), 0, ""))
        for link in self._links.values():
            if fault in link.faults:
                link.faults.remove(fault)


def _latency_us(latency_ms: tuple[float, float], fifo: bool) -> tuple[int, int, bool]:
    low, high = (round(ms * 1000) for ms in latency_ms)
    if not 0 <= low <= high:
        raise BadInput(f"latency {latency_ms} ms: needs 0 <= lowest <= highest")
    return low, high - low + 1, fifo
