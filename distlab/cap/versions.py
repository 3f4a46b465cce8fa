"""Which of two versions is newer? Two answers, and the cost of each.

* **Last write wins**: every write carries the time at which it was made, and the highest time wins.
  Simple, and one value is left; but wall clocks differ, so a later write may lose and be gone.
* **Version vectors** (Parker et al. 1983; Dynamo, section 4.4): every write carries, for each node,
  how many of its writes it builds on. Two versions of which neither includes the other are
  *concurrent*: both are kept, as **siblings**, and whoever reads must merge them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from distlab.cap.requests import Value
from distlab.host import Host


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """Milliseconds of some wall clock, or a counter; the node's name decides a tie."""

    time: int
    node: str


@dataclass(frozen=True, slots=True)
class VersionVector:
    """For each node the number of its writes that are included; absent means none."""

    counters: tuple[tuple[str, int], ...] = ()

    def __getitem__(self, node: str) -> int:
        return dict(self.counters).get(node, 0)

    def includes(self, other: VersionVector) -> bool:
        return all(self[node] >= count for node, count in other.counters)

    def merged(self, other: VersionVector) -> VersionVector:
        """The smallest vector that includes both."""
        nodes = sorted({node for node, _ in self.counters + other.counters})
        return VersionVector(tuple((node, max(self[node], other[node])) for node in nodes))


NOTHING_SEEN = VersionVector()


@dataclass(frozen=True, slots=True)
class Version:
    """A value, and the stamp that says when it was written or what it builds on."""

    value: Any
    stamp: Any


@dataclass(frozen=True, slots=True)
class Siblings(Value):
    """One value, or a tuple of concurrent ones. A write that merges them sends `context` back."""

    context: VersionVector


class Versioning(Protocol):
    """How a store stamps what is written, and what it keeps and answers of several versions."""

    def stamp(self, host: Host, count: int, context: VersionVector) -> Any:
        """The stamp of the `count`-th write of this host, by a client that has seen `context`."""

    def reconcile(self, versions: Iterable[Version]) -> tuple[Version, ...]:
        """The versions to keep of these. The order of `versions` makes no difference."""

    def answer(self, versions: tuple[Version, ...]) -> Value:
        """The answer to a client that asks for these reconciled versions."""


class LastWriteWins:
    """The highest timestamp wins; what the client has seen is ignored.

    One node may stamp two writes with the same millisecond. Then the larger text wins, as in
    Cassandra: which one is arbitrary, but all replicas must keep the same.
    """

    def stamp(self, host: Host, count: int, context: VersionVector) -> Timestamp:
        return Timestamp(host.now_ms(), host.name)

    def reconcile(self, versions: Iterable[Version]) -> tuple[Version, ...]:
        newest = max(versions, key=lambda each: (each.stamp, str(each.value)), default=None)
        return () if newest is None else (newest,)

    def answer(self, versions: tuple[Version, ...]) -> Value:
        return Value(versions[0].value if versions else None)


class KeepSiblings:
    """A version goes only when another includes it and more.

    Two writes through one node, both without context, count as one after the other; dotted version
    vectors (Preguiça et al. 2012) would tell them apart. A node that has lost its disk counts from
    1 again, so two versions may have the same stamp: both stay.
    """

    def stamp(self, host: Host, count: int, context: VersionVector) -> VersionVector:
        return context.merged(VersionVector(((host.name, count),)))

    def reconcile(self, versions: Iterable[Version]) -> tuple[Version, ...]:
        kept = sorted(set(versions), key=lambda each: (each.stamp.counters, str(each.value)))
        stamps = {each.stamp for each in kept}
        return tuple(
            each
            for each in kept
            if not any(stamp != each.stamp and stamp.includes(each.stamp) for stamp in stamps)
        )

    def answer(self, versions: tuple[Version, ...]) -> Value:
        if not versions:
            return Value(None)
        values = tuple(version.value for version in versions)
        context = reduce(VersionVector.merged, (version.stamp for version in versions))
        return Siblings(values if len(values) > 1 else values[0], context)
