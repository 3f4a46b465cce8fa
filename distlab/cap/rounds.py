"""Votes and rounds: what the nodes of the configuration store tell each other.

Every message carries the term in which it was sent. `cp_store` says what happens on each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distlab.sim.trace import Note


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. A higher (term, version) is newer."""

    term: int = 0
    version: int = 0
    entries: tuple[tuple[str, Any], ...] = ()

    @property
    def stamp(self) -> tuple[int, int]:
        return self.term, self.version

    def get(self, key: str) -> Any:
        return dict(self.entries).get(key)

    def put(self, key: str, value: Any) -> Config:
        entries = dict(self.entries) | {key: value}
        return Config(self.term, self.version + 1, tuple(sorted(entries.items())))


@dataclass(frozen=True, slots=True)
class RequestVote:
    """May I lead this term?"""

    term: int


@dataclass(frozen=True, slots=True)
class Vote:
    """You may, and this is the newest configuration that I have."""

    term: int
    config: Config


@dataclass(frozen=True, slots=True)
class Replicate:
    """I lead this term: store this."""

    term: int
    round: int
    config: Config


@dataclass(frozen=True, slots=True)
class Ack:
    """Stored, and I know of no later term."""

    term: int
    round: int


@dataclass(frozen=True, slots=True)
class Heartbeat(Replicate):
    """The same, with no client waiting for it: a sign of life."""


@dataclass(frozen=True, slots=True)
class Alive(Ack):
    """The answer to a heartbeat."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A leader's next heartbeat is due; anybody else has waited too long for one."""


@dataclass(frozen=True, slots=True)
class Leads(Note):
    """This node was elected."""

    term: int

    def __str__(self) -> str:
        return f"leads term {self.term}"
