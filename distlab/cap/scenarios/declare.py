"""What the experiments of this chapter have in common."""

from __future__ import annotations

from typing import Any

from distlab.registry import register
from distlab.scenario import PRICE, Outcome, Scenario

NODES = ("n1", "n2", "n3")
ANY_FAULT = (
    "partition:n1,n2,n3; cut; pause:n1,n2,n3; crash:n1,n2,n3; delay=1..200; loss; "
    "duplicate:n1>n2,n1>n3,n2>n1,n3>n1; at most 3"
)


def lab(name: str, **declared: Any) -> Scenario:
    """Declare and register the scenario `cap/<name>`.

    Its first check is the property, the second the price. A message takes 9 to 11 ms, so the number
    of hops can be read off a duration.
    """
    checked, price = declared["checks"][:2]
    return register(
        Scenario(
            id=f"cap/{name}",
            property=checked.name,
            price=price.name,
            latency_ms=(9, 11),
            others={"available": Outcome("no answer", PRICE)},
            **declared,
        )
    )
