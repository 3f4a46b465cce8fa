"""Whose lock is it, and for how long? Three mistakes of locks as they are often published."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from distlab.check.invariants import available, mutual_exclusion, prompt
from distlab.knobs import Choice
from distlab.locks.checks import NEVER_OVERSOLD
from distlab.locks.redislock import RedisLock
from distlab.locks.redislock_mistakes import (
    ChecksThenDeletes,
    DeletesAnyonesLock,
    GivesUpAtOnce,
    OwnedByPid,
    OwnedByTimeAndChance,
    SetsThenExpires,
)
from distlab.locks.scenarios.declare import lab
from distlab.locks.scenarios.redis import add_redis, plain_lock, redis_lock
from distlab.locks.scenarios.shop import Shop, under_lock
from distlab.scenario import Variant
from distlab.sim import Client, World
from distlab.sim.clocks import EPOCH_US

RELEASES = {
    "delete": DeletesAnyonesLock,
    "check-then-delete": ChecksThenDeletes,
    "compare": RedisLock,
}

LATE_RELEASE = "hold:alice>redis@45+75"
LATE_RELEASES = (
    "hold:alice>redis,bob>redis+1..120; hold:alice>redis+30..120; partition; cut; lose; "
    "delay=1..60; duplicate; crash+1..60; at most 3"
)
"""Not a pause, and not a jump of Redis's clock: those no lock of this kind survives."""


def build_foreign_release(world: World, release: str, lock: Any = None) -> None:
    add_three(world, plain_lock(lock) if lock else redis_lock(RELEASES[release]))


def add_three(world: World, open_lock: Callable[[Client], Any]) -> None:
    """While bob works alice's lock is over, and carol comes."""
    add_redis(world)
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 95, think_ms=30))
    world.client("carol", under_lock(open_lock, 124))
    world.add(Shop(pieces=3))


FOREIGN_RELEASE = lab(
    "foreign-release",
    title="Alice is late",
    claim="Who deletes the key deletes whatever lock is there, be it another's by now.",
    build=build_foreign_release,
    checks=(mutual_exclusion(), prompt(40, "acquire"), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "release",
            tuple(RELEASES),
            "delete",
            "DEL; GET and, if the lock is ours, DEL; both in one script",
        ),
    ),
    violating={"release": "delete"},
    satisfying={"release": "compare"},
    mistake="the lock is released with DEL, whoever has it by now",
    source="Redis documentation, Distributed Locks with Redis",
    mistakes=(
        Variant(
            {"release": "check-then-delete"},
            "the release looks whose lock it is, and deletes it in a second command",
            "Redis documentation, Distributed Locks with Redis, on the release script",
        ),
    ),
    nemesis=LATE_RELEASES,
    faults=LATE_RELEASE,
    outcomes=("two holders", "carol waits"),
    horizon_ms=240,
)

ACQUIRES = {"setnx-expire": SetsThenExpires, "set-nx-px": RedisLock}


def build_setnx_expire(world: World, acquire: str, lock: Any = None) -> None:
    open_lock = plain_lock(lock) if lock else redis_lock(ACQUIRES[acquire], sleep=0.03)
    add_redis(world)
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 30))
    world.add(Shop(pieces=2))


SETNX_EXPIRE = lab(
    "setnx-expire",
    title="A crash between two commands",
    claim="A lock that gets its time to live in a second step may never get it.",
    build=build_setnx_expire,
    checks=(available(120, clients=("bob",)), prompt(40, "acquire")),
    knobs=(
        Choice(
            "acquire",
            tuple(ACQUIRES),
            "setnx-expire",
            "SETNX, and then PEXPIRE; both in one command",
        ),
    ),
    violating={"acquire": "setnx-expire"},
    satisfying={"acquire": "set-nx-px"},
    mistake="SETNX and EXPIRE are two commands",
    source="Redis documentation, SETNX",
    nemesis="crash:alice+end; pause:alice; lose:alice>redis,redis>alice; "
    "cut:alice>redis,redis>alice; partition:alice,redis; "
    "delay:alice>redis,redis>alice,alice>shop,shop>alice=1..60; duplicate; at most 2",
    faults="crash:alice@17",
    outcomes=("locked for ever", "bob waits"),
    horizon_ms=300,
)


OWNERS = {
    "pid": partial(OwnedByPid, pid=1),
    "time-and-chance": partial(OwnedByTimeAndChance, began_ms=EPOCH_US // 1000),
    "random": RedisLock,
}
"""In its container, each process is number 1; and one command has started all three containers."""


def build_same_pid(world: World, owner: str) -> None:
    add_three(world, redis_lock(OWNERS[owner]))


SAME_PID = lab(
    "same-pid",
    title="Both are process number 1",
    claim="An owner that is told by its process id is anybody with the same one.",
    build=build_same_pid,
    checks=(mutual_exclusion(), prompt(40, "acquire"), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "owner",
            tuple(OWNERS),
            "pid",
            "what tells the owner: its process id; the time of its start and a random number that "
            "this time is the seed of; 64 random bits",
        ),
    ),
    violating={"owner": "pid"},
    satisfying={"owner": "random"},
    mistake="the owner of a lock is a process id",
    source="Linux manual, pid_namespaces(7)",
    mistakes=(
        Variant(
            {"owner": "time-and-chance"},
            "the owner of a lock is a time and a random number whose seed is the time",
            "Redis documentation, Distributed Locks with Redis, on random strings",
        ),
    ),
    nemesis=LATE_RELEASES,
    faults=LATE_RELEASE,
    outcomes=("two holders", "carol waits"),
    horizon_ms=240,
)


ANSWERS = {"ignored": GivesUpAtOnce, "heeded": RedisLock}


def build_answer(world: World, answer: str) -> None:
    open_lock, looks = redis_lock(ANSWERS[answer]), answer == "heeded"
    add_redis(world)
    for name, at_ms in (("alice", 10), ("bob", 25)):
        world.client(name, under_lock(open_lock, at_ms, heedless=not looks, looks=looks))
    world.add(Shop(pieces=2))


ANSWER_IGNORED = lab(
    "answer-ignored",
    title="A lock that does not wait",
    claim="If acquire gives up at once, everything hangs on who looks at its answer.",
    build=build_answer,
    checks=(mutual_exclusion(), prompt(40, "acquire"), NEVER_OVERSOLD),
    knobs=(
        Choice(
            "answer",
            tuple(ANSWERS),
            "ignored",
            "acquire says at once that the lock is taken, and nobody looks; it waits, and says "
            "when the lock is ours",
        ),
    ),
    violating={"answer": "ignored"},
    satisfying={"answer": "heeded"},
    mistake="acquire gives up at once, and its caller goes on all the same",
    source="redis-py documentation, Lock.acquire returns False",
    nemesis="partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; at most 3",
    outcomes=("two holders", "bob waits"),
    horizon_ms=160,
)
