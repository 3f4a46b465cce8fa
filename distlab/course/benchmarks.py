"""The figures that `make bench` measured on one machine on one day, for notebooks.

A notebook prints only what is the same everywhere, such as which of two is faster by a wide margin.
"""

import json
from typing import Any

from distlab.host import pick
from distlab.places import shipped


def benchmark(name: str) -> dict[str, Any]:
    """The figures of that name in data/benchmarks.json. Raises `BadInput` when there are none."""
    every = json.loads((shipped("data") / "benchmarks.json").read_text(encoding="utf-8"))
    return dict(pick(every, name, "benchmark"))
