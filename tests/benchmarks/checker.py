"""The linearizability checker beside detangle's, on histories of registers and stores made for it.

Each operation takes effect at some instant between its invocation and its completion. In bad times,
which come and go as in Jepsen's test of etcd, writes time out and some reads are stale. Both
checkers get the histories in their own form and answer with a witness; ratios are of processor
time. Where detangle has not answered after a million steps, it is stopped, and the time counts.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from importlib.metadata import version
from random import Random
from typing import Any, NamedTuple

from detangle import lin

from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import Model, cas_register, key_value

HISTORIES, ROUNDS, STEPS, GOAL = 100, 3, 1_000_000, 3.5


class Load(NamedTuple):
    """How many operations of how many clients, and what becomes of them."""

    operations: int
    clients: int
    lost: float = 0.0  # share of the writes that time out in bad times
    stale: float = 0.0  # share of the reads that are stale in bad times
    keys: int = 1
    functions: tuple[str, ...] = ("read", "write", "cas")
    once: bool = False  # every value is written once


LOADS = {
    "like Jepsen's etcd logs": Load(100, 5, lost=0.25, stale=0.2),
    "values written once": Load(
        200, 5, lost=0.1, stale=0.02, functions=("read", "write"), once=True
    ),
    "store of ten keys": Load(
        500, 20, lost=0.1, stale=0.01, keys=10, functions=("get", "put", "delete")
    ),
    "store of three keys": Load(
        300, 20, lost=0.1, stale=0.02, keys=3, functions=("get", "put", "delete")
    ),
    "nothing wrong, 8 clients": Load(300, 8),
    "nothing wrong, 5 clients": Load(300, 5),
    "nothing wrong, 5 clients, short": Load(100, 5),
}


def simulated(random: Random, load: Load) -> History:
    """What clients see of registers with good times and bad times."""
    values: dict[str, list[Any]] = {}  # key → its values so far
    idle = [f"c{number}" for number in range(load.clients)]
    asked: list[Operation] = []
    done: list[Operation] = []
    operations: list[Operation] = []
    position = begun = 0
    while len(operations) < load.operations:
        step, bad = random.randrange(3), position // 40 % 2 == 1
        if step == 0 and idle and begun < load.operations:
            begun += 1
            client, key = idle.pop(random.randrange(len(idle))), f"x{random.randrange(load.keys)}"
            function = random.choice(load.functions)
            value = begun if load.once else random.randrange(5)
            argument = {"write": value, "put": value, "cas": (random.randrange(5), value)}
            asked.append(
                Operation(begun, client, function, key, argument.get(function), invoked=position)
            )
            position += 1
        elif step == 1 and asked:
            each = asked.pop(random.randrange(len(asked)))
            done.append(effect(each, values.setdefault(each.key, [None]), load, bad, random))
        elif step == 2 and done:
            each = done.pop(random.randrange(len(done)))
            idle.append(each.process)
            operations.append(replace(each, completed=position) if each.outcome == "ok" else each)
            position += 1
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


def effect(each: Operation, values: list[Any], load: Load, bad: bool, random: Random) -> Operation:
    """The operation with its outcome; what it writes stands at the end of the values."""
    if each.function in ("read", "get"):
        stale = bad and random.random() < load.stale
        return replace(each, outcome="ok", result=values[-2:][0 if stale else -1])
    lost = bad and random.random() < load.lost
    new, result = each.argument, None
    if each.function == "cas":
        expected, new = each.argument
        result = values[-1] == expected
    if result is not False and not (lost and random.random() < 0.5):
        values.append(new)
    return each if lost else replace(each, outcome="ok", result=result)


def in_form_of_detangle(each: Operation, index: int) -> lin.Operation:
    """A store's operations have their key among the arguments there."""
    argument = {"get": each.key, "delete": each.key, "put": (each.key, each.argument)}
    return lin.Operation(
        index, each.process, each.function, argument.get(each.function, each.argument),
        each.invoked, 0.0, each.result, "ok" if each.outcome == "ok" else "info", each.completed,
    )  # fmt: skip


def ours(past: History, model: Model) -> bool | None:
    return check(past, model).ok


def theirs(past: list[lin.Operation], model: lin.Model) -> bool | None:
    try:
        return bool(lin.check(past, model, budget=STEPS).ok)
    except RuntimeError:
        return None


def timed(judge: Any, histories: list[Any], model: Any) -> tuple[float, list[bool | None]]:
    """Seconds of processor time, and the verdicts."""
    began = time.process_time()
    verdicts = [judge(each, model) for each in histories]
    return time.process_time() - began, verdicts


def measured(name: str, load: Load) -> dict[str, Any]:
    """Milliseconds a history, and how many times as long detangle takes."""
    store = "get" in load.functions
    histories = [simulated(Random(f"{name}/{number}"), load) for number in range(HISTORIES)]
    same = [[in_form_of_detangle(o, i) for i, o in enumerate(past)] for past in histories]
    took, ratios = [], []
    for _ in range(ROUNDS):
        seconds, verdicts = timed(ours, histories, key_value() if store else cas_register())
        longer, others = timed(theirs, same, lin.KV() if store else lin.Register())
        assert all(b in (a, None) for a, b in zip(verdicts, others, strict=True))
        took.append(seconds)
        ratios.append(longer / seconds)
    return {
        "ms a history": round(1000 * statistics.median(took) / HISTORIES, 2),
        "times as long, detangle": round(statistics.median(ratios), 1),
        "linearizable": f"{verdicts.count(True)} of {HISTORIES}",
        "undecided by detangle": others.count(None),
    }


def measure() -> dict[str, Any]:
    """The figures of each load."""
    figures: dict[str, Any] = {name: measured(name, load) for name, load in LOADS.items()}
    return {**figures, "goal, times as long": GOAL, "versions": {"detangle": version("detangle")}}
