"""Runs per second of the search: a scenario of 500 events, under faults, judged.

One core. Each run draws its schedule, builds its world, runs it and judges it by both checks of the
scenario; nothing is shrunk and no digest is made, as in a search that finds nothing.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import Any

from distlab.explore.search import trials
from distlab.explore.space import FaultSpace
from distlab.explore.work import results
from distlab.registry import get

EVENTS = 500
RUNS, ROUNDS = 200, 5
GOAL = 200


def measure() -> dict[str, Any]:
    """The median of some rounds, and what it is to be compared with."""
    scenario = replace(get("start/slow-or-dead"), horizon_ms=2600)
    knobs = {"patience_ms": 250}
    space = FaultSpace.of(scenario, **knobs)
    events, rates = [], []
    for number in range(ROUNDS):
        tried = list(trials(scenario, space, RUNS, number, **knobs))
        events += [len(trial.run().trace) for trial in tried[:20]]
        began = time.perf_counter()
        for _ in results(scenario, tried):
            pass
        rates.append(RUNS / (time.perf_counter() - began))
    typical = statistics.median(events)
    assert typical >= EVENTS, f"only {typical} events: lengthen the run"
    return {"runs/s": round(statistics.median(rates)), "events": typical, "goal runs/s": GOAL}
