"""A lock on a store with leases, as etcd and ZooKeeper are: a queue of keys.

    locks/stock/1c   owner A   revision 33     the oldest key has the lock
    locks/stock/1f   owner B   revision 34     waits until 33 is deleted
    locks/stock/20   owner C   revision 36     waits until 34 is deleted

Each waiter makes a key of its own and watches only the key before it. So waiters are served in the
order in which they came, and a release wakes one waiter, not the whole herd (this is ZooKeeper's
recipe: https://zookeeper.apache.org/doc/current/recipes.html). A key ends with its lease: so a dead
holder or a dead waiter disappears when its lease is over.

The revision is the fencing token. It is as good as the store: a majority that agrees on each number
cannot forget one (chapter 6). The lease can end while its holder works, as with any other lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from distlab.host import BadInput, LeaseExpired, LeaseStore
from distlab.locks.arguments import as_text, as_token
from distlab.locks.lock import Busy, Held, Lock, LockNotOwned, asking


@dataclass
class Place:
    """The place of a claim in the queue."""

    lease: int
    before: str | None = None  # the key that it waits for


class LeaseLock(Lock):
    """See `Lock`. `store` is any `distlab.host.LeaseStore`. `sleep` matters only to a waiter whose
    lease ends before it is served: the timeout is too short for this network.

    A lease is always kept alive for its whole time: use `reacquire`; `extend` is refused. Raises
    `BadInput` for timeout None.
    """

    def __init__(self, store: LeaseStore, name: str, *options: Any, **named_options: Any) -> None:
        super().__init__(name, *options, **named_options)
        if self.timeout_ms is None:
            raise BadInput("timeout None: a lease needs one")
        self.store, self.ttl_ms = store, self.timeout_ms
        self.prefix = f"locks/{quote(self.key, safe='')}/"  # of this lock, and of no other
        self.places: dict[bytes, Place] = {}  # of our claims: mostly of one

    async def do_acquire(self, token: bytes) -> Held | Busy:
        for _ in range(2):
            asked_ms = self.host.monotonic_ms()
            try:
                with asking("acquire", self.key):
                    revision = await self.line_up(token)
            except LeaseExpired:  # we stood still for too long: line up again, at the end
                self.places.pop(token, None)
            else:
                return Busy() if revision is None else Held(asked_ms + self.ttl_ms, revision)
        return Busy(0)  # a new lease ends before the answer is here

    async def line_up(self, token: bytes) -> int | None:
        """Make our key, if it is not there yet; its revision when it is the oldest."""
        place = await self.alive(token)
        mine = f"{self.prefix}{place.lease:x}"
        revision = await self.store.create(mine, as_text(token), place.lease)
        ahead = [k.key for k in await self.store.list_keys(self.prefix) if k.revision < revision]
        place.before = ahead[-1] if ahead else None
        return None if ahead else revision

    async def alive(self, token: bytes) -> Place:
        """The place of this claim, with a lease that lasts for its whole time from now."""
        if token in self.places:
            await self.store.keep_alive(self.places[token].lease)
        else:
            self.places[token] = Place(await self.store.grant(self.ttl_ms))
        return self.places[token]

    async def do_wait(self, token: bytes, ms: float, left_ms: float) -> None:
        place = self.places.get(token)
        if place is None or place.before is None:
            await self.host.sleep(ms)
            return
        with suppress(TimeoutError):  # now our own lease has to be kept alive
            async with self.host.timeout(min(self.ttl_ms / 3, left_ms)):
                await self.store.wait_deleted(place.before)

    async def do_leave(self, token: bytes) -> None:
        with suppress(LockNotOwned):
            await self.do_release(token)  # this gives back a place in the queue as well

    async def do_release(self, token: bytes) -> None:
        with self.its_lease("release", token) as lease:
            await self.store.revoke(lease)
        self.places.pop(token, None)

    async def do_extend(self, token: bytes, ms: int, replace: bool) -> float:
        if not replace or ms != self.ttl_ms:
            raise BadInput(f"a lease lasts for its timeout, {self.timeout} s: use reacquire()")
        asked_ms = self.host.monotonic_ms()
        with self.its_lease("reacquire", token) as lease:
            await self.store.keep_alive(lease)
        return asked_ms + self.ttl_ms

    async def do_owner(self) -> bytes | None:
        with asking("owner", self.key):
            queue = await self.store.list_keys(self.prefix)
        return as_token(queue[0].value) if queue else None

    @contextmanager
    def its_lease(self, what: str, token: bytes) -> Iterator[int]:
        """The lease of this claim. Raises `LockNotOwned` when it has none, or when it is over."""
        try:
            if token not in self.places:
                raise LeaseExpired("its lease is over")
            with asking(what, self.key):
                yield self.places[token].lease
        except LeaseExpired as error:
            self.places.pop(token, None)
            raise LockNotOwned(f"cannot {what} {self.key!r}: {error}", self.key) from error
