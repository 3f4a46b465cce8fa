"""The linearizability checker beside detangle's, on histories of registers and stores made for it.

Both checkers get the histories in their own form and answer with a witness; ratios are of processor
time. Where detangle has not answered after a million steps, it is stopped, and the time counts.
"""

from __future__ import annotations

import statistics
import time
from importlib.metadata import version
from random import Random
from typing import Any

from detangle import lin

from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import Model, cas_register, key_value
from tests.check.simulated import Load, simulated

HISTORIES, ROUNDS, STEPS, GOAL = 100, 3, 1_000_000, 3.5


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
