"""The answers of chapter 1's exercises, compared with the right ones where no story leads."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from random import Random
from typing import Any

from distlab.cap.cp_store import LEADER, ConfigStore
from distlab.cap.dynamo import Found, Replica, Store
from distlab.cap.versions import (
    KeepSiblings,
    LastWriteWins,
    Timestamp,
    Version,
    Versioning,
    VersionVector,
)
from distlab.host import Refused
from distlab.sim import Client, World
from distlab.sim.faults import parse_schedule

MOST = 9
"""Replicas, at most, that a number is asked for."""


def every_number(solution: Callable[[int, int], int], right: Any) -> Iterator[str]:
    """How many replicas a read asks, for all numbers of replicas and writes."""
    for n in range(1, MOST + 1):
        for w in range(1, n + 1):
            yours, smallest = solution(n, w), right(n, w)
            why = "a read may miss the write" if yours < smallest else "fewer will do"
            said = f"choose_r({n}, {w}): yours says {int(yours)}, and {why}; {smallest} is right."
            yield said if yours != smallest else ""


# A leader

TRUST = ((80, 120), (350, 400), (30, 50), (600, 900))
"""Leases and patiences, in ms."""
EVERY_MS, SLACK_MS = 9, 2
"""How often the nodes are asked, and how exact they must be."""


def every_age(solution: type[ConfigStore], reference: Any) -> Iterator[str]:
    """Each node leads once, hears late, and is cut off; its clocks run wrong, or are set."""
    for turn, trust in enumerate(TRUST):
        names = tuple(f"n{1 + (turn + each) % 3}" for each in range(3))
        yield next(filter(None, _term(solution, reference, names, *trust)), "")


def _term(
    solution: type[ConfigStore], reference: Any, names: tuple[str, ...], *trust: int
) -> list[str]:
    """What is wrong with the answers of these nodes, of which the first leads first."""
    first, second, third = names
    faults = (
        f"delay:{second}>{first}@100+150=40;delay:{third}>{first}@100+150=70;"
        f"jump:{first}@230=-5000;drift:{first}@150+100=300000;"
        f"partition:{first}|{second},{third}@300+700"
    )
    said: list[str] = []
    with closing(World()) as world:
        nodes = [world.add(solution(name, names, *trust)) for name in names]

        async def ask(client: Client) -> None:
            while not any(said):
                await client.sleep(EVERY_MS)
                said.extend(_sure(node, reference) for node in nodes)

        world.client("client", ask)
        world.inject(parse_schedule(faults))
        world.run(until_ms=1200)
        for node in nodes:
            has = (node.lease_ms, node.patience_ms)
            if has != trust:
                said.append(
                    f"{node.name} was made with (lease_ms, patience_ms) = {trust}, and has {has}: "
                    "leave them as they are."
                )
    return said


def _sure(node: ConfigStore, reference: Any) -> str:
    if node.role != LEADER:
        return ""
    now_ms, began_ms = node.monotonic_ms(), node.confirmed_ms
    age_ms = now_ms - began_ms
    for ms in (node.lease_ms, node.patience_ms, age_ms - SLACK_MS, age_ms + SLACK_MS, 2 * age_ms):
        if ms < 0 or abs(ms - age_ms) < SLACK_MS:
            continue
        yours, right = node.confirmed_within(ms), reference.confirmed_within(node, ms)
        if yours != right:
            return (
                f"On {node.name}, which leads, monotonic_ms() is {now_ms} and confirmed_ms is "
                f"{began_ms}: the round began {age_ms} ms ago. confirmed_within({ms}): yours says "
                f"{yours}, and {right} is right."
            )
    return ""


# The second phase of a read

PATIENCE_MS, SLOW_MS, IN_THE_END_MS = 40, 20, 400
"""How long `ask` waits for a replica, how late a slow one hears, and when each read is over."""


def any_replicas(solution: type[Replica], _: Any) -> Iterator[str]:
    """Any number of replicas, of which some have the newest value, some answered, some are down."""
    for seed in range(60):
        yield _Read(solution, Random(seed)).judged()


class _Read:
    """One read, in the moment when it calls `write_back`."""

    def __init__(self, solution: type[Replica], draw: Random) -> None:
        copies = draw.choice((3, 3, 5, 5, 7))
        self.home, self.majority = tuple(f"n{at + 1}" for at in range(copies)), copies // 2 + 1
        self.reader = draw.choice(self.home)
        self.versioning: Versioning = draw.choice((KeepSiblings(), *3 * (LastWriteWins(),)))
        old, new = (
            (Version(draw.randint(1, 99), stamp),)
            for stamp in (
                (VersionVector((("n1", 1),)), VersionVector((("n2", 1),)))
                if isinstance(self.versioning, KeepSiblings)
                else (Timestamp(1, "n1"), Timestamp(2, "n2"))
            )
        )
        self.data = {name: draw.choice((old, old, new)) for name in self.home}
        answered = {*draw.sample(self.home, draw.randint(1, copies)), self.reader}
        self.found = {name: Found(self.data[name]) for name in self.home if name in answered}
        versions = [version for each in self.found.values() for version in each.versions]
        self.newest = Store("x", self.versioning.reconcile(versions))
        others = [name for name in self.home if name != self.reader]
        up = draw.choice((1, self.majority - 1, self.majority, copies))
        self.down = sorted(draw.sample(others, copies - up))
        self.slow = sorted(draw.sample(others, copies // 2))
        self.world = World(latency_ms=(5, 6))
        nodes = {}
        for name in self.home:
            node = solution(name, self.home, copies, self.versioning, patience_ms=PATIENCE_MS)
            nodes[name] = self.world.add(node)
            self.world.machine(name).disk.put("data", {"x": self.data[name]})
        self.node = nodes[self.reader]

    def judged(self) -> str:
        """What is wrong with two tries: a client that is refused reads again."""
        with closing(self.world) as world:
            faults = [f"crash:{name}@1" for name in self.down]
            faults += [f"delay:{self.reader}>{name}@0={SLOW_MS}" for name in self.slow]
            world.inject(parse_schedule(";".join(faults)))
            for now_ms in (10, 20 + IN_THE_END_MS):
                world.run(until_ms=now_ms)
                outcome: list[Any] = []
                self.node.spawn(self.ask(outcome), background=True)
                world.run(until_ms=now_ms + IN_THE_END_MS)
                said = self.wrong(*outcome)
                if said:
                    return f"{self.scene()} {said}"
        return ""

    async def ask(self, outcome: list[Any]) -> None:
        try:
            outcome.append(await self.node.write_back(self.newest, dict(self.found)))
        except Refused as error:
            outcome.append(error)
        outcome.append([name for name in self.home if self.has(name)])

    def has(self, name: str) -> bool:
        """Whether this replica has the newest versions on its disk, or newer ones."""
        kept = self.world.machine(name).disk.read("data", {}).get("x", ())
        reconciled = self.versioning.reconcile((*kept, *self.newest.versions))
        return reconciled == self.versioning.reconcile(kept)

    def wrong(self, answer: Any = None, holders: Sequence[str] = ()) -> str:
        up = len(self.home) - len(self.down)
        if answer is None:
            return (
                f"After {IN_THE_END_MS} ms it still waits: if too few can store it, return False."
            )
        if isinstance(answer, Refused):
            return f"It raised {type(answer).__name__}: to refuse, return False."
        if answer and len(holders) < self.majority:
            have = ", ".join(holders) or "no replica"
            return f"It says True. A majority is {self.majority}, and the newest is at {have} only."
        if not answer and up >= self.majority:
            return f"It says False, though {up} replicas are up, and a majority is {self.majority}."
        return ""

    def scene(self) -> str:
        found = ", ".join(f"{_shown(each.versions)} at {name}" for name, each in self.found.items())
        return (
            f"A read at {self.reader} of the replicas {', '.join(self.home)} found {found}, so the "
            f"newest is {_shown(self.newest.versions)}. Down: {', '.join(self.down) or 'nobody'}."
        )


def _shown(versions: tuple[Version, ...]) -> str:
    return "x=" + "|".join(str(version.value) for version in versions)
