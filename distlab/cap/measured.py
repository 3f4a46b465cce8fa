"""The price list: how many requests are answered, and how many answers are old, for each R and W.

Three replicas and a client at each, which in turn writes its own key and reads its neighbour's, for
800 ms; for some of that time n3 is cut off. `sweep` counts in virtual time, so its figures are the
same everywhere.
"""

from collections.abc import Iterable
from typing import NamedTuple

from distlab.cap.checks import FRESH, stale_reads
from distlab.cap.dynamo import HINT, Get, Put
from distlab.cap.requests import visits
from distlab.cap.scenarios.common import NODES, CapScenario, add_replicas
from distlab.check.invariants import available
from distlab.knobs import Integer
from distlab.sim import World
from distlab.view.grid import Panel, grid
from distlab.view.picture import Picture

EVERY_MS, TURNS = 40, 20
COPIES = range(1, len(NODES) + 1)


class PriceRow(NamedTuple):
    """The counts of all runs with these R, W and cut together."""

    r: int
    w: int
    cut_ms: int
    asked: int
    answered: int
    reads: int
    stale: int

    @property
    def unanswered_percent(self) -> int:
        return round(100 * (self.asked - self.answered) / self.asked)

    @property
    def stale_percent(self) -> int:
        """In per cent of the reads that were answered."""
        return round(100 * self.stale / max(self.reads, 1))


def build_load(world: World, r: int, w: int) -> None:
    add_replicas(world, handoff=HINT)
    for number, name in enumerate(NODES):
        requests = [
            Get(NODES[number - 1], r) if turn % 2 else Put(name, turn, w) for turn in range(TURNS)
        ]
        times = [10 + 13 * number + EVERY_MS * turn for turn in range(TURNS)]
        world.client(f"at-{name}", visits(*zip(times, [name] * TURNS, requests, strict=True)))


LOAD = CapScenario(
    id="cap/load",
    title="Under load",
    claim="Every R and W has its price, and the longer the cut, the higher.",
    build=build_load,
    checks=(FRESH, available(within_ms=150)),
    knobs=(
        Integer("r", 1, 3, 1, "replicas that a read waits for, of N = 3"),
        Integer("w", 1, 3, 1, "replicas that a write waits for, of N = 3"),
    ),
    horizon_ms=EVERY_MS * TURNS + 200,
)


def sweep(
    cuts_ms: Iterable[int] = (0, 100, 200, 400), seeds: Iterable[int] = range(2)
) -> tuple[PriceRow, ...]:
    """A row for each R, W and length of the cut that begins at 200 ms."""
    seeds = tuple(seeds)
    return tuple(measure(r, w, cut_ms, seeds) for r in COPIES for w in COPIES for cut_ms in cuts_ms)


def measure(r: int, w: int, cut_ms: int, seeds: Iterable[int]) -> PriceRow:
    faults = f"partition:n1,n2|n3@200+{cut_ms}" if cut_ms else ""
    asked = answered = reads = stale = 0
    for seed in seeds:
        run = LOAD.run(seed=seed, faults=faults, r=r, w=w)
        done = [each for each in run.history if each.outcome == "ok"]
        asked += len(run.history)
        answered += len(done)
        reads += sum(each.function == "read" for each in done)
        stale += sum(map(bool, stale_reads(run.trace)))
    return PriceRow(r, w, cut_ms, asked, answered, reads, stale)


def picture(rows: Iterable[PriceRow]) -> Picture:
    """Both prices side by side: requests without an answer, and answers that were old."""
    cells = {(f"R={row.r} W={row.w}", f"{row.cut_ms} ms"): row for row in rows}
    unanswered = {cell: row.unanswered_percent for cell, row in cells.items()}
    stale = {cell: row.stale_percent for cell, row in cells.items()}
    panels = [
        Panel("requests without an answer", "price", unanswered),
        Panel("reads that were stale", "bad", stale),
    ]
    settings = list(dict.fromkeys(setting for setting, _ in cells))
    cuts = list(dict.fromkeys(cut for _, cut in cells))
    return grid(panels, settings, cuts, "cut lasts")
