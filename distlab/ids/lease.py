"""Leases of worker ids, kept on a Redis server: which id, and for which milliseconds.

A worker id from a configuration file is the same in every copy of the container. So each worker
leases a free one from a store and renews the lease. But a lease is a promise about time, and the
holder's time is not the store's. A holder may be paused past the end of its lease and not know it.
A promise about the *ids* is safe. So a lease comes with a window of timestamps:

* an id is made only if the millisecond inside it lies in the window;
* the store keeps, for each worker id, the end of the last window that it granted (the mark, raised
  before the window is used), and the next holder's window begins there.

The windows of one worker id never overlap, so its ids differ whatever clocks and pauses do. The
time to live at the store only says when somebody else may get the worker id. All this holds as long
as the store keeps its data.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.exceptions import RedisError

from distlab.host import BadInput, Host, Refused, check_count
from distlab.ids import fork
from distlab.ids.layout import COURSE, Layout
from distlab.ids.snowflake import NotYet, Snowflake

PROMISE = """
-- promise
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local mark = tonumber(redis.call('GET', KEYS[2]) or '0')
local ends = tonumber(ARGV[2]) + tonumber(ARGV[3])
redis.call('SET', KEYS[2], string.format('%.0f', math.max(mark, ends)))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {mark, ends}
"""
"""If the worker id is ours: extend it, raise the mark to now + ttl, return the old and the new."""

RELEASE = """
-- release
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class LeaseLost(Refused):
    """The worker id is no longer this holder's."""


class NoWorkerIdFree(Refused):
    """Every worker id is taken, or its milliseconds are, as far as this clock can see."""


class Window(NamedTuple):
    """The holder may make the ids of `worker_id` from `from_ms` up to, but not at, `until_ms`."""

    worker_id: int
    from_ms: int
    until_ms: int


class WorkerIdLease:
    """One worker's claim. `redis` is a `redis.asyncio.Redis`, or what has its `set` and `eval`.

    The claim belongs to the process that made it. After a fork the child has none.

    Raises `BadInput` for a ttl below 1 ms, and for no worker ids. Errors of the connection pass
    through. Whether the store has acted is then unknown; a worker id that nobody uses is free again
    after `ttl_ms`.
    """

    def __init__(
        self,
        redis: Any,
        host: Host,
        ttl_ms: int = 30_000,
        worker_ids: Sequence[int] = range(1024),
        prefix: str = "distlab:worker-id",
    ) -> None:
        if not worker_ids:
            raise BadInput("worker_ids is empty: there is none to lease")
        self.redis, self.host, self.prefix = redis, host, prefix
        check_count("ttl_ms", ttl_ms, 1)
        self.ttl_ms = ttl_ms
        self.worker_ids = worker_ids
        self.window: Window | None = None
        self._draw_token()

    async def acquire(self) -> Window:
        """A free worker id. Raises `NoWorkerIdFree`."""
        self._look_for_a_fork()
        start = int(self.host.random.random() * len(self.worker_ids))
        for worker_id in (*self.worker_ids[start:], *self.worker_ids[:start]):
            key, _ = self._keys(worker_id)
            if await self.redis.set(key, self.token, nx=True, px=self.ttl_ms):
                promised = await self._promise(worker_id)
                if promised and promised[0] < promised[1]:
                    self.window = Window(worker_id, *promised)
                    return self.window
                await self._release(worker_id)  # our clock is behind the mark
        raise NoWorkerIdFree(f"no worker id of {len(self.worker_ids)} is free")

    async def renew(self) -> Window:
        """The window, with a later end. Raises `LeaseLost`; then the old window stays."""
        self._look_for_a_fork()
        if self.window is None:
            raise LeaseLost("there is no lease to renew")
        promised = await self._promise(self.window.worker_id)
        if not promised:
            raise LeaseLost(f"worker id {self.window.worker_id} has expired")
        self.window = self.window._replace(until_ms=max(promised))
        return self.window

    async def release(self) -> None:
        """Give the worker id back if it is still ours."""
        self._look_for_a_fork()
        if self.window is not None:
            await self._release(self.window.worker_id)
            self.window = None

    def _draw_token(self) -> None:
        self.token = f"{self.host.name}/{self.host.random.getrandbits(64):016x}"
        self._generation = fork.generation

    def _look_for_a_fork(self) -> None:
        """In the child of a fork, leave the claim to the parent."""
        if self._generation != fork.generation:
            self._draw_token()
            self.window = None

    def _keys(self, worker_id: int) -> tuple[str, str]:
        key = f"{self.prefix}:{{{worker_id}}}"  # in a cluster, the braces keep both on one server
        return key, f"{key}:mark"

    async def _promise(self, worker_id: int) -> tuple[int, int] | None:
        promised = await self.redis.eval(
            PROMISE, 2, *self._keys(worker_id), self.token, self.host.now_ms(), self.ttl_ms
        )
        return (int(promised[0]), int(promised[1])) if promised else None

    async def _release(self, worker_id: int) -> None:
        await self.redis.eval(RELEASE, 2, *self._keys(worker_id), self.token)


class LeasedSnowflake:
    """A Snowflake whose worker id is leased, and renewed every third of the ttl.

    After a fork the child makes ids as soon as it keeps a lease of its own (`keep`).

    Raises `BadInput` where a `Snowflake` with one of the lease's worker ids would.
    """

    def __init__(self, lease: WorkerIdLease, host: Host, layout: Layout = COURSE) -> None:
        for worker_id in (min(lease.worker_ids), max(lease.worker_ids)):
            Snowflake(worker_id, host, layout)  # raises now, not when the lease is there
        self.lease, self.host, self.layout = lease, host, layout
        self.snowflake: Snowflake | None = None
        self.problem = "not asked for yet"
        self.closed = False

    def next_id(self) -> int:
        """A new id. Raises `NotYet` without a lease, and else as `Snowflake.next_id`."""
        snowflake = self.snowflake  # `keep` may take it away, in another thread
        if snowflake is None:
            why = "closed" if self.closed else self.problem
            raise NotYet(f"no worker id is leased: {why}", 1)
        return snowflake.next_id()

    async def keep(self) -> None:
        """Hold a worker id until `close`: `host.spawn(ids.keep())`."""
        while not self.closed:
            try:
                window = await (self.lease.renew() if self.snowflake else self.lease.acquire())
                if self.closed:
                    await self.lease.release()
                    return
                snowflake = self.snowflake or Snowflake(window.worker_id, self.host, self.layout)
                self.grant(snowflake, window)
                self.snowflake = snowflake
            except LeaseLost as error:
                self.snowflake, self.problem = None, str(error)
                continue
            except (NoWorkerIdFree, TimeoutError, RedisError) as error:
                self.problem = str(error)  # the old window still holds, to its end
            await self.host.sleep(self.lease.ttl_ms / 3)

    async def close(self) -> None:
        """Make no more ids and give the worker id back.

        Cancelling `keep` is not enough: redis-py may swallow a cancellation in the middle of a
        command.
        """
        self.closed, self.snowflake = True, None
        await self.lease.release()

    def grant(self, snowflake: Snowflake, window: Window) -> None:
        """Let the generator make the ids of the window."""
        snowflake.set_window(window.from_ms, window.until_ms)
