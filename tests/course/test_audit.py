"""The audit: cheats are made for each exercise, and it complains about those that pass."""

from dataclasses import replace

import pytest

from distlab.course.exercise import Mistake
from tests.course import cheats
from tests.course.auditing import audit, cheated
from tests.course.test_exercise import EXERCISE, Blank, Heedless, Once, Silent
from tests.course.test_slips import ASKED

NAMES = [cheat.name for cheat in cheats.cheats(EXERCISE)]
ALWAYS = replace(EXERCISE.mistakes[0], when=lambda run: True, also=())


def weak(*names, **case):
    """The exercise with one case that asks for less."""
    case = {"schedules": ("",), "searched": 0, "must_hold": names, **case}
    return replace(EXERCISE, cases=(replace(EXERCISE.cases[0], **case),))


def complaints(exercise):
    return {said.partition(": ")[0] for said in cheated(exercise)}


def test_all_ways_to_cheat_are_tried_where_they_make_sense():
    for name, way in cheats.WAYS.items():
        assert (f"on_print {name}" in NAMES) == (way.only in ("", "plain", "class", "node"))
    asked = {cheat.name for cheat in cheats.cheats(ASKED)}
    assert {"look forgets to await", "look is plain", "look always True"} <= asked
    assert {"look always False", "look ignores page", "keeps all on the class"} <= asked
    assert "without 'if self.is_new(message.page):'" in NAMES
    assert len(NAMES) == len({*NAMES})


def test_no_cheat_passes():
    assert [*cheated(EXERCISE)] == []


def test_a_cheat_that_passes_is_a_complaint():
    assert complaints(weak("answered")) == {
        "without 'if self.is_new(message.page):'",
        "without 'self.print_page(message.page)'",
    }


@pytest.mark.parametrize(
    "case",
    [{"must_hold": ("printed once",)}, {"knobs": {"retries": 0}, "must_hold": ("answered",)}],
)
def test_every_statement_of_the_reference_has_to_be_asked_for(case):
    assert complaints(weak(**case)) != set()


def test_what_is_honest_here_is_said_by_the_exercise():
    passing = complaints(weak("answered"))
    honest = dict.fromkeys(passing, "nobody looks at the paper")
    assert complaints(replace(weak("answered"), honest=honest)) == set()
    assert complaints(replace(EXERCISE, honest=honest)) == passing  # they do not pass there
    (said,) = cheated(replace(EXERCISE, honest={"on_print dances": "why not"}))
    assert said == "honest: there is no cheat 'on_print dances'"


def test_words_that_do_not_fit_are_a_complaint(monkeypatch):
    monkeypatch.setitem(cheats.WAYS, "loops", cheats.WAYS["loops"]._replace(words="a circle"))
    (said,) = cheated(EXERCISE)
    assert said.startswith("on_print loops: words without 'a circle': error, Your code ran 20000")


def test_a_diagnosis_that_fits_everything_is_a_complaint():
    mistaken = replace(EXERCISE, mistakes=(ALWAYS,))
    said = [*cheated(mistaken)]
    assert "on_print does nothing" in complaints(mistaken)
    assert all("taken for 'prints again' in d1:start/lost-answer" in each for each in said)
    # What does the same as the mistake's example is that mistake.
    same = replace(EXERCISE, mistakes=(replace(ALWAYS, example=Silent, also=(r"on_print .*",)),))
    assert not any(each.startswith("on_print ") for each in cheated(same))


def test_what_does_the_same_as_the_example_is_the_same_mistake():
    mistakes = {kind: (replace(ALWAYS, example=kind),) for kind in (Blank, Heedless)}
    taken = {kind: complaints(replace(EXERCISE, mistakes=mistakes[kind])) for kind in mistakes}
    assert taken[Heedless] - taken[Blank] == {"on_print does nothing"}


def test_the_reference_must_pass_as_a_learner_would_write_it():
    """There it is watched as a learner's code is, which distlab's own is not."""

    class Looks(Once):
        def on_print(self, message, sender):
            self._machine.now_ms()
            super().on_print(message, sender)

    said = audit(replace(EXERCISE, reference=Looks))
    assert any(each.startswith("reference should be correct") for each in said)


def test_a_mistake_without_a_name_of_its_own_is_told():
    wrong = Mistake("keeps silent", "answered=violated", Heedless)
    said = audit(replace(EXERCISE, mistakes=(EXERCISE.mistakes[0], wrong)))
    assert any(each.startswith("keeps silent should be incorrect") for each in said)
