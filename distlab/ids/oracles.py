"""The oracle of chapter 5: no id twice, and the ids of every worker ascend."""

from itertools import pairwise

from distlab.course.exercise import texts
from distlab.course.oracle import ALWAYS, Arms, Oracle
from distlab.course.plain import PlainHistory, PlainOperation, PlainTrace, Witness
from distlab.ids.checks import ORDERED, UNIQUE


def holds(history: PlainHistory, trace: PlainTrace) -> bool | Witness:
    """Only an order that is ok has ids."""
    made_by: dict[int, PlainOperation] = {}  # id → its order
    last: dict[str, tuple[int, PlainOperation]] = {}  # worker → its last id, and the order of that
    for order in history:
        for number in order.result if order.outcome == "ok" else ():
            if number in made_by:
                return Witness(made_by[number], order)
            made_by[number] = order
            previous, before = last.get(order.process, (-1, order))
            if number < previous:
                return Witness(before, order)
            last[order.process] = number, order
    return True


def _ids(history: PlainHistory, worker: str = "") -> list[int]:
    orders = [each for each in history if each.outcome == "ok" and worker in ("", each.process)]
    return [number for each in orders for number in each.result]


def _ascend(history: PlainHistory) -> bool:
    each_worker = [_ids(history, name) for name in {each.process for each in history}]
    return all(ids == sorted(ids) for ids in each_worker)


def _different(found: list[int]) -> bool:
    return len(found) == len(set(found))


def only_unique(history: PlainHistory, trace: PlainTrace) -> bool:
    return _different(_ids(history))


def each_alone(history: PlainHistory, trace: PlainTrace) -> bool:
    """Looks for ids that one worker made twice."""
    return _ascend(history) and all(
        _different(_ids(history, name)) for name in {each.process for each in history}
    )


def everywhere(history: PlainHistory, trace: PlainTrace) -> bool:
    """Asks that the ids of all workers together ascend."""
    found = _ids(history)
    return all(first < second for first, second in pairwise(found))


def no_answer_twice(history: PlainHistory, trace: PlainTrace) -> bool:
    """Compares results as they are: two orders without one have the same, None."""
    results = [each.result for each in history]
    return len(results) == len(set(results)) and _different(_ids(history)) and _ascend(history)


UNIQUE_AND_ORDERED = Oracle(
    texts("ids/oracle-of-ids"),
    arms=(
        Arms("ids/clock-rollback", "jump:worker-1@5..90=-25..-5; pause:worker-1+1..15; at most 2"),
        Arms(
            "ids/segment-overlap",
            "pause:worker-1@0..2+20..60; crash:worker-2,database+1..40; lose; at most 3",
        ),
    ),
    checks=(UNIQUE, ORDERED),
    reference=holds,
    mistakes={
        **ALWAYS,
        "only unique": only_unique,
        "each alone": each_alone,
        "everywhere": everywhere,
        "no answer twice": no_answer_twice,
    },
)
