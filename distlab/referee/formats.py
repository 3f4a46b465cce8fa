r"""Histories in files: three formats to read, two to write.

All three tell one story, an event a line: a process invokes an operation; later it is told that it
happened (*ok*), that it did not (*fail*), or it is told nothing (*info*). An operation that ended
in *info*, or never, may take effect at any later time.

``jsonl``, our own: an object a line with the keys

* ``process``: a number or a name, ``nemesis`` for whoever does the damage: its events are ignored;
* ``type``: ``invoke``, ``ok``, ``fail`` or ``info``;
* ``f``: the function, as the model calls it;
* ``client``: who acts, where a client acts as one process after another; may be absent;
* ``key``: which register, lock or queue is meant; may be absent when there is but one;
* ``value``: what is written, enqueued or appended; ``[old, new]`` of a cas; what a read, get or
  dequeue returned, in its ``ok``;
* ``result``: an answer for which there is no other place. A cas that compared and refused is an
  answer, too: ``"type": "fail", "result": false``. Without the result it failed for other reasons.

``edn``, as Jepsen and Knossos write it: the same keys in maps, one on a line or all in a vector.
What has ``:type :fail`` did not happen, and proves nothing: a cas may have failed for any reason.

``jepsen-log``, the log of Jepsen's etcd test, which Porcupine reads: lines such as
``INFO  jepsen.util - 3<TAB>:invoke<TAB>:cas<TAB>[1 2]`` among others, which are ignored. There a
cas that failed and repeats its values was refused, and is an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from distlab.check.history import History, Operation
from distlab.check.models import Model
from distlab.host import BadInput, did_you_mean
from distlab.referee import edn
from distlab.referee.edn import Name

Event = dict[str, Any]  # the keys above

TYPES = ("invoke", "ok", "fail", "info")
READS = ("read", "get", "dequeue")
STORES = ("write", "put", "append", "enqueue")
ONLY = {"key-value": "store", "mutex": "lock", "queue": "queue"}  # what a history without keys has
LOG = re.compile(r"jepsen\.util\s*[-:]?\s+(\d+)\s+(:.*)")


class Recording(NamedTuple):
    """A history, its format, and for each position in it the line of the file."""

    history: History
    form: str
    lines: tuple[int, ...]


def read(text: str, model: Model, form: str = "auto") -> Recording:
    """The history in a text, for a model. Raises `BadInput` naming the line and what is wrong."""
    form = _guess(text) if form == "auto" else form
    events = [each for each in READERS[form](text) if each[1].get("process") != "nemesis"]
    if not events:
        raise BadInput(f"there is no operation in it (read as {form})")
    return Recording(_joined(events, model), form, tuple(line for line, _ in events))


def _guess(text: str) -> str:
    start = text.lstrip("\ufeff \t\r\n")[:2]
    if start[:1] == "{" and start[1:] in ('"', "}"):
        return "jsonl"
    return "edn" if start[:1] in ("{", "[", "(", ";", "#") else "jepsen-log"


def _from_log(text: str) -> Iterator[tuple[int, Event]]:
    for line, words in enumerate(text.split("\n"), start=1):
        found = LOG.search(words)
        if found:
            forms = [form for _, form in islice(edn.read(found[2], line), 4)]
            if len(forms) < 3:
                raise BadInput(f"line {line}: an operation has a type, a function and a value")
            event: Event = dict(zip(("type", "f", "value"), forms, strict=False))
            values = event["value"] if isinstance(event["value"], tuple) else (event["value"],)
            word = next((each for each in values if isinstance(each, edn.Name)), None)
            if word is not None and event["type"] in ("invoke", "ok"):
                raise BadInput(
                    f"line {line}: a value is a number, a pair of them or nil, not {word}"
                )
            refused = event["type"] == "fail" and event["f"] == "cas" and len(forms) == 3
            if refused and isinstance(event["value"], tuple):
                event["result"] = False
            yield line, {"process": found[1], **event}


def _from_edn(text: str) -> Iterator[tuple[int, Event]]:
    for line, form in edn.read(text.lstrip("\ufeff")):
        for each in form if isinstance(form, tuple) else (form,):
            if not isinstance(each, edn.Map):
                raise BadInput(f"line {line}: an event is a map, not {_shown(each)}")
            yield each.line, dict(each)


def _from_jsonl(text: str) -> Iterator[tuple[int, Event]]:
    for line, words in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        if words.strip():
            try:
                event = json.loads(words, parse_constant=_no_number)
            except (ValueError, RecursionError) as error:
                raise BadInput(f"line {line}: not JSON: {error}") from None
            if not isinstance(event, dict):
                raise BadInput(f"line {line}: an event is an object, not {_shown(event)}")
            yield line, {k: tuple(v) if isinstance(v, list) else v for k, v in event.items()}


READERS = {"jepsen-log": _from_log, "edn": _from_edn, "jsonl": _from_jsonl}


def _not_json(value: object) -> None:
    raise BadInput(f"JSON has no notation for the value {value!r}")


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _shown(value: Any) -> str:
    """A value in a message: short, however large it is."""
    if isinstance(value, dict):
        return "a map"
    return "a vector" if isinstance(value, (tuple, list)) else edn.write(value)[:40]


def _joined(events: list[tuple[int, Event]], model: Model) -> History:
    """The operations that the events tell of. Raises `BadInput` for what cannot have been so."""
    operations: list[Operation] = []
    under_way: dict[str, int] = {}  # process → the index of its operation
    latest = -1
    for position, (line, event) in enumerate(events):
        try:
            process, kind = _checked(event, model)
            if isinstance(event.get("index"), int):
                if event["index"] <= latest:
                    raise BadInput(f"index {event['index']} after {latest}: lines are out of order")
                latest = event["index"]
            if kind == "invoke":
                if process in under_way:
                    earlier = operations[under_way[process]]
                    since = f"{earlier.call} is under way since line {events[earlier.invoked][0]}"
                    raise BadInput(f"process {process} invokes a {event['f']} while its {since}")
                under_way[process] = len(operations)
                operations.append(_begun(event, model, len(operations) + 1, position))
            elif process not in under_way:
                raise BadInput(f"process {process} ends a {event['f']} that it did not invoke")
            else:
                index = under_way.pop(process)
                operations[index] = _ended(operations[index], event, model, position)
        except BadInput as error:
            raise BadInput(f"line {line}: {error}") from None
    if any(each.function == "append" for each in operations):
        for each in operations:
            if each.function in STORES and not isinstance(each.argument, str):
                line = events[each.invoked][0]
                raise BadInput(f"line {line}: {each.call}: only text can be appended, and to text")
    return History(tuple(operations))


def _checked(event: Event, model: Model) -> tuple[str, str]:
    """The process and the type of an event that has all it needs."""
    for name in ("process", "type", "f"):
        if event.get(name) is None:
            raise BadInput(f"the event has no {name}")
    kind, function = event["type"], event["f"]
    if kind not in TYPES:
        raise BadInput(f"there is no type {kind!r}{did_you_mean(str(kind), TYPES)}")
    if function not in model.functions:
        near = did_you_mean(str(function), model.functions)
        raise BadInput(f"the model {model.name!r} has no function {function!r}{near}")
    return str(event["process"]), kind


def _begun(event: Event, model: Model, number: int, position: int) -> Operation:
    function, key, argument = event["f"], event.get("key"), event.get("value")
    if function == "cas":
        if not isinstance(argument, tuple) or len(argument) != 2:
            raise BadInput(f"a cas has two values, [old new], not {_shown(argument)}")
        argument = _scalar(argument[0]), _scalar(argument[1])
    else:
        argument = _scalar(argument) if function in STORES else None
    key = ONLY.get(model.name, "register") if key is None else str(key)
    process = str(event["process"])
    client = str(event.get("client", f"p{process}" if process.isdigit() else process))
    return Operation(number, client, str(function), key, argument, invoked=position)


def _ended(began: Operation, event: Event, model: Model, position: int) -> Operation:
    key, value, function = event.get("key"), event.get("value"), began.function
    if event["f"] != function or (key not in (None, began.key) and str(key) != began.key):
        raise BadInput(f"process {event['process']} ends a {event['f']} but began {began.call}")
    if event["type"] == "info":
        return began
    if event["type"] == "fail" and "result" not in event:
        return replace(began, outcome="failed", completed=position)
    if event["type"] == "ok" and began.argument is not None and value not in (None, began.argument):
        raise BadInput(f"process {event['process']} began {began.call}; it ends as {_shown(value)}")
    result = _scalar(value) if function in READS else True if function == "cas" else None
    result = event.get("result", result)
    if function == "get" and result is None:
        result = model.init()  # as the model says that there is no such key
    return replace(began, outcome="ok", result=result, completed=position)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise BadInput(f"a value is a number, text, true, false or nil, not {_shown(value)}")


def write(history: History, path: Path) -> None:
    """The history as a file; its suffix, ``.edn`` or ``.jsonl``, says in which format."""
    writers = {".edn": to_edn, ".jsonl": to_jsonl}
    if path.suffix not in writers:
        raise BadInput(f"{path}: the name of a history ends in {' or '.join(writers)}")
    try:
        path.write_text(writers[path.suffix](history), "utf-8")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


def to_jsonl(history: History) -> str:
    """The history as JSON lines."""
    return "".join(
        json.dumps(event, ensure_ascii=False, default=_not_json) + "\n"
        for event in _events(history)
    )


def to_edn(history: History) -> str:
    """The history as EDN, a map a line: for Knossos and, if it is a store's, for Porcupine.

    Porcupine wants four keys and no more, and empty text where there is no value.
    """
    lines = []
    for event in _events(history):
        if event["f"] in ("get", "put", "append"):
            del event["client"]
            if event["f"] == "get" and event["type"] == "ok" and event["value"] is None:
                event["value"] = ""
        event["type"], event["f"] = Name(event["type"]), Name(event["f"])
        lines.append(edn.write({Name(key): value for key, value in event.items()}) + "\n")
    return "".join(lines)


def _events(history: History) -> Iterator[Event]:
    """A process does one thing at a time, and never returns if it was left without an answer."""
    ends = [(each.invoked, "invoke", each) for each in history]
    ends += [(each.completed, "end", each) for each in history if each.completed is not None]
    ends.sort(key=lambda end: end[0])
    ends += [(0, "end", each) for each in history if each.completed is None]  # after all others
    free: dict[str, list[int]] = {}  # client → its processes that have nothing to do
    busy: dict[int, int] = {}  # operation → its process
    count = 0
    for _, kind, each in ends:
        if kind == "invoke":
            idle = free.setdefault(each.process, [])
            busy[each.number] = idle.pop() if idle else count
            count = max(count, busy[each.number] + 1)
        else:
            free[each.process].append(busy[each.number])
        yield _event(each, kind, busy[each.number])


def _event(each: Operation, kind: str, process: int) -> Event:
    value, answer = each.argument, {}
    if kind == "end":
        kind = {"ok": "ok", "failed": "fail", "unknown": "info"}[each.outcome]
    if kind == "ok":
        found_nothing = each.function == "dequeue" and each.result is None
        if each.function in READS and not found_nothing:
            value = each.result
        elif found_nothing or each.result is False:
            kind, answer = "fail", {"result": each.result}
        elif each.result is not None and each.function != "cas":
            answer = {"result": each.result}
    call = {"process": process, "type": kind, "f": each.function, "key": each.key, "value": value}
    return {**call, **answer, "client": each.process}
