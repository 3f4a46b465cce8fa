"""Runs to draw: one written by hand that holds everything once, and one that is long."""

from dataclasses import dataclass

from distlab.check.invariants import invariant
from distlab.scenario import BAD, Outcome, Run, Scenario
from distlab.sim import Call, Node, Trace, World
from distlab.sim.faults import parse_schedule

FINE = invariant("fine", lambda trace: [None], "Nothing is wrong.")


@dataclass(frozen=True, slots=True)
class Write:
    key: str
    value: int


@dataclass(frozen=True, slots=True)
class Beat:
    term: int


@dataclass(frozen=True, slots=True)
class BeatTimer:
    pass


def run_of(*events, faults="", machines=("client", "n1", "n2"), horizon_ms=200) -> Run:
    """A run with these events: (ms, kind, node, peer, what, number, why), missing ones empty."""
    scenario = Scenario("test/picture", "A picture", "It shows.", (FINE,), horizon_ms=horizon_ms)
    blank = (0, "", "", "", None, 0, "")
    rows = [(round(each[0] * 1000), *each[1:], *blank[len(each) :]) for each in events]
    outcome = Outcome("not fine", BAD)
    return Run(scenario, 1, parse_schedule(faults), {}, machines, Trace(rows), (), outcome)


def everything() -> Run:
    """Each kind of event and every way of a message."""
    w = [Write("x", n) for n in range(9)]
    return run_of(
        (0, "state", "n1", "", "leader, x=0"),
        (0, "state", "n2", "", "follower"),
        (10, "invoke", "client", "", Call("write", "x", 1), 1),
        (10, "send", "client", "n1", w[1], 1),
        (22, "deliver", "n1", "client", w[1], 1),
        (22, "note", "n1", "", "wrote <1> & told n2"),
        (22, "state", "n1", "", "leader, x=1"),
        (22, "send", "n1", "n2", w[1], 2),
        (22, "send", "n1", "client", "done", 3),
        (30, "deliver", "client", "n1", "done", 3),
        (30, "ok", "client", "", None, 1),
        (34, "deliver", "n2", "n1", w[1], 2),
        (40, "deliver", "n2", "n1", w[1], 2),
        (45, "invoke", "client", "", Call("read", "x", None), 2),
        (45, "send", "client", "n1", w[2], 4),
        (45, "drop", "client", "n1", w[2], 4, "lost"),
        (60, "fault", "client>n1", "", "cut:client>n1@60+20"),
        (65, "send", "client", "n1", w[3], 5),
        (65, "drop", "client", "n1", w[3], 5, "cut"),
        (80, "heal", "client>n1", "", "cut:client>n1@60+20"),
        (82, "crash", "n2", "", None, 0, "disk lost"),
        (84, "send", "n1", "n2", w[4], 6),
        (95, "unknown", "client", "", None, 2, "no answer"),
        (96, "drop", "n1", "n2", w[4], 6, "down"),
        (110, "restart", "n2"),
        (110, "state", "n2", "", "follower, empty"),
        (112, "invoke", "client", "", Call("read", "x", None), 3),
        (113, "invoke", "client", "", Call("read", "y", None), 4),
        (118, "failed", "client", "", None, 3, "not leader"),
        (120, "pause", "n1"),
        (125, "send", "n2", "n1", w[5], 7),
        (150, "resume", "n1"),
        (150, "deliver", "n1", "n2", w[5], 7),
        (152, "send", "n1", "client", w[6], 8),
        (155, "clock", "n2", "", "jump:n2@155=-5000"),
        (164, "drop", "n1", "client", w[6], 8, "late"),
        (190, "send", "n1", "n2", w[7], 9),
        (195, "timer", "n1", "", BeatTimer()),
        faults="cut:client>n1@60+20;wipe:n2@82+28;pause:n1@120+30;jump:n2@155=-5000",
    )  # fmt: skip


class Gossip(Node):
    def __init__(self, name: str, peers: tuple[str, ...]) -> None:
        super().__init__(name)
        self.peers = peers

    def on_start(self) -> None:
        self.heard = 0
        self.on_beat_timer(BeatTimer())

    def on_beat_timer(self, timer: BeatTimer) -> None:
        for peer in self.peers:
            self.send(peer, Beat(self.heard))
        self.set_timer(18, timer)

    def on_beat(self, message: Beat, sender: str) -> None:
        self.heard += 1
        if self.heard % 7 == 0:
            self.note(f"counted {self.heard}")

    def describe(self) -> str:
        return f"heard {self.heard // 5}"


@Scenario("test/long", "Long", "Much happens.", (FINE,), horizon_ms=720)
def long(world: World) -> None:
    names = tuple(f"n{number}" for number in range(1, 6))
    for name in names:
        world.add(Gossip(name, tuple(peer for peer in names if peer != name)))


def long_run(faults: str = "crash:n2@200+100;pause:n4@300+120") -> Run:
    return long.run(faults=faults)


def instant(layout, x):
    """The instant at a place: the inverse of `layout.x`."""
    return layout.from_ms + (x - layout.left) * layout.span_ms / (layout.right - layout.left)
