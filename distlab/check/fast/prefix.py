"""The shortest prefix without a linearization, by halving.

A history that is not linearizable cannot be made so by what happens later. So there is a first
event with which it went wrong.
"""

from bisect import bisect_left
from collections.abc import Callable

from distlab.check.history import History
from distlab.check.search import Failure, Order

READS = ("read", "get")
Finds = Callable[[History], Order | None]  # a linearization, if there is one


class Undecided(Exception):
    """The budget did not suffice to find the failing prefix."""


def failing_read(history: History, order_of: Finds) -> Failure:
    """The shortest failing prefix of a history in which only reads and failed writes can be wrong.

    A write that completes can still be placed last, if it is not yet placed. The order of
    everything before the refused read completed is the longest: with the read it would explain the
    whole prefix.
    """
    end = _first_wrong(history, order_of)
    prefix = happened = history.prefix(end + 1)
    if any(each.outcome == "failed" for each in prefix):
        happened = History(tuple(each for each in prefix if each.outcome != "failed"))
        end = _first_wrong(happened, order_of)
    order = order_of(happened.prefix(end))
    refused = next(each for each in happened if each.completed == end)
    assert order is not None, "everything before the end can be placed"
    return Failure(prefix, order, refused)


def _first_wrong(history: History, order_of: Finds) -> int:
    """The first completion with which a history that fails went wrong."""
    doubtful = (o for o in history if o.function in READS or o.outcome == "failed")
    ends = sorted(each.completed for each in doubtful if each.completed is not None)
    return ends[bisect_left(ends, True, key=lambda end: order_of(history.prefix(end + 1)) is None)]
