"""Views of a run at one instant, or in a stretch of time."""

from collections.abc import Iterator
from typing import NamedTuple

from distlab.lab.actions import EVERY_LINK
from distlab.scenario import Run
from distlab.sim.faults import schedule_text
from distlab.sim.trace import line

BECOMES = {"crash": "down", "restart": "up", "pause": "paused", "resume": "up"}
LINES = 300


class Seen(NamedTuple):
    """A machine at one instant. `power` is up, paused or down; `text` is what `describe()` said."""

    machine: str
    power: str
    text: str


def changes_of(run: Run) -> Iterator[tuple[float, Seen]]:
    """Every change of a machine's state, with its instant, from the beginning on."""
    now = {name: Seen(name, "up", "") for name in run.machines}
    for at_us, kind, node, _, what, _, _ in run.trace.events:
        if kind == "state":
            now[node] = now[node]._replace(text=str(what))
        elif kind in BECOMES:
            text = "" if kind == "crash" else now[node].text
            now[node] = Seen(node, BECOMES[kind], text)
        else:
            continue
        yield at_us / 1000, now[node]


def states_at(run: Run, ms: float) -> tuple[Seen, ...]:
    """Every machine just after what happened at this instant."""
    now = {name: Seen(name, "up", "") for name in run.machines}
    for at_ms, seen in changes_of(run):
        if at_ms > ms:
            break
        now[seen.machine] = seen
    return tuple(now.values())


def status_of(run: Run) -> str:
    """One line: how the run ended, why, and which faults happened."""
    faults = schedule_text(run.faults) or "no faults"
    return f"{run.outcome.name}: {run.deciding.explanation} [{faults}]"


def busy_until(run: Run) -> float:
    """The instant in milliseconds after which nothing happens in this run, its faults included."""
    ends = [fault.end_us or fault.at_us for fault in run.faults if fault.message is None]
    return max([0, *ends, *(event.at_us for event in run.trace.events[-1:])]) / 1000


def targets_of(run: Run) -> tuple[str, ...]:
    """Possible targets of a fault: each machine, each link that the run used, all links."""
    place = {name: number for number, name in enumerate(run.machines)}
    used = {(event.node, event.peer) for event in run.trace.events if event.kind == "send"}
    links = sorted(used, key=lambda pair: (place[pair[0]], place[pair[1]]))
    return (*place, *(f"{a}>{b}" for a, b in links if a != b), EVERY_LINK)


def lines_of(run: Run, window: tuple[float, float], matching: str) -> tuple[list[str], int]:
    """The first `LINES` lines of the transcript in the window that contain `matching`, and the
    number of all such lines.
    """
    from_us, to_us = (1000 * ms for ms in window)
    lines = [line(event) for event in run.trace.events if from_us <= event.at_us <= to_us]
    found = [text for text in lines if matching.lower() in text.lower()]
    return found[:LINES], len(found)
