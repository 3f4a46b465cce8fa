"""The linearizability checker beside detangle's, on histories of a register made for it.

Three loads of a hundred histories each, five clients and about a hundred operations: a log like
those of Jepsen's etcd test (compare-and-set, bursts of time-outs, here and there a stale read), a
register to which every value is written once, and one on which nothing goes wrong. Both checkers
get the histories in their own form and answer with a witness; ratios are of processor time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from random import Random
from typing import Any

from detangle import lin

from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import cas_register

HISTORIES, OPERATIONS, CLIENTS, ROUNDS = 100, 100, 5, 5
LOADS = {  # share of time-outs in a burst, share of stale reads in it, whether values repeat
    "like Jepsen's etcd logs": (0.25, 0.2, True),
    "every value written once": (0.25, 0.2, False),
    "nothing goes wrong": (0.0, 0.0, True),
}


def simulated(random: Random, lost: float, stale: float, repeat: bool) -> History:
    """What clients see of a register with good times and bad times."""
    value = old = None
    idle, busy = list(range(CLIENTS)), []
    operations: list[Operation] = []
    position = begun = 0
    while begun < OPERATIONS or busy:
        bad = position // 40 % 2
        if idle and begun < OPERATIONS and (not busy or random.random() < 0.5):
            begun += 1
            function = random.choice(("read", "write", "cas") if repeat else ("read", "write"))
            new = random.randrange(5) if repeat else begun
            argument = {"read": None, "write": new, "cas": (random.randrange(5), new)}[function]
            busy.append((begun, idle.pop(), function, argument, position))
        else:
            number, client, function, argument, invoked = busy.pop(random.randrange(len(busy)))
            unknown = bad and function != "read" and random.random() < lost
            result = None
            if function == "read":
                result = old if bad and random.random() < stale else value
            elif function == "cas":
                result = value == argument[0]
            happened = function == "write" or (function == "cas" and result)
            if happened and not (unknown and random.random() < 0.5):
                old, value = value, argument[1] if function == "cas" else argument
            operations.append(
                Operation(
                    number, f"c{client}", function, "x", argument, None if unknown else result,
                    "unknown" if unknown else "ok", invoked, None if unknown else position,
                )
            )  # fmt: skip
            idle.append(client)
        position += 1
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


def with_detangle(past: History) -> list[lin.Operation]:
    return [
        lin.Operation(
            index, each.process, each.function, each.argument, each.invoked, 0.0, each.result,
            "ok" if each.outcome == "ok" else "info", each.completed,
        )
        for index, each in enumerate(past)
    ]  # fmt: skip


def seconds(judge: Callable[[Any], Any], histories: list[Any]) -> float:
    began = time.process_time()
    for each in histories:
        judge(each)
    return time.process_time() - began


def measure() -> dict[str, Any]:
    """For each load: milliseconds a history, and how many times as long detangle takes."""
    figures: dict[str, Any] = {}
    for name, (lost, stale, repeat) in LOADS.items():
        ours = [simulated(Random(f"{name}/{n}"), lost, stale, repeat) for n in range(HISTORIES)]
        theirs = [with_detangle(past) for past in ours]
        verdicts = [check(past, cas_register()).ok for past in ours]
        assert verdicts == [lin.check(past, lin.Register()).ok for past in theirs]
        rounds = [
            (
                seconds(lambda past: check(past, cas_register()), ours),
                seconds(lambda past: lin.check(past, lin.Register()), theirs),
            )
            for _ in range(ROUNDS)
        ]
        figures[name] = {
            "ms a history": round(1000 * statistics.median(a for a, _ in rounds) / HISTORIES, 2),
            "times as long, detangle": round(statistics.median(b / a for a, b in rounds), 1),
            "linearizable": f"{sum(map(bool, verdicts))} of {HISTORIES}",
        }
    return figures


if __name__ == "__main__":
    print(measure())
