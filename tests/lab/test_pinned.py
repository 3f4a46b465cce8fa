"""What a press cell shows stays as it was, and says nothing before a prediction is made."""

from html import unescape

import pytest

from distlab.course.prediction import Guess, Prediction
from distlab.lab import Lab
from distlab.lab.actions import HAPPEN
from distlab.lab.pinned import COVERED
from distlab.registry import get
from distlab.start.requests import Printer

SCENARIO = "start/slow-or-dead"


@pytest.fixture(autouse=True)
def learner(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path))


def in_browser(pinned):
    """The HTML that the browser shows, and whether there is a button."""
    _, first, *rest = pinned.children
    return first.value, bool(rest)


def test_a_pinned_run_stays_when_the_lab_goes_on():
    lab = Lab(SCENARIO, faults="", seed=3)
    lab.press(HAPPEN)
    pinned, status, token, picture = lab.here(), lab.status, lab.token, lab.picture
    before = in_browser(pinned), pinned.html(), pinned.text()
    lab.set(patience_ms=250)
    lab.zoom(0, 100)
    assert (in_browser(pinned), pinned.html(), pinned.text()) == before
    shown, there_is_a_button = in_browser(pinned)
    assert picture.svg in shown
    assert there_is_a_button
    for form in (pinned.html(), pinned.text(), shown):
        assert status in unescape(form.replace("</b>", ""))
        assert token in unescape(form)
        assert "prompt holds" in form
    assert picture.text in pinned.text()
    assert pinned._repr_mimebundle_()["text/plain"] == pinned.text()


def test_make_it_current_takes_the_lab_back_with_the_learners_own_code():
    class Own(Printer):
        pass

    lab = Lab(get("start/lost-answer").using(solution=Own))
    pinned = lab.here()
    lab.press("next seed")
    lab.drag(0, to_ms=5)
    sent = []
    lab.send = sent.append
    pinned.children[-1].click()
    assert lab.token == pinned.run.token
    assert lab.scenario is pinned.run.scenario
    assert [each["type"] for each in sent] == ["changed", "arrive"]
    lab.undo()
    assert str(lab.faults[0]) == "lose:printer>client@5"


@pytest.mark.parametrize("answer", [lambda guess: guess.choose(1), lambda guess: guess.skip()])
def test_an_unanswered_prediction_covers_it_in_the_browser_only(answer):
    options = {"Yes.": "accurate=violated", "No.": "accurate=holds"}
    guess = Guess(Prediction("p", "Suspected?", options, about=get(SCENARIO).run().token))
    lab = Lab(SCENARIO, faults="", prediction=guess)
    lab.press(HAPPEN)
    pinned, open_one = lab.here(), Lab(SCENARIO).here()
    shown, there_is_a_button = in_browser(pinned)
    assert COVERED in shown
    assert "accurate" not in shown
    assert not there_is_a_button
    assert (pinned.html(), pinned.text()) == (open_one.html(), open_one.text())
    answer(guess)
    assert in_browser(pinned) == in_browser(open_one)
