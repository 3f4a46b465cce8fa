"""The fault vocabulary: every way in which the simulated world can misbehave.

A fault is a value and a schedule is a tuple of faults: so a run is a function of its schedule. Each
fault has a text form, `kind:target@at+for=amount`, in milliseconds of true time:

    crash:n1@120            n1 crashes and stays down
    crash:n1@120+300        ... and restarts 300 ms later, with what its disk holds
    wipe:n1@120+300         the same, but the disk is lost
    pause:client@50+8000    the process stands still (a garbage collection, a SIGSTOP)
    partition:a,b|c@80+200  no message passes between {a, b} and {c}
    cut:a>b@80+200          one way: b no longer hears a
    delay:a>b@80+200=75     75 ms more on the way
    hold:a>b@80+200         messages wait and arrive together when the fault ends
    loss:a>b@80+200=30      30 % of the messages are lost
    lose:a>b@80             just the next message is lost
    duplicate:a>b@80+200=50 50 % of the messages arrive twice
    jump:n2@100=-5000       n2's wall clock is set back by five seconds
    drift:n2@100+500=200    n2's clocks run 200 millionths too fast
    restart:n1@900          a crashed machine comes back

`*` stands for every machine (`loss:*>*@0+500=10`). Without `+for` a fault lasts to the end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from distlab.host import BadInput, did_you_mean, plain


class Kind(NamedTuple):
    """How faults of one kind are written."""

    target: str  # machine | link | groups
    lasts: bool  # may have a duration
    amount: str  # unit of the amount, "" when there is none
    lowest: int = 0
    highest: int = 0
    meaning: str = ""


KINDS = {
    "crash": Kind("machine", True, "", meaning="stops; memory is lost, the disk is kept"),
    "wipe": Kind("machine", True, "", meaning="stops; memory and disk are lost"),
    "restart": Kind("machine", False, "", meaning="comes back after a crash"),
    "pause": Kind("machine", True, "", meaning="stands still; messages and timers wait"),
    "partition": Kind("groups", True, "", meaning="no message passes between the groups"),
    "cut": Kind("link", True, "", meaning="one direction is cut"),
    "delay": Kind("link", True, "ms", 0, 3_600_000, "messages take longer"),
    "hold": Kind("link", True, "", meaning="messages wait until the fault ends"),
    "loss": Kind("link", True, "%", 0, 100, "messages are lost"),
    "lose": Kind("link", False, "", meaning="the next message is lost"),
    "duplicate": Kind("link", True, "%", 0, 100, "messages arrive twice"),
    "jump": Kind("machine", False, "ms", -86_400_000, 86_400_000, "the wall clock is set"),
    "drift": Kind("machine", True, "ppm", -500_000, 500_000, "both clocks run fast or slow"),
}

ANY = "*"
NAME = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
"""What a machine may be called, so that its name can stand in a fault."""

_MS = r"(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
_TEXT = re.compile(rf"([a-z]+):([^@]+)@{_MS}(?:\+{_MS})?(?:=([+-]?[0-9]{{1,18}}))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `at_ms` and `for_ms` are true time; `for_ms` None means to the end of the run.

    Raises `BadInput` for an unknown kind, a negative time, a missing or forbidden part.
    """

    kind: str
    target: str
    at_ms: float
    for_ms: float | None = None
    amount: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"unknown fault {self.kind!r}{did_you_mean(self.kind, KINDS)}")
        kind = KINDS[self.kind]
        for name in ("at_ms", "for_ms"):
            ms = getattr(self, name)
            if ms is not None and not 0 <= ms <= 1e9:
                raise BadInput(f"{self.kind}: {name} is {ms:g}, allowed is 0 to 1,000,000,000 ms")
            if ms is not None:  # as the text form writes it
                object.__setattr__(self, name, to_the_microsecond(ms))
        if self.for_ms is not None and not kind.lasts:
            raise BadInput(f"{self.kind} happens at one instant: it takes no duration")
        if not isinstance(self.amount, int | None):
            raise BadInput(f"{self.kind}: amount is {self.amount!r}, allowed is a whole number")
        if (self.amount is not None) != bool(kind.amount):
            needs = f"needs an amount in {kind.amount}" if kind.amount else "takes no amount"
            raise BadInput(f"{self.kind} {needs} (=N)")
        if self.amount is not None and not kind.lowest <= self.amount <= kind.highest:
            raise BadInput(
                f"{self.kind}: amount is {self.amount} {kind.amount}, "
                f"allowed is {kind.lowest} to {kind.highest}"
            )
        self._check_shape(kind.target)

    def _check_shape(self, shape: str) -> None:
        groups = self.groups
        parts = [name for group in groups for name in group]
        written = {
            "machine": "the name of one machine",
            "link": "a link between two, sender>receiver",
            "groups": "groups of machines, a,b|c",
        }[shape]
        right = {
            "machine": len(parts) == 1 and ANY not in parts,
            "link": self.target.count(">") == 1 and len(groups) == 2 == len(parts),
            "groups": "|" in self.target and ">" not in self.target and ANY not in parts,
        }[shape]
        right = right and all(name == ANY or NAME.fullmatch(name) for name in parts)
        if not right or len(set(parts)) < len(parts) - parts.count(ANY):
            raise BadInput(f"{self.kind}: target {self.target!r} is not {written}")

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The machines named by the target: one group, sender and receiver, or the partition."""
        return tuple(tuple(part.split(",")) for part in re.split(r"[|>]", self.target))

    @property
    def machines(self) -> tuple[str, ...]:
        """Every machine that the target names, without the wildcard."""
        return tuple(name for group in self.groups for name in group if name != ANY)

    @property
    def at_us(self) -> int:
        return round(self.at_ms * 1000)

    @property
    def end_us(self) -> int | None:
        """When it ends by itself, in microseconds; None for never."""
        return None if self.for_ms is None else self.at_us + round(self.for_ms * 1000)

    def matches(self, sender: str, receiver: str) -> bool:
        """Whether a network fault concerns messages from `sender` to `receiver`."""
        if self.kind == "partition":
            sides = [
                next((i for i, group in enumerate(self.groups) if name in group), None)
                for name in (sender, receiver)
            ]
            return None not in sides and sides[0] != sides[1]
        (source,), (target,) = self.groups
        return source in (ANY, sender) and target in (ANY, receiver)

    def __str__(self) -> str:
        duration = "" if self.for_ms is None else f"+{plain(self.for_ms)}"
        amount = "" if self.amount is None else f"={self.amount}"
        return f"{self.kind}:{self.target}@{plain(self.at_ms)}{duration}{amount}"


Schedule = tuple[Fault, ...]


def to_the_microsecond(ms: float) -> float:
    """Milliseconds without what is too small to count, and whole if nothing else is left."""
    ms = round(ms, 3)
    return int(ms) if ms == int(ms) else ms


def parse_fault(text: str) -> Fault:
    """`crash:n1@120+300` as a `Fault`. Raises `BadInput` that says which part is wrong."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise BadInput(
            f"fault {text!r} is not of the form kind:target@at_ms[+for_ms][=amount], "
            "for example crash:n1@120+300"
        )
    kind, target, at, duration, amount = match.groups()
    try:
        return Fault(
            kind,
            target,
            float(at),
            None if duration is None else float(duration),
            None if amount is None else int(amount),
        )
    except BadInput as error:
        raise BadInput(f"fault {text!r}: {error}") from None


def parse_schedule(text: str) -> Schedule:
    """Faults separated by `;`. Empty text is the empty schedule."""
    return tuple(parse_fault(part) for part in text.split(";") if part.strip())


def as_schedule(given: str | Iterable[Fault]) -> Schedule:
    """A schedule from its text or its faults. Raises `BadInput` for anything else."""
    if isinstance(given, str):
        return parse_schedule(given)
    faults = tuple(given) if isinstance(given, Iterable) else (given,)
    for fault in faults:
        if not isinstance(fault, Fault):
            raise BadInput(
                f"faults: {fault!r} is not a Fault; a schedule is one text, for example "
                "'crash:n1@120; pause:n2@50+80'"
            )
    return faults


def schedule_text(faults: Iterable[Fault]) -> str:
    """The inverse of `parse_schedule`."""
    return ";".join(map(str, faults))


def check_schedule(faults: Schedule, machines: Collection[str], horizon_ms: float) -> None:
    """Raises `BadInput` for a machine that does not exist or a fault beyond the horizon."""
    for fault in faults:
        for name in fault.machines:
            if name not in machines:
                raise BadInput(f"{fault}: no machine {name!r}{did_you_mean(name, machines)}")
        if fault.at_ms > horizon_ms:
            raise BadInput(
                f"{fault}: {plain(fault.at_ms)} ms lies beyond the end of the run "
                f"({plain(horizon_ms)} ms)"
            )
