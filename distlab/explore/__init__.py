"""Find me a failure: search, shrink, and count.

    from distlab.explore import explore
    explore("start/lost-answer")

`explore` tries seeds under random faults and makes the first failure small (`shrink`). `everywhere`
crashes each machine at each of its events, loses each message and delivers each twice. `sweep`
moves one fault over the whole run. A `FaultSpace` says what may go wrong; its text is a scenario's
`nemesis`. The answer is the same whether this process or a cluster does the runs (`work`).
"""

from distlab.explore.everywhere import EVERYWHERE, Census, everywhere
from distlab.explore.search import Discovery, explore
from distlab.explore.shrink import Shrunk, shrink
from distlab.explore.space import FaultSpace
from distlab.explore.sweep import Sweep, sweep

__all__ = [
    "EVERYWHERE",
    "Census",
    "Discovery",
    "FaultSpace",
    "Shrunk",
    "Sweep",
    "everywhere",
    "explore",
    "shrink",
    "sweep",
]  # fmt: skip
