"""A lock on one Redis server: https://redis.io/docs/latest/develop/clients/patterns/distributed-locks

    lock = RedisLock(redis, "stock", timeout=10)
    async with lock:
        await shop.sell(token=lock.fencing_token)

The key holds the owner's random token and expires. Whoever changes it compares the token first, in
one script: else A, whose lock has expired, would free or extend B's. The script that acquires draws
the fencing token, too: drawn in a second request it could be drawn after the lock was lost.

Waiters block on a list (BLPOP). A release puts one element there, so it wakes one of them, however
many there are. An element can get lost with the waiter that took it, and expiry wakes nobody:
waiters therefore look again by themselves, when the holder's time is over at the latest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

from redis import exceptions

from distlab.locks.lock import Busy, Held, Lock, LockNotOwned, asking
from distlab.locks.scripts import Script, asynchronous, beside

ACQUIRE = Script("""
-- acquire
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return {0, redis.call('PTTL', KEYS[1])} end
local fencing_token = redis.call('INCR', KEYS[2])
if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1])
else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return {1, fencing_token}
""")
"""An owner that asks again has lost the answer: it gets the lock, and a new number."""

RELEASE = Script("""
-- release
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.pcall('RPUSH', KEYS[2], 'free')
redis.pcall('PEXPIRE', KEYS[2], 1000)
return 1
""")
"""One element at most wakes one waiter. `pcall`: if that fails, the lock is free all the same."""

CHOSEN = {
    ACQUIRE: Script(f"""
-- acquire
local owner = redis.call('GET', KEYS[1])
if not owner then redis.call('SET', KEYS[3], ARGV[3])
elseif owner == ARGV[1] and redis.call('GET', KEYS[3]) ~= ARGV[3] then
  return {{0, redis.call('PTTL', KEYS[1])}}
end
{ACQUIRE.text}
"""),
    RELEASE: Script(f"""
-- release
if (redis.call('GET', KEYS[3]) or ARGV[2]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[3])
{RELEASE.text}
"""),
}
"""The same for a token that the caller chose. Others may choose it too, so a key of its own says
whose it is: else who asks second would be taken for the owner that asks again.
"""

EXTEND = Script("""
-- extend
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local ms = tonumber(ARGV[2])
if ARGV[3] == 'add' then ms = ms + math.max(redis.call('PTTL', KEYS[1]), 0) end
redis.call('PEXPIRE', KEYS[1], ms)
return ms
""")

PRECISION_MS = 100
"""BLPOP may end so much later than asked: a server looks at such waits ten times a second."""

NO_WAKE = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ResponseError)
"""Not every server lets one block. If anything else is wrong, the next question tells."""

WAITERS: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""How many connections of each pool are blocked by waiters."""


@contextmanager
def connection_to_wait_on(redis: Any) -> Iterator[None]:
    """Half of a pool's connections stay free for those who acquire, extend and release.

    Raises `MaxConnectionsError` when the other half is in use, or there is one connection only.
    """
    pool: Any = getattr(redis, "connection_pool", None)
    if pool is None:
        yield
        return
    waiters = WAITERS.get(pool, 0)
    alone = getattr(redis, "single_connection_client", False)
    if alone or waiters >= pool.max_connections // 2:
        raise exceptions.MaxConnectionsError("enough of them wait")
    WAITERS[pool] = waiters + 1
    try:
        yield
    finally:
        WAITERS[pool] -= 1


class ChosenToken(bytes):
    """What stands in the plain key, as its caller chose it; `own` tells it from the same one when
    others choose it.
    """

    own: bytes


class RedisLock(Lock):
    """See `Lock`. `redis` is a `redis.asyncio.Redis`, or what has its commands.

    The plain key `name` holds the token, as that of redis-py's `Lock`: both exclude each other.
    The counter of fencing tokens is another key, which stays when the lock is free. To `owned` and
    `extend` those who choose the same token are one: only the key is compared there.

    Two settings of redis-py matter. `redis.lock(name, lock_class=RedisLock)` passes timeout None
    unless told otherwise: for ever. And a client repeats a command whose answer was lost, so that
    `release` may refuse what it has just released, and `extend` may add its time twice; one with
    `retry=Retry(NoBackoff(), 0)` raises `OutcomeUnknown` instead.
    """

    longest_pause_ms = 1_000

    def __init__(self, redis: Any, name: str | bytes, *options: Any, **named_options: Any) -> None:
        super().__init__(name, *options, **named_options)
        self.redis = asynchronous(redis)
        self.key = self._text
        self.counter_key = beside(self.key, "fencing")
        self.wake_key = beside(self.key, "wake")
        self.chosen_key = beside(self.key, "chosen")
        pool: Any = getattr(redis, "connection_pool", None)
        patience_s = pool.connection_kwargs.get("socket_timeout", 5) if pool else None
        self.longest_ms = math.inf if patience_s is None else 1000 * patience_s - 2 * PRECISION_MS

    def own_token(self, chosen: bytes) -> bytes:
        token = ChosenToken(chosen)
        token.own = super().own_token(chosen)
        return token

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()  # our time runs from here: the server's begins later
        keys, ttl = [self.key, self.counter_key], self.timeout_ms
        with asking("acquire", self.key):
            mine, number = await self._run(ACQUIRE, keys, token, "" if ttl is None else ttl)
        if not mine:
            return Busy(number if number >= 0 else None)
        return Held(asked_ms + (math.inf if ttl is None else ttl), number)

    async def do_release(self, token: bytes) -> None:
        with asking("release", self.key):
            released = await self._run(RELEASE, [self.key, self.wake_key], token)
        if not released:
            raise LockNotOwned(f"cannot release {self.key!r}: it is no longer ours", self.key)

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        asked_ms = self.host.monotonic_ms()
        with asking("extend", self.key):
            how = "replace" if replace else "add"
            ttl_ms = await EXTEND(self.redis, [self.key], token, ms, how)
        if ttl_ms < 0:
            raise LockNotOwned(f"cannot extend {self.key!r}: it is no longer ours", self.key)
        return asked_ms + float(ttl_ms)

    async def _run(self, script: Script, keys: list[str], token: bytes, *more: Any) -> Any:
        if isinstance(token, ChosenToken):
            return await CHOSEN[script](
                self.redis, [*keys, self.chosen_key], token, *more, token.own
            )
        return await script(self.redis, keys, token, *more)

    async def do_owner(self) -> bytes | None:
        with asking("owner", self.key):
            owner = await self.redis.get(self.key)
        return owner.encode() if isinstance(owner, str) else owner

    async def do_wait(self, token: bytes, ms: float, left_ms: float) -> None:
        block_ms = min(ms, self.longest_ms)  # a longer silence the client takes for an error
        if 0 < block_ms <= left_ms - PRECISION_MS:
            with suppress(*NO_WAKE), connection_to_wait_on(self.redis):
                await self.redis.blpop([self.wake_key], timeout=block_ms / 1000)
                return
        await self.host.sleep(min(ms, 1000 * self.sleep))
