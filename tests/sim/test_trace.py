"""The transcript: text that depends on nothing but what happened."""

import enum
from dataclasses import dataclass

import pytest

from distlab.sim.faults import parse_fault
from distlab.sim.trace import Call, Event, Trace, describe, line


class Phase(enum.Enum):
    IN_DOUBT = 1


class Level(enum.IntEnum):
    QUORUM = 2


class Word(enum.StrEnum):
    ONE = "one"


@dataclass(frozen=True, slots=True)
class Write:
    key: str
    value: object = None


@dataclass
class Open:
    key: str


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"), (True, "True"), (3, "3"), (0.1, "0.1"), ("plain", "plain"),
        (b"\x00a", r"b'\x00a'"), ((), "()"), ((1,), "(1,)"), ((1, "a"), "(1, 'a')"),
        (frozenset("hgfedcba"), "{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}"),
        (parse_fault("lose:#12"), "lose:#12"),
        (Phase.IN_DOUBT, "IN_DOUBT"), (Level.QUORUM, "QUORUM"), (Word.ONE, "ONE"),
        (Write("x"), "Write(key='x', value=None)"),
        (Write("x", (Level.QUORUM, Write("y"))),
         "Write(key='x', value=(QUORUM, Write(key='y', value=None)))"),
        (Call("write", "x", 1), "write(x, 1)"), (Call("read", "x", None), "read(x)"),
        (Call("print", "", 3), "print(3)"), (Call("acquire", "", None), "acquire()"),
    ],
)  # fmt: skip
def test_values_as_text(value, text):
    assert describe(value) == text


@pytest.mark.parametrize(
    "value", [[1], {"a": 1}, {1}, object(), Open("x"), (1, [2]), Write("x", []), Write]
)
def test_what_could_change_or_holds_an_address_is_refused(value):
    with pytest.raises(TypeError, match="a trace cannot hold a"):
        describe(value)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Event(1500, "send", "a", "b", Write("x", 1), 7, ""),
         "     1.500 send     a → b #7 Write(key='x', value=1)"),
        (Event(1500, "deliver", "b", "a", "m", 7, ""), "     1.500 deliver  b ← a #7 m"),
        (Event(12_345_678, "drop", "a", "b", "m", 7, "cut"),
         " 12345.678 drop     a → b #7 m (cut)"),
        (Event(0, "ok", "c", "", None, 1, ""), "     0.000 ok       c #1 None"),
        (Event(0, "crash", "a", "", None, 0, "disk lost"), "     0.000 crash    a (disk lost)"),
        (Event(0, "note", "a", "", "two\nlines", 0, ""), r"     0.000 note     a two\nlines"),
    ],
)  # fmt: skip
def test_events_as_lines(event, text):
    assert line(event) == text


def record(text):
    return (0, "note", "a", "", text, 0, "")


def test_events_text_and_digest_follow_what_is_appended():
    trace = Trace([record("first")])
    before = trace.events, trace.text(), trace.digest()
    trace.append(record("second"))
    assert [event.what for event in trace.events] == ["first", "second"]
    assert trace.text().splitlines()[-1].endswith("second")
    assert len(trace) == 2
    assert before[2] != trace.digest()
    assert Trace([record("first")]).digest() == before[2]


def test_events_of_a_kind():
    trace = Trace([record("a"), (1, "crash", "n", "", None, 0, ""), record("b")])
    assert [event.what for event in trace.of_kind("note")] == ["a", "b"]
    assert len(trace.of_kind("note", "crash")) == 3


def test_a_sealed_trace_takes_nothing_more():
    trace = Trace()
    append = trace.append
    append(record("kept"))
    trace.seal()
    append(record("too late"))
    assert [event.what for event in trace.events] == ["kept"]
