"""The search of `distlab.check.search`, pruned: the same answers from far fewer configurations.

It leaves out four kinds of configurations. Without them it still finds an order if there is one:

*Reads at once.* An operation that changes no state (a read, a compare-and-set that was refused) is
placed as soon as it may come next and is legal, and nothing else is tried instead. Proof: take any
linearization that goes on from here and move the read to its front. Every other operation still
meets the state it met before. (A write of the value that is already there does *not* qualify:
later, it may be needed to put that value back.)

*Twins.* Several operations may ask for the same and be told the same. Then the one that completed
first goes first. If their outcomes are unknown, the one that was invoked first goes first. Proof:
if an order has two of them the other way round, they can change places.

*Idle unknowns.* An operation of unknown outcome is not placed where it would change nothing: it can
still be of use later.

*Waste.* Take two configurations with the same completed operations and the same state. If the one
has spent only some of the unknown operations that the other has spent, the other is cut off: the
one can still do all that the other can. (Where they have spent the same, this is Lowe's memory.)

The rest is made cheap. Completed operations are numbered in the order of their completion. The
first that is not placed is the *level* of a configuration, and all operations invoked before it
completed may come next. A set of operations is an integer with one bit an operation, counted from
the level on, so that it stays small in a history of thousands. The first of those that ask for the
same stands for all: its number is the number of their *request*. States are numbered, too, and the
model is asked once for each state and request.

If the search finds no order, the history went wrong at the highest level that it reached. All that
completed earlier can be placed, and a configuration shows how; the operation with this number
cannot. The longest of such configurations is kept. Unknown operations count against it, because
they explain nothing.
"""

from bisect import bisect_left
from operator import attrgetter
from typing import Any

from distlab.check.history import History, Operation
from distlab.check.models import Model
from distlab.check.search import Failure

Linked = tuple[int, "Linked"] | None  # the last operation placed, and the order before it
Moves = list[tuple[int, int]]  # a state that may come next, and the twins of which one leads to it

REQUEST = ("function", "key", "argument", "result", "outcome")
ILLEGAL, READ = -1, -2  # where a state would stand: the model forbids it; it changes no state
LARGE = 256  # so many bytes of a state or of a set count as one more configuration
MANY = 32  # so many others that it is compared with, or operations that are looked at, too


class PrunedSearch:
    """The search through one key's history; it can be interrupted and taken up again."""

    def __init__(self, history: History, model: Model) -> None:
        begun = [each for each in history if each.outcome == "ok"]
        ended = sorted(begun, key=attrgetter("completed"))
        unknown = [each for each in history if each.outcome == "unknown" and not model.reads(each)]
        self.history = history
        self.model = model
        self.operations = (*ended, *unknown)
        self.answered = len(begun)
        self.states = 0
        self.furthest: tuple[int, int, int, Linked] = (-1, 0, 0, None)
        self._ends = [each.completed or 0 for each in ended]
        index = {each.number: index for index, each in enumerate(ended)}
        self._to_begin = [index[each.number] for each in reversed(begun)]
        self._under_way = 0
        self._open: list[int] = []  # level → the completed operations invoked before it completed
        who = () if model.anonymous else ("process",)
        requests = map(attrgetter(*REQUEST, *who), self.operations)
        first: dict[Any, int] = {}
        self._request = [first.setdefault(each, index) for index, each in enumerate(requests)]
        self._numbers: dict[Any, int] = {}
        self._states: list[Any] = []
        self._steps: list[dict[int, int]] = []  # state → request → the state after it
        self._unknown_begin = [each.invoked for each in unknown]
        self._unknown_moves: dict[tuple[int, int], Moves] = {}
        self._seen: dict[tuple[int, int, int], list[int]] = {}
        self._stack: list[tuple[int, int, int, int, Linked]] = []

    def advance(self, budget: int) -> bool | None:
        """Meet about ``budget`` more configurations. True: linearizable; None: not finished."""
        limit = self.states + budget
        if not self.states:
            self._meet(0, 0, self._number(self.model.init()), 0, None)
        while self._stack:
            if self.states >= limit:
                return None
            if self._visit(*self._stack.pop()):
                self._stack.clear()
                self._seen.clear()
                return True
        self._seen.clear()
        return False

    def _visit(self, level: int, placed: int, state: int, spent: int, order: Linked) -> bool:
        """Return True if a configuration is an end. If not, meet those that follow."""
        steps, requests, looked_at = self._steps[state], self._request, 0
        while level < self.answered:
            while level >= len(self._open):
                self._look_ahead()
            left = self._open[level] & ~placed
            looked_at += left.bit_count()
            moves: dict[int, tuple[int, int, int]] = {}
            while left:
                bit = left & -left
                left ^= bit
                index = level + bit.bit_length() - 1
                request = requests[index]
                after = steps.get(request)
                if after is None:
                    after = self._step(request, state)
                if after == READ:
                    placed |= bit
                    order = (index, order)
                elif after >= 0 and request not in moves:
                    moves[request] = (after, bit, index)
            if not placed & 1:
                break
            level, placed = _risen(level, placed)
        else:
            self.furthest = (level, 0, 0, order)
            return True
        self.states += looked_at // MANY
        if not moves:  # where there are moves, they lead further
            reached = (level, placed.bit_count(), -spent.bit_count())
            if reached > self.furthest[:3]:
                self.furthest = (*reached, order)
        for after, twins in self._unknown(level, state) if self._unknown_begin else ():
            left = twins & ~spent
            if left:
                bit = left & -left
                index = self.answered + bit.bit_length() - 1
                self._meet(level, placed, after, spent | bit, (index, order))
        for after, bit, index in reversed(moves.values()):  # the last is tried first
            self._meet(*_risen(level, placed | bit), after, spent, (index, order))
        return False

    def _meet(self, level: int, placed: int, state: int, spent: int, order: Linked) -> None:
        """Put a configuration on the stack, unless one that was met can do all that it can."""
        met = self._seen.setdefault((level, placed, state), [])
        self.states += len(met) // MANY
        for other in met:
            if not other & ~spent:
                return
        self.states += 1 + (placed.bit_length() + spent.bit_length()) // (8 * LARGE)
        met.append(spent)
        self._stack.append((level, placed, state, spent, order))

    def _unknown(self, level: int, state: int) -> Moves:
        """The operations of unknown outcome that may come next."""
        known = bisect_left(self._unknown_begin, self._ends[level])
        moves = self._unknown_moves.get((known, state))
        if moves is None:
            sets: dict[int, int] = {}
            for index in range(known):
                request = self._request[self.answered + index]
                sets[request] = sets.get(request, 0) | 1 << index
            moves = [(self._step(request, state), twins) for request, twins in sets.items()]
            moves = [move for move in moves if move[0] not in (ILLEGAL, state)]
            if len(self._unknown_moves) > 256:
                self._unknown_moves.clear()
            self._unknown_moves[known, state] = moves
        return moves

    def _look_ahead(self) -> None:
        """Find the operations that may come next at a few more levels."""
        for level in range(len(self._open), min(len(self._open) + 64, self.answered)):
            end = self._ends[level]
            while self._to_begin and self.operations[self._to_begin[-1]].invoked <= end:
                self._under_way |= 1 << self._to_begin.pop() - level
            self._open.append(self._under_way)
            self.states += self._under_way.bit_length() // (8 * LARGE)
            self._under_way >>= 1

    def _step(self, request: int, state: int) -> int:
        """The number of the state after a request; or `ILLEGAL`, or `READ`."""
        operation = self.operations[request]
        legal, value = self.model.step(self._states[state], operation)
        after = ILLEGAL
        if legal:
            after = READ if self.model.reads(operation) else self._number(value)
        self._steps[state][request] = after
        return after

    def _number(self, state: Any) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self._steps.append({})
            if isinstance(state, (str, tuple)):
                self.states += len(state) * (8 if isinstance(state, tuple) else 1) // LARGE
        return number

    def failure(self, budget: int) -> Failure:
        """The shortest prefix that fails, after the search has failed.

        It may be a little longer than the search got: before an operation completes, it may have
        any result, or have failed, while the search has known the answer from the start.
        """
        reached = self._ends[self.furthest[0]]
        ends = sorted(each.completed or 0 for each in self.history)
        low, high, step, wrong = bisect_left(ends, reached), len(ends), 1, self
        while low < high:  # mostly it is the first; if not, in growing steps, then by halves
            middle = min(low + step - 1, (low + high) // 2)
            prefix = PrunedSearch(self.history.prefix(ends[middle] + 1), self.model)
            verdict = prefix.advance(budget)
            budget -= prefix.states
            if verdict is None:
                break
            if verdict:
                low, step = middle + 1, 2 * step
            else:
                high, wrong = middle, prefix
        return Failure(wrong.history, wrong.order, wrong._refused)

    @property
    def order(self) -> tuple[Operation, ...]:
        """The order that got furthest."""
        return tuple(self.operations[index] for index in self._indices())

    @property
    def _refused(self) -> Operation:
        """The operation that this order could not place: of several, the last to complete."""
        level, placed = self.furthest[0], set(self._indices())
        candidates = range(level, level + self._open[level].bit_length())
        left = (i for i in candidates if self._open[level] >> i - level & 1 and i not in placed)
        return self.operations[max(left)]

    def _indices(self) -> list[int]:
        indices, order = [], self.furthest[3]
        while order is not None:
            index, order = order
            indices.append(index)
        return indices[::-1]


def _risen(level: int, placed: int) -> tuple[int, int]:
    """The same configuration with its level at the first operation that is not placed."""
    steps = (~placed & (placed + 1)).bit_length() - 1
    return level + steps, placed >> steps
