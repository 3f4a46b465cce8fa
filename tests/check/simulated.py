"""Histories that clients of a register or a store could have seen, and some that they could not.

Each operation takes effect at some instant between its invocation and its completion. In bad times,
which come and go as in Jepsen's test of etcd, writes time out and some reads are stale.
"""

from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from distlab.check.history import History, Operation


class Load(NamedTuple):
    """How many operations of how many clients, and what becomes of them."""

    operations: int
    clients: int
    lost: float = 0.0  # share of the writes that time out in bad times
    stale: float = 0.0  # share of the reads that are stale in bad times
    keys: int = 1
    functions: tuple[str, ...] = ("read", "write", "cas")
    once: bool = False  # every value is written once
    spell: int = 40  # events from one change of times to the next


def simulated(random: Random, load: Load) -> History:
    """What clients see of registers with good times and bad times."""
    values: dict[str, list[Any]] = {}  # key → its values so far
    idle = [f"c{number}" for number in range(load.clients)]
    asked: list[Operation] = []
    done: list[Operation] = []
    operations: list[Operation] = []
    position = begun = 0
    while len(operations) < load.operations:
        step, bad = random.randrange(3), position // load.spell % 2 == 1
        if step == 0 and idle and begun < load.operations:
            begun += 1
            client, key = idle.pop(random.randrange(len(idle))), f"x{random.randrange(load.keys)}"
            function = random.choice(load.functions)
            value: Any = begun if load.once else random.randrange(5)
            value = f"<{begun}>" if "append" in load.functions else value
            arguments = {"write": value, "put": value, "append": value}
            arguments["cas"] = (random.randrange(5), value)
            call = (function, key, arguments.get(function))
            asked.append(Operation(begun, client, *call, invoked=position))
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
    elif each.function == "append":
        new = (values[-1] or "") + new
    if result is not False and not (lost and random.random() < 0.5):
        values.append(new)
    return each if lost else replace(each, outcome="ok", result=result)
