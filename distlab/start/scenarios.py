"""The experiments of chapter 0."""

from __future__ import annotations

from dataclasses import dataclass

from distlab.check.history import History
from distlab.check.verdict import Verdict
from distlab.knobs import Integer
from distlab.registry import register
from distlab.scenario import Scenario
from distlab.sim import Trace, World
from distlab.start.detector import Monitor, Server
from distlab.start.requests import Printer, print_pages


@dataclass(frozen=True)
class Answered:
    """Every operation of a client ends with an answer."""

    name: str = "answered"

    def __call__(self, trace: Trace) -> Verdict:
        for operation in History.from_trace(trace):
            if operation.outcome != "ok":
                return Verdict(
                    self.name,
                    False,
                    f"{operation.process} asked for page {operation.argument} and never learnt "
                    "whether it was printed.",
                    (operation.invoked, *_positions(trace, operation.number, "drop", "unknown")),
                )
        return Verdict(self.name, True, "The client got an answer to everything it asked.")


def _positions(trace: Trace, page: int, *kinds: str) -> tuple[int, ...]:
    """Where events of these kinds speak of the page."""
    return tuple(
        position
        for position, event in enumerate(trace.events)
        if event.kind in kinds and page == getattr(event.what, "page", event.number)
    )


@dataclass(frozen=True)
class PrintedOnce:
    """No page is printed twice."""

    name: str = "printed once"

    def __call__(self, trace: Trace) -> Verdict:
        first: dict[str, int] = {}
        for position, event in enumerate(trace.events):
            if event.kind == "note" and event.what.startswith("printed page"):
                if event.what in first:
                    page = int(event.what.removeprefix("printed page "))
                    lost = _positions(trace, page, "drop")
                    return Verdict(
                        self.name,
                        False,
                        f"{event.node} {event.what} a second time: the same request came twice.",
                        (first[event.what], *lost, position),
                    )
                first[event.what] = position
        return Verdict(self.name, True, "No page was printed twice.")


def build_printer(
    world: World, retries: int, timeout_ms: int, solution: type[Printer] | None = None
) -> None:
    world.client("client", print_pages(4, retries, timeout_ms))
    world.add((solution or Printer)("printer"))


LOST_ANSWER = register(
    Scenario(
        id="start/lost-answer",
        title="A lost answer",
        claim="Without retries a request may stay unanswered; with them it may be done twice.",
        build=build_printer,
        checks=(Answered(), PrintedOnce()),
        knobs=(
            Integer(
                "retries", 0, 3, 0, "how often the client repeats a request that got no answer"
            ),
            Integer("timeout_ms", 20, 200, 50, "how long the client waits for an answer"),
        ),
        violating={"retries": 0},
        satisfying={"retries": 2},
        faults="lose:printer>client@40",
        horizon_ms=400,
    )
)


@dataclass(frozen=True)
class Accurate:
    """No machine is suspected while it has not crashed (Chandra & Toueg's strong accuracy)."""

    name: str = "accurate"

    def __call__(self, trace: Trace) -> Verdict:
        down: set[str] = set()
        last_pause: dict[str, int] = {}
        for position, event in enumerate(trace.events):
            if event.kind == "crash":
                down.add(event.node)
            elif event.kind == "restart":
                down.discard(event.node)
            elif event.kind == "pause":
                last_pause[event.node] = position
            elif event.kind == "note" and event.what.startswith("suspects "):
                server = event.what.removeprefix("suspects ")
                if server not in down:
                    cause = (last_pause[server],) if server in last_pause else ()
                    return Verdict(
                        self.name,
                        False,
                        f"{event.node} suspects {server}, which has "
                        "not crashed: it was only slow to answer.",
                        (*cause, position),
                    )
        return Verdict(self.name, True, "Nobody was suspected who had not crashed.")


@dataclass(frozen=True)
class Prompt:
    """A crash that lasts is noticed within `within_ms` (completeness, with a deadline)."""

    within_ms: int
    name: str = "prompt"

    def __call__(self, trace: Trace) -> Verdict:
        suspected: set[str] = set()
        unnoticed: dict[str, int] = {}  # machine → position of its crash
        for position, event in enumerate(trace.events):
            for machine, crash in unnoticed.items():
                if event.at_us > trace.events[crash].at_us + 1000 * self.within_ms:
                    return self._late(trace, machine, crash)
            word, _, rest = str(event.what).partition(" ") if event.kind == "note" else ("", "", "")
            if event.kind == "crash" and event.node not in suspected:
                unnoticed.setdefault(event.node, position)
            elif event.kind == "restart":
                unnoticed.pop(event.node, None)
            elif word == "suspects":
                suspected.add(rest)
                unnoticed.pop(rest, None)
            elif word == "trusts":
                suspected.discard(rest.removesuffix(" again"))
        return Verdict(self.name, True, f"Every crash was noticed within {self.within_ms} ms.")

    def _late(self, trace: Trace, machine: str, crash: int) -> Verdict:
        noticed = [
            position
            for position, event in enumerate(trace.events)
            if position > crash and event.what == f"suspects {machine}" and event.kind == "note"
        ]
        explanation = (
            f"{machine} was dead for more than {self.within_ms} ms before anybody noticed."
        )
        return Verdict(self.name, False, explanation, (crash, *noticed[:1]))


def build_detector(
    world: World, patience_ms: int, period_ms: int, solution: type[Monitor] | None = None
) -> None:
    servers = ("server-a", "server-b")
    world.add((solution or Monitor)("monitor", servers, period_ms, patience_ms))
    for name in servers:
        world.add(Server(name))


SLOW_OR_DEAD = register(
    Scenario(
        id="start/slow-or-dead",
        title="Slow or dead?",
        claim="A short patience takes the slow for dead; a long one notices the dead late.",
        build=build_detector,
        checks=(Accurate(), Prompt(within_ms=150)),
        knobs=(
            Integer("patience_ms", 20, 500, 60, "silence after which a machine is suspected"),
            Integer("period_ms", 10, 100, 40, "time between two probes"),
        ),
        violating={"patience_ms": 60},
        satisfying={"patience_ms": 250},
        # A monitor that stands still itself adds its own silence to theirs, and no machine that
        # comes back is among them: 250 ms are for a server's 150, a probe and its way.
        nemesis="pause:server-a,server-b+1..150; crash:server-a,server-b+end; at most 2",
        faults="pause:server-a@120+150;crash:server-b@300",
        horizon_ms=700,
    )
)
