r"""Histories in files: four formats to read, two to write.

They tell one story, an event a line: a process invokes an operation; later it is told that it
happened (*ok*), that it did not (*fail*), or it is told nothing (*info*). An operation that ended
in *info*, or never, may take effect at any later time.

``jsonl``, our own: an object a line with the keys

* ``process``: a number or a name, ``nemesis`` for the process that makes the faults, whose events
  are ignored;
* ``type``: ``invoke``, ``ok``, ``fail`` or ``info``;
* ``f``: the function, as the model calls it;
* ``client``: who acts, where a client acts as one process after another; may be absent;
* ``key``: which register, lock or queue is meant; may be absent when there is but one;
* ``value``: what is written, enqueued or appended, if need be only in the ``ok``; ``[old, new]`` of
  a cas; what a read, get or dequeue returned, in its ``ok``;
* ``result``: of a lock, what it granted. A failure that is an answer has ``"result": false``: a cas
  compared and refused, a lock refused, a queue was empty. Without it they failed for other reasons;
* ``index``, ``time``: looked at only to find lines that are out of order, see `events.LineOrder`.

Other keys are ignored. One register or queue may not hold values that Python takes for the same:
true and 1, or 1 and 1.0. For a judge that does not know a function, ``grep -v`` leaves its lines
out; ``distlab check`` does so with ``--skip-others``.

``edn``, as Jepsen and Knossos write it: the same keys in maps, one on a line or all in a vector. An
operation with ``:type :fail`` did not happen, and proves nothing: a cas may have failed for any
reason. A read of nil found no value, as for Porcupine; Knossos lets it find anything.

``jepsen-log``, the log of Jepsen's etcd test, which Porcupine reads: lines such as
``INFO  jepsen.util - 3<TAB>:invoke<TAB>:cas<TAB>[1 2]`` among others, which are ignored. There a
cas that failed and repeats its values was refused, and is an answer.

``jepsen-txt``, the ``history.txt`` that Jepsen stores beside its EDN: the same lines without what
stands before the process, and no other lines. A failure means what it means in EDN.

**Keys.** Jepsen's ``independent`` tests many registers at once. There each value is
``[key value]``, and a read is invoked with ``[key nil]``. If all invocations look like that, the
file is read so.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from distlab.check.history import History, Operation
from distlab.check.models import Model
from distlab.host import BadInput
from distlab.referee import edn
from distlab.referee.edn import Name
from distlab.referee.events import READS, Event, joined, shown

NEMESIS = "nemesis"
LOG = re.compile(r"jepsen\.util\s*[-:]?\s+(\d+|:nemesis)\s+(:.*)")
TXT = re.compile(r"(\d+|:nemesis)\s+(:(?:invoke|ok|fail|info)\s.*)")
OBJECT = re.compile(r'\{\s*(\}|"[^"]*"\s*:)')


class Recording(NamedTuple):
    """A history, its format, for each position in it the line of the file, and what it lacks."""

    history: History
    form: str
    lines: tuple[int, ...]
    left_out: Counter[str]  # function → how many operations

    @property
    def unknown(self) -> int:
        """How many operations got no answer."""
        return sum(each.outcome == "unknown" for each in self.history)

    @property
    def lacks(self) -> str:
        """``; left out: 2 buy``, or nothing."""
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(self.left_out.items()))
        return f"; left out: {counts}" if counts else ""


def read(text: str, model: Model, form: str = "auto", skip_others: bool = False) -> Recording:
    """The history in a text, for a model. Raises `BadInput` naming the line and what is wrong.

    With `skip_others`, the operations that the model has no function for are left out. A text with
    nothing but events of the nemesis is an empty history.
    """
    form = guess(text) if form == "auto" else form
    every = list(READERS[form](text))
    events = [each for each in every if each[1].get("process") != NEMESIS]
    history, left_out = joined(events, model, skip_others)
    recording = Recording(history, form, tuple(line for line, _ in events), left_out)
    if not len(history) and (events or not every):
        raise BadInput(f"there is no operation in it (read as {form}){recording.lacks}")
    return recording


def guess(text: str) -> str:
    """The format that a text is in, or is most like."""
    text = text.lstrip("\ufeff \t\r\n")
    if OBJECT.match(text):
        return "jsonl"
    if text.startswith("[") and OBJECT.match(text[1:].lstrip()):
        raise BadInput("a JSON array: JSON lines are wanted, an event on each")
    if TXT.match(text):
        return "jepsen-txt"
    is_edn = text.startswith(("{", "[", "(", ";", "#")) and not LOG.search(text)
    return "edn" if is_edn else "jepsen-log"


def _from_log(text: str) -> Iterator[tuple[int, Event]]:
    for line, words in enumerate(text.split("\n"), start=1):
        found = LOG.search(words)
        if found and found[1] == f":{NEMESIS}":
            yield line, {"process": NEMESIS}
        elif found:
            event, more = _columns(found[2], line)
            values = event["value"] if isinstance(event["value"], tuple) else (event["value"],)
            word = next((each for each in values if isinstance(each, edn.Name)), None)
            if word is not None and event["type"] in ("invoke", "ok"):
                raise BadInput(
                    f"line {line}: a value is a number, a pair of them or nil, not {word}"
                )
            refused = event["type"] == "fail" and event["f"] == "cas" and not more
            if refused and isinstance(event["value"], tuple):
                event["result"] = False
            yield line, {"process": found[1], **event}


def _from_txt(text: str) -> Iterator[tuple[int, Event]]:
    for line, words in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        found = TXT.match(words)
        if found:
            is_nemesis = found[1] == f":{NEMESIS}"
            event = {} if is_nemesis else _columns(found[2], line)[0]
            yield line, {"process": found[1].lstrip(":"), **event}
        elif words.strip():
            raise BadInput(f"line {line}: a process and a type are wanted, not {words[:40]!r}")


def _columns(words: str, line: int) -> tuple[Event, bool]:
    """The type, function and value of an operation, and whether an error follows.

    The error is printed for people: it need not be EDN.
    """
    forms = edn.read(words, line)
    columns = [form for _, form in islice(forms, 3)]
    if len(columns) < 3:
        raise BadInput(f"line {line}: an operation has a type, a function and a value")
    try:
        more = next(forms, None) is not None
    except BadInput:
        more = True
    return dict(zip(("type", "f", "value"), columns, strict=True)), more


def _from_edn(text: str) -> Iterator[tuple[int, Event]]:
    for line, form in edn.read(text.lstrip("\ufeff")):
        for each in form if isinstance(form, tuple) else (form,):
            if not isinstance(each, edn.Map):
                raise BadInput(f"line {line}: an event is a map, not {shown(each)}")
            yield each.line, dict(each)


def _from_jsonl(text: str) -> Iterator[tuple[int, Event]]:
    for line, words in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        if words.strip():
            try:
                event = json.loads(
                    words, parse_constant=_no_number, object_pairs_hook=_each_key_once
                )
            except (ValueError, RecursionError) as error:
                raise BadInput(f"line {line}: not JSON: {error}") from None
            if not isinstance(event, dict):
                raise BadInput(f"line {line}: an event is an object, not {shown(event)}")
            yield line, {name: _as_tuple(value) for name, value in event.items()}


def _as_tuple(value: Any) -> Any:
    """A vector as EDN has it, and the vectors in it: [key, [old, new]] is as deep as it gets."""
    if not isinstance(value, list):
        return value
    return tuple(tuple(each) if isinstance(each, list) else each for each in value)


READERS = {
    "jepsen-log": _from_log, "jepsen-txt": _from_txt, "edn": _from_edn, "jsonl": _from_jsonl
}  # fmt: skip


def _not_json(value: object) -> None:
    raise BadInput(f"JSON has no notation for the value {value!r}")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    event = dict(pairs)
    if len(event) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice!r} twice in one object")
    return event


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


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
    """The events of a history. A process that got no answer does nothing more."""
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
            kind, answer = "fail", {"result": False}
        elif each.result is not None and each.function != "cas":
            answer = {"result": each.result}
    call = {"process": process, "type": kind, "f": each.function, "key": each.key, "value": value}
    return {**call, **answer, "client": each.process}
