"""Events → a history: each invocation is joined with its end.

An event means what it means to Jepsen and to those that read its histories: see the README of
jepsen.history, Knossos (knossos.history/complete) and Porcupine. An event that cannot have
happened, or would be mistaken for something else, is refused with its line.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from distlab.check.history import Ending, History, Operation
from distlab.check.models import Model
from distlab.host import BadInput, did_you_mean
from distlab.referee import edn

Event = dict[str, Any]  # with the keys that `distlab.referee.formats` explains

TYPES = ("invoke", "ok", "fail", "info")
READS = ("read", "get", "dequeue")
STORES = ("write", "put", "append", "enqueue")
LOCKS = ("acquire", "release")
ANSWERS = ("cas", "dequeue", *LOCKS)  # functions whose failure may be an answer
ONLY = {"key-value": "store", "mutex": "lock", "queue": "queue"}  # what a history without keys has
SCALARS = (int, float, str)  # and booleans, which are numbers in Python


class LineOrder:
    """Refuses lines that do not stand in the order in which things happened.

    An ``index`` must rise from line to line. Where there is none, the ``time`` counts. A time may
    go back, and does in Jepsen's own histories: a thread looks at the clock first and writes its
    line later. But a thread that ends an operation looks at the clock after the invocation was
    written, so also after all lines above it. An end with an earlier time is out of order.
    """

    def __init__(self) -> None:
        self._index = -1
        self._latest = float("-inf")  # of all times so far
        self._since: dict[str, float] = {}  # process → that, when it invoked

    def check(self, process: str, event: Event) -> None:
        """Take the next event. Raises `BadInput` if it cannot come after the ones before."""
        index, time = event.get("index"), event.get("time")
        if isinstance(index, int):
            if index <= self._index:
                raise BadInput(f"index {index} after {self._index}: lines are out of order")
            self._index = index
        elif isinstance(time, (int, float)):
            self._latest = max(self._latest, time)
            if event["type"] == "invoke":
                self._since[process] = self._latest
            elif time < self._since.get(process, time):
                after = self._since[process]
                raise BadInput(f"time {time} after {after}: lines are out of order")


def joined(
    events: list[tuple[int, Event]], model: Model, skip_others: bool
) -> tuple[History, Counter[str]]:
    """The operations that the events tell of, and a count of those that the model does not know.

    Raises `BadInput` for what cannot have happened.
    """
    events = _with_keys(events, model)
    operations: list[Operation] = []
    under_way: dict[str, int] = {}  # process → the index of its operation
    others: Counter[str] = Counter()
    order = LineOrder()
    for position, (line, event) in enumerate(events):
        try:
            process, kind, function = _checked(event)
            order.check(process, event)
            if function not in model.functions:
                if not skip_others:
                    near = did_you_mean(function, model.functions)
                    raise BadInput(
                        f"the model {model.name!r} has no function {function!r}{near}; "
                        "--skip-others leaves such operations out"
                    )
                others[function] += kind == "invoke"
            elif kind == "invoke":
                if process in under_way:
                    earlier = operations[under_way[process]]
                    since = f"{earlier.call} is under way since line {events[earlier.invoked][0]}"
                    raise BadInput(f"process {process} invokes a {function} while its {since}")
                under_way[process] = len(operations)
                operations.append(_begun(event, model, len(operations) + 1, position))
            elif process not in under_way:
                raise BadInput(f"process {process} ends a {function} that it did not invoke")
            else:
                index = under_way.pop(process)
                operations[index] = _ended(operations[index], event, model, position)
        except BadInput as error:
            raise BadInput(f"line {line}: {error}") from None
    _check_values(operations, events)
    return History(tuple(operations)), others


def _with_keys(events: list[tuple[int, Event]], model: Model) -> list[tuple[int, Event]]:
    """The events, with the keys that stand in their values, as in those of jepsen.independent.

    `[1 2]` may be a key and a value, or a value. So each invocation has to look like that, and one
    at least in a way that no other value does: a read of `[1 nil]`, a cas of `[1 [2 3]]`.
    """
    begun = [event for _, event in events
             if event.get("type") == "invoke" and event.get("f") in model.functions]  # fmt: skip
    if not all(map(_has_key, begun)) or all(event["f"] in STORES for event in begun):
        return events
    keyed = []
    for line, event in events:
        if _has_key(event):
            key, value = event["value"]
            keyed.append((line, {**event, "key": key, "value": value}))
        elif event.get("type") != "ok" or event.get("f") not in model.functions:
            keyed.append((line, event))
        else:
            raise BadInput(f"line {line}: the value has no key; those of other lines have")
    return keyed


def _has_key(event: Event) -> bool:
    function, value = event.get("f"), event.get("value")
    if not isinstance(value, tuple) or len(value) != 2 or event.get("key") is not None:
        return False
    if function == "cas":
        return isinstance(value[1], tuple) and len(value[1]) == 2
    return function in STORES or event.get("type") != "invoke" or value[1] is None


def _checked(event: Event) -> tuple[str, str, str]:
    """The process, the type and the function of an event that has all it needs."""
    for name in ("process", "type", "f", "key", "client"):
        value = event.get(name)
        if value is None and name in ("process", "type", "f"):
            raise BadInput(f"the event has no {name}")
        if value is not None and not isinstance(value, SCALARS):
            raise BadInput(f"a {name} is a number or a name, not {shown(value)}")
        _scalar(value)
    process, kind, function = (str(event[name]) for name in ("process", "type", "f"))
    if kind not in TYPES:
        raise BadInput(f"there is no type {kind!r}{did_you_mean(kind, TYPES)}")
    return process, kind, function


def _check_values(operations: list[Operation], events: list[tuple[int, Event]]) -> None:
    """Refuse what the models cannot take: numbers that are appended to, and true beside 1.

    Python takes true for 1, 1 for 1.0, and a keyword for text; so no key may have both.
    """
    appended = any(each.function == "append" for each in operations)
    met: dict[tuple[str, Any], Any] = {}
    for each in operations:
        line = events[each.invoked][0]
        if appended and each.function in STORES and not isinstance(each.argument, str):
            raise BadInput(f"line {line}: {each.call}: only text can be appended, and to text")
        values = each.argument if each.function == "cas" else (each.argument,)
        for value in (*values, each.result) if each.function in READS else values:
            other = met.setdefault((each.key, value), value)
            if type(other) is not type(value):
                raise BadInput(
                    f"line {line}: {each.call}: here {value!r} would be taken for {other!r}"
                )


def _begun(event: Event, model: Model, number: int, position: int) -> Operation:
    function, key, argument = event["f"], event.get("key"), event.get("value")
    if function == "cas":
        if not isinstance(argument, tuple) or len(argument) != 2:
            raise BadInput(f"a cas has two values, [old new], not {shown(argument)}")
        argument = _scalar(argument[0]), _scalar(argument[1])
    else:
        argument = _scalar(argument) if function in STORES else None
    key = ONLY.get(model.name, "register") if key is None else str(key)
    process, client = str(event["process"]), event.get("client")
    if client is None:
        client = f"p{process}" if process.isdigit() else process
    return Operation(number, str(client), str(function), key, argument, invoked=position)


def _ended(began: Operation, event: Event, model: Model, position: int) -> Operation:
    key, value, function = event.get("key"), event.get("value"), began.function
    if event["f"] != function or (key not in (None, began.key) and str(key) != began.key):
        raise BadInput(f"process {event['process']} ends a {event['f']} but began {began.call}")
    if event["type"] == "info":
        return began
    refused = function in ANSWERS and event.get("result") is False
    if event["type"] == "fail":
        result = False if refused and function != "dequeue" else None
        outcome: Ending = "ok" if refused else "failed"
        return replace(began, outcome=outcome, result=result, completed=position)
    if function in STORES and began.argument is None:
        began = replace(began, argument=_scalar(value))  # as Knossos completes it
    elif began.argument is not None and value not in (None, began.argument):
        raise BadInput(f"process {event['process']} began {began.call}; it ends as {shown(value)}")
    if function in LOCKS and value is False:
        raise BadInput(f"{function} ends with ok, which grants it, and false; a refusal is a fail")
    result = event.get("result") if function in LOCKS else None
    if function in READS:
        result = model.init() if function == "get" and value is None else _scalar(value)
    elif function == "cas":
        result = not refused
    elif not isinstance(result, SCALARS):
        result = None
    return replace(began, outcome="ok", result=result, completed=position)


def _scalar(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadInput(f"{value[:40]!r} is no text: it has half a character") from None
    if value is None or isinstance(value, SCALARS):
        return value
    raise BadInput(f"a value is a number, text, true, false or nil, not {shown(value)}")


def shown(value: Any) -> str:
    """A value in a message: short, however large it is."""
    if isinstance(value, dict):
        return "a map"
    return "a vector" if isinstance(value, (tuple, list)) else edn.write(value)[:40]
