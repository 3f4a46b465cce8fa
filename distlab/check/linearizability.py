"""Is a history linearizable, and if not, why not?

The judge of this package. It gives the history of each key to a search and puts the result into
words. `distlab.check.search` says what is searched for, and how; a long history goes to
`distlab.check.fast`, which finds the same sooner.

The witness of a history that is not linearizable is the shortest prefix of it that is not either,
the longest order of operations that fits this prefix, the operation that cannot be placed after
them and the state that refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from distlab.check import fast
from distlab.check.explain import explain
from distlab.check.history import History, Operation
from distlab.check.models import Model, register
from distlab.check.search import Order, search
from distlab.check.verdict import Verdict
from distlab.host import BadInput, check_count, did_you_mean

if TYPE_CHECKING:
    from distlab.sim.trace import Trace

LONG = 10
"""A key with more operations than this goes to the fast search. The plain one meets at most 1,024
sets of ten operations, and for the histories of the labs, six long at most, it is the quicker one.
"""


@dataclass(frozen=True, slots=True)
class LinearizabilityResult:
    """The answer, with what a picture needs. It is None when undecided, or nothing completed.

    ``history`` is what was judged; if it is not linearizable, the shortest failing prefix of the
    history of one key. ``order`` is a linearization of it; if there is none, the longest partial
    one; nothing when undecided. ``refused`` is the operation that cannot be placed then, and
    ``state`` what refuses it, in words. ``states`` counts the configurations that were met.
    """

    ok: bool | None
    history: History
    explanation: str
    states: int
    order: tuple[Operation, ...] = ()
    refused: Operation | None = None
    state: str = ""
    proof: tuple[Operation, ...] = ()

    @property
    def witness(self) -> tuple[int, ...]:
        """The positions in the trace of the events that prove the verdict."""
        ends = [end for each in self.proof for end in (each.invoked, each.completed)]
        return tuple(sorted(end for end in ends if end is not None))


def check(
    history: History, model: Model, *, budget: int = 200_000, long: int = LONG
) -> LinearizabilityResult:
    """Judge a history by a model. Keys with more than ``long`` operations go to the fast search,
    which meets about ``budget`` configurations at most.

    Raises `BadInput` for a function that the model does not have.
    """
    check_count("budget", budget, 0)
    for function in dict.fromkeys(each.function for each in history):
        if function not in model.functions:
            raise BadInput(
                f"the model {model.name!r} has no function {function!r}"
                f"{did_you_mean(function, model.functions)}"
            )
    parts = history.by_key() if model.partition_by_key else [history]
    short = all(len(part) <= long for part in parts)
    found = search(parts, model) if short else fast.search(parts, model, budget)
    if found.ok is None:
        text = f"The search did not finish within its budget of {budget:,} states."
        return LinearizabilityResult(None, history, text, found.states)
    if found.ok:
        order = _merged(found.orders)
        text = f"One order of {counted(order)} explains every answer."
        return LinearizabilityResult(True, history, text, found.states, order)
    if not found.failures:  # the budget did not suffice to find them
        text = f"No order of {counted(history)} explains every answer."
        return LinearizabilityResult(False, history, text, found.states)
    first = min(found.failures, key=lambda failure: failure.refused.completed or 0)
    text, proof, state = explain(model, first)
    return LinearizabilityResult(
        False, first.prefix, text, found.states, first.order, first.refused, state, proof
    )


def judge(
    history: History, model: Model, *, budget: int = 200_000, long: int = LONG
) -> LinearizabilityResult:
    """The same, but a history in which no operation completed proves nothing: ``ok`` is None."""
    if completed(history):
        return check(history, model, budget=budget, long=long)
    return LinearizabilityResult(None, history, "There were no completed operations.", 0)


def completed(history: History) -> int:
    """How many operations happened and returned: without any, the history proves nothing."""
    return sum(each.outcome == "ok" for each in history)


def counted(operations: Sized) -> str:
    """How many operations they are, in words."""
    return "1 operation" if len(operations) == 1 else f"{len(operations):,} operations"


def _merged(orders: Sequence[Order]) -> Order:
    """One order of all keys: each operation at the first instant that its key's order allows."""
    points: list[tuple[int, Operation]] = []
    for order in orders:
        point = -1
        for operation in order:
            point = max(point, operation.invoked)
            points.append((point, operation))
    points.sort(key=itemgetter(0))
    return tuple(operation for _, operation in points)


@dataclass(frozen=True, slots=True)
class Linearizable:
    """The check that a run's history is linearizable for a model, a register unless given.

    ``budget`` counts configurations, a kilobyte each at most; beyond it the verdict is undecided.
    """

    model: Model = field(default_factory=register)
    name: str = "linearizable"
    budget: int = 200_000

    def result(self, trace: Trace) -> LinearizabilityResult:
        """The verdict with its order and its failing prefix, for a picture."""
        return judge(History.from_trace(trace), self.model, budget=self.budget)

    def __call__(self, trace: Trace) -> Verdict:
        result = self.result(trace)
        judged = completed(History.from_trace(trace))
        return Verdict(self.name, result.ok, result.explanation, result.witness, judged=judged)


linearizable = Linearizable
