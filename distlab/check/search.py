"""Is there an order in which one machine, doing one thing at a time, could have answered so?

A *linearization* puts the operations into one order such that every operation that returned before
another was invoked comes before it, and the model, run through that order, gives the recorded
results (Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects", 1990).

The search builds such an order from the front (Wing & Gong, "Testing and Verifying Concurrent
Objects", 1993). An operation may come next when nothing that is left returned before it was
invoked. Try it; if the model allows its result, go on from the new state with one operation less;
if no operation fits, go back and try another. Operations of unknown outcome may be left over at the
end: they never happened. Failed ones did not happen at all.

What makes this practical is a memory (Lowe, "Testing for linearizability", 2017): if the same set
of operations has been placed before and led to the same state, the rest of the search would go the
same way, so it is cut off. A pair (set, state) is a *configuration*.

This is the whole idea, and the search that the others in this package are held equal to. They give
the same answer sooner: `distlab.check.pruned` meets fewer configurations, `distlab.check.texts`
fewer still where texts grow, `distlab.check.zones` none where every value was written once.
"""

from __future__ import annotations

from typing import Any

from distlab.check.history import History, Operation
from distlab.check.models import Model


def linearization(history: History, model: Model) -> tuple[Operation, ...] | None:
    """An order of the operations that explains every answer; None if there is none."""
    happened = [each for each in history if each.outcome != "failed"]
    start: tuple[frozenset[int], Any, tuple[Operation, ...]] = (frozenset(), model.init(), ())
    stack, seen = [start], set()
    while stack:
        placed, state, order = stack.pop()
        left = [each for each in happened if each.number not in placed]
        if all(each.outcome == "unknown" for each in left):
            return order
        for candidate in left:
            if any(other.before(candidate) for other in left):
                continue
            legal, after = model.step(state, candidate)
            configuration = (placed | {candidate.number}, after)
            if legal and configuration not in seen:
                seen.add(configuration)
                stack.append((*configuration, (*order, candidate)))
    return None
