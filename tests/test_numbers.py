"""Where a number is asked for, nothing else is one: not True, not NaN, not "3"."""

import asyncio
import math
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest

from distlab.check.history import History
from distlab.check.invariants import prompt
from distlab.check.linearizability import check
from distlab.check.models import MODELS
from distlab.course import quiz
from distlab.course.prediction import Guess
from distlab.explore import everywhere, explore, shrink
from distlab.explore.sweep import sweep
from distlab.host import BadInput
from distlab.ids.layout import COURSE, Layout
from distlab.ids.lease import WorkerIdLease
from distlab.ids.segment import next_range
from distlab.ids.snowflake import DurableSnowflake, Snowflake
from distlab.knobs import Integer
from distlab.lab.experiment import Experiment
from distlab.locks.fair import FairLock
from distlab.locks.fencing import Fence
from distlab.locks.redislock import RedisLock
from distlab.locks.redlock import Redlock
from distlab.locks.watchdog import Watchdog
from distlab.registry import get
from distlab.sim.faults import Fault
from tests.course.test_prediction import PREDICTION

SCENARIO = "start/slow-or-dead"
CLOCK = SimpleNamespace(now_ms=lambda: 1_800_000_000_000)
HOST = SimpleNamespace(name="h", monotonic_ms=lambda: 0, random=None, sleep=None, **vars(CLOCK))
RUN = get(SCENARIO).run()
LAB = Experiment(SCENARIO)
LOCK = RedisLock(None, "stock", host=HOST)


def lock(kind=RedisLock, server=None, **options):
    return kind(server, "stock", host=HOST, **options)


def now(coroutine):
    return asyncio.run(coroutine)


def given(n):
    """Where None means that no number is given, something else stands for it."""
    return "none" if n is None else n


ASKS = {
    "seed of a run": lambda n: get(SCENARIO).run(given(n)),
    "knob": lambda n: get(SCENARIO).run(patience_ms=n),
    "default of a knob": lambda n: replace(get(SCENARIO), knobs=(Integer("n", 0, 9, n, "m"),)),
    "at_ms": lambda n: Fault("crash", "a", n),
    "for_ms": lambda n: Fault("pause", "a", 1, given(n)),
    **{f"amount of {kind}": lambda n, kind=kind, target=target: Fault(kind, target, 1, amount=n)
       for kind, target in [("delay", "a>b"), ("loss", "a>b"), ("drift", "a"), ("jump", "a")]},
    "at_ms of a moved fault": lambda n: RUN.setup.with_fault_at(0, n),
    "explore: runs": lambda n: explore(SCENARIO, runs=n),
    "explore: seed": lambda n: explore(SCENARIO, runs=1, seed=n),
    "everywhere: k": lambda n: everywhere(SCENARIO, n, limit=3),
    "everywhere: limit": lambda n: everywhere(SCENARIO, 1, limit=n),
    "everywhere: start": lambda n: everywhere(SCENARIO, 1, start=n, limit=3),
    "sweep: instants": lambda n: sweep(SCENARIO, "crash:server-b@300", [n]),
    "sweep: seed": lambda n: sweep(SCENARIO, "crash:server-b@300", [3], seed=given(n)),
    "shrink: budget": lambda n: shrink(RUN, budget=n),
    "check: budget": lambda n: check(History(()), MODELS["register"](), budget=n),
    "prompt": prompt,
    "lab.drag: fault": lambda n: LAB.drag(n, 3),
    "lab.drag: to_ms": lambda n: LAB.drag(0, n),
    "lab.drag: for_ms": lambda n: LAB.drag(0, 3, given(n)),
    "lab.edit": lambda n: LAB.edit(n, "crash:server-b@300"),
    "lab.remove": LAB.remove,
    "lab.scrub": LAB.scrub,
    "lab.zoom: from_ms": lambda n: LAB.zoom(n, 90),
    "lab.zoom: to_ms": lambda n: LAB.zoom(0, n),
    "lab.select": lambda n: LAB.select(given(n)),
    "lab.set: seed": lambda n: LAB.set(seed=given(n)),
    "prediction": lambda n: Guess(PREDICTION).choose(n),
    "quiz": lambda n: quiz.quiz("01_cap")["smallest-r"].mark(n),
    "lock: timeout": lambda n: lock(timeout=given(n)),
    "lock: sleep": lambda n: lock(sleep=n),
    "lock: blocking_timeout": lambda n: lock(blocking_timeout=given(n)),
    "lock.acquire: sleep": lambda n: now(LOCK.acquire(sleep=given(n))),
    "lock.acquire: blocking_timeout": lambda n: now(LOCK.acquire(blocking_timeout=given(n))),
    "lock.extend": lambda n: now(LOCK.extend(n)),
    "FairLock: patience": lambda n: lock(FairLock, patience=n),
    "Redlock: node_timeout": lambda n: lock(Redlock, [None], node_timeout=given(n)),
    "Redlock: clock_drift": lambda n: lock(Redlock, [None], clock_drift=n),
    "Watchdog: max_age": lambda n: Watchdog(LOCK, max_age=given(n)),
    "Fence": lambda n: Fence().admit(n),
    "Snowflake: worker_id": lambda n: Snowflake(n, CLOCK),
    "Snowflake.next_ids": lambda n: Snowflake(1, CLOCK).next_ids(n),
    "DurableSnowflake: ahead_ms": lambda n: DurableSnowflake(1, CLOCK, None, n),
    "WorkerIdLease: ttl_ms": lambda n: WorkerIdLease(None, HOST, ttl_ms=n),
    "next_range": lambda n: now(next_range(None, n)),
    "Layout: epoch_ms": lambda n: replace(COURSE, epoch_ms=n),
    "Layout: unit_ms": lambda n: replace(COURSE, unit_ms=n),
    "Layout: bits": lambda n: Layout(0, (("time", 62), ("sequence", n))),
    "Layout.parse": COURSE.parse,
}  # fmt: skip


LOWEST = {
    "explore: runs": 1,
    "shrink: budget": 0,
    "check: budget": 0,
    "Snowflake.next_ids": 0,
    "DurableSnowflake: ahead_ms": 1,
    "WorkerIdLease: ttl_ms": 1,
    "next_range": 1,
    "Layout: unit_ms": 1,
    "Layout: bits": 1,
}


@pytest.mark.parametrize(("asked", "lowest"), LOWEST.items())
def test_a_count_is_whole_and_begins_with_its_lowest(asked, lowest):
    for wrong in (lowest - 1, lowest - 5, lowest + 0.5):
        with pytest.raises(BadInput, match=f": {wrong} is not allowed .allowed: {lowest} and more"):
            ASKS[asked](wrong)


@pytest.mark.parametrize("wrong", [True, False, None, "3", math.nan, 1j, [1], b"1"], ids=repr)
@pytest.mark.parametrize("asked", ASKS)
def test_what_is_no_number_is_refused(asked, wrong):
    with pytest.raises(BadInput):
        ASKS[asked](wrong)


NEED_A_SERVER = ("lock.", "Snowflake.", "Durable", "Worker", "next_range")
AN_AUTHORS = ("default of a knob",)


@pytest.mark.parametrize(
    "asked", [each for each in ASKS if not each.startswith(NEED_A_SERVER + AN_AUTHORS)]
)
def test_a_number_beyond_all_bounds_is_a_number(asked):
    """It may be refused, or taken for the largest: it is no other error."""
    with suppress(BadInput):
        ASKS[asked](10**5000)
