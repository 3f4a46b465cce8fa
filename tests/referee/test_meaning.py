"""What foreign lines mean: decided by what Jepsen writes, and how Knossos and Porcupine read it.

* Knossos gives an invocation the value of its ``:ok`` (knossos.history/complete).
* An ``:index`` rises from line to line, a ``:time`` counts nanoseconds, and an operation may have
  any number of further keys (the README of jepsen.history).
"""

import pytest

from distlab.check.linearizability import check
from distlab.check.models import MODELS
from distlab.host import BadInput
from distlab.referee.formats import read


def told(text: str, model: str) -> list[str]:
    return [f"{o.process} {o}" for o in read(text, MODELS[model]()).history]


def verdict(text: str, model: str) -> bool | None:
    return check(read(text, MODELS[model]()).history, MODELS[model]()).ok


def refused(text: str, model: str) -> str:
    with pytest.raises(BadInput) as caught:
        read(text, MODELS[model]())
    return str(caught.value)


# Keys that a writer always writes, and keys of its own.


def test_an_empty_result_says_nothing() -> None:
    text = """
    {"process": 0, "type": "invoke", "f": "write", "value": 1, "result": null}
    {"process": 0, "type": "ok", "f": "write", "value": 1, "result": null}
    {"process": 0, "type": "invoke", "f": "write", "value": 2, "result": null}
    {"process": 0, "type": "fail", "f": "write", "value": 2, "result": null}
    {"process": 0, "type": "invoke", "f": "read", "value": null, "result": null}
    {"process": 0, "type": "ok", "f": "read", "value": 1, "result": null}
    """
    assert told(text, "register") == [
        "p0 write(register, 1)", "p0 write(register, 2) failed", "p0 read(register) → 1",
    ]  # fmt: skip


def test_what_a_read_returned_is_its_value() -> None:
    text = """{:process 0 :type :invoke :f :read}
              {:process 0 :type :ok :f :read :value 7 :result :stale-ok}"""
    assert told(text, "register") == ["p0 read(register) → 7"]


@pytest.mark.parametrize(
    ("model", "function", "value", "answer"),
    [
        ("cas-register", "cas", "[1, 2]", "cas(register, 1, 2) → False"),
        ("mutex", "acquire", "null", "acquire(lock) → False"),
        ("queue", "dequeue", "null", "dequeue(queue) → None"),
        ("register", "write", "1", "write(register, 1) failed"),
    ],
)
def test_a_failure_that_is_an_answer(model: str, function: str, value: str, answer: str) -> None:
    """Only where a refusal means something; ``null`` is what a writer of fixed columns writes."""
    begun = f'{{"process": 0, "type": "invoke", "f": "{function}", "value": {value}}}\n'
    failed = begun.replace("invoke", "fail")
    assert told(begun + failed.replace("}", ', "result": false}'), model) == [f"p0 {answer}"]
    (nothing,) = told(begun + failed.replace("}", ', "result": null}'), model)
    assert nothing.endswith(" failed")


def test_a_client_without_a_name_is_no_client() -> None:
    text = """[{:process 0 :type :invoke :f :acquire :client nil}
               {:process 0 :type :ok :f :acquire :client nil}
               {:process 1 :type :invoke :f :release :client nil}
               {:process 1 :type :ok :f :release :client nil}]"""
    assert told(text, "mutex") == ["p0 acquire(lock)", "p1 release(lock)"]
    assert verdict(text, "mutex") is False


# What is known only at the end.


def test_a_write_whose_value_is_known_when_it_ends() -> None:
    text = """{:process 0 :type :invoke :f :write :value nil}
              {:process 0 :type :ok :f :write :value 3}
              {:process 0 :type :invoke :f :read :value nil}
              {:process 0 :type :ok :f :read :value 3}"""
    assert told(text, "register") == ["p0 write(register, 3)", "p0 read(register) → 3"]
    words = (":invoke :write nil", ":ok :write 3", ":invoke :read nil", ":ok :read 3")
    log = "\n".join(f"INFO jepsen.util - 0 {each}" for each in words)
    assert verdict(log, "register") is True


def test_a_lock_that_ends_well_and_says_no() -> None:
    text = "{:process 0 :type :invoke :f :acquire} {:process 0 :type :ok :f :acquire :value false}"
    assert refused(text, "mutex") == (
        "line 1: acquire ends with ok, which grants it, and false; a refusal is a fail"
    )
    assert told(text.replace("false", '"a token"'), "mutex") == ["p0 acquire(lock)"]


# The order of the lines is the order of events.


def timed(*lines: str) -> str:
    """Lines such as ``0 invoke write 1 @900``."""
    words = (line.split() for line in lines)
    return "\n".join(
        f"{{:process {process} :type :{kind} :f :{function} :value {value} :time {time[1:]}}}"
        for process, kind, function, value, time in words
    )


def test_an_operation_that_ended_before_those_above_it_began() -> None:
    text = timed("0 invoke write 1 @900", "0 ok write 1 @950", "1 invoke read nil @100",
                 "1 ok read nil @120")  # fmt: skip
    assert refused(text, "register") == "line 4: time 120 after 950: lines are out of order"


def test_times_that_go_back_a_little() -> None:
    """Jepsen's threads look at the clock and then write: so the clock, not the order, is late.

    Knossos's own examples have this: data/mutex/bad/etcd.edn at index 5 by a millisecond,
    data/cas-register/bad/rethink-fail-smaller.edn between two invocations and after an ``:info``.
    """
    text = timed("4 invoke read nil @1000", "4 ok read nil @2000", "0 invoke read nil @1040",
                 "1 invoke write 5 @1030", "0 ok read nil @2000", "1 info write 5 @2600",
                 "2 invoke read nil @2590", "2 fail read nil @2600")  # fmt: skip
    assert len(told(text, "register")) == 4


def test_an_index_tells_the_order_whatever_the_times() -> None:
    text = timed("0 invoke write 1 @900", "0 ok write 1 @950", "1 invoke read nil @100",
                 "1 ok read 1 @120")  # fmt: skip
    lines = text.splitlines()
    indexed = "\n".join(line.replace("}", f" :index {at}}}") for at, line in enumerate(lines))
    assert verdict(indexed, "register") is True


# Values that Python takes for one another.


@pytest.mark.parametrize(
    ("written", "returned"), [("true", "1"), ("0", "false"), ("1", "1.0"), (":a", '"a"')]
)
def test_values_that_only_look_alike(written: str, returned: str) -> None:
    text = f"""{{:process 0 :type :invoke :f :write :value {written}}}
               {{:process 0 :type :ok :f :write :value {written}}}
               {{:process 0 :type :invoke :f :read}}
               {{:process 0 :type :ok :f :read :value {returned}}}"""
    assert refused(text, "register").startswith("line 3: read(register): ")
    assert "would be taken for" in refused(text, "register")
    other_key = text.replace(":f :read", ":f :read :key 2")
    assert verdict(other_key, "register") is False


def test_values_that_look_alike_in_a_cas() -> None:
    text = """{"process": 0, "type": "invoke", "f": "cas", "value": [1, true]}"""
    assert refused(text, "cas-register") == (
        "line 1: cas(register, 1, True): here True would be taken for 1"
    )
    assert told(text.replace("[1, true]", "[1, 1]"), "cas-register") == ["p0 cas(register, 1, 1) ?"]


# Names.


@pytest.mark.parametrize("name", ["process", "type", "f", "key", "client"])
def test_names_are_plain(name: str) -> None:
    event = {"process": "0", "type": ":invoke", "f": ":read", "key": "1", "client": '"c"'}
    for value, what in [("[" * 5000 + "]" * 5000, "a vector"), ("{:a 1}", "a map")]:
        text = " ".join(f":{key} {word}" for key, word in {**event, name: value}.items())
        assert refused("{" + text + "}", "register") == (
            f"line 1: a {name} is a number or a name, not {what}"
        )


@pytest.mark.parametrize("name", ["process", "f", "key", "client", "value"])
def test_half_a_character_is_no_text(name: str) -> None:
    text = '{"process": "p", "type": "invoke", "f": "write", "key": "k", "client": "c", "value": 1}'
    fields = text.replace(f'"{name}": ', f'"{name}": "\\ud800", "_": ')
    assert refused(fields, "register") == "line 1: '\\ud800' is no text: it has half a character"
