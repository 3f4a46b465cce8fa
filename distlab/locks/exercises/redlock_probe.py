"""The heart of Redlock with other numbers of servers, other times and other keys: some servers are
taken, some are silent, and some answers get lost.
"""

from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

from distlab.course.probing import NO_ANSWER, listed
from distlab.locks.lock import Held
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import Client, World
from distlab.sim.clocks import Clock
from distlab.sim.faults import parse_schedule

TRIALS, LATENCY_MS, END_MS = 24, (1, 1), 600
NODE_MS, PATIENCE_MS = 20, 150
UPTIME_US = 5_000_000_000
STATES = {
    "free": "", "taken": "", "down": "crash:{0}@1", "its answer is lost": "lose:{0}>alice@1",
}  # fmt: skip
"""What a server is, and the fault that makes it so."""
TOKEN, RIVAL, RIVAL_MS = b"a-token", b"a-rival", 60_000


def servers_at_random(solution: Any, _: Any) -> Iterator[str]:
    for seed in range(TRIALS):
        draw = Random(seed)
        weights = draw.choice(((5, 2, 1, 1), (2, 1, 4, 1), (1, 0, 0, 0)))
        states = draw.choices([*STATES], weights, k=draw.choice((5, 5, 3, 7, 1)))
        yield Trial(solution, states, draw).said


class Trial:
    """One call of `do_acquire`."""

    def __init__(self, solution: Any, states: list[str], draw: Random) -> None:
        self.solution, self.states = solution, states
        self.timeout_ms = draw.choice((160, 500, 10_000, 3_333))
        self.key = draw.choice((b"lock", b"stock", b"order:17"))
        names = [f"redis-{number}" for number in range(1, len(states) + 1)]
        self.told = f"Servers: {listed(states)}. The key is {self.key!r}, the timeout "
        self.told += f"{self.timeout_ms} ms. "
        self.said = f"{self.told}Your code does not end."
        both = zip(names, states, strict=True)
        with closing(World(0, LATENCY_MS)) as world:
            self.servers = [world.add(RedisServer(name)) for name in names]
            world.client("alice", self.program)
            world.machine("alice").clock = Clock(uptime_us=UPTIME_US)
            faults = [STATES[state].format(name) for name, state in both]
            world.inject(parse_schedule(";".join(filter(None, faults))))
            world.run(until_ms=END_MS)

    async def program(self, client: Client) -> None:
        await client.sleep(2)
        lock = self.solution(
            [SimulatedRedis(client, server.name, PATIENCE_MS) for server in self.servers],
            self.key.decode(), self.timeout_ms / 1000, node_timeout=NODE_MS / 1000, host=client,
        )  # fmt: skip
        rival = (b"SET", self.key, RIVAL, b"PX", str(RIVAL_MS).encode())
        for server, state in zip(self.servers, self.states, strict=True):
            if state == "taken":
                server.engine.execute(rival)
        asked_ms = client.monotonic_ms()
        try:
            answer = await lock.do_acquire(TOKEN)
        except NO_ANSWER:
            answer = None
        took_ms = client.monotonic_ms() - asked_ms
        await client.sleep(2 * NODE_MS)  # for what is given back beside
        wins = 2 * self.states.count("free") > len(self.states)
        wrong = self._answered(answer, wins, asked_ms, lock.valid_ms)
        if took_ms > 3.5 * NODE_MS:
            wrong = f"Yours takes {took_ms:g} ms. Ask all at once, each for `node_timeout` only."
        wrong = wrong or self._left(wins, client.monotonic_ms() - asked_ms)
        self.said = wrong and self.told + wrong

    def _answered(self, answer: Any, wins: bool, asked_ms: float, valid_ms: Any) -> str:
        if isinstance(answer, Held) is not wins:
            return f"Yours {'takes the lock' if answer and not wins else 'does not take the lock'}."
        if not isinstance(answer, Held):
            return ""
        most_ms, ms = valid_ms(self.timeout_ms), answer.until_ms - asked_ms
        if not valid_ms(most_ms) - 1 < ms < most_ms + 1:  # numbers may be rounded
            return f"Yours holds it for {ms:g} ms from when it asked; {most_ms:g} ms are certain."
        if answer.fencing_token is not None:
            return "Yours has a fencing token, and no server has given it one."
        return ""

    def _left(self, wins: bool, passed_ms: float) -> str:
        """What is wrong with the keys that the servers have in the end."""
        for number, (server, state) in enumerate(zip(self.servers, self.states, strict=True), 1):
            if state != "down":
                value = server.engine.execute((b"GET", self.key))
                right = RIVAL if state == "taken" else TOKEN if wins else None
                left_ms = server.engine.execute((b"PTTL", self.key)) + passed_ms
                whole_ms = RIVAL_MS if state == "taken" else self.timeout_ms
                if value != right:
                    return f"Then server {number} has {value!r}; it should have {right!r}."
                if right and abs(left_ms - whole_ms) > 2:
                    return f"Server {number} keeps {value!r} for {left_ms:g} ms, not {whole_ms}."
        return ""
