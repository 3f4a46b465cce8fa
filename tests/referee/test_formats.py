"""Histories from files and back."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import MODELS
from distlab.host import BadInput
from distlab.referee import edn
from distlab.referee.formats import guess, read, to_edn, to_jsonl, write
from tests.check.notation import history
from tests.check.oracle import random_history

LOG = """\
INFO  jepsen.core - Running test
INFO  jepsen.util - 0\t:invoke\t:write\t1
INFO  jepsen.util - 1\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:ok\t:write\t1
INFO  jepsen.util - :nemesis\t:info\t:start\tnil
INFO  jepsen.util - 1\t:ok\t:read\t1
INFO  jepsen.util - 1\t:invoke\t:cas\t[1 2]
INFO  jepsen.util - 0\t:invoke\t:cas\t[3 4]
INFO  jepsen.util - 1\t:info\t:cas\t:timed-out
INFO  jepsen.util - 0\t:fail\t:cas\t[3 4]
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.util - 2\t:fail\t:read\t:timed-out
INFO  jepsen.util - 6\t:invoke\t:write\t5
"""


def told(text: str, model: str = "cas-register", form: str = "auto") -> list[str]:
    return [f"{o.process} {o}" for o in read(text, MODELS[model](), form).history]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"process": 0}', "jsonl"),
        ('  { "process": 0}', "jsonl"),
        ("{\t}", "jsonl"),
        ("{:process 0}", "edn"),
        ('{"process" 0}', "edn"),
        ("[]", "edn"),
        ("[{:process 0}]", "edn"),
        ('[{"process" 0}]', "edn"),
        ("#{1}", "edn"),
        ("[main] INFO  jepsen.util - 0\t:invoke\t:read\tnil", "jepsen-log"),
        ("[main] INFO start\n(a)\n[w] INFO jepsen.util - 0\t:invoke\t:read\tnil", "jepsen-log"),
        ("{a map}\nINFO jepsen.util - 0\t:invoke\t:read\tnil", "jepsen-log"),
        ("2014 INFO", "jepsen-log"),
    ],
)
def test_the_format_shows(text: str, form: str) -> None:
    assert guess(text) == form


def test_jepsen_log() -> None:
    recording = read(LOG, MODELS["cas-register"]())
    assert recording.form == "jepsen-log"
    assert [f"{o.process} {o}" for o in recording.history] == [
        "p0 write(register, 1)",
        "p1 read(register) → 1",
        "p1 cas(register, 1, 2) ?",
        "p0 cas(register, 3, 4) → False",
        "p2 read(register) failed",
        "p6 write(register, 5) ?",
    ]
    assert [recording.lines[o.invoked] for o in recording.history] == [2, 3, 7, 8, 11, 13]
    write_1, read_1, cas, *_ = recording.history
    assert not write_1.before(read_1)
    assert write_1.before(cas)


KEYED = """\
0\t:invoke\t:write\t[7 3]
1\t:invoke\t:read\t[7 nil]
:nemesis\t:info\t:start\t["n1" #{"n2"}]
1\t:ok\t:read\t[7 3]
2\t:invoke\t:cas\t[8 [1 2]]
0\t:info\t:write\t[7 3]\tindeterminate: #object[Exc "a [" {
2\t:fail\t:cas\t[8 [1 2]]\t[:did-not "succeed]
1\t:invoke\t:read\t[8 nil]
1\t:fail\t:read\t:timed-out
3\t:invoke\t:read\t[8 nil]
3\t:ok\t:read\t[8 nil]
"""
MEANT = ["p0 write(7, 3) ?", "p1 read(7) → 3", "p2 cas(8, 1, 2) failed", "p1 read(8) failed",
         "p3 read(8) → None"]  # fmt: skip


def as_events(text: str) -> list[dict[str, Any]]:
    columns = ([form for _, form in islice(edn.read(line), 4)] for line in text.splitlines())
    return [dict(zip(("process", "type", "f", "value"), each, strict=True)) for each in columns]


def as_edn(event: dict[str, Any]) -> str:
    return edn.write({edn.Name(name): value for name, value in event.items()})


def test_history_txt() -> None:
    """As jepsen.util/prn-op prints it: the error is for people."""
    recording = read(KEYED, MODELS["cas-register"]())
    assert recording.form == "jepsen-txt"
    assert [recording.lines[o.invoked] for o in recording.history] == [1, 2, 5, 8, 10]
    plain = "\n".join(words for line in LOG.splitlines() if (words := line[20:])[:1] in "0126:")
    assert told(plain) == [each.replace("→ False", "failed") for each in told(LOG)]


@pytest.mark.parametrize(
    "text",
    [
        KEYED,
        "\n".join(map(as_edn, as_events(KEYED))),
        "\n".join(map(as_edn, as_events(KEYED))).replace(":value", ":value #jepsen/tuple"),
        "\n".join(map(json.dumps, as_events(KEYED))),
        "".join(f"INFO  jepsen.util - {line}\n" for line in KEYED.splitlines()),
    ],
    ids=["txt", "edn", "tagged", "jsonl", "log"],
)  # fmt: skip
def test_keys_that_stand_in_the_values(text: str) -> None:
    """As jepsen.independent writes them: [key value]."""
    assert told(text) == MEANT


def test_pairs_that_are_values_are_no_keys() -> None:
    """Else a stale read of [1 2] after a write of [3 4] would go unnoticed."""
    text = "0 :invoke :write [1 2]\n0 :ok :write [1 2]\n0 :invoke :read nil\n0 :ok :read [1 2]"
    for each in (text, text.splitlines()[0]):
        with pytest.raises(BadInput, match="line 1: a value is a number"):
            told(each, "register")


def test_what_a_failed_cas_proves() -> None:
    """Porcupine takes a refusal in a log for an answer; Knossos lets what failed prove nothing."""
    log = (
        "INFO jepsen.util - 0\t:invoke\t:write\t1\nINFO jepsen.util - 0\t:ok\t:write\t1\n"
        "INFO jepsen.util - 0\t:invoke\t:cas\t[1 2]\nINFO jepsen.util - 0\t:fail\t:cas\t{}\n"
    )
    edn = """[{:process 0 :type :invoke :f :write :value 1}
        {:process 0 :type :ok :f :write :value 1}
        {:process 0 :type :invoke :f :cas :value [1 2]} {:process 0 :type :fail :f :cas VALUE}]"""
    for text, ok in [
        (log.format("[1 2]"), False),
        (log.format(":timed-out"), True),
        (log.format("[1 2]\t:no-leader"), True),
        (edn.replace("VALUE", ":value [1 2]"), True),
        (edn.replace("VALUE", ":value [1 2] :result false"), False),
    ]:
        model = MODELS["cas-register"]()
        assert check(read(text, model).history, model).ok is ok, text


@pytest.mark.parametrize(
    "text",
    [
        """[{:process 0, :type :invoke, :f :write, :value 3}
            {:process 0, :type :ok, :f :write, :value 3}
            {:process 1, :type :invoke, :f :read, :value nil}
            {:process 1, :type :ok, :f :read, :value 3}]""",
        """({:type :invoke, :f :write, :value 3, :process 0} ; a list, a comment
            {:type :ok, :f :write, :value 3, :process 0}
            {:type :invoke, :f :read, :process 1 :value 7}
            {:type :ok, :f :read, :value 3, :process 1})""",
        """{:process 0 :type :invoke :f "write" :value 3 :time 12 :index 0}
           {:process :nemesis :type :info :f :start :value nil :time 13 :index 1}
           {:process 0 :type :ok :f "write" :value 3 :time 14 :index 2 :error nil}
           {:process 1 :type :invoke :f "read" :value nil :node #{"n1"} :index 3}
           {:process "nemesis" :type :info :f :stop :value {:a [1]} :index 4}
           {:process 1 :type :ok :f "read" :value 3 :debug {:x #inst "2015-02-03"} :index 5}""",
        """\ufeff{"process": 0, "type": "invoke", "f": "write", "value": 3}\r
           {"process": 0, "type": "ok", "f": "write"}\r
           \r
           {"process": 1, "type": "invoke", "f": "read", "extra": [{}]}
           {"process": 1, "type": "ok", "f": "read", "value": 3}""",
    ],
    ids=["vector", "list", "a map a line", "jsonl"],
)
def test_maps(text: str) -> None:
    assert told(text, "register") == ["p0 write(register, 3)", "p1 read(register) → 3"]


def test_a_store() -> None:
    text = """
    {:process 0, :type :invoke, :f :get, :key "7", :value nil}
    {:process 1, :type :invoke, :f :append, :key "7", :value "x 1 0 y"}
    {:process 0, :type :ok, :f :get, :key "7", :value ""}
    {:process 1, :type :ok, :f :append, :key "7", :value "x 1 0 y"}
    {:process 2, :type :invoke, :f :get, :key 7, :value nil}
    {:process 3, :type :invoke, :f :get, :key "8", :value nil}
    {:process 2, :type :ok, :f :get, :key 7, :value "x 1 0 y"}
    {:process 3, :type :ok, :f :get, :key "8", :value nil}
    """
    model = MODELS["kv"]()
    recording = read(text, model)
    assert [o.key for o in recording.history] == ["7", "7", "7", "8"]
    assert check(recording.history, model).ok is True
    stale = text.replace('2, :type :ok, :f :get, :key 7, :value "x 1 0 y"', "2 :type :ok :f :get")
    assert check(read(stale, model).history, model).ok is False


def test_a_lock_and_a_queue() -> None:
    assert told(
        """[{:type :invoke, :f :acquire, :process 3, :time 37, :index 0}
            {:type :ok, :f :acquire, :process 3, :time 38, :index 1}
            {:type :invoke, :f :release, :process 4, :time 39, :index 2}
            {:type :fail, :f :release, :process 4, :error :not-held, :time 40, :index 3}]""",
        "mutex",
    ) == ["p3 acquire(lock)", "p4 release(lock) failed"]
    assert told(
        """{"process": "a", "type": "invoke", "f": "dequeue"}
           {"process": "a", "type": "fail", "f": "dequeue", "result": false}
           {"process": "a", "type": "invoke", "f": "dequeue"}
           {"process": "a", "type": "fail", "f": "dequeue"}""",
        "queue",
    ) == ["a dequeue(queue) → None", "a dequeue(queue) failed"]


def test_a_process_that_comes_back_after_info() -> None:
    text = """
    {"process": 0, "type": "invoke", "f": "write", "value": 1}
    {"process": 0, "type": "info", "f": "write", "value": 1}
    {"process": 0, "type": "invoke", "f": "write", "value": 2}
    {"process": 0, "type": "ok", "f": "write", "value": 2}
    {"process": 0, "type": "invoke", "f": "read"}
    {"process": 0, "type": "ok", "f": "read", "value": 1}
    """
    one, two, three = read(text, MODELS["register"]()).history
    assert (one.outcome, one.completed) == ("unknown", None)
    assert two.before(three)
    assert check(History((one, two, three)), MODELS["register"]()).ok is True  # it came late


INVOKE = '{"process": 0, "type": "invoke", "f": "write", "value": 1}\n'


@pytest.mark.parametrize(
    ("model", "text", "message"),
    [
        ("register", "", "there is no operation in it (read as jepsen-log)"),
        ("register", "\n  \n", "there is no operation in it (read as jepsen-log)"),
        ("register", "[]", "there is no operation in it (read as edn)"),
        ("register", "{}", "line 1: the event has no process"),
        ("register", "some words\n", "there is no operation in it (read as jepsen-log)"),
        ("register", "x\nINFO jepsen.util - 0\t:invoke\t:write\tmany",
         "line 2: a value is a number, a pair of them or nil, not many"),
        ("cas-register", "INFO jepsen.util - 0\t:invoke\t:cas\t[1 :a]",
         "line 1: a value is a number, a pair of them or nil, not a"),
        ("register", "[1 2]", "line 1: an event is a map, not 1"),
        ("register", '[ {"process": 0,', "a JSON array: JSON lines are wanted, an event on each"),
        ("register", INVOKE + "[1]", "line 2: an event is an object, not a vector"),
        ("register", INVOKE + "{", "line 2: not JSON: Expecting property name"),
        ("register", INVOKE + '{"a": NaN}', "line 2: not JSON: NaN is no number"),
        ("register", INVOKE + INVOKE, "line 2: process 0 invokes a write while its "
         "write(register, 1) is under way since line 1"),
        ("register", INVOKE.replace("invoke", "ok"),
         "line 1: process 0 ends a write that it did not invoke"),
        ("register", INVOKE + INVOKE.replace("invoke", "info") * 2,
         "line 3: process 0 ends a write that it did not invoke"),
        ("register", INVOKE + INVOKE.replace("invoke", "ok").replace("write", "read"),
         "line 2: process 0 ends a read but began write(register, 1)"),
        ("register", INVOKE + INVOKE.replace("invoke", "ok").replace("1", "2"),
         "line 2: process 0 began write(register, 1); it ends as 2"),
        ("register", INVOKE.replace("invoke", "invok"),
         "line 1: there is no type 'invok'; did you mean 'invoke'"),
        ("register", INVOKE.replace("write", "wirte"),
         "line 1: the model 'register' has no function 'wirte'; did you mean 'write'"),
        ("register", INVOKE.replace('"f"', '"g"'), "line 1: the event has no f"),
        ("register", INVOKE.replace("1}", "[1, 2]}"),
         "line 1: a value is a number, text, true, false or nil, not a vector"),
        ("register", "{:process 0 :type :invoke :f :write :value {:a 1}}",
         "line 1: a value is a number, text, true, false or nil, not a map"),
        ("cas-register", INVOKE.replace("write", "cas"),
         "line 1: a cas has two values, [old new], not 1"),
        ("cas-register", INVOKE.replace("write", "cas").replace("1}", "[1, [2]]}"),
         "line 1: a value is a number, text, true, false or nil, not a vector"),
        ("kv", "{:process 0 :type :invoke :f :put :key 1 :value 5}\n"
         '{:process 1 :type :invoke :f :append :key 1 :value "a"}',
         "line 1: put(1, 5): only text can be appended, and to text"),
        ("register", '{"process": 0, "type": "invoke", "f": "read", "index": 4}\n'
         '{"process": 0, "type": "ok", "f": "read", "index": 3}',
         "line 2: index 3 after 4: lines are out of order"),
        ("register", "INFO  jepsen.util - 3\t:ok\t:re",
         "line 1: an operation has a type, a function and a value"),
        ("register", "INFO  jepsen.util - 3\t:invoke\t:write\t[1",
         "line 1: [ that nothing follows or closes"),
        ("register", "INFO  jepsen.util - 3\t:okay\t:read\tnil", "line 1: there is no type 'okay'"),
        ("register", "{:process 0 :type :invoke :f :write :value " + "[" * 5000 + "]" * 5000 + "}",
         "line 1: a value is a number, text, true, false or nil, not a vector"),
        ("register", INVOKE + '{"process": 0, "type": "ok", "f": "write", "type": "fail"}',
         "line 2: not JSON: the key 'type' twice in one object"),
        ("register", "\n{:process 0 :type :invoke :f :read \"process\" 1}",
         "line 2: the key 'process' twice in one map"),
        ("register", "0\t:invoke\t:read\tnil\n\nsome words",
         "line 3: a process and a type are wanted, not 'some words'"),
        ("register", "0\t:invoke\t:read\tnil\n0\t:okay\t:read\tnil",
         "line 2: a process and a type are wanted, not '0\\t:okay"),
        ("register", "0\t:invoke\t:read\tnil\n0\t:ok\t:read",
         "line 2: an operation has a type, a function and a value"),
        ("register", "0 :invoke :read [7 nil]\n0 :ok :read 3",
         "line 2: the value has no key; those of other lines have"),
        ("register", "0 :invoke :read [7 nil]\n0 :ok :read [8 3]",
         "line 2: process 0 ends a read but began read(7)"),
        ("register", "0 :invoke :read [[7] nil]",
         "line 1: a key is a number or a name, not a vector"),
        ("register", "0 :invoke :read nil\n1 :invoke :write [7 3]",
         "line 2: a value is a number, text, true, false or nil, not a vector"),
        ("register", "{" + '"a": {' * 5000, "line 1: not JSON"),
        ("register", "{:process 0 :type :invoke\n:f :write :value 1}}", "line 2: } closes nothing"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(model: str, text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(text, MODELS[model]())
    assert str(caught.value).startswith(message)


# Out and in again.

RUN = """
A: |--write(x, 1)--|   |--cas(x, 1, 2) → False--| |--read(x) → 1--|
B:        |--write(x, 2)------------>    |--write(x, 4) failed--|
C: |--read(y)--|  |--cas(y, None, 3) → True--|  |--read(y) → 3--|
"""


def test_edn_as_knossos_reads_it() -> None:
    lines = to_edn(history(RUN)).splitlines()
    assert lines[0] == ('{:process 0, :type :invoke, :f :write, :key "x", :value 1, :client "A"}')
    assert '{:process 1, :type :ok, :f :cas, :key "y", :value [nil 3], :client "C"}' in lines
    assert (
        '{:process 0, :type :fail, :f :cas, :key "x", :value [1 2], :result false, :client "A"}'
        in lines
    )
    assert lines[-1] == '{:process 2, :type :info, :f :write, :key "x", :value 2, :client "B"}'
    assert sum(":process 2," in line for line in lines) == 2  # it never returns
    assert sum(':process 3, :type :fail, :f :write, :key "x", :value 4' in line for line in lines)


def test_an_empty_queue_in_edn() -> None:
    """Knossos has no dequeue of nothing; for it, what found nothing failed."""
    assert to_edn(history("A: |-dequeue(q)-|")).splitlines()[1] == (
        '{:process 0, :type :fail, :f :dequeue, :key "q", :value nil, :result false, :client "A"}'
    )


def test_edn_as_porcupine_reads_a_store() -> None:
    past = history("A: |-get(k)-| |-append(k, a)-| |-get(k) → a-|\nB: |-put(k, b)->")
    assert to_edn(past).splitlines() == [
        '{:process 0, :type :invoke, :f :get, :key "k", :value nil}',
        '{:process 1, :type :invoke, :f :put, :key "k", :value "b"}',
        '{:process 0, :type :ok, :f :get, :key "k", :value ""}',
        '{:process 0, :type :invoke, :f :append, :key "k", :value "a"}',
        '{:process 0, :type :ok, :f :append, :key "k", :value "a"}',
        '{:process 0, :type :invoke, :f :get, :key "k", :value nil}',
        '{:process 0, :type :ok, :f :get, :key "k", :value "a"}',
        '{:process 1, :type :info, :f :put, :key "k", :value "b"}',
    ]


def bare(past: History, names: bool = True) -> list[Operation]:
    """The operations with nothing but the order of their ends."""
    ends = sorted(end for o in past for end in (o.invoked, o.completed) if end is not None)
    return [
        replace(
            each, number=number, process=each.process if names else "",
            invoked=ends.index(each.invoked),
            completed=None if each.completed is None else ends.index(each.completed),
        )
        for number, each in enumerate(past)
    ]  # fmt: skip


@pytest.mark.parametrize("writer", [to_edn, to_jsonl])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_written_is_read(model: str, writer: Callable[[History], str]) -> None:
    random = Random(f"files/{model}")
    name = {"kv": "key-value"}.get(model, model)
    for _ in range(300):
        past = random_history(random, name, random.randint(1, 9), ("x", "y"))
        if model == "kv":  # in files, what is absent reads as empty text
            past = History(
                tuple(
                    replace(o, result="") if o.function == "get" and o.outcome == "ok"
                    and o.result is None else o
                    for o in past if o.function != "delete"
                )
            )  # fmt: skip
        else:  # a lock's plain yes is not written down
            past = History(tuple(replace(o, result=o.result) for o in past))
        if not len(past):
            continue
        again = read(writer(past), MODELS[model]()).history
        assert bare(again, model != "kv") == bare(past, model != "kv"), past
        assert check(again, MODELS[model]()).ok is check(past, MODELS[model]()).ok


def test_a_client_that_does_several_things_at_once() -> None:
    past = history("A: |-write(x, 1)-|\nB: |-read(x) → 1-|")
    past = History(tuple(replace(each, process="A") for each in past))
    assert bare(read(to_jsonl(past), MODELS["register"]()).history) == bare(past)


def test_files(tmp_path: Path) -> None:
    past = history(RUN)
    write(past, tmp_path / "run.edn")
    write(past, tmp_path / "run.jsonl")
    assert (tmp_path / "run.edn").read_text("utf-8") == to_edn(past)
    assert (tmp_path / "run.jsonl").read_text("utf-8") == to_jsonl(past)
    with pytest.raises(BadInput, match=r"run\.txt: the name of a history ends in \.edn or \.jsonl"):
        write(past, tmp_path / "run.txt")
    with pytest.raises(BadInput, match="No such file"):
        write(past, tmp_path / "nowhere" / "run.edn")


@pytest.mark.parametrize("writer", [to_edn, to_jsonl])
def test_values_without_a_notation(writer: Callable[[History], str]) -> None:
    odd = Operation(1, "A", "write", "x", frozenset({1}), invoked=0)
    with pytest.raises(BadInput, match="no notation for the value"):
        writer(History((odd,)))
