"""The host of a lock outside the simulation: `RedisLock(client, "stock")` in an asyncio program."""

from distlab.real.host import THIS_PROCESS

__all__ = ["THIS_PROCESS"]
