"""A lock on one Redis, tried at length: with other names and times, and with a rival who comes at
the worst instant. No time passes for him: he changes the server's keys directly.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any

from distlab.course.probing import NO_ANSWER
from distlab.locks.scenarios.redis import tuned
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import Client, World

NAMES = ("lock", "stock", "order:17", "a b", "{user}:ü", "x" * 40)
TIMES_MS = (80, 160, 75, 1_234, 30_000, 9_999)
LATENCY_MS = (0.1, 0.1)
QUICK_MS, LONG_MS = 10, 500
COMMANDS = 4
"""How many commands one call may send: a script may have to be loaded first."""
TOKENS = 120
RIVALS: tuple[Callable[[bytes], bytes], ...] = (
    lambda token: token[:-1], lambda token: token + b"0", lambda token: b"x" + token[1:],
)  # fmt: skip
"""Tokens that are almost yours."""


class Wrong(Exception):
    """What is wrong with the lock, in words."""


class Watched(SimulatedRedis):
    """Counts commands, and calls `before` with the number of each."""

    sent = 0
    before: Callable[[int], None] = staticmethod(lambda number: None)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.before(self.sent)
        self.sent += 1
        return await super().execute_command(*args, **options)


class Trial:
    """One lock, and the server behind it. A rival writes and looks directly."""

    def __init__(self, solution: Any, client: Client, server: RedisServer, case: int) -> None:
        self.solution, self.client, self.server = solution, client, server
        self.name, self.ttl_ms = NAMES[case % len(NAMES)], TIMES_MS[case % len(TIMES_MS)]
        self.lock, self.redis = self.new()
        self.said = f"Lock {self.name!r} with ttl_ms {self.ttl_ms}: "

    def new(self, name: str = "") -> tuple[Any, Watched]:
        redis = Watched(self.client)
        return tuned(self.solution, self.client, self.ttl_ms)(redis, name or self.name), redis

    def told(self, *fields: Any) -> Any:
        """What the server answers to this command of the rival."""
        words = [each if isinstance(each, bytes) else str(each).encode() for each in fields]
        return self.server.engine.execute(words)

    def keys(self) -> set[bytes]:
        return {*self.told("KEYS", "*")}

    async def call(self, what: Callable[[], Awaitable[Any]], redis: Watched, story: str) -> Any:
        """What the call returns; None when the caller is told that there is no answer."""
        redis.sent, since_ms = 0, self.client.monotonic_ms()
        try:
            answer = await what()
        except NO_ANSWER:
            answer = None
        if redis.sent > COMMANDS or self.client.monotonic_ms() > since_ms + QUICK_MS:
            raise Wrong(f"{self.said}{story}, and your code asks {redis.sent} times. Ask once.")
        return answer

    async def taken(self, lock: Any, redis: Watched) -> tuple[bytes, bytes]:
        """Acquire a lock that is free. Its key and its value."""
        before, said = self.keys(), f"{self.said}nobody has it, and acquire "
        took = await self.call(lock.acquire, redis, "nobody has it")
        if took is not True:
            raise Wrong(f"{said}returns {took}.")
        new = self.keys() - before
        if len(new) != 1:
            raise Wrong(f"{said}writes {len(new)} keys.")
        key = new.pop()
        left_ms = self.told("PTTL", key)
        if abs(left_ms - self.ttl_ms) > 2:
            raise Wrong(f"{said}writes a key that lives for {left_ms} ms.")
        return key, self.told("GET", key)

    async def alone(self) -> None:
        """Take it, be refused, give it back; a lock of another name is another lock."""
        key, value = await self.taken(self.lock, self.redis)
        other, redis = self.new()
        before = self.told("PTTL", key)
        took = await self.call(other.acquire, redis, "somebody has it")
        if took is not False:
            raise Wrong(f"{self.said}somebody has it, and acquire returns {took}.")
        passed = before - self.told("PTTL", key)
        if self.told("GET", key) != value or not 0 <= passed <= QUICK_MS:
            raise Wrong(f"{self.said}somebody has it, and a refused acquire changes the key.")
        await self.taken(*self.new(f"{self.name}2"))
        await self.call(self.lock.release, self.redis, "its holder gives it back")
        if key in self.keys():
            raise Wrong(f"{self.said}its holder gives it back, and the key is still there.")
        self.told("FLUSHALL")

    async def with_a_rival(self) -> None:
        """Before one of the commands the lock ends, and is the rival's."""
        for number in range(COMMANDS):
            for late in (False, True):
                await self._meet(number, late)

    async def _meet(self, number: int, late: bool) -> None:
        for rival_of in RIVALS:
            lock, redis = self.new()
            key, value = await self.taken(lock, redis)
            if not late:
                self.told("DEL", key)
            rival, met = rival_of(value), False

            def interfere(at: int, key: bytes = key, rival: bytes = rival) -> None:
                nonlocal met
                if at == number:
                    met = True
                    self.told("SET", key, rival, "PX", 5_000)

            redis.before = interfere
            call, what = (lock.release, "release") if late else (lock.acquire, "acquire")
            took = await self.call(call, redis, f"somebody else has it during {what}")
            left_ms = self.told("PTTL", key)
            if met and (self.told("GET", key) != rival or left_ms < 5_000 - QUICK_MS):
                raise Wrong(
                    f"{self.said}before command {number + 1} of {what} it becomes another "
                    f"client's, and {what} changes the key. "
                    + (f"Your token is {value!r}, the other's {rival!r}." if late else "")
                )
            if met and not late and not number and took:
                raise Wrong(f"{self.said}it is another client's, and acquire returns {took}.")
            self.told("FLUSHALL")

    async def many_tokens(self) -> None:
        """Tokens differ, and are no count."""
        locks = [self.new(), self.new()]
        tokens: list[bytes] = []
        for number in range(TOKENS):
            key, value = await self.taken(*locks[number % 2])
            if value in tokens:
                raise Wrong(f"{self.said}acquire writes the token {value!r} a second time.")
            tokens.append(value)
            self.told("DEL", key)
        if all(each.isdigit() for each in tokens) and sorted(tokens, key=int) == tokens:
            raise Wrong(
                f"{self.said}your tokens ascend: {tokens[0]!r}, {tokens[1]!r}. "
                "Another client may count the same."
            )


def tried_at_length(solution: Any, _: Any) -> Iterator[str]:
    """Few worlds are enough: each has another name and another time."""
    ways = [Trial.many_tokens] + 4 * [Trial.alone, Trial.with_a_rival]
    for case, way in enumerate(ways):
        yield tried(solution, case, way)


def tried(solution: Any, case: int, way: Callable[[Trial], Awaitable[None]]) -> str:
    """What is wrong with the lock, in a world of its own."""
    said = "Your code does not end."
    with closing(World(case, LATENCY_MS)) as world:
        server = world.add(RedisServer("redis"))

        async def program(client: Client) -> None:
            nonlocal said
            trial = Trial(solution, client, server, case // 2)
            try:
                await way(trial)
                said = ""
            except Wrong as wrong:
                said = str(wrong)

        world.client("alice", program)
        world.run(until_ms=LONG_MS)
    return said
