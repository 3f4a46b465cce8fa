"""Knobs accept and refuse the same values from Python, from text and from a token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.knobs import Choice, Integer, Switch, check_knobs, knobs_text, parse_knobs

KNOBS = (
    Choice("level", ("one", "quorum", "all"), "one", "how many replicas answer"),
    Integer("ttl_ms", -5, 5000, 100, "how long a lease lasts"),
    Switch("fenced", False, "whether the storage checks tokens"),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("level=quorum", {"level": "quorum"}),
        ("ttl_ms=5000", {"ttl_ms": 5000}),
        ("ttl_ms=-5", {"ttl_ms": -5}),
        ("ttl_ms=%2B5", None),
        ("fenced=1", {"fenced": True}),
        ("fenced=off", {"fenced": False}),
        ("fenced=TRUE", {"fenced": True}),
    ],
)
def test_values_from_text(text, value):
    pairs = dict([text.split("=")])
    if value is None:
        with pytest.raises(BadInput):
            parse_knobs(KNOBS, pairs, "x")
    else:
        assert parse_knobs(KNOBS, pairs, "x") == value


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"levl": "one"}, r"demo has no knob 'levl'; did you mean 'level'\?"),
        ({"level": "two"}, r"knob level: 'two' is not allowed \(allowed: all, one, quorum\)"),
        ({"level": "qorum"}, "did you mean 'quorum'"),
        ({"level": 1}, "knob level: 1 is not allowed"),
        ({"ttl_ms": 5001}, r"knob ttl_ms: 5001 is out of range \(allowed: -5 to 5000\)"),
        ({"ttl_ms": -6}, "knob ttl_ms: -6 is out of range"),
        ({"ttl_ms": "5"}, "knob ttl_ms: '5' is not a whole number"),
        ({"ttl_ms": 5.0}, r"knob ttl_ms: 5\.0 is not a whole number"),
        ({"ttl_ms": True}, "knob ttl_ms: True is not a whole number"),
        ({"fenced": 1}, "knob fenced: 1 is neither True nor False"),
    ],
)
def test_wrong_values_are_refused_in_words(given, complaint):
    with pytest.raises(BadInput, match=complaint):
        check_knobs(KNOBS, given, "demo")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"levl": "one"}, "did you mean 'level'"),
        ({"ttl_ms": "5s"}, "knob ttl_ms: '5s' is not a whole number"),
        ({"ttl_ms": "9" * 5000}, "is not a whole number"),
        ({"ttl_ms": ""}, "knob ttl_ms: '' is not a whole number"),
        ({"fenced": "perhaps"}, r"knob fenced: 'perhaps' is not allowed \(allowed: 0 \| 1\)"),
    ],
)
def test_wrong_text_is_refused_in_words(given, complaint):
    with pytest.raises(BadInput, match=complaint):
        parse_knobs(KNOBS, given, "demo")


def test_defaults_fill_what_is_not_given():
    settings = check_knobs(KNOBS, {"fenced": True}, "demo")
    assert settings == {"level": "one", "ttl_ms": 100, "fenced": True}
    assert list(settings) == ["level", "ttl_ms", "fenced"]


@given(st.sampled_from(KNOBS[0].choices), st.integers(-5, 5000), st.booleans())
def test_text_is_the_inverse_of_parsing(level, ttl_ms, fenced):
    settings = {"level": level, "ttl_ms": ttl_ms, "fenced": fenced}
    pairs = dict(part.split("=") for part in knobs_text(settings).split("&"))
    assert parse_knobs(KNOBS, pairs, "demo") == settings


@pytest.mark.parametrize("word", ["", "a b", "a&b", "a=b", "a#b", "a~b", "ä"])
def test_a_choice_must_fit_into_a_token(word):
    with pytest.raises(BadInput, match="could not stand in a token"):
        Choice("level", ("one", word), "one", "")


def test_each_knob_says_what_is_allowed():
    assert [knob.allowed for knob in KNOBS] == ["one | quorum | all", "-5 to 5000", "0 | 1"]
