"""Find me a failure: search, shrink, and count.

    from distlab.explore import explore
    explore("start/lost-answer")

`explore` tries seeds under random faults and makes the first failure small (`shrink`). `exhaustive`
tries every placement of one or two faults. `sweep` moves one fault over the whole run. What may go
wrong is a `FaultSpace`, written as a scenario's `nemesis`. Who does the runs (`work`), this process
or a cluster, changes nothing in the answer.
"""

from distlab.explore.exhaustive import Census, exhaustive
from distlab.explore.search import Finding, explore
from distlab.explore.shrink import Shrunk, shrink
from distlab.explore.space import FaultSpace
from distlab.explore.sweep import Sweep, sweep

__all__ = [
    "Census",
    "FaultSpace",
    "Finding",
    "Shrunk",
    "Sweep",
    "exhaustive",
    "explore",
    "shrink",
    "sweep",
]
