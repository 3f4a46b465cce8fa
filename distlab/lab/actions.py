"""The buttons of a lab: a verb for every kind of fault, and a few for the whole experiment.

An action has a name that `lab.press` takes: `crash server-a`, `partition server-a` (cut off from
everybody else), `partition a,b|c`, `lose client>server`, `undo`. Verb and target are those of the
fault vocabulary (`distlab.sim.faults`); how long it lasts and how strong it is are guesses from the
length of the run, which the learner corrects by dragging or in the fault's text.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from distlab.host import BadInput, did_you_mean
from distlab.sim.faults import KINDS, Fault

HAPPEN = "let it happen"
EXPERIMENT = {
    HAPPEN: ("Let it happen", "the faults that this scenario is about, and no others", "happen"),
    "violate": ("Broken", "the knobs of the variant often seen in the wild", "setting"),
    "satisfy": ("Repaired", "the knobs of the variant that keeps the property", "setting"),
    "next seed": ("Next seed", "the same faults with other latencies and other chance", "seed"),
    "undo": ("Undo", "take back the last change", "history"),
    "reset": ("Reset", "back to how the lab began", "history"),
}
"""Actions without a target: what the button says, what it does, and where it stands."""

VARIANTS = {"violate": "violating", "satisfy": "satisfying"}
"""Actions that turn the knobs to a variant, with its name in a scenario."""

EVERY_LINK = "*>*"


class Button(NamedTuple):
    """Something that can be pressed: `press(name)`. `target` is empty for the whole experiment.

    A button that cannot be pressed now is not `possible`, and stays in its place.
    """

    name: str
    label: str
    meaning: str
    target: str = ""
    possible: bool = True


def make_fault(
    kind: str, target: str, at_ms: float, machines: Sequence[str], horizon_ms: int
) -> Fault:
    """A fault at this instant with a duration and a strength that show in a run of this length."""
    if kind not in KINDS:
        raise BadInput(f"no action {kind!r}{did_you_mean(kind, [*KINDS, *EXPERIMENT])}")
    if KINDS[kind].target == "groups" and target in machines:
        rest = [name for name in machines if name != target]
        target = f"{target}|{','.join(rest)}"
    about, part_ms = KINDS[kind], max(1, horizon_ms // 5)
    lasting = about.lasts and about.power != "off"  # a machine stays down until it is restarted
    amount = about.amount.usual(part_ms) if about.amount else None
    return Fault(kind, target, at_ms, part_ms if lasting else None, amount)


def fault_actions(target: str, machines: Sequence[str], down: Iterable[str]) -> list[Button]:
    """The faults that can happen to `target`, a machine or a link, as actions."""
    power = "on" if target in down else "off"
    return [
        Button(f"{name} {target}", kind.label, f"{target}: {kind.meaning}", target,
               kind.power in ("", power))
        for name, kind in KINDS.items()
        if (kind.target == "link") == (">" in target)
        and (kind.target != "groups" or len(machines) > 1)
    ]  # fmt: skip
