"""Is a history linearizable, and if not, why not?

The judge of this package: it gives each key to the searcher that is quickest for it, and puts what
that finds into words. `distlab.check.search` says what is searched for, and how; the others find
the same sooner: `ZoneSearch` where every value was written once, `TextSearch` where texts grow,
`PrunedSearch` everywhere.

The witness of a history that is not linearizable is the shortest prefix of it that is not either,
the longest order of operations that fits this prefix, the operation that cannot be placed after
them and the state that refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from distlab.check import texts, zones
from distlab.check.explain import explain
from distlab.check.failure import Undecided
from distlab.check.history import History, Operation
from distlab.check.models import Model, register
from distlab.check.pruned import PrunedSearch
from distlab.check.texts import TextSearch
from distlab.check.verdict import Verdict
from distlab.check.zones import ZoneSearch
from distlab.host import BadInput, did_you_mean

if TYPE_CHECKING:
    from distlab.sim.trace import Trace

Search = ZoneSearch | PrunedSearch
NOTHING_COMPLETED = "Nothing to judge: there were no completed operations."


@dataclass(frozen=True, slots=True)
class LinearizabilityResult:
    """The answer, with what a picture needs.

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


def check(history: History, model: Model, *, budget: int = 200_000) -> LinearizabilityResult:
    """Judge a history by a model, meeting about ``budget`` configurations at most.

    Keys are searched in turn with growing allowances, so that one wrong key among many is found
    after little more work than it needs itself. Raises `BadInput` for a function that the model
    does not have.
    """
    for function in dict.fromkeys(each.function for each in history):
        if function not in model.functions:
            raise BadInput(
                f"the model {model.name!r} has no function {function!r}"
                f"{did_you_mean(function, model.functions)}"
            )
    parts = history.by_key() if model.partition_by_key else [history]
    searches = [searcher(part, model) for part in parts]
    unfinished, spent, allowance = searches, 0, 64
    while unfinished and spent < budget:
        turn, unfinished, wrong = unfinished, [], []
        for search in turn:
            before = search.states
            verdict = search.advance(min(allowance, budget - spent))
            spent += search.states - before
            if verdict is None:
                unfinished.append(search)
            elif not verdict:
                wrong.append(search)
        if wrong:
            return _told(history, model, wrong, spent, budget)
        allowance *= 4
    if unfinished:
        text = f"The search did not finish within its budget of {budget:,} states."
        return LinearizabilityResult(None, history, text, spent)
    order = _merge(searches)
    text = f"One order of {_count(order)} explains every answer."
    return LinearizabilityResult(True, history, text, spent, order)


def completed(history: History) -> int:
    """How many operations a verdict can be wrong about: those that happened, and returned."""
    return sum(each.outcome == "ok" for each in history)


def searcher(history: History, model: Model) -> Search:
    """Who is quickest with the history of one key."""
    if zones.applies(history, model):
        return ZoneSearch(history, model)
    return (TextSearch if texts.applies(history, model) else PrunedSearch)(history, model)


def _told(
    history: History, model: Model, wrong: Sequence[Search], states: int, budget: int
) -> LinearizabilityResult:
    """The result, given the searches that failed: about the key that went wrong first."""
    try:
        failures = [search.failure(budget) for search in wrong]
    except Undecided:
        text = f"No order of {_count(history)} explains every answer."
        return LinearizabilityResult(False, history, text, states)
    first = min(failures, key=lambda failure: failure.refused.completed or 0)
    text, proof, state = explain(model, first)
    return LinearizabilityResult(
        False, first.prefix, text, states, first.order, first.refused, state, proof
    )


def _count(operations: Sized) -> str:
    return "1 operation" if len(operations) == 1 else f"{len(operations)} operations"


def _merge(searches: Sequence[Search]) -> tuple[Operation, ...]:
    """One order of all keys: each operation at the first instant that its key's order allows."""
    if len(searches) == 1:
        return searches[0].order
    points: list[tuple[int, Operation]] = []
    for search in searches:
        point = -1
        for operation in search.order:
            if operation.invoked > point:
                point = operation.invoked
            points.append((point, operation))
    points.sort(key=itemgetter(0))
    return tuple(operation for _, operation in points)


@dataclass(frozen=True, slots=True)
class Linearizable:
    """The check that a run's history is linearizable for a model."""

    model: Model
    name: str
    budget: int

    def result(self, trace: Trace) -> LinearizabilityResult:
        """The verdict with its order and its failing prefix, for a picture."""
        return check(History.from_trace(trace), self.model, budget=self.budget)

    def __call__(self, trace: Trace) -> Verdict:
        history = History.from_trace(trace)
        judged = completed(history)
        if not judged:
            return Verdict(self.name, None, NOTHING_COMPLETED, judged=0)
        result = check(history, self.model, budget=self.budget)
        return Verdict(self.name, result.ok, result.explanation, result.witness, judged)


def linearizable(
    model: Model | None = None, name: str = "linearizable", budget: int = 200_000
) -> Linearizable:
    """A check for scenarios; the model is a register unless another is given.

    ``budget`` counts configurations, a kilobyte each at most; beyond it the verdict is undecided.
    """
    return Linearizable(model or register(), name, budget)
