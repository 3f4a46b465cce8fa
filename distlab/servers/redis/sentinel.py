"""Sentinel watches the servers, promotes a replica when the primary is silent, and tells clients.

Here is one Sentinel; real deployments have three, which vote. It cannot know whether a silent
primary is dead. A primary that is cut off from Sentinel alone goes on serving its clients until it
hears that it has become a replica: what it accepted meanwhile is lost then.
"""

from redis.exceptions import RedisError

from distlab.host import BadInput
from distlab.servers.redis.client import SimulatedRedis
from distlab.servers.redis.messages import Command, Reply
from distlab.servers.service import Service


class Sentinel(Service):
    """Looks after `servers`, of which the first is the primary at the beginning.

    It asks each every `ping_ms`, and declares the primary dead after `down_after_ms` of silence
    (Redis: `down-after-milliseconds`). Raises `BadInput` for fewer than two servers.
    """

    def __init__(
        self, name: str, servers: tuple[str, ...], ping_ms: float = 50, down_after_ms: float = 200
    ) -> None:
        super().__init__(name)
        if len(servers) < 2:
            raise BadInput(f"{name}: {servers} are too few servers: one primary, some replicas")
        self.servers = tuple(servers)
        self.ping_ms, self.down_after_ms = ping_ms, down_after_ms

    def on_start(self) -> None:
        self.primary = self.disk.read("primary", self.servers[0])
        for server in self.servers:
            self.spawn(self._watch(server), background=True)

    def on_command(self, command: Command, sender: str) -> Reply:
        """SENTINEL GET-MASTER-ADDR-BY-NAME. There is one primary: the name does not matter."""
        return Reply(self.primary, [self.primary.encode(), b"6379"])

    def describe(self) -> str:
        return f"primary is {self.primary}"

    async def _watch(self, name: str) -> None:
        redis = self._redis(name)
        heard_ms = self.monotonic_ms()
        while True:
            await self.sleep(self.ping_ms)
            try:
                role = await redis.role()
                heard_ms = self.monotonic_ms()
                primary = "" if role[0] == b"master" else role[1].decode()
                wanted = "" if name == self.primary else self.primary
                if primary != wanted:
                    await redis.replicaof(*((wanted, 6379) if wanted else ("NO", "ONE")))
            except TimeoutError:
                silent_ms = self.monotonic_ms() - heard_ms
                if name == self.primary and silent_ms >= self.down_after_ms:
                    await self._fail_over()
            except RedisError:  # it is loading, but it lives
                heard_ms = self.monotonic_ms()

    async def _fail_over(self) -> None:
        """Promote the first replica that answers; if none does, the next round tries again."""
        for name in self.servers:
            if name != self.primary:
                try:
                    await self._redis(name).replicaof("NO", "ONE")
                except RedisError:
                    continue
                self.primary = name
                self.disk.put("primary", name)
                self.note(f"{name} is the primary now")
                return

    def _redis(self, name: str) -> SimulatedRedis:
        return SimulatedRedis(self, name, timeout_ms=self.ping_ms)
