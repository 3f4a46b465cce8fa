"""Redlock as it is often published: it counts majorities, and that is all."""

from contextlib import suppress
from typing import Any

from distlab.locks.lock import Busy, Held, LockNotOwned, OutcomeUnknown, asking
from distlab.locks.redislock import ACQUIRE
from distlab.locks.redlock import RELEASE, Redlock
from distlab.locks.scripts import beside


class StopsReleasing(Redlock):
    """Releases on one server after the other, and stops at the first that is down: the others keep
    the lock until it expires. (The client decides how long it waits there: often for seconds.)
    """

    async def do_release(self, token: bytes) -> None:
        freed = 0
        for redis in self.redises:
            with asking("release", self.key):
                freed += await RELEASE(redis, [self.key], token)
        if not freed:
            raise LockNotOwned(f"cannot release {self.key!r}: it is no longer ours", self.key)


class WithoutValidity(StopsReleasing):
    """Asks one server after the other and never looks at the clock: the first servers may have
    let the lock expire by the time the last one says yes.
    """

    async def do_acquire(self, token: bytes) -> Held | Busy:
        votes = 0
        for redis in self.redises:
            with suppress(OutcomeUnknown), asking("acquire", self.key):
                votes += bool(await redis.set(self.key, token, nx=True, px=self.timeout_ms))
        if votes >= self.majority:
            return Held(self.host.monotonic_ms() + float(self.timeout_ms or 0))
        with suppress(LockNotOwned):
            await self.do_release(token)
        return Busy()


class FencedByMaximum(Redlock):
    """Each server counts for itself; the token is the highest number of the majority.

    The majority of the next holder may be other servers, which have counted less: so its token can
    be lower.
    """

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms, ttl_ms = self.host.monotonic_ms(), int(self.timeout_ms or 0)
        keys = [self.key, beside(self.key, "fencing")]
        answers = await self.everywhere(lambda r: ACQUIRE(r, keys, token, ttl_ms))
        until_ms = asked_ms + self.valid_ms(ttl_ms)
        numbers = [answer[1] for answer in answers if isinstance(answer, list) and answer[0]]
        if len(numbers) >= self.majority and self.host.monotonic_ms() < until_ms:
            return Held(until_ms, max(numbers))
        await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return Busy()

    @property
    def fencing_token(self) -> Any:
        return self._fencing_token
