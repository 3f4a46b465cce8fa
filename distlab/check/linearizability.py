"""Is a history linearizable? Could one machine, doing one thing at a time, have answered so?

Theory of operation
-------------------
A *linearization* puts the operations into one order such that every operation that returned before
another was invoked comes before it, and the model, run through that order, gives the recorded
results (Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects", 1990).

The search builds such an order from the front (Wing & Gong, "Testing and Verifying Concurrent
Objects", 1993). An operation may come next when nothing that is left returned before it was
invoked: these are the *candidates*. Try one; if the model allows its result, go on from the new
state with one operation less; if no candidate fits, go back and try another. Operations of unknown
outcome may be left over at the end: they never happened. Failed ones did not happen at all.

What makes this practical is a memory (Lowe, "Testing for linearizability", 2017): if the same set
of operations has been placed before and led to the same state, then the rest of the search would
go the same way, so it is cut off. A pair (set, state) is a *configuration*; the set is an integer
with one bit an operation. Configurations are also the unit of the budget: they cost the memory.

Two shortcuts, which ``shortcuts=False`` turns off; tests hold the two searches equal:

*Reads at once.* When a candidate changes no state (a read, a compare-and-set that failed) and is
legal now, it is placed and nothing else is tried. Proof: take any linearization that goes on from
here and move the read to its front. Every other operation still meets the state it met before; the
read is legal here; and being a candidate it may stand here. So if there is a way on, there is one
that reads first. (A write of the value that is already there does *not* qualify: later, it may be
needed to put that value back.)

*Twins.* Of several operations of unknown outcome that ask for the same thing, the earliest is tried
first. Proof: in a linearization that uses a later one and not the earlier, put the earlier in its
place; having begun before, it may stand wherever the later one may.

The failing prefix falls out of the search. Let every configuration note the first completion that
it has not yet placed. If the search ends in vain, the furthest of these completions is where the
history turned wrong: everything up to just before it can be placed, that configuration shows how,
and nothing that includes it can (but see `_shortest_failing`). Of such configurations the longest
is kept; operations of unknown outcome do not count for it but against it: they explain nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distlab.check.explain import explain
from distlab.check.history import History, Operation
from distlab.check.models import Model, register
from distlab.check.verdict import Verdict
from distlab.host import BadInput, did_you_mean

if TYPE_CHECKING:
    from distlab.sim.trace import Trace

Order = tuple[int, "Order"] | None  # the last operation placed, and the order before it


class Search:
    """The search through one key's history; it can be interrupted and taken up again."""

    def __init__(self, history: History, model: Model, *, shortcuts: bool = True) -> None:
        answered = [each for each in history if each.outcome == "ok"]
        unknown = [each for each in history if each.outcome == "unknown" and not model.reads(each)]
        self.history = history
        self.model = model
        self.operations = (*answered, *unknown)  # bit i of a set stands for operations[i]
        self.answered = len(answered)
        self.invoked = [each.invoked for each in self.operations]
        self.completed = [each.completed or 0 for each in answered]
        self.at_once = [shortcuts and model.reads(each) for each in self.operations]
        self.twin = [0] * len(self.operations)  # the bit that must be placed before this one
        last: dict[tuple[str, ...], int] = {}  # what is asked for → the bit of the last to ask
        for index, each in enumerate(unknown if shortcuts else (), start=self.answered):
            who = "" if model.anonymous else each.process
            request = (each.function, each.key, repr(each.argument), who)
            self.twin[index] = last.get(request, 0)
            last[request] = 1 << index
        self.worth = [len(self.operations) + 1] * len(answered) + [-1] * len(unknown)
        self.stack: list[tuple[int, Any, int, Order]] = [(0, model.init(), 0, None)]
        self.seen: dict[int, list[Any]] = {}  # set of operations placed → the states it led to
        self.states = 0
        self.furthest: tuple[float, int, Order] = (-1, 0, None)

    def advance(self, budget: int) -> bool | None:
        """Visit up to ``budget`` more configurations. True: linearizable; None: not finished."""
        limit = self.states + budget
        while self.stack:
            if self.states >= limit:
                return None
            self.states += 1
            if self._visit(*self.stack.pop()):
                self.stack.clear()
                return True
        return False

    def _visit(self, placed: int, state: Any, score: int, order: Order) -> bool:
        """Whether a configuration is an end; if not, put those that follow on the stack."""
        step, operations, invoked = self.model.step, self.operations, self.invoked
        deadline: float = math.inf  # the first completion that is not placed yet
        onward = []
        index = (~placed & (placed + 1)).bit_length() - 1  # the first that is not placed
        left_out = ~placed >> index
        while index < self.answered and invoked[index] < deadline:  # a candidate, if left out
            if left_out & 1:
                legal, after = step(state, operations[index])
                if legal and self.at_once[index]:
                    placed |= 1 << index
                    score += self.worth[index]
                    order = (index, order)
                else:
                    if legal:
                        onward.append((index, after))
                    if self.completed[index] < deadline:
                        deadline = self.completed[index]
            left_out >>= 1
            index += 1
        if (deadline, score) > self.furthest[:2]:
            self.furthest = (deadline, score, order)
        if deadline == math.inf:  # every operation that completed is placed
            return True
        for index in range(self.answered, len(operations)):
            if invoked[index] > deadline:
                break
            twin = self.twin[index]
            if not placed >> index & 1 and placed & twin == twin:
                legal, after = step(state, operations[index])
                if legal:
                    onward.append((index, after))
        for index, after in reversed(onward):
            larger = placed | 1 << index
            states = self.seen.setdefault(larger, [])
            for known in states:
                if self.model.equal(after, known):
                    break
            else:
                states.append(after)
                self.stack.append((larger, after, score + self.worth[index], (index, order)))
        return False

    @property
    def order(self) -> tuple[Operation, ...]:
        """The order that got furthest."""
        return tuple(self.operations[index] for index in self._indices())

    @property
    def refused(self) -> Operation:
        """The operation that this order could not place: of several, the last to complete."""
        deadline, placed = self.furthest[0], set(self._indices())
        candidates = [
            each for index, each in enumerate(self.operations[: self.answered])
            if index not in placed and each.invoked < deadline
        ]  # fmt: skip
        return max(candidates, key=lambda each: each.completed or 0)

    def _indices(self) -> list[int]:
        indices, order = [], self.furthest[2]
        while order is not None:
            index, order = order
            indices.append(index)
        return indices[::-1]


@dataclass(frozen=True, slots=True)
class LinearizabilityResult:
    """The answer of the search, with what a picture needs.

    ``history`` is what was judged; if it is not linearizable, the shortest failing prefix of the
    history of one key. ``order`` is a linearization of it; if there is none, the longest partial
    one; nothing when undecided. ``refused`` is the operation that cannot be placed then, and
    ``state`` what refuses it, in words. ``states`` counts the configurations that were visited.
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
    history: History, model: Model, *, budget: int = 200_000, shortcuts: bool = True
) -> LinearizabilityResult:
    """Judge a history by a model, visiting at most ``budget`` configurations.

    Keys are searched in turn with growing allowances, so that one wrong key among many is found
    after little more work than it needs itself. Raises `BadInput` for a function that the model
    does not have.
    """
    for each in history:
        if each.function not in model.functions:
            raise BadInput(
                f"the model {model.name!r} has no function {each.function!r}"
                f"{did_you_mean(each.function, model.functions)}"
            )
    parts = [history.for_key(key) for key in history.keys] if model.partition_by_key else [history]
    searches = [Search(part, model, shortcuts=shortcuts) for part in parts]
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
                wrong.append(_shortest_failing(search, budget))
        if wrong:
            first = min(wrong, key=lambda search: search.furthest[0])
            why = explain(model, first.history.operations, first.order, first.refused)
            return LinearizabilityResult(
                False, first.history, why.text, spent, first.order, first.refused, why.state,
                why.proof,
            )  # fmt: skip
        allowance *= 4
    if unfinished:
        text = f"The search did not finish within its budget of {budget:,} states."
        return LinearizabilityResult(None, history, text, spent)
    order = _merge(searches)
    operations = "1 operation" if len(order) == 1 else f"{len(order)} operations"
    text = f"One order of {operations} explains every answer."
    return LinearizabilityResult(True, history, text, spent, order)


def _shortest_failing(search: Search, budget: int) -> Search:
    """The finished search of the shortest prefix that fails, given a search that has failed.

    The prefix may be a little longer than the search got: before an operation completes, it may
    have any result, or have failed, while the search has known the answer from the start.
    """
    ends = [each.completed for each in search.history if each.completed is not None]
    for end in sorted(each for each in ends if each >= search.furthest[0]):
        prefix = Search(search.history.prefix(end + 1), search.model)
        verdict = prefix.advance(budget)
        budget -= prefix.states
        if verdict is None:
            break
        if not verdict:
            return prefix
    return search


def _merge(searches: Sequence[Search]) -> tuple[Operation, ...]:
    """One order of all keys: each operation at the first instant that its key's order allows."""
    points: list[tuple[int, Operation]] = []
    for search in searches:
        point = -1
        for operation in search.order:
            point = max(point, operation.invoked)
            points.append((point, operation))
    points.sort(key=lambda each: each[0])
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
        result = self.result(trace)
        return Verdict(self.name, result.ok, result.explanation, result.witness)


def linearizable(
    model: Model | None = None, name: str = "linearizable", budget: int = 200_000
) -> Linearizable:
    """A check for scenarios; the model is a register unless another is given.

    ``budget`` counts configurations, about 250 bytes each; beyond it the verdict is undecided.
    """
    return Linearizable(model or register(), name, budget)
