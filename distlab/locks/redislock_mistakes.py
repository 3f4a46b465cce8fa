"""Locks on one Redis as they are often published. They work as long as nothing goes wrong."""

import math
from random import Random
from typing import Any

from distlab.locks.lock import Busy, Held, asking
from distlab.locks.redislock import RedisLock


class WithoutFencing(RedisLock):
    """`SET key token NX PX ttl`, as redis-py's own lock does it: nothing wrong with that.

    But the resource cannot tell a holder whose time is over from the next holder. And a client that
    repeats the command because the answer was lost locks itself out.
    """

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        with asking("acquire", self.key):
            if await self.redis.set(self.key, token, nx=True, px=self.timeout_ms):
                ttl_ms = math.inf if self.timeout_ms is None else self.timeout_ms
                return Held(asked_ms + ttl_ms)
        return Busy()


class DeletesAnyonesLock(WithoutFencing):
    """Releases with DEL and does not ask whose lock it is: A comes too late and frees B's lock."""

    async def do_release(self, token: bytes) -> None:
        with asking("release", self.key):
            await self.redis.delete(self.key)


class ChecksThenDeletes(WithoutFencing):
    """Asks whose lock it is, then deletes it: between the two the lock may become another's."""

    async def do_release(self, token: bytes) -> None:
        if await self.do_owner() == token:
            with asking("release", self.key):
                await self.redis.delete(self.key)


class SetsThenExpires(WithoutFencing):
    """SETNX, then EXPIRE. A client that crashes between the two locks out everybody for ever."""

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        with asking("acquire", self.key):
            if not await self.redis.setnx(self.key, token):
                return Busy()
            if self.timeout_ms is None:
                return Held(math.inf)
            await self.redis.pexpire(self.key, self.timeout_ms)
        return Held(asked_ms + self.timeout_ms)


class OwnedByPid(WithoutFencing):
    """The owner is the process id. A process on another machine, or in another container, may have
    the same one: then each can release and extend the other's lock.
    """

    def __init__(self, redis: Any, name: str, *options: Any, pid: int, **named_options: Any):
        super().__init__(redis, name, *options, **named_options)
        self.pid = pid

    def new_token(self) -> bytes:
        return str(self.pid).encode()


class OwnedByTimeAndChance(WithoutFencing):
    """The owner is the time at which its process began, and a small random number whose generator
    has that time as its seed. Two containers that begin together are one owner.
    """

    def __init__(self, redis: Any, name: str, *options: Any, began_ms: int, **named_options: Any):
        super().__init__(redis, name, *options, **named_options)
        self.owner_id = f"{began_ms}-{Random(began_ms).randrange(10_000)}".encode()

    def new_token(self) -> bytes:
        return self.owner_id


class GivesUpAtOnce(WithoutFencing):
    """Does not wait for a lock that is taken. A caller that ignores the answer works without it."""

    def __init__(self, redis: Any, name: str, *options: Any, **named_options: Any) -> None:
        super().__init__(redis, name, *options, **{"blocking": False, **named_options})
