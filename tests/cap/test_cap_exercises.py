"""Chapter 1's exercises: stub, solution and the wrong answers each get the right word."""

import pytest

from distlab.cap.cp_store import ConfigStore
from distlab.cap.exercises import CAREFUL_LEADER, EXERCISES, WRITE_BACK, WriteBack


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_keeps_its_promises(exercise):
    assert exercise.audit() == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_a_wrong_answer_hears_what_is_wrong_with_it(exercise):
    for mistake in exercise.mistakes:
        result = exercise.check(mistake.example)
        assert result.message.startswith(mistake.message)
        assert result.run is not None


def test_a_careful_leader_must_be_written():
    class CarefulLeader(ConfigStore):
        pass

    result = CAREFUL_LEADER.check(CarefulLeader)
    assert (result.kind, result.message) == (
        "not attempted",
        "define confirmed_within in CarefulLeader.",
    )


class IgnoresTheOutcome(WriteBack):
    """Asks those that lack it, as it should, and answers whatever came of it."""

    async def settle(self, newest, found):
        await super().settle(newest, found)
        return True


def test_an_answer_after_too_few_stores_is_noticed():
    result = WRITE_BACK.check(IgnoresTheOutcome)
    assert (result.kind, result.mistake) == ("incorrect", "answers all the same")
    assert result.lab.endswith(".using(solution=WriteBack, patience_ms=30))")


def test_the_run_that_is_shown_is_one_that_the_reference_survives():
    for exercise in EXERCISES:
        for mistake in exercise.mistakes:
            run = exercise.check(mistake.example).run
            failed = {verdict.name for verdict in run.verdicts if not verdict.ok}
            right = [
                case.using(exercise.reference).run(run.seed, run.faults, **run.knobs)
                for case in exercise.cases
                if case.scenario == run.scenario.id
            ]
            assert any(failed - {v.name for v in each.verdicts if not v.ok} for each in right)
