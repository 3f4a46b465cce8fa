"""Predictions are judged by the run; the gate opens by an answer or by a skip."""

from dataclasses import replace

import pytest

from distlab.course.prediction import Guess, Prediction, came_true
from distlab.course.progress import Progress
from distlab.host import BadInput
from distlab.registry import get

SCENARIO = get("start/lost-answer")
LOST = SCENARIO.run(retries=0)  # not answered, printed once
TWICE = SCENARIO.run(retries=2)  # answered, printed twice
CALM = SCENARIO.run(retries=2, faults="")  # both hold

PREDICTION = Prediction(
    "start/lost-answer",
    "The answer to the second page is lost. What happens?",
    {
        "The client goes away empty.": "answered=violated",
        "A page is printed twice.": "printed once=violated",
        "Nothing bad.": "outcome=holds",
    },
    about=LOST.token,
    explain="Look at the arrow that ends in ×.",
)


@pytest.mark.parametrize(
    ("condition", "run", "expected"),
    [
        ("answered=violated", LOST, True),
        ("answered=violated", TWICE, False),
        ("answered=holds and printed once=violated", TWICE, True),
        ("answered=holds and printed once=violated", CALM, False),
        ("answered=violated|undecided", LOST, True),
        ("outcome=holds", CALM, True),
        ("outcome=not answered|stuck", LOST, True),
        ("outcome=stuck|holds", CALM, True),
        ("outcome=stuck", LOST, False),
    ],
)
def test_conditions(condition, run, expected):
    assert came_true(condition, run) is expected


@pytest.mark.parametrize("condition", ["", "answered", "answered=", "=holds", "answered=false"])
def test_a_malformed_condition_is_refused_when_it_is_declared(condition):
    with pytest.raises(BadInput, match="condition"):
        Prediction("start/x", "?", {"yes": condition, "no": "outcome=holds"}, LOST.token)


def test_a_condition_on_an_unknown_verdict_says_which_there_are():
    with pytest.raises(BadInput, match=r"answerd.*answered"):
        came_true("answerd=holds", LOST)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"options": {"yes": "outcome=holds"}}, "two options"),
        ({"about": "d1:start/lost"}, "unknown scenario 'start/lost'"),
    ],
)
def test_a_malformed_prediction_is_refused_when_it_is_declared(change, complaint):
    with pytest.raises(BadInput, match=complaint):
        replace(PREDICTION, **change)


@pytest.mark.parametrize(
    ("run", "lacks"),
    [
        (LOST, ""),
        (SCENARIO.run(seed=9, retries=0), ""),
        (SCENARIO.run(retries=0, faults="lose:printer>client@38.5"), ""),
        (SCENARIO.run(retries=0, faults="lose:printer>client@5"), "lose:printer>client@40"),
        (TWICE, "retries=0"),
        (CALM, "retries=0 and lose:printer>client@40"),
        (get("start/slow-or-dead").run(), "start/lost-answer"),
    ],
)
def test_a_prediction_tells_its_run_from_others(run, lacks):
    assert PREDICTION.lacks(run) == lacks


def test_a_run_without_faults_may_be_asked_for():
    assert replace(PREDICTION, about=CALM.token).lacks(TWICE) == "no faults"


@pytest.mark.parametrize(
    ("run", "chosen", "right", "says"),
    [
        (LOST, 1, True, "✓ As you predicted: The client goes away empty."),
        (LOST, 2, False, "This run: The client goes away empty."),
        (TWICE, 1, False, "✗ You predicted: The client goes away empty."),
        (TWICE, 2, True, "✓"),
        (CALM, 3, True, "✓"),
        (LOST, None, None, "No prediction was made. This run: The client goes away empty."),
    ],
)
def test_the_run_judges(run, chosen, right, says):
    judgement = PREDICTION.judge(run, chosen)
    assert judgement.right is right
    assert says in judgement.text
    assert judgement.text.endswith("Look at the arrow that ends in ×.")


def test_a_run_that_no_option_describes_is_not_judged():
    options = {"a": "outcome=stuck", "b": "outcome=undecided"}
    narrow = Prediction("start/x", "?", options, LOST.token)
    assert narrow.judge(LOST, 1).right is None
    assert "None of the answers" in narrow.judge(LOST, 1).text


@pytest.fixture
def guess(learner):
    return Guess(PREDICTION, Progress(learner))


def recorded(learner):
    return Progress(learner).get("prediction/start/lost-answer")


def test_the_gate_opens_by_an_answer_or_by_a_skip_and_watchers_hear_of_it(guess):
    texts = []
    guess.watchers.append(lambda guess: texts.append(guess.text))
    assert not guess.open
    guess.choose(2)
    assert guess.open
    skipped = Guess(PREDICTION)
    skipped.skip()
    assert skipped.open
    guess.skip()
    assert texts == ["You predict: A page is printed twice.", "Skipped: watch what happens."]


@pytest.mark.parametrize("option", [0, 4, -1, True, "1", None, 1.0])
def test_a_wrong_option_is_refused_and_changes_nothing(guess, option):
    with pytest.raises(BadInput, match="from 1 to 3"):
        guess.choose(option)
    assert not guess.open


def test_nothing_is_recorded_unless_asked(guess, learner):
    guess.choose(1)
    guess.judge(LOST)
    guess.skip()
    assert Progress(learner).entries() == {}


def test_an_answer_or_a_skip_of_an_earlier_day_is_loaded(guess, learner):
    for act in (lambda: guess.skip(record=True), lambda: guess.choose(2, record=True)):
        act()
        tomorrow = Guess(PREDICTION, Progress(learner))
        assert not tomorrow.open
        tomorrow.restore()
        assert (tomorrow.chosen, tomorrow.skipped) == (guess.chosen, guess.skipped)


def test_an_answer_of_an_earlier_day_is_found_wherever_it_stands_now(guess, learner):
    guess.choose(2, record=True)
    turned = dict(reversed(PREDICTION.options.items())) | {"Another one.": "outcome=stuck"}
    tomorrow = Guess(replace(PREDICTION, options=turned), Progress(learner))
    tomorrow.restore()
    assert tomorrow.text == guess.text == "You predict: A page is printed twice."


@pytest.mark.parametrize("chosen", [2, 9, "Words that were changed.", ["Nothing bad."], {}])
def test_a_record_that_names_no_option_leaves_the_gate_closed(guess, learner, chosen):
    Progress(learner).record("prediction/start/lost-answer", chosen=chosen, skipped=False)
    guess.restore()
    assert not guess.open


def test_the_first_judgement_is_the_one_recorded(guess, learner):
    for option in (2, 1):  # the second one having seen the run
        guess.choose(option, record=True)
        guess.judge(LOST, record=True)
    assert recorded(learner)["right"] is False


def test_a_skip_is_no_judgement(guess, learner):
    guess.skip(record=True)
    guess.judge(LOST, record=True)
    assert "right" not in recorded(learner)


def test_another_run_judges_nothing_and_is_told_from_the_one_asked_for(guess, learner):
    guess.choose(2, record=True)
    other = guess.judge(TWICE, record=True)
    assert other.right is None
    assert other.text == (
        "You predict: A page is printed twice. The question is about the run with retries=0."
    )
    assert "right" not in recorded(learner)
    guess.judge(LOST)
    assert guess.judge(TWICE).text == ""
