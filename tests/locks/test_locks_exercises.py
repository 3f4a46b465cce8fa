"""Chapter 4's exercises: stub, solution and the wrong answers each get the right word."""

import pytest

from distlab.locks.exercises import EXERCISES, FENCE, OWN_LOCK, OWN_REDLOCK, OwnLock
from distlab.locks.fencing import Fence, StaleToken
from distlab.locks.redlock import Redlock


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_keeps_its_promises(exercise):
    assert exercise.audit() == []


@pytest.mark.parametrize("exercise", (OWN_LOCK, FENCE), ids=lambda exercise: exercise.id)
def test_the_run_that_is_shown_is_one_that_the_reference_survives(exercise):
    for mistake in exercise.mistakes:
        result = exercise.check(mistake.example)
        assert result.message.startswith(mistake.message)
        failed = {verdict.name for verdict in result.run.verdicts if not verdict.ok}
        again = [
            case.using(exercise.reference).run(
                result.run.seed, result.run.faults, **result.run.knobs
            )
            for case in exercise.cases
            if case.scenario == result.run.scenario.id
        ]
        assert any(failed - {v.name for v in run.verdicts if not v.ok} for run in again)


def test_a_class_without_the_methods_is_no_attempt():
    for exercise, base, missing in (
        (FENCE, Fence, "admit"),
        (OWN_REDLOCK, Redlock, "do_acquire"),
    ):
        result = exercise.check(type(exercise.name, (base,), {}))
        assert (result.kind, result.message) == (
            "not attempted",
            f"define {missing} in {exercise.name}.",
        )


def test_a_script_that_redis_refuses_is_told():
    class OwnLockWithTypo(OwnLock):
        async def release(self):
            await self.redis.eval("return redis.call('DELETE', KEYS[1])", 1, self.name)

    result = OWN_LOCK.check(OwnLockWithTypo)
    assert result.kind == "incorrect"
    assert "unknown command" in result.message


def test_a_lock_may_wait_in_acquire_and_use_a_longer_script():
    class OwnLockThatWaits(OwnLock):
        async def acquire(self):
            for _ in range(3):
                if await super().acquire():
                    return True
            return False

    assert OWN_LOCK.check(OwnLockThatWaits).kind == "correct"


def test_a_fence_may_say_no_in_its_own_words():
    class OwnFenceInWords(Fence):
        def admit(self, token):
            if self.latest > token:
                raise StaleToken
            self.latest = max(self.latest, token)

    assert FENCE.check(OwnFenceInWords).kind == "correct"
