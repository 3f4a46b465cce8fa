"""Is there an order in which one machine, doing one thing at a time, could have answered so?

A *linearization* puts the operations into one order such that every operation that returned before
another was invoked comes before it, and the model, run through that order, gives the recorded
results (Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects", 1990).

The search builds such an order from the front (Wing & Gong, "Testing and Verifying Concurrent
Objects", 1993). An operation may come next when nothing that is left returned before it was
invoked. Try it; if the model allows its result, go on from the new state with one operation less;
if no operation fits, go back and try another. Operations of unknown outcome may be left over at the
end: they never happened. Failed ones did not happen at all.

A memory makes this practical (Lowe, "Testing for linearizability", 2017): if the same set of
operations has been placed before and led to the same state, the rest of the search would go the
same way, so it is cut off. A pair (set, state) is a *configuration*.

This is the whole idea. `distlab.check.fast` gives the same answers sooner when a history is long.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from distlab.check.history import History, Operation
from distlab.check.models import Model

Order = tuple[Operation, ...]


class Linearization(NamedTuple):
    """An order of the operations. It is complete if it explains every answer.

    Otherwise there is none that does, and this is the longest that fits. ``states`` counts the
    configurations that the search met.
    """

    complete: bool
    order: Order
    states: int


def linearization(history: History, model: Model) -> Linearization:
    """An order of the operations that explains every answer, or the longest that fits."""
    happened = [each for each in history if each.outcome != "failed"]
    happened.sort(key=lambda each: (each.outcome == "ok", -(each.completed or 0)))
    start: tuple[frozenset[int], Any, Order] = (frozenset(), model.init(), ())
    stack, seen, longest = [start], {start[:2]}, start[-1]
    while stack:
        placed, state, order = stack.pop()
        longest = max(longest, order, key=_explains)
        left = [each for each in happened if each.number not in placed]
        if all(each.outcome == "unknown" for each in left):
            return Linearization(True, order, len(seen))
        for candidate in left:
            if any(other.before(candidate) for other in left):
                continue
            legal, after = model.step(state, candidate)
            configuration = (placed | {candidate.number}, after)
            if legal and configuration not in seen:
                seen.add(configuration)
                stack.append((*configuration, (*order, candidate)))  # the last is tried first
    return Linearization(False, longest, len(seen))


def _explains(order: Order) -> tuple[int, int]:
    """How many answers an order explains; the fewer operations of unknown outcome, the better."""
    answers = sum(each.outcome == "ok" for each in order)
    return answers, answers - len(order)


class Failure(NamedTuple):
    """Why a history has no linearization, although it had one before its last event.

    ``prefix`` is the history up to that event, ``order`` the longest order that fits it, and
    ``refused`` an operation that cannot be placed after it.
    """

    prefix: History
    order: Order
    refused: Operation


def failure(history: History, model: Model) -> Failure:
    """Where a history without a linearization went wrong.

    What happens later cannot make it right, so the first prefix that fails is the shortest.
    """
    ends = sorted(each.completed for each in history if each.completed is not None)
    for end in ends:
        prefix = history.prefix(end + 1)
        complete, order, _ = linearization(prefix, model)
        if not complete:
            break
    left = [each for each in prefix if each.outcome != "failed" and each not in order]
    next_ones = [each for each in left if not any(other.before(each) for other in left)]
    refused = [each for each in next_ones if each.outcome == "ok"]
    return Failure(prefix, order, max(refused, key=lambda each: each.completed or 0))


class Found(NamedTuple):
    """The answer for all keys: an order for each key, or what went wrong with some of them.

    With ``ok=None`` the search ran out of its budget. ``states`` counts the configurations.
    """

    ok: bool | None
    states: int
    orders: Sequence[Order] = ()
    failures: Sequence[Failure] = ()


def search(parts: Sequence[History], model: Model) -> Found:
    """Judge the history of each key."""
    found = [(part, linearization(part, model)) for part in parts]
    states = sum(each.states for _, each in found)
    failures = [failure(part, model) for part, each in found if not each.complete]
    return Found(not failures, states, [each.order for _, each in found], failures)
