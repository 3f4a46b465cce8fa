"""Whose lock is it, and for how long? Mistakes of locks as they are often published."""

from collections.abc import Callable
from functools import partial
from typing import Any

from distlab.check.invariants import available, mutual_exclusion, prompt
from distlab.knobs import Way, Ways
from distlab.locks import redislock_mistakes as mistakes
from distlab.locks.redislock import RedisLock
from distlab.locks.scenarios.buyers import LockScenario, under_lock
from distlab.locks.scenarios.redis import TTL_MS, add_redis, plain_lock, redis_lock
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.service import Shop
from distlab.sim import Client, World
from distlab.sim.client import Program
from distlab.sim.clocks import EPOCH_US

RELEASE = Ways(
    "release",
    Way("delete", mistakes.DeletesAnyonesLock, "DEL",
        mistake="the lock is released with DEL, whoever has it by now",
        source="Redis documentation, Distributed Locks with Redis"),
    Way("check-then-delete", mistakes.ChecksThenDeletes, "GET and, if the lock is ours, DEL",
        mistake="the release looks whose lock it is, and deletes it in a second command",
        source="Redis documentation, Distributed Locks with Redis, on the release script"),
    Way("compare", RedisLock, "both in one script", role="right"),
)  # fmt: skip


Visit = tuple[str, float, float]
"""Who comes, when, and how long it thinks while it has the lock."""

LATE: tuple[Visit, ...] = (("alice", 10, 10), ("bob", 95, 30), ("carol", 124, 10))
"""While bob works alice's lock is over, and carol comes."""


def build_late_release(
    world: World,
    kind: Callable[..., Any],
    solution: Any = None,
    visits: tuple[Visit, ...] = LATE,
    ttl_ms: int = TTL_MS,
) -> None:
    """Whoever comes more than once uses one lock object."""
    open_lock = plain_lock(solution, ttl_ms) if solution else redis_lock(kind)
    add_redis(world)
    for name in dict.fromkeys(name for name, _, _ in visits):
        own = [visit for visit in visits if visit[0] == name]
        world.client(name, in_turn(open_lock, own))
    world.add(Shop(pieces=len(visits)))


def in_turn(open_lock: Callable[[Client], Any], visits: list[Visit]) -> Program:
    async def program(client: Client) -> None:
        lock = open_lock(client)
        for _, at_ms, think_ms in visits:
            wait_ms = max(0, at_ms - client.monotonic_ms())
            await under_lock(lambda _: lock, wait_ms, think_ms)(client)

    return program


late_release = partial(
    LockScenario,
    checks=(mutual_exclusion(), prompt(40, "acquire"), NEVER_OVERSOLD),
    # No pauses, and no jumps of Redis's clock: no lock of this kind survives those.
    nemesis="hold:alice>redis,bob>redis+1..120; hold:alice>redis+30..120; partition; cut; lose; "
    "delay=1..60; duplicate; crash+1..60; at most 3",
    faults="hold:alice>redis@45+75",
    outcomes=("two holders", "carol waits longer"),
    horizon_ms=240,
)


@late_release(
    id="locks/foreign-release",
    title="Alice is late",
    claim="DEL removes whatever lock is there, even if it belongs to somebody else by now.",
    knobs=(RELEASE,),
)
def foreign_release(
    world: World,
    release: type[RedisLock],
    solution: Any = None,
    visits: tuple[Visit, ...] = LATE,
    ttl_ms: int = TTL_MS,
) -> None:
    build_late_release(world, release, solution, visits, ttl_ms)


# In its container each process is number 1, and one command has started all three containers.
OWNER = Ways(
    "owner",
    Way("pid", partial(mistakes.OwnedByPid, pid=1), "its process id",
        mistake="the owner of a lock is a process id", source="Linux manual, pid_namespaces(7)"),
    Way("time-and-chance", partial(mistakes.OwnedByTimeAndChance, began_ms=EPOCH_US // 1000),
        "the time of its start and a random number that this time is the seed of",
        mistake="the owner of a lock is a time and a random number whose seed is the time",
        source="Redis documentation, Distributed Locks with Redis, on random strings"),
    Way("random", RedisLock, "64 random bits", role="right"),
    about="what tells the owner",
)  # fmt: skip


@late_release(
    id="locks/same-pid",
    title="Both are process number 1",
    claim="A process id does not tell owners apart: each container has a process number 1.",
    knobs=(OWNER,),
)
def same_pid(world: World, owner: Callable[..., RedisLock]) -> None:
    build_late_release(world, owner)


ACQUIRE = Ways(
    "acquire",
    Way("setnx-expire", mistakes.SetsThenExpires, "SETNX, and then PEXPIRE",
        mistake="SETNX and EXPIRE are two commands", source="Redis documentation, SETNX"),
    Way("set-nx-px", RedisLock, "both in one command", role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/setnx-expire",
    title="A crash between two commands",
    claim="A lock that gets its time to live in a second step may never get it.",
    checks=(available(120, clients=("bob",)), prompt(40, "acquire")),
    knobs=(ACQUIRE,),
    nemesis="crash:alice+end; pause:alice; lose:alice>redis,redis>alice; "
    "cut:alice>redis,redis>alice; partition:alice,redis; "
    "delay:alice>redis,redis>alice,alice>shop,shop>alice=1..60; duplicate; at most 2",
    faults="crash:alice@17",
    outcomes=("locked for ever", "bob waits longer"),
    horizon_ms=300,
)
def setnx_expire(world: World, acquire: type[RedisLock], solution: Any = None) -> None:
    open_lock = plain_lock(solution) if solution else redis_lock(acquire, sleep=0.03)
    add_redis(world)
    world.client("alice", under_lock(open_lock, 10))
    world.client("bob", under_lock(open_lock, 30))
    world.add(Shop(pieces=2))


ANSWER = Ways(
    "answer",
    Way("ignored", mistakes.GivesUpAtOnce,
        "acquire says at once that the lock is taken, and nobody looks",
        mistake="acquire gives up at once, and its caller goes on all the same",
        source="redis-py documentation, Lock.acquire returns False"),
    Way("heeded", RedisLock, "it waits, and says when the lock is ours", role="right"),
)  # fmt: skip


@LockScenario(
    id="locks/answer-ignored",
    title="A lock that does not wait",
    claim="If acquire gives up at once, the lock protects nothing unless its caller looks.",
    checks=(mutual_exclusion(), prompt(40, "acquire"), NEVER_OVERSOLD),
    knobs=(ANSWER,),
    outcomes=("two holders", "bob waits longer"),
    horizon_ms=160,
)
def answer_ignored(world: World, answer: type[RedisLock]) -> None:
    open_lock, looks = redis_lock(answer), answer is not mistakes.GivesUpAtOnce
    add_redis(world)
    for name, at_ms in (("alice", 10), ("bob", 25)):
        world.client(name, under_lock(open_lock, at_ms, heedless=not looks, looks=looks))
    world.add(Shop(pieces=2))
