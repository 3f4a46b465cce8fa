"""A lock on a store with leases, as etcd and ZooKeeper are: a queue of keys.

    locks/stock/1c   owner A   revision 33     the oldest key has the lock
    locks/stock/1f   owner B   revision 34     waits until 33 is deleted
    locks/stock/20   owner C   revision 36     waits until 34 is deleted

Each waiter makes a key of its own and watches only the one before it. So waiters are served in the
order in which they came, and a release wakes one of them, not the whole herd (the recipe is
ZooKeeper's: https://zookeeper.apache.org/doc/current/recipes.html). A key lives as long as its
lease: a dead holder, or a dead waiter, is gone when its lease is over.

The revision is the fencing token. It is as good as the store: a majority that agrees on each number
cannot forget one (chapter 6). The lease can end while its holder works, as with any other lock.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from distlab.host import BadInput, LeaseExpired, LeaseStore
from distlab.locks.lock import Busy, Held, Lock, LockNotOwned, asking


class LeaseLock(Lock):
    """See `Lock`. `store` is any `distlab.host.LeaseStore`. `sleep` only matters to who gives up.

    A lease is kept alive for its whole time, so `extend` is refused: `reacquire` is the way. Raises
    `BadInput` for timeout None.
    """

    def __init__(self, store: LeaseStore, name: str, *options: Any, **named_options: Any) -> None:
        super().__init__(name, *options, **named_options)
        if self.timeout_ms is None:
            raise BadInput("timeout None: a lease needs one")
        self.store, self.ttl_ms = store, self.timeout_ms
        self.prefix = f"locks/{quote(self._text, safe='')}/"  # of this lock, and of no other
        self.lease: int | None = None
        self.before: str | None = None  # the key that we wait for

    async def do_acquire(self, token: bytes) -> Held | Busy:
        asked_ms = self.host.monotonic_ms()
        try:
            with asking("acquire", self._text):
                if self.lease is None:
                    self.lease = await self.store.grant(self.ttl_ms)
                else:
                    await self.store.keep_alive(self.lease)
                mine = f"{self.prefix}{self.lease:x}"
                revision = await self.store.create(mine, token.decode(), self.lease)
                queue = await self.store.list_keys(self.prefix)
        except LeaseExpired:  # we stood still for too long, and begin again at the end
            self.lease = self.before = None
            return Busy(0)
        ahead = [key for key in queue if key.revision < revision]
        if not ahead:
            return Held(asked_ms + self.ttl_ms, revision)
        self.before = ahead[-1].key
        return Busy()

    async def do_wait(self, ms: float, left_ms: float) -> None:
        with suppress(TimeoutError):  # then it is time to keep our own lease alive
            async with self.host.timeout(min(self.ttl_ms / 3, left_ms)):
                if self.before is not None:
                    await self.store.wait_deleted(self.before)

    async def do_leave(self, token: bytes) -> None:
        with suppress(LockNotOwned):
            await self.do_release(token)  # a place in the queue is given back in the same way

    async def do_release(self, token: bytes) -> None:
        try:
            with asking("release", self._text):
                await self.store.revoke(self.lease or 0)
        except LeaseExpired as error:
            self.lease = self.before = None
            raise LockNotOwned(f"cannot release {self._text!r}: {error}", self._text) from error
        self.lease = self.before = None

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        if not replace or ms != self.ttl_ms:
            raise BadInput(f"a lease lasts for its timeout, {self.timeout} s: use reacquire()")
        asked_ms = self.host.monotonic_ms()
        try:
            with asking("reacquire", self._text):
                await self.store.keep_alive(self.lease or 0)
        except LeaseExpired as error:
            raise LockNotOwned(f"cannot reacquire {self._text!r}: {error}", self._text) from error
        return asked_ms + self.ttl_ms

    async def do_owner(self) -> bytes | None:
        with asking("owner", self._text):
            queue = await self.store.list_keys(self.prefix)
        return queue[0].value.encode() if queue else None
