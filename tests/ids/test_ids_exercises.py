"""Chapter 5's exercises: stub, solution and the wrong answers each get the right word."""

import pytest

from distlab.ids.exercises import EXERCISES, SURVIVE_A_ROLLBACK
from distlab.ids.snowflake_mistakes import TrustingSnowflake


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_keeps_its_promises(exercise):
    assert exercise.audit() == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_a_wrong_answer_hears_what_is_wrong_with_it(exercise):
    for mistake in exercise.mistakes:
        result = exercise.check(mistake.example)
        assert result.message.startswith(mistake.message)
        assert result.run is not None


class Wrapping(TrustingSnowflake):
    """Stays at the last millisecond, and goes round in it."""

    def next_id(self):
        now_ms = max(self.now_ms(), self.last_ms)
        same = now_ms == self.last_ms
        self.sequence = (self.sequence + 1) % (self.max_sequence + 1) if same else 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


def test_a_sequence_that_goes_round_is_noticed():
    result = SURVIVE_A_ROLLBACK.check(Wrapping)
    assert (result.kind, result.mistake) == ("incorrect", "counts anew")


class Waiting(TrustingSnowflake):
    """An answer that is as good: it waits in a loop. In this world no time passes meanwhile."""

    def next_id(self):
        while self.now_ms() < self.last_ms:
            pass
        return super().next_id()


def test_a_busy_wait_is_stopped():
    result = SURVIVE_A_ROLLBACK.check(Waiting)
    assert result.kind == "error"
    assert "a loop that does not end?" in result.message
