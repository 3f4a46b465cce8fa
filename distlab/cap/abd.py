"""Quorums made linearizable (Attiya, Bar-Noy & Dolev, "Sharing memory robustly in message-passing
systems", Journal of the ACM 42(1), 1995; for several writers Lynch & Shvartsman 1997).

R + W > N is not enough. While a write is under way some replicas have the new value and some do
not: one read may meet it and a later read miss it. And a write that is stamped by a slow clock may
look older than one that was acknowledged before. Both are repaired by one more round trip:

* a **read** writes what it found back to a majority *before* it answers (blocking read repair), so
  that every later read meets it, too;
* a **write** first reads the stamps of a majority and takes the next higher one: a counter needs no
  clock.

R and W must be majorities. This gives a register and no more: compare-and-set, for instance, needs
consensus.
"""

from typing import Any

from distlab.cap.dynamo import BLOCKING, Fetch, Put, Replica
from distlab.cap.versions import Timestamp


class AtomicReplica(Replica):
    """A replica that coordinates reads and writes in two phases."""

    def __init__(self, name: str, nodes: tuple[str, ...], **options: Any) -> None:
        super().__init__(name, nodes, read_repair=BLOCKING, **options)

    async def next_stamp(self, request: Put) -> Any:
        found = await self.ask(Fetch(request.key), self.home, wait_for=self.majority)
        if len(found) < self.majority:
            return None
        times = [version.stamp.time for each in found.values() for version in each.versions]
        return Timestamp(max(times, default=0) + 1, self.name)
