"""Replay tokens: a run named completely, and what a damaged one says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.registry import get
from distlab.replay import parse_token
from distlab.scenario import Token
from tests.sim.test_faults import faults as any_faults

EXAMPLE = "start/lost-answer"
SCENARIO = get(EXAMPLE)
TOKEN = SCENARIO.run().token


def test_a_token_names_a_run_completely():
    run = SCENARIO.run(7, "crash:printer@100+50", retries=1)
    token = parse_token(f"  {run.token}\n")
    assert token.scenario is SCENARIO
    again = token.run()
    assert again.token == run.token
    assert again.trace.text() == run.trace.text()
    assert token.difference(again) == ""


@given(
    st.integers(0, 2**63 - 1),
    st.lists(any_faults(), max_size=4).map(tuple),
    st.fixed_dictionaries({"retries": st.integers(0, 3), "timeout_ms": st.integers(20, 200)}),
    st.just("") | st.text("0123456789abcdef", min_size=4, max_size=64),
)
def test_every_token_survives_its_text_form(seed, faults, knobs, digest):
    token = Token(SCENARIO, seed, faults, SCENARIO.settings(knobs), digest)
    assert parse_token(str(token)) == token


def test_a_token_with_one_fault_moved_keeps_the_others():
    token = parse_token(f"d1:{EXAMPLE}#crash:printer@10;lose:*>*@20;crash:client@30~abcd")
    assert str(token.with_fault_at(1, 25)).endswith("#crash:printer@10;lose:*>*@25;crash:client@30")
    assert str(token.with_fault_at(0, 15)).endswith("#crash:printer@15;lose:*>*@20;crash:client@30")


def test_what_a_token_leaves_out_is_the_default():
    token = parse_token(f"d1:{EXAMPLE}")
    assert (token.seed, token.faults, token.digest) == (SCENARIO.seed, (), "")
    assert token.knobs == {"retries": 0, "timeout_ms": 50}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must begin with d1:"),
        (EXAMPLE, "must begin with d1:"),
        (TOKEN.replace("d1:", "d2:"), "must begin with d1: .version., not 'd2'"),
        (TOKEN.replace("lost", "lots"), f"did you mean '{EXAMPLE}'"),
        (TOKEN[:12], "unknown scenario"),
        (TOKEN.replace("retries", "retris"), "has no knob 'retris'; did you mean 'retries'"),
        (TOKEN.replace("retries=0", "retries=many"), "retries: 'many' is not a whole number"),
        (TOKEN.replace("retries=0", "retries=9"), "retries: 9 is out of range"),
        (TOKEN.replace("retries=0", "retries"), "'retries' is not name=value"),
        (TOKEN.replace("retries=0", "retries=0&retries=1"), "'retries=1' is not name=value, each"),
        (TOKEN.replace("seed=1", "seed=one"), "seed 'one' is not a whole number"),
        (TOKEN.replace("seed=1", "seed=-1"), "seed '-1' is not a whole number"),
        (TOKEN.replace("seed=1", "seed=" + "9" * 5000), "is not a whole number"),
        (
            TOKEN.replace("seed=1", "seed=9223372036854775808"),
            r"not a whole number from 0 to 2\^63",
        ),
        (TOKEN.replace("lose:", "looze:"), r"'looze:printer>client@40': unknown fault 'looze'"),
        (TOKEN.replace("@40", "@soon"), "fault 'lose:printer>client@soon' is not of the form"),
        (TOKEN.replace("@40", "@-40"), "at_ms is -40"),
        (TOKEN[: TOKEN.index("~") + 3], "is not 4 to 64 hex digits"),
        (TOKEN[: TOKEN.index("~") + 1], "digest '' is not 4 to 64 hex digits"),
        (TOKEN + "x", "is not 4 to 64 hex digits"),
    ],
)
def test_a_damaged_token_is_told_which_part_is_wrong(text, complaint):
    with pytest.raises(BadInput, match=complaint):
        parse_token(text)


@pytest.mark.parametrize(
    ("at", "complaint"), [("@401", "beyond the end of the run"), ("printr>client", "no machine")]
)
def test_a_token_whose_faults_do_not_fit_is_refused_when_it_runs(at, complaint):
    wrong = "lose:printer>client@401" if at.startswith("@") else f"lose:{at}@40"
    with pytest.raises(BadInput, match=complaint):
        parse_token(f"d1:{EXAMPLE}#{wrong}").run()


def test_a_token_from_other_code_says_that_the_digest_differs():
    digest = TOKEN.partition("~")[2]
    other = TOKEN.replace(digest, "0000")
    token = parse_token(other)
    assert f"digest {digest[:4]}, token 0000" in token.difference(token.run())
