"""Why a history is not linearizable, in words that need no theory, and the events that prove it.

The plainest reasons come first. Each is a proof by itself: every other order of the named
operations breaks real time:

1. a value was read that nobody had written;
2. a value was read after a newer one was acknowledged (a stale read);
3. a value was read after someone had already seen another one (new, then old);
4. two values, neither of them written twice, were each there before the other (back and forth).

*Newer* is meant strictly: every write of the old value had returned before the newer write, or the
operation that saw its value, was invoked. In all other cases the search gives the reason: the
longest order that fits, the operation that cannot be placed after it, and the state that refuses
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from distlab.check.history import Operation
from distlab.check.models import Model
from distlab.check.search import Failure


class Explanation(NamedTuple):
    """Two sentences about the refused operation, the operations that prove them, the state."""

    text: str
    proof: tuple[Operation, ...]
    state: str


Proof = tuple[str, tuple[Operation, ...]]  # a reason, and the operations it speaks of


def explain(model: Model, failure: Failure) -> Explanation:
    """Why the refused operation cannot be placed."""
    prefix, order, refused = failure
    operations = prefix.operations
    states = [model.init()]
    for each in order:
        states.append(model.step(states[-1], each)[1])
    reason, involved = (
        _forgotten(operations, refused)
        or _overtaken(operations, states[0], refused)
        or _back_and_forth(operations, states[0], refused)
        or _left_over(model, order, states, refused)
    )
    placed = [f"{each.process} {named(each)}" for each in order[-3:]]
    if order:
        verb = "is" if len(order) <= 3 else "ends with"
        place = f"The longest order that fits {verb} {', '.join(placed)}: then"
    else:
        place = "At the start"
    state = model.describe(refused.key, states[-1])
    numbers = {each.number for each in (refused, *involved)}
    proof = tuple(each for each in operations if each.number in numbers)
    text = f"{fact(refused)}{reason}. {place} {state}, which refuses {refused}."
    return Explanation(text, proof, state)


def _overtaken(operations: Sequence[Operation], initial: Any, refused: Operation) -> Proof | None:
    """The first of the first three reasons above that applies to a value."""
    if any(each.function == "append" for each in operations) or not found(refused):
        return None
    value = found(refused)[0]
    operations = [each for each in operations if each.key == refused.key and each != refused]
    sources = [e for e in operations if stored(e) == (value,) and not refused.before(e)]
    if not sources and value != initial:
        for each in operations:
            if each.outcome == "failed" and value in stored(replace(each, outcome="unknown")):
                return f", but {deed(each)} had failed", (each,)
        verb = "enqueued" if refused.function == "dequeue" else "written"
        return f", but nobody had {verb} {value!r}", ()
    if refused.function == "dequeue":
        return None

    def newer(other: Operation) -> bool:
        return all(source.before(other) for source in sources)

    for write in reversed(operations):
        if stored(write) not in ((), (value,)) and newer(write) and write.before(refused):
            return f" after {deed(write)} was acknowledged", (write, *sources)
    writers = _by_value(operations, stored)
    for read in reversed(operations):
        if found(read) not in ((), (value,)) and read.before(refused):
            writes = writers.get(found(read)[0], [])
            if newer(read) or (found(read) != (initial,) and all(map(newer, writes))):
                return f" after {fact(read)}", (read, *writes, *sources)
    return None


def _forgotten(operations: Sequence[Operation], refused: Operation) -> Proof | None:
    """Reasons 2 and 3 for a text that grows: it lacks what was acknowledged, or seen, before."""
    texts = [each for each in operations if each.key == refused.key and each.outcome != "failed"]
    if refused.function != "get" or not any(each.function == "append" for each in texts):
        return None
    text = refused.result or ""
    resets = [each for each in texts if each.function in ("put", "delete")]
    for each in reversed(texts):
        if each.outcome != "ok" or not each.before(refused) or each.function == "delete":
            continue
        part = each.result if each.function == "get" else each.argument
        there = part in text if each.function == "append" else text.startswith(part or "")
        kept = (o is each or o.before(each) or refused.before(o) for o in resets)
        if not there and all(kept):
            if each.function == "get":
                return f" after {fact(each)}", (each,)
            return f" after {deed(each)} was acknowledged", (each,)
    return None


def _back_and_forth(
    operations: Sequence[Operation], initial: Any, refused: Operation
) -> Proof | None:
    """The fourth reason. Where every value was written once, there is no other (see `zones`)."""
    if any(each.function in ("append", "dequeue") for each in operations) or not found(refused):
        return None
    writers, readers = _by_value(operations, stored), _by_value(operations, found)
    spans = {}  # value → of its operations, the first to complete and the last to be invoked
    for value in (*writers, *readers):
        cluster = (*writers.get(value, ()), *readers.get(value, ()))
        ends = [each for each in cluster if each.completed is not None]
        if ends and len(writers.get(value, ())) + (value == initial) == 1:
            first = min(ends, key=lambda each: each.completed or 0)
            spans[value] = first, max(cluster, key=lambda each: each.invoked)
    value, key = found(refused)[0], refused.key
    begin, end = spans.get(value, (refused, refused))
    for other, (first, last) in spans.items():
        if other != value and first.before(end) and begin.before(last):
            writes = (*writers.get(value, ()), *writers.get(other, ()))
            both = f"{key} = {value!r} and {key} = {other!r} were each there before the other"
            proof = (begin, end, first, last, *writes)
            return f", but {both}, and neither was written twice", proof
    return None


def _by_value(
    operations: Sequence[Operation], value_of: Callable[[Operation], tuple[Any, ...]]
) -> dict[Any, list[Operation]]:
    """The operations that stored, or found, each value."""
    sets: dict[Any, list[Operation]] = {}
    for each in operations:
        for value in value_of(each):
            sets.setdefault(value, []).append(each)
    return sets


def _left_over(
    model: Model, order: Sequence[Operation], states: Sequence[Any], refused: Operation
) -> Proof:
    """The operation of a lock or a queue that made the refusing state, if there is one."""
    if refused.function == "release":
        return f" although {model.describe(refused.key, states[-1])}", tuple(order)
    for index in reversed(range(len(order))):
        cause = order[index]
        if model.name == "queue":  # who put the head there, or took the value before
            head = states[-1][:1]
            made_it = stored(cause) == head if head else found(cause) == found(refused)
        else:
            made_it = model.name == "mutex" and states[index] != states[index + 1]
        if made_it and cause.before(refused):
            return f" after {deed(cause)} was acknowledged", (cause,)
    return ", which fits no order of the operations", tuple(order)


def found(operation: Operation) -> tuple[Any, ...]:
    """The value that an operation proves to have been there: a tuple of one or none."""
    if operation.outcome != "ok":
        return ()
    if operation.function in ("read", "get", "dequeue"):
        return (operation.result,)
    return operation.argument[:1] if operation.function == "cas" and operation.result else ()


def stored(operation: Operation) -> tuple[Any, ...]:
    """The value that an operation stores, if it does: a tuple of one or none."""
    if operation.outcome == "failed":
        return ()
    if operation.function in ("write", "put", "enqueue"):
        return (operation.argument,)
    if operation.function == "cas" and operation.may_return(True):
        return (operation.argument[1],)
    return (None,) if operation.function == "delete" else ()


def named(operation: Operation) -> str:
    """The call, with the result if it has one."""
    return str(operation) if operation.outcome == "ok" else operation.call


def deed(operation: Operation) -> str:
    """An operation as a noun: ``client-1's write of x = 2``."""
    what = f"{operation.process}'s {operation.function} of {operation.key}"
    if operation.function == "cas":
        expected, new = operation.argument
        return f"{what} from {expected!r} to {new!r}"
    return what if operation.argument is None else f"{what} = {operation.argument!r}"


def fact(operation: Operation) -> str:
    """An operation as a sentence: ``client-2 read x = 1``."""
    process, key, result = operation.process, operation.key, operation.result
    if operation.function in ("read", "get"):
        return f"{process} read {key} = {result!r}"
    if operation.function == "dequeue":
        return f"{process} dequeued {result!r} from {key}"
    return f"{deed(operation)} {'was refused' if result is False else 'succeeded'}"
