"""What every exercise of every chapter promises."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import pytest

import distlab
from distlab.course import case
from tests.course.auditing import audit

CHAPTERS = [each.name for each in iter_modules(distlab.__path__, "distlab.") if each.ispkg]
EXERCISES = [
    exercise
    for chapter in CHAPTERS
    if find_spec(f"{chapter}.exercises")
    for exercise in import_module(f"{chapter}.exercises").EXERCISES
]


def test_each_has_an_id_of_its_own():
    assert len({exercise.key for exercise in EXERCISES}) == len(EXERCISES) >= 10


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_each_gets_the_right_word_and_no_cheat_passes(exercise, monkeypatch):
    monkeypatch.setattr(case, "SHRINKING", 5)  # a learner gets 200: no other word, a nicer run
    assert audit(exercise) == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_task_and_three_hints_can_be_read(exercise):
    said = exercise.texts
    texts = (said.title, said.task, *said.hints)
    assert len(texts) == len({text.strip() for text in texts} - {""}) == 5


@pytest.mark.parametrize(
    "exercise", [each for each in EXERCISES if each.base], ids=lambda exercise: exercise.key
)
def test_a_class_without_the_methods_is_no_attempt(exercise):
    result = exercise.check(type(exercise.name, (exercise.base,), {}))
    assert result.kind == "not attempted"
    assert result.message.startswith("define ")
    assert result.message.endswith(f" in {exercise.name}.")
