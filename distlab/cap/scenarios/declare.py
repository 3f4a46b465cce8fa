"""What the experiments of this chapter have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.check.verdict import Verdict
from distlab.scenario import (
    BAD,
    GOOD,
    PRICE,
    STUCK,
    UNKNOWN,
    Outcome,
    Scenario,
    register,
)
from distlab.sim.trace import Trace

NODES = ("n1", "n2", "n3")
ANY_FAULT = (
    "partition:n1,n2,n3; cut; pause:n1,n2,n3; crash:n1,n2,n3; delay=1..200; loss; "
    "duplicate:n1>n2,n1>n3,n2>n1,n3>n1; at most 3"
)


def lab(name: str, **declared: Any) -> Scenario:
    """Declare and register the scenario `cap/<name>`.

    Its first check is the property, the second the price. A message takes 9 to 11 ms, so the number
    of hops can be read off a duration. A check beside the two that fails is a price as well: a
    store that does not answer is not called fine.
    """
    checked, price = declared["checks"][:2]
    return register(
        Scenario(
            id=f"cap/{name}",
            property=checked.name,
            price=price.name,
            latency_ms=(9, 11),
            judge=judge(checked.name, price.name, declared["outcomes"]),
            **declared,
        )
    )


def judge(
    checked: str, price: str, outcomes: tuple[str, str]
) -> Callable[[Trace, tuple[Verdict, ...]], Outcome]:
    """How a run is called by its verdicts: of the property, of the price, of the other checks."""

    def judged(_: Trace, verdicts: tuple[Verdict, ...]) -> Outcome:
        failed = [verdict.name for verdict in verdicts if verdict.ok is False]
        called = {
            "available": Outcome("no answer", PRICE),
            price: Outcome(outcomes[1], PRICE),
            checked: Outcome(outcomes[0], BAD),
            STUCK: Outcome("stuck", BAD),
        }
        for name in (STUCK, checked, price, *failed):
            if name in failed:
                return called.get(name, Outcome(f"not {name}", PRICE))
        if any(verdict.ok is None for verdict in verdicts):
            return Outcome("undecided", UNKNOWN)
        return Outcome("holds", GOOD)

    return judged
