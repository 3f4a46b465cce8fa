"""EDN, form by form: https://github.com/edn-format/edn."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.referee.edn import Map, Name, read, write


def only(text: str) -> Any:
    ((_, form),) = read(text)
    return form


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-12", -12),
        ("7N", 7),
        ("1.5", 1.5),
        ("2e3", 2000.0),
        ("1.5M", 1.5),
        (":timed-out", "timed-out"),
        ("some/symbol", "some/symbol"),
        (r'"a \"b\" \\ é\n"', 'a "b" \\ é\n'),
        ('"two\nlines"', "two\nlines"),
        (r"\a", "a"),
        (r"\newline", "newline"),
        ("[1 [2 3], nil]", (1, (2, 3), None)),
        ("(1 2)", (1, 2)),
        ("#{1 2}", (1, 2)),
        ("{:a 1, :b [2]}", {"a": 1, "b": (2,)}),
        ("{:a 1 :b {}}", {"a": 1, "b": {}}),
        ('#inst "2015-02-03"', "2015-02-03"),
        ("#jepsen.history.Op{:index 0}", {"index": 0}),
        ("[1 #_2 3]", (1, 3)),
        ("[#_ #_ 1 2 3]", (3,)),
        ("[1 #_[2 {:a 3}] 4]", (1, 4)),
        ("; a comment\n5 ; another", 5),
        ('["\\u0041;[" 1]', ("A;[", 1)),
    ],
)
def test_forms(text: str, value: Any) -> None:
    assert only(text) == value


def test_types() -> None:
    assert type(only(":a")) is type(only("a")) is Name
    assert type(only('"a"')) is str
    assert only("true") is True


def test_lines() -> None:
    text = "{:a 1}\n\n[{:b 2}\n ; {:c 0}\n {:c\n 3}] 4"
    (first, a), (third, several), (sixth, four) = read(text)
    assert (first, a.line, third, sixth, four) == (1, 1, 3, 6, 4)
    assert [each.line for each in several] == [3, 5]
    assert isinstance(a, Map)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n[1 2", r"line 2: \[ that nothing follows or closes"),
        ("[1\n2}", r"line 2: } closes nothing \(\[ of line 1\)"),
        ("]", "line 1: ] closes nothing"),
        ('{:a 1}\n"open', "line 2: a string that does not end"),
        ("{:a}", "line 1: a map needs a value for each key"),
        ("{{} 1}", "line 1: a map needs a value for each key"),
        (r'"\q"', r"line 1: not a value: .*q"),
        ("\n\n#_", "line 3: #_ that nothing follows or closes"),
        ("[#inst]", r"line 1: ] closes nothing \(#inst of line 1\)"),
        ("9" * 5000, "line 1: not a value: 9999"),
    ],
)
def test_not_edn(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        list(read(text))


def test_depth_is_no_danger() -> None:
    assert only("[" * 10_000 + "]" * 10_000) is not None
    with pytest.raises(BadInput, match="line 2: more than 10,000 things within one another"):
        only("\n{" + "[" * 1_000_000 + "]" * 1_000_000 + " 1}")  # the key could not be compared


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside).map(tuple) | st.dictionaries(st.text(), inside),
    max_leaves=10,
)  # fmt: skip


@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert only(write(value)) == value


def test_what_edn_cannot_say() -> None:
    for value in (float("inf"), float("nan"), {1, 2}, object()):
        with pytest.raises(BadInput, match="no notation"):
            write(value)
    assert write({Name("f"): Name("read")}) == "{:f :read}"
