"""What the experiments of this chapter have in common."""

from __future__ import annotations

from typing import Any

from distlab.registry import register
from distlab.scenario import BAD, PRICE, Outcome, Scenario

OTHERS = {
    "mutual exclusion": Outcome("two holders", PRICE),
    "never oversold": Outcome("oversold", BAD),
    "nothing refused": Outcome("refused", PRICE),
    "fencing order": Outcome("a late write", PRICE),
    "prompt": Outcome("slower", PRICE),
}


def lab(name: str, **declared: Any) -> Scenario:
    """Declare and register the scenario `locks/<name>`.

    Its first check is the property, the second the price. A message takes 4 to 6 ms.
    """
    checked, price = declared["checks"][:2]
    return register(
        Scenario(
            id=f"locks/{name}",
            property=checked.name,
            price=price.name,
            latency_ms=(4, 6),
            others=OTHERS,
            **declared,
        )
    )
