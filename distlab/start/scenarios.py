"""The experiments of chapter 0."""

from distlab.knobs import Integer
from distlab.scenario import Scenario
from distlab.sim import World
from distlab.start.checks import ACCURATE, ANSWERED, PRINTED_ONCE, noticed
from distlab.start.detector import Monitor, Server
from distlab.start.requests import Printer, failing, print_pages


@Scenario(
    id="start/lost-answer",
    title="A lost answer",
    claim="Without retries a request may stay unanswered; with them it may be done twice.",
    checks=(ANSWERED, PRINTED_ONCE),
    knobs=(
        Integer("retries", 0, 3, 0, "how often a request without an answer is repeated"),
        Integer("timeout_ms", 20, 200, 50, "how long the client waits for an answer"),
    ),
    violating={"retries": 0},
    satisfying={"retries": 2},
    faults="lose:printer>client@40",
    horizon_ms=400,
)
def lost_answer(
    world: World,
    retries: int,
    timeout_ms: int,
    solution: type[Printer] | None = None,
    pages: tuple[int, ...] = (1, 2, 3, 4),
    power_fails: bool = False,
) -> None:
    kind = solution or Printer
    world.client("client", print_pages(pages, retries, timeout_ms))
    world.add((failing(kind) if power_fails else kind)("printer"))


@Scenario(
    id="start/slow-or-dead",
    title="Slow or dead?",
    claim="A short patience takes the slow for dead; a long one notices the dead late.",
    checks=(ACCURATE, noticed(within_ms=150)),
    knobs=(
        Integer("patience_ms", 20, 500, 60, "silence after which a machine is suspected"),
        Integer("period_ms", 10, 100, 40, "time between two probes"),
    ),
    violating={"patience_ms": 60},
    satisfying={"patience_ms": 250},
    # 250 ms cover a server's pause of 150 ms, a probe and its way. A pause of the monitor would
    # come on top of that, so there is none here; and no machine comes back after a crash.
    nemesis="pause:server-a,server-b+1..150; crash:server-a,server-b+end; at most 2",
    faults="pause:server-a@120+150;crash:server-b@300",
    horizon_ms=700,
)
def slow_or_dead(
    world: World, patience_ms: int, period_ms: int, solution: type[Monitor] | None = None
) -> None:
    servers = ("server-a", "server-b")
    world.add((solution or Monitor)("monitor", servers, period_ms, patience_ms))
    for name in servers:
        world.add(Server(name))
