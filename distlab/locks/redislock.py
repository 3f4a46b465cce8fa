"""A lock on one Redis server: https://redis.io/docs/latest/develop/clients/patterns/distributed-locks

    lock = RedisLock(redis, "stock", timeout=10)
    async with lock:
        await shop.sell(token=lock.fencing_token)

The key holds the owner's random token and expires. A script that changes the key compares the token
first: else A, whose lock has expired, would free or extend B's. The script that acquires also draws
the fencing token: a second request could draw it after the lock was lost.

Waiters block on a list (BLPOP). A release puts one element there, so it wakes one waiter, however
many there are. An element can get lost with the waiter that took it, and expiry wakes nobody:
so waiters also look again by themselves, when the holder's time is over at the latest.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis import exceptions

from distlab.locks.arguments import as_key
from distlab.locks.lock import Busy, Held, Lock, LockNotOwned, asking
from distlab.locks.scripts import Script, asynchronous, beside, in_words, stored

ACQUIRE = Script("""
-- acquire
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return {0, redis.call('PTTL', KEYS[1])} end
local fencing_token = redis.call('INCR', KEYS[2])
if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1])
else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return {1, fencing_token}
""")
"""An owner that asks again has not got the answer: it gets the lock, and a new number."""

RELEASE = Script("""
-- release
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.pcall('RPUSH', KEYS[2], 'free')
redis.pcall('PEXPIRE', KEYS[2], 1000)
return 1
""")
"""At most one element wakes one waiter. `pcall`: if that fails, the lock is free all the same."""

EXTEND = Script("""
-- extend
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local ms = tonumber(ARGV[2])
if ARGV[3] == 'add' then ms = ms + math.max(redis.call('PTTL', KEYS[1]), 0) end
redis.call('PEXPIRE', KEYS[1], ms)
return ms
""")

PRECISION_MS = 100
"""BLPOP may end this much later than asked: a server looks at blocked clients 10 times a second."""

NO_WAKE = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ResponseError)
"""Errors after which we sleep instead: not every server lets a client block. If something else is
wrong, the next `do_acquire` meets it again.
"""


class RedisLock(Lock):
    """See `Lock`. `redis` is a `redis.asyncio.Redis`, or what has its commands.

    The plain key `name` holds the token, as that of redis-py's `Lock`: both exclude each other.
    All other keys of the lock `stock` begin with `distlab-lock:{stock}:` (`scripts.beside` tells
    of names with braces): a user of an ACL needs `~stock` and `~distlab-lock:{stock}:*`.

    One of these keys counts the fencing tokens. It stays when the lock is free: a key a name, for
    ever. When it is deleted or evicted, the count begins at 1 again, and a fence refuses everybody
    until it has caught up. So Redis may evict only keys that expire (`maxmemory-policy` noeviction
    or volatile-*; `distlab doctor` looks). And take few names: one a product, not one an order. Or
    let many names share a count: `counter="orders"`. (In a cluster all have to be on its server,
    as `{orders}:17` is.)

    Three settings of redis-py matter. `redis.lock(name, lock_class=RedisLock)` passes timeout None,
    which is for ever. A waiter occupies a connection of the client's pool: have more of them than
    waiters. And a client repeats a command whose answer was lost: then `release` may refuse what it
    has just released, and `extend` may add its time twice. A client with
    `retry=Retry(NoBackoff(), 0)` repeats nothing, and raises `OutcomeUnknown`.
    """

    longest_pause_ms = 1_000

    def __init__(
        self,
        redis: Any,
        name: str | bytes,
        *options: Any,
        counter: str | bytes | None = None,
        **named_options: Any,
    ) -> None:
        super().__init__(name, *options, **named_options)
        self.redis = asynchronous(redis)
        self.counter_key = beside(self.key if counter is None else as_key(counter), "fencing")
        self.wake_key = beside(self.key, "wake")
        self.kinds = {self.key: "string", self.counter_key: "number"}
        self.longest_ms = longest_ms(redis)

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()  # our time runs from here: the server's begins later
        keys, ttl = [self.key, self.counter_key], self.timeout_ms
        async with self.asking("acquire"):
            mine, number = await ACQUIRE(self.redis, keys, token, "" if ttl is None else ttl)
        if not mine:
            return Busy(number if number >= 0 else None)
        return Held(asked_ms + (math.inf if ttl is None else ttl), number)

    async def do_release(self, token: bytes) -> None:
        async with self.asking("release"):
            released = await RELEASE(self.redis, [self.key, self.wake_key], token)
        if not released:
            raise LockNotOwned(f"cannot release {self.key!r}: it is no longer ours", self.key)

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        asked_ms = self.host.monotonic_ms()
        async with self.asking("extend"):
            how = "replace" if replace else "add"
            ttl_ms = await EXTEND(self.redis, [self.key], token, ms, how)
        if ttl_ms < 0:
            raise LockNotOwned(f"cannot extend {self.key!r}: it is no longer ours", self.key)
        return asked_ms + float(ttl_ms)

    async def do_owner(self) -> bytes | None:
        async with self.asking("owner"):
            return await stored(self.redis, self.key)

    @asynccontextmanager
    async def asking(self, what: str) -> AsyncIterator[None]:
        """As `lock.asking`; also a refusal of the server says more."""
        try:
            with asking(what, self.key):
                yield
        except exceptions.ResponseError as error:
            raise await in_words(self.redis, f"{what} {self.key!r}", self.kinds, error) from None

    async def do_wait(self, token: bytes, ms: float, left_ms: float) -> None:
        block_ms = min(ms, self.longest_ms)
        if 0 < block_ms <= left_ms - PRECISION_MS:
            with suppress(*NO_WAKE):
                await self.redis.blpop([self.wake_key], timeout=block_ms / 1000)
                return
        await self.host.sleep(min(ms, 1000 * self.sleep))


def longest_ms(redis: Any) -> float:
    """How long a client may block: it takes a longer silence for an error, and must not block the
    only connection that it has.
    """
    pool = getattr(redis, "connection_pool", None)
    if getattr(redis, "single_connection_client", False):
        return 0
    patience_s = pool.connection_kwargs.get("socket_timeout", 5) if pool else None
    return math.inf if patience_s is None else 1000 * patience_s - 2 * PRECISION_MS
