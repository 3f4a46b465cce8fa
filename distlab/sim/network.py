"""The network: every message crosses a link, and a link may lose or delay it.

There is one directed link for each pair of machines. A message takes `low` to `high` milliseconds,
drawn for each message. So two messages may overtake each other, as datagrams do. A `fifo` link
keeps their order, as one TCP connection does. The sender is not told that a message was lost. It
can only notice that no answer comes.

A fault acts on a message when the message is sent. A cut also acts when a message arrives: messages
that are under way when a partition begins are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappush
from itertools import count
from math import floor
from typing import Any, Protocol

from distlab.host import BadInput, pick
from distlab.sim.faults import KINDS, Fault
from distlab.sim.kernel import Kernel
from distlab.sim.randomness import Streams
from distlab.sim.trace import Trace

Sent = tuple[int, str, str, str, Any, int, str]
"""A message under way is the record of its sending, as the trace holds it (see `Event`)."""

Mail = tuple[str, int]
"""A call carries the address to answer to, an answer the number of its mailbox."""


class Receiver(Protocol):
    """The end of a link: in practice a machine."""

    @property
    def name(self) -> str: ...

    def deliver(self, sent: Sent) -> None: ...

    def deliver_mail(self, letter: tuple[Sent, Mail]) -> None: ...


class Link:
    """One direction between two machines."""

    __slots__ = (
        "_deliver", "_deliver_mail", "_last_us", "_network", "_numbers", "_random", "faults",
        "fifo", "kernel", "low_us", "record", "source", "span_us", "target",
    )  # fmt: skip

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

    def draw(self, purpose: str) -> float:
        """A number from 0 to 1, of a stream for this purpose on this link."""
        streams = self._network.streams
        return streams.stream(f"{purpose}/{self.source}>{self.target}").random()

    def _send_with_care(self, sent: Sent, arrival_us: int, mail: Mail | None) -> None:
        passage = Passage(self, arrival_us)
        for fault in tuple(self.faults):
            kind, number = KINDS[fault.kind], fault.message
            if number is not None and number != sent[5]:
                continue
            if number is not None or kind.once:
                self._network.strike(fault)
            kind.begin(passage, fault)
            if passage.dropped:
                return self._network.drop(sent, passage.dropped)
            if passage.held:
                return None
        arrival_us, number = passage.arrival_us, sent[5]
        deliver, letter = (self._deliver_mail, (sent, mail)) if mail else (self._deliver, sent)
        for copy in range(passage.copies):
            if self.fifo:
                arrival_us = self._last_us = max(arrival_us, self._last_us)
            self.kernel.put((arrival_us + copy * self.low_us, number, deliver, letter))
        return None


@dataclass(slots=True, eq=False)
class Passage:
    """The way of one message across a link, as faults change it."""

    link: Link
    arrival_us: int
    copies: int = 1
    dropped: str = ""  # why
    held: bool = False  # for ever

    def drop(self, why: str) -> None:
        self.dropped = why

    def delay(self, us: int) -> None:
        self.arrival_us += us

    def hold(self, until_us: int | None) -> None:
        """Do not arrive before `until_us`; None is never."""
        self.held = until_us is None
        self.arrival_us = max(self.arrival_us, until_us or 0)

    def copy(self) -> None:
        self.copies = 2

    def chance(self, fault: Fault) -> bool:
        """Whether the fault strikes this message. Its amount is the chance in percent."""
        return self.link.draw(fault.kind) * 100 < (fault.amount or 0)


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
        self._receivers: dict[str, Receiver] = {}

    def connect(self, receiver: Receiver) -> None:
        """From now on it can be reached by its name."""
        self._receivers[receiver.name] = receiver

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

    def link(self, source: str, target: str) -> Link:
        """The link from `source` to `target`, made at its first use.

        Raises `BadInput` when there is no machine of that name.
        """
        found = self._links.get((source, target))
        if found is None:
            receiver = pick(self._receivers, target, "machine")
            found = self._links[source, target] = Link(self, source, receiver)
        return found

    def is_cut(self, source: str, target: str) -> bool:
        """Whether what arrives now from `source` is stopped on the way."""
        return any(fault in self.cuts for fault in self._links[source, target].faults)

    def drop(self, sent: Sent, why: str) -> None:
        """Record that a message will not arrive."""
        self.trace.append((self.kernel.now_us, "drop", *sent[2:6], why))

    def close(self) -> None:
        self._links.clear()
        self._receivers.clear()

    def begin(self, fault: Fault) -> None:
        self.active.append(fault)
        if KINDS[fault.kind].cuts:
            self.cuts.append(fault)
        if fault.message is None:
            self._record("fault", fault)
        for (source, target), link in self._links.items():
            if source != target and fault.matches(source, target):
                link.faults.append(fault)

    def strike(self, fault: Fault) -> None:
        """A fault that concerns one message only has met it, and is over."""
        if fault.message is not None:  # it is not known before whether there is such a message
            self._record("fault", fault)
        self.end(fault)

    def end(self, fault: Fault) -> None:
        """Heal one fault; others on the same links stay."""
        if fault not in self.active:
            return
        self.active.remove(fault)
        if KINDS[fault.kind].cuts:
            self.cuts.remove(fault)
        self._record("heal", fault)
        for link in self._links.values():
            if fault in link.faults:
                link.faults.remove(fault)

    def _record(self, kind: str, fault: Fault) -> None:
        self.trace.append((self.kernel.now_us, kind, fault.target, "", fault, 0, ""))


def _latency_us(latency_ms: tuple[float, float], fifo: bool) -> tuple[int, int, bool]:
    low, high = (round(ms * 1000) for ms in latency_ms)
    if not 0 <= low <= high:
        raise BadInput(f"latency {latency_ms} ms: needs 0 <= lowest <= highest")
    return low, high - low + 1, fifo
