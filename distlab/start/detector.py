"""A failure detector: a monitor asks machines for a sign of life and judges their silence.

The monitor sends `Probe` at a steady pace; a machine that has not answered for `patience_ms` is
suspected, and trusted again when an answer arrives after all. A short patience suspects machines
that are only slow, a long one notices real crashes late. No patience is right for both: from
outside, slow and dead look the same (Fischer, Lynch & Paterson 1985; Chandra & Toueg 1996, who call
the two wishes accuracy and completeness).
"""

from dataclasses import dataclass

from distlab.sim import Node
from distlab.sim.trace import Note


@dataclass(frozen=True, slots=True)
class Probe:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Alive:
    """I am."""


@dataclass(frozen=True, slots=True)
class ProbeTimer:
    """Time to probe again."""


@dataclass(frozen=True, slots=True)
class Opinion(Note):
    """What the monitor thinks of a machine."""

    machine: str


@dataclass(frozen=True, slots=True)
class Suspects(Opinion):
    """The machine has been silent for too long."""

    def __str__(self) -> str:
        return f"suspects {self.machine}"


@dataclass(frozen=True, slots=True)
class Trusts(Opinion):
    """The machine was suspected, and has answered after all."""

    def __str__(self) -> str:
        return f"trusts {self.machine} again"


class Server(Node):
    """Answers probes."""

    def on_probe(self, message: Probe, sender: str) -> None:
        self.send(sender, Alive())


class Monitor(Node):
    """Probes `servers` every `period_ms`, suspects each after `patience_ms` of silence."""

    def __init__(
        self, name: str, servers: tuple[str, ...], period_ms: float, patience_ms: float
    ) -> None:
        super().__init__(name)
        self.servers = servers
        self.period_ms = period_ms
        self.patience_ms = patience_ms

    def on_start(self) -> None:
        self.heard_ms = {server: self.monotonic_ms() for server in self.servers}
        self.suspected: tuple[str, ...] = ()
        self.on_probe_timer(ProbeTimer())

    def on_probe_timer(self, timer: ProbeTimer) -> None:
        for server in self.servers:
            silent_ms = self.monotonic_ms() - self.heard_ms[server]
            if silent_ms > self.patience_ms and server not in self.suspected:
                self.become_suspicious(server)
            self.send(server, Probe())
        self.set_timer(self.period_ms, timer)

    def on_alive(self, message: Alive, sender: str) -> None:
        self.heard_ms[sender] = self.monotonic_ms()
        if sender in self.suspected:
            self.become_trusting(sender)

    def become_suspicious(self, server: str) -> None:
        self.suspected += (server,)
        self.note(Suspects(server))

    def become_trusting(self, server: str) -> None:
        self.suspected = tuple(name for name in self.suspected if name != server)
        self.note(Trusts(server))

    def describe(self) -> str:
        return "suspects " + (", ".join(self.suspected) or "nobody")
