"""What the experiments of this chapter have in common."""

from __future__ import annotations

from typing import Any

from distlab.check.verdict import Verdict
from distlab.scenario import BAD, GOOD, PRICE, UNKNOWN, Outcome, Scenario, register
from distlab.sim.trace import Trace

NODES = ("n1", "n2", "n3")
ANY_FAULT = (
    "partition:n1,n2,n3; cut; pause:n1,n2,n3; crash:n1,n2,n3; delay=1..200; loss; "
    "duplicate:n1>n2,n1>n3,n2>n1,n3>n1; at most 3"
)


def lab(name: str, outcomes: tuple[str, str], **declared: Any) -> Scenario:
    """Declare and register the scenario `cap/<name>`.

    Its first check is the property, the second the price; `outcomes` names what happens when the
    one fails, and when only the other does. A message takes 9 to 11 ms, so the number of hops can
    be read off a duration.
    """

    def judge(trace: Trace, verdicts: tuple[Verdict, ...]) -> Outcome:
        if verdicts[0].name == "progress":
            return Outcome("stuck", BAD)
        for verdict, outcome, tone in zip(verdicts, outcomes, (BAD, PRICE), strict=False):
            if verdict.ok is False:
                return Outcome(outcome, tone)
        undecided = any(verdict.ok is None for verdict in verdicts)
        return Outcome("undecided", UNKNOWN) if undecided else Outcome("holds", GOOD)

    checked, price = declared["checks"][:2]
    return register(
        Scenario(
            id=f"cap/{name}",
            property=checked.name,
            price=price.name,
            judge=judge,
            latency_ms=(9, 11),
            **declared,
        )
    )
