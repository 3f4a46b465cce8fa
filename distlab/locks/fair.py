"""First come, first served, on Redis.

With a plain `RedisLock` a newcomer may get the lock before those who wait. Here a newcomer joins a
queue, and only the head of the queue may acquire. This has a price. A free lock stands idle until
the head has noticed, and a dead head must be found. So each waiter shows up, by asking, at least
every `patience` seconds of the server's clock; the others drop a head that has not. When that
clock jumps by more than `patience`, waiters may lose their places, but they line up again.
`LeaseLock` has its order from the store: there a dead waiter's key ends with its lease.
"""

from typing import Any

from distlab.host import BadInput, is_number, shown
from distlab.locks.arguments import LONGEST_S
from distlab.locks.lock import Busy, Held
from distlab.locks.redislock import RedisLock
from distlab.locks.scripts import Script, beside

JOIN = Script("""
-- join queue
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], now)
local place = redis.call('LPOS', KEYS[1], ARGV[1])
if not place then redis.call('RPUSH', KEYS[1], ARGV[1]) end
local head = redis.call('LINDEX', KEYS[1], 0)
while math.abs(now - (redis.call('HGET', KEYS[2], head) or 0)) > tonumber(ARGV[2]) do
  redis.call('LPOP', KEYS[1])
  redis.call('HDEL', KEYS[2], head)
  head = redis.call('LINDEX', KEYS[1], 0)
end
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
redis.call('PEXPIRE', KEYS[2], 2 * ARGV[2])
return head == ARGV[1] and 1 or 0
""")
"""Show up, drop heads that have not for too long, and return whether we are the head."""

LEAVE = Script("""
-- leave queue
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('LREM', KEYS[1], 0, ARGV[1])
""")


class FairLock(RedisLock):
    """See `RedisLock`. Waiters ask every `sleep` seconds: a release could wake one that is not the
    head.
    """

    longest_pause_ms = 0

    def __init__(
        self, redis: Any, name: str | bytes, *options: Any, patience: float = 2.0, **named: Any
    ) -> None:
        super().__init__(redis, name, *options, **named)
        if not is_number(patience) or not 2 * self.sleep <= patience <= LONGEST_S:
            raise BadInput(
                f"patience {shown(patience)}: at least twice the sleep of {self.sleep} s"
            )
        self.patience_ms = round(patience * 1000)
        self.queue_keys = [beside(self.key, "queue"), beside(self.key, "seen")]
        self.kinds |= dict(zip(self.queue_keys, ("list", "hash"), strict=True))

    async def do_acquire(self, token: bytes) -> Held | Busy:
        async with self.asking("acquire"):
            if not await JOIN(self.redis, self.queue_keys, token, self.patience_ms):
                return Busy()
        answer = await super().do_acquire(token)
        if isinstance(answer, Held):
            await self.do_leave(token)
        return answer

    async def do_leave(self, token: bytes) -> None:
        async with self.asking("leave"):
            await LEAVE(self.redis, self.queue_keys, token)

    async def do_wait(self, token: bytes, ms: float, left_ms: float) -> None:
        await self.host.sleep(ms)
