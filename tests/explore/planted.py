"""Scenarios with a bug whose smallest failure is known: `b` should hear every tick of `a`."""

from dataclasses import dataclass, replace

from distlab.check.verdict import Verdict
from distlab.knobs import Integer, Switch
from distlab.scenario import Scenario
from distlab.sim import Node, Trace, World


@dataclass(frozen=True, slots=True)
class Tick:
    number: int


@dataclass(frozen=True, slots=True)
class TickTimer:
    number: int


class Ticker(Node):
    """Tick n leaves at 10n ms and takes 5 ms."""

    def __init__(self, name: str, ticks: int) -> None:
        super().__init__(name)
        self.ticks = ticks

    def on_start(self) -> None:
        self.set_timer(10, TickTimer(1))

    def on_tick_timer(self, timer: TickTimer) -> None:
        self.send("b", Tick(timer.number))
        if timer.number < self.ticks:
            self.set_timer(10, TickTimer(timer.number + 1))


class Listener(Node):
    def on_tick(self, message: Tick, sender: str) -> None:
        pass


def build(world: World, ticks: int, fixed: bool, listener: type[Listener] = Listener) -> None:
    world.add(Ticker("a", ticks))
    world.add(listener("b"))


@dataclass(frozen=True)
class Heard:
    """Not all of these ticks were missed."""

    numbers: tuple[int, ...]
    name: str = "heard"

    def __call__(self, trace: Trace) -> Verdict:
        heard = {event.what.number for event in trace.of_kind("deliver")}
        return Verdict(self.name, bool(heard & set(self.numbers)), "b was asleep", judged=1)


ONE = Scenario(
    id="tests/one-tick",
    title="Tick 5",
    claim="b misses tick 5 when it is lost.",
    build=build,
    checks=(Heard((5,)),),
    property="heard",
    knobs=(Integer("ticks", 12, 50, 20, "ticks of a"), Switch("fixed", False, "makes the variant")),
    violating={"fixed": False},
    satisfying={"fixed": True},
    faults="lose:a>b@50",
    horizon_ms=600,
    latency_ms=(5, 5),
)
TWO = replace(ONE, id="tests/two-ticks", checks=(Heard((5, 12)),))
