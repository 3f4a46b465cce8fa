"""Chapter 1's exercises: stub, solution and the wrong answers each get the right word."""

import pytest

from distlab.cap.exercises import EXERCISES


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_keeps_its_promises(exercise):
    assert exercise.audit() == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_a_wrong_answer_hears_what_is_wrong_with_it(exercise):
    for mistake in exercise.mistakes:
        result = exercise.check(mistake.example)
        assert result.message.startswith(mistake.message)
        assert result.run is not None
