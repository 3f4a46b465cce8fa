"""What there is to see of a run at one instant, or in a stretch of time."""

from __future__ import annotations

from typing import NamedTuple

from distlab.host import plain
from distlab.lab.actions import EVERY_LINK
from distlab.scenario import Run
from distlab.sim.clocks import EPOCH_US, Clock
from distlab.sim.faults import parse_fault
from distlab.sim.trace import line

BECOMES = {"crash": "down", "restart": "up", "pause": "paused", "resume": "up"}


class State(NamedTuple):
    """A machine at one instant: `power` is up, paused or down; `text` its program's own words.

    `clock` is what its own wall clock shows, in a run in which a clock has been wrong.
    """

    machine: str
    power: str
    text: str
    clock: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"{self.machine} {self.power}", self.clock, self.text)))


def states_at(run: Run, ms: float) -> tuple[State, ...]:
    """Every machine just after what happened at this instant."""
    power = dict.fromkeys(run.machines, "up")
    words = dict.fromkeys(run.machines, "")
    clocks = clocks_at(run, ms)
    for at_us, kind, node, _, what, _, _ in run.trace.events:
        if at_us > ms * 1000:
            break
        if kind == "state":
            words[node] = what
        elif kind in BECOMES:
            power[node] = BECOMES[kind]
            if kind == "crash":
                words[node] = ""
    return tuple(
        State(name, power[name], words[name], clocks.get(name, "")) for name in run.machines
    )


def clocks_at(run: Run, ms: float) -> dict[str, str]:
    """What each machine's wall clock shows, in milliseconds since the start of the run; nothing if
    all clocks are right throughout.
    """
    events = run.trace.of_kind("clock")
    if not events:
        return {}
    clocks = {name: Clock() for name in run.machines}
    drifts: list[str] = []
    for event in events:
        clock, fault = clocks[event.node], parse_fault(event.what)
        if event.at_us > ms * 1000:
            break
        if fault.kind == "jump":
            clock.jump(1000 * (fault.amount or 0))
            continue
        drifts.remove(event.what) if event.why else drifts.append(event.what)
        on = [each.amount or 0 for each in map(parse_fault, drifts) if each.target == event.node]
        clock.drift(on[-1] if on else 0, event.at_us)  # the drift that began last counts
    return {name: _clock_text(clock, round(ms * 1000)) for name, clock in clocks.items()}


def _clock_text(clock: Clock, true_us: int) -> str:
    shown_us = clock.now_us(true_us) - EPOCH_US
    off = plain(abs(shown_us - true_us) / 1000)
    side = "ahead" if shown_us > true_us else "behind"
    wrong = f", {off} {side}" if shown_us != true_us else ""
    return f"clock {plain(shown_us / 1000)} ms{wrong}"


def targets_of(run: Run) -> tuple[str, ...]:
    """What a fault may be aimed at: every machine, every link that the run used, all links."""
    place = {name: number for number, name in enumerate(run.machines)}
    used = {(event.node, event.peer) for event in run.trace.events if event.kind == "send"}
    links = sorted(used, key=lambda pair: (place[pair[0]], place[pair[1]]))
    return (*place, *(f"{a}>{b}" for a, b in links if a != b), EVERY_LINK)


def lines_of(
    run: Run, window: tuple[float, float], matching: str = "", at_most: int = 300
) -> tuple[list[str], int]:
    """Lines of the transcript in the window that hold `matching`, at most so many; and how many
    there are in all.
    """
    from_us, to_us = (1000 * ms for ms in window)
    lines = [line(event) for event in run.trace.events if from_us <= event.at_us <= to_us]
    found = [text for text in lines if matching.lower() in text.lower()]
    return found[:at_most], len(found)
