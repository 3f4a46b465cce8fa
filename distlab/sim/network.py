"""The network: every message crosses a link, and a link may betray it.

There is one directed link for each pair of machines. A message takes `low` to `high` milliseconds,
drawn for each message, so two messages may overtake each other, as datagrams do; a link made `fifo`
keeps their order, as one TCP connection does. Nothing says that a message was lost: the sender
learns about it, if at all, by the answer that does not come.

A fault that is active on a link is consulted when a message is sent; a cut also when it arrives, so
what is under way when a partition begins is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from itertools import count
from typing import Any

from distlab.sim.faults import Fault
from distlab.sim.kernel import Kernel
from distlab.sim.randomness import Streams
from distlab.sim.trace import Trace

CUTS = ("partition", "cut")
Packet = tuple[Any, int, str, int, "Link"]
"""A message under way: the message, its number, its return address, its mailbox, its link."""


class Link:
    """One direction between two machines."""

    __slots__ = (
        "_last_us",
        "_network",
        "_next_number",
        "_random",
        "deliver",
        "faults",
        "fifo",
        "kernel",
        "low_us",
        "record",
        "source",
        "span_us",
        "target",
    )

    def __init__(
        self, network: Network, source: str, target: str, deliver: Callable[[Packet], None]
    ) -> None:
        self.kernel, self.record = network.kernel, network.trace.append
        self.source, self.target, self.deliver = source, target, deliver
        self.low_us, self.span_us, self.fifo = network.latency_of(source, target)
        self.faults: list[Fault] = [
            fault for fault in network.active if source != target and fault.matches(source, target)
        ]
        self._network = network
        self._next_number = network.next_number
        self._random = network.streams.stream(f"latency/{source}>{target}").random
        self._last_us = 0

    def send(self, message: Any, sender: str, mailbox: int = 0) -> None:
        """Put `message` on its way; `sender` is the address that an answer should go to."""
        kernel = self.kernel
        now_us = kernel.now_us
        number = self._next_number()
        self.record((now_us, "send", self.source, self.target, message, number, ""))
        packet = (message, number, sender, mailbox, self)
        arrival_us = now_us + self.low_us + int(self._random() * self.span_us)
        if self.faults or self.fifo:
            self._send_with_care(packet, arrival_us)
        else:  # kernel.at, written out: this line runs for every message
            heappush(kernel.queue, (arrival_us, kernel.next_order(), self.deliver, packet))

    def _send_with_care(self, packet: Packet, arrival_us: int) -> None:
        copies = 1
        for fault in tuple(self.faults):
            if fault.kind in CUTS:
                self.drop(packet, "cut")
                return
            if fault.kind == "lose":
                self._network.end(fault)
            if fault.kind == "lose" or (fault.kind == "loss" and self._chance(fault)):
                self.drop(packet, "lost")
                return
            if fault.kind == "delay":
                arrival_us += 1000 * (fault.amount or 0)
            elif fault.kind == "duplicate" and self._chance(fault):
                copies = 2
            elif fault.kind == "hold":
                arrival_us = max(
                    arrival_us,
                    self._network.horizon_us + 1 if fault.end_us is None else fault.end_us,
                )
        for copy in range(copies):
            if self.fifo:
                arrival_us = self._last_us = max(arrival_us, self._last_us)
            self.kernel.at(arrival_us + copy * self.low_us, self.deliver, packet)

    def _chance(self, fault: Fault) -> bool:
        stream = self._network.streams.stream(f"{fault.kind}/{self.source}>{self.target}")
        return stream.random() * 100 < (fault.amount or 0)

    def is_cut(self) -> bool:
        return any(fault.kind in CUTS for fault in self.faults)

    def drop(self, packet: Packet, why: str) -> None:
        message, number = packet[:2]
        self.record((self.kernel.now_us, "drop", self.source, self.target, message, number, why))


class Network:
    """All links, and the faults that are active on them."""

    def __init__(
        self, kernel: Kernel, trace: Trace, streams: Streams, latency_ms: tuple[float, float]
    ) -> None:
        self.kernel, self.trace, self.streams = kernel, trace, streams
        self.active: list[Fault] = []
        self.next_number = count(1).__next__
        self.horizon_us = 0
        self._latency: dict[tuple[str, str], tuple[int, int, bool]] = {}
        self._default = _latency_us(latency_ms, False)
        self._links: dict[tuple[str, str], Link] = {}

    def set_latency(
        self, source: str, target: str, low_ms: float, high_ms: float, fifo: bool = False
    ) -> None:
        """Latency of one direction, before the first message uses it."""
        self._latency[source, target] = _latency_us((low_ms, high_ms), fifo)

    def latency_of(self, source: str, target: str) -> tuple[int, int, bool]:
        """(lowest, span, fifo) in microseconds; a machine talks to itself at once."""
        if source == target:
            return 0, 0, True
        return self._latency.get((source, target), self._default)

    def link(self, source: str, target: str, deliver: Callable[[Packet], None]) -> Link:
        """The link from `source` to `target`, made at its first use."""
        found = self._links.get((source, target))
        if found is None:
            found = self._links[source, target] = Link(self, source, target, deliver)
        return found

    def begin(self, fault: Fault) -> None:
        self.active.append(fault)
        self.trace.append((self.kernel.now_us, "fault", fault.target, "", str(fault), 0, ""))
        for (source, target), link in self._links.items():
            if source != target and fault.matches(source, target):
                link.faults.append(fault)

    def end(self, fault: Fault) -> None:
        """Heal one fault; others on the same links stay."""
        if fault not in self.active:
            return
        self.active.remove(fault)
        self.trace.append((self.kernel.now_us, "heal", fault.target, "", str(fault), 0, ""))
        for link in self._links.values():
            if fault in link.faults:
                link.faults.remove(fault)


def _latency_us(latency_ms: tuple[float, float], fifo: bool) -> tuple[int, int, bool]:
    low, high = (round(ms * 1000) for ms in latency_ms)
    if not 0 <= low <= high:
        raise ValueError(f"latency {latency_ms} ms: needs 0 <= lowest <= highest")
    return low, high - low + 1, fifo
