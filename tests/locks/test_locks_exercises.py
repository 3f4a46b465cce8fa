"""Chapter 4's exercises: further answers, wrong and right."""

from distlab.locks.exercises import FENCE, OWN_LOCK, OwnLock
from distlab.locks.fencing import Fence, StaleToken


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
