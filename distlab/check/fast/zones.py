"""No search at all, where every value of a variable was written once.

Then each read names its write, and the operations fall into *clusters*: a write and the reads of
its value (Gibbons & Korach, "Testing shared memories", 1997, section 3). In a linearization nothing
of another cluster stands between the operations of one. The *zone* of a cluster lies between its
first completion and its last invocation:

    forward zone: the first completion comes before the last invocation, so the variable surely
    held the value from the one to the other;

        W: |--write(x, 1)--|
        R:                      |--read(x) → 1--|
                           ######

    backward zone: all operations of the cluster ran at the same time, and may have taken effect
    together at any instant from the last invocation to the first completion.

        W: |--write(x, 2)------|
        R:           |--read(x) → 2--|
                     ##########

There is a linearization exactly if no read completed before its write was invoked, no two forward
zones overlap (the variable cannot hold two values) and no backward zone lies within a forward one
(its value would have to come and go while the variable held another). Sorting the zones shows it.

The first value counts as written before everything. A write of unknown outcome has no completion;
if nobody read its value, it is left out.
"""

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Any, NamedTuple

from distlab.check.fast.prefix import READS, failing_read
from distlab.check.history import History, Operation
from distlab.check.models import Model
from distlab.check.search import Failure

WRITES = ("write", "put")


class Zone(NamedTuple):
    """From the first completion in a cluster to the last invocation; backward, if that is less."""

    first_end: float
    last_start: float
    cluster: list[Operation]


def applies(history: History, model: Model) -> bool:
    """Whether the history is one of reads and writes of a variable, no value written twice."""
    if not model.variable or any(each.function not in READS + WRITES for each in history):
        return False
    values = [model.init(), *(each.argument for each in history if each.function in WRITES)]
    return len(set(values)) == len(values)


class ZoneSearch:
    """The verdict on one key's history, with the methods of `PrunedSearch`."""

    states = 0

    def __init__(self, history: History, model: Model) -> None:
        self.history = history
        self.initial = model.init()
        self.order: tuple[Operation, ...] = ()

    def advance(self, budget: int) -> bool:
        """Whether the history is linearizable; takes n log n steps, so it needs no budget."""
        order = linearization(self.history, self.initial)
        self.order = order or ()
        return order is not None

    def failure(self, budget: int) -> Failure:
        """The shortest failing prefix."""
        return failing_read(self.history, lambda history: linearization(history, self.initial))


def linearization(history: History, initial: Any) -> tuple[Operation, ...] | None:
    """An order of the operations that explains every answer; None if there is none."""
    first = Operation(0, "", "write", "", initial, None, "ok", invoked=-2, completed=-1)
    clusters: dict[Any, list[Operation]] = {initial: [first]}
    for each in history:
        if _writes(each):
            clusters[each.argument] = [each]
    for each in history:
        if _reads(each):
            cluster = clusters.get(each.result)
            if not cluster or each.before(cluster[0]):
                return None
            cluster.append(each)
    zones = [_zone(each) for each in clusters.values() if len(each) > 1 or each[0].outcome == "ok"]
    forward = sorted(each for each in zones if each.first_end < each.last_start)
    if any(later.first_end < earlier.last_start for earlier, later in pairwise(forward)):
        return None
    placed: list[tuple[float, Zone]] = []
    for zone in zones:
        instant = _instant(zone, forward)
        if instant is None:
            return None
        placed.append((instant, zone))
    in_order = sorted(placed)  # at the same instant: in the order of their first completions
    return tuple(each for _, zone in in_order for each in zone.cluster if each is not first)


def _zone(cluster: list[Operation]) -> Zone:
    ends = (each.completed for each in cluster if each.completed is not None)
    return Zone(min(ends), max(each.invoked for each in cluster), cluster)


def _instant(zone: Zone, forward: list[Zone]) -> float | None:
    """When a cluster takes effect, or begins to; None if there is another value all the time."""
    if zone.first_end < zone.last_start:
        return zone.first_end
    index = bisect_left(forward, zone.last_start, key=lambda other: other.first_end)
    after = forward[index - 1].last_start if index else -math.inf
    return after if after < zone.first_end else None


def _writes(each: Operation) -> bool:
    return each.function in WRITES and each.outcome != "failed"


def _reads(each: Operation) -> bool:
    return each.function in READS and each.outcome == "ok"
