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

A fault may address one message by its number in the run; it then has no instant. If the run has no
message of that number, or it is one of a machine to itself, nothing happens.

    lose:#12                message 12 is lost
    delay:#12=3.5           message 12 takes 3.5 ms more
    duplicate:#12=100       message 12 arrives twice
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from distlab.host import BadInput, did_you_mean, is_number, plain

Deed = Callable[[Any, "Fault"], object]


class Amount(NamedTuple):
    """How strong faults of a kind can be."""

    unit: str
    lowest: int
    highest: int
    usual: Callable[[int], int]
    """What a button takes, from a fifth of the run's length, in ms."""
    searched: Callable[[int], tuple[int, int]]
    """The range that a search draws from, from half of the run's length, in ms."""


@dataclass(frozen=True, slots=True)
class Kind:
    """All that there is to know of one kind of fault: a new kind is one more entry of `KINDS`."""

    target: str
    """What it strikes: "machine", "link" or "groups" (a partition)."""
    label: str
    """What its button says."""
    meaning: str
    icon: str
    """Strokes around the origin, 12 pixels wide."""
    begin: Deed
    """What it does to a machine, or to each `Passage` of a message across a link."""
    end: Deed = lambda machine, fault: machine.recover()
    """What its end does to a machine."""
    amount: Amount | None = None
    words: str = ""
    """What pictures call it, if not by its name."""
    lasts: bool = True
    """It may have a duration."""
    power: str = ""
    """It ends a machine's life ("off") or begins one ("on")."""
    cuts: bool = False
    """It also stops messages that are under way when it begins."""
    numbered: bool = False
    """It may address one message by its number."""
    once: bool = False
    """It is over when it has struck one message."""

    @property
    def unit(self) -> str:
        """The unit of the amount; empty when there is none."""
        return "" if self.amount is None else self.amount.unit


def _perhaps(deed: Callable[[Any], object]) -> Deed:
    """Do it to some messages: to as many in a hundred as the fault's amount says."""
    return lambda passage, fault: passage.chance(fault) and deed(passage)


# In the order of the buttons.
KINDS = {
    "crash": Kind("machine", "Crash", "stops; memory is lost, the disk is kept",
        "M-4-4 4 4M4-4-4 4",
        lambda machine, fault: machine.crash(fault.end_us), power="off"),
    "restart": Kind("machine", "Restart", "comes back after a crash",
        "M3.6-3A4.7 4.7 0 1 0 4.7 1M4.2-5.8V-2.6H1",
        lambda machine, fault: machine.restart(), power="on", lasts=False),
    "pause": Kind("machine", "Pause", "stands still; messages and timers wait",
        "M-2.2-4.2V4.2M2.2-4.2V4.2",
        lambda machine, fault: machine.pause(fault.end_us)),
    "partition": Kind("groups", "Cut network", "no message passes between the groups",
        "M0-6V-3M0-1V1M0 3V6M-6 0H-3M3 0H6",
        lambda passage, fault: passage.drop("cut"), cuts=True),
    "wipe": Kind("machine", "Crash and lose disk", "stops; memory and disk are lost",
        "M-5-3H5M-3.5-3l.7 8h5.6l.7-8M-1.5-3v-2h3v2",
        lambda machine, fault: machine.crash(fault.end_us, lose_disk=True), power="off"),
    "jump": Kind("machine", "Clock jump", "the wall clock is set",
        "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0M0-3V0L2 1.5",
        lambda machine, fault: machine.jump(fault), lasts=False, amount=Amount(
            "ms", -86_400_000, 86_400_000, lambda fifth: fifth, lambda half: (-half, half))),
    "drift": Kind("machine", "Clock drift", "both clocks run fast or slow",
        "M-5-1.5c2-3 3 3 5 0s3-3 5 0M-5 2.5c2-3 3 3 5 0s3-3 5 0",
        lambda machine, fault: machine.begin_drift(fault),
        lambda machine, fault: machine.end_drift(fault), amount=Amount(
            "ppm", -500_000, 500_000, lambda fifth: 200_000, lambda half: (-100_000, 100_000))),
    "lose": Kind("link", "Lose a message", "the next message is lost",
        "M-6 0H-1.5M.5-2.8 6 2.8M6-2.8 .5 2.8", lambda passage, fault: passage.drop("lost"),
        words="lose next", lasts=False, numbered=True, once=True),
    "delay": Kind("link", "Delay", "messages take longer",
        "M-3.5-5H3.5L-3.5 5H3.5Z", lambda passage, fault: passage.delay(fault.amount_us),
        numbered=True,
        amount=Amount("ms", 0, 3_600_000, lambda fifth: fifth // 2, lambda half: (0, half))),
    "duplicate": Kind("link", "Duplicate", "messages arrive twice",
        "M-5-5H2V2H-5ZM-2 2V5H5V-2H2", _perhaps(lambda passage: passage.copy()), numbered=True,
        amount=Amount("%", 0, 100, lambda fifth: 100, lambda half: (10, 100))),
    "cut": Kind("link", "Cut one way", "one direction is cut",
        "M-6 0H1M-2-3 1 0-2 3M4-5V5", lambda passage, fault: passage.drop("cut"), cuts=True),
    "hold": Kind("link", "Hold back", "messages wait until the fault ends",
        "M-5.5-4H5.5V4.5H-5.5ZM-5.5-4 0 1 5.5-4",
        lambda passage, fault: passage.hold(fault.end_us)),
    "loss": Kind("link", "Lose some", "messages are lost",
        "M4-5-4 5M-5-3a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0"
        "M1.6 3a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0",
        _perhaps(lambda passage: passage.drop("lost")), words="lose",
        amount=Amount("%", 0, 100, lambda fifth: 50, lambda half: (10, 100))),
}  # fmt: skip

ANY = "*"
NAME = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
"""What a machine may be called, so that its name can stand in a fault."""

_SIZE = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_TEXT = re.compile(
    rf"([a-z]+):([^@=]+)(?:@(-?{_SIZE})(?:\+(-?{_SIZE}))?)?(?:=([+-]?{_SIZE}))?", re.ASCII
)
_NUMBER = re.compile(r"#([1-9][0-9]{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `at_ms` and `for_ms` are true time; `for_ms` None means to the end of the run.

    Raises `BadInput` for an unknown kind, a negative time, a missing or forbidden part.
    """

    kind: str
    target: str
    at_ms: float = 0
    for_ms: float | None = None
    amount: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.kind, str) and isinstance(self.target, str)):
            raise BadInput(f"fault {self.kind!r}, {self.target!r}: kind and target must be text")
        if self.kind not in KINDS:
            raise BadInput(f"unknown fault {self.kind!r}{did_you_mean(self.kind, KINDS)}")
        kind = KINDS[self.kind]
        self._keep("at_ms", 0, 10**9, "ms")
        if self.for_ms is not None:
            if not kind.lasts:
                raise BadInput(f"{self.kind} happens at one instant: it takes no duration")
            self._keep("for_ms", 0, 10**9, "ms")
        if (self.amount is None) != (kind.amount is None):
            needs = f"needs an amount in {kind.unit}" if kind.unit else "takes no amount"
            raise BadInput(f"{self.kind} {needs} (=N)")
        if kind.amount is not None:
            self._keep("amount", kind.amount.lowest, kind.amount.highest, kind.unit)
        if self.target.startswith("#") and self.message is None:
            raise BadInput(f"{self.kind}: {self.target!r} is no message: numbers begin at 1")
        if self.message is None:
            self._check_shape(kind.target)
        elif not kind.numbered:
            raise BadInput(f"{self.kind} cannot address one message: {self.target!r}")
        elif self.at_ms or self.for_ms is not None:
            raise BadInput(f"{self.kind} of one message takes no instant and no duration")

    def _keep(self, name: str, lowest: int, highest: int, unit: str) -> None:
        """Keep a number as the text form writes it. Raises `BadInput` for what is no number."""
        value = getattr(self, name)
        number = is_number(value)
        if not number or not lowest <= value <= highest:
            huge = isinstance(value, int) and abs(value) > 10**18
            shown = "huge" if huge else f"{value:.12g}" if number else f"{value!r}, not a number"
            raise BadInput(
                f"{self.kind}: {name} is {shown}, allowed is {lowest:,} to {highest:,} {unit}"
            )
        kept = to_the_microsecond(value)
        if unit != "ms" and kept != int(kept):
            raise BadInput(f"{self.kind}: {name} is {value:g}, allowed is a whole number of {unit}")
        object.__setattr__(self, name, kept)

    def _check_shape(self, shape: str) -> None:
        signs = re.sub(r"[^|>,]", "", self.target)
        names = re.split(r"[|>,]", self.target)
        known = [name for name in names if name != ANY or shape != "link"]
        named = all(map(NAME.fullmatch, known)) and len(set(known)) == len(known)
        written, right = {
            "machine": ("the name of one machine", not signs),
            "link": ("a link between two, sender>receiver", signs == ">"),
            "groups": ("groups of machines, a,b|c", "|" in signs and ">" not in signs),
        }[shape]
        if not (named and right):
            raise BadInput(f"{self.kind}: target {self.target!r} is not {written}")

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The machines named by the target: one group, sender and receiver, or the partition."""
        return tuple(tuple(part.split(",")) for part in re.split(r"[|>]", self.target))

    @property
    def machines(self) -> tuple[str, ...]:
        """Every machine that the target names, without the wildcard."""
        if self.message is not None:
            return ()
        return tuple(name for group in self.groups for name in group if name != ANY)

    @property
    def message(self) -> int | None:
        """The number of the one message that it addresses, if it does."""
        number = _NUMBER.fullmatch(self.target) if self.target[:1] == "#" else None
        return None if number is None else int(number[1])

    @property
    def lasts(self) -> bool:
        """Whether it may have a duration."""
        return KINDS[self.kind].lasts and self.message is None

    @property
    def at_us(self) -> int:
        return round(self.at_ms * 1000)

    @property
    def end_us(self) -> int | None:
        """When it ends by itself, in microseconds; None for never."""
        return None if self.for_ms is None else self.at_us + round(self.for_ms * 1000)

    @property
    def amount_us(self) -> int:
        """An amount in milliseconds, in microseconds."""
        return round((self.amount or 0) * 1000)

    def matches(self, sender: str, receiver: str) -> bool:
        """Whether a network fault may concern messages from `sender` to `receiver`."""
        if self.message is not None:
            return True
        if KINDS[self.kind].target == "groups":
            side = {name: group for group in self.groups for name in group}
            return {sender, receiver} <= side.keys() and side[sender] != side[receiver]
        (source,), (target,) = self.groups
        return source in (ANY, sender) and target in (ANY, receiver)

    def __str__(self) -> str:
        duration = "" if self.for_ms is None else f"+{plain(self.for_ms)}"
        amount = "" if self.amount is None else f"={plain(self.amount)}"
        at = "" if self.message is not None else f"@{plain(self.at_ms)}"
        return f"{self.kind}:{self.target}{at}{duration}{amount}"


Schedule = tuple[Fault, ...]


def to_the_microsecond(ms: float) -> float:
    """Milliseconds without what is too small to count, and whole if nothing else is left."""
    ms = round(ms, 3)
    return int(ms) if ms == int(ms) else ms


def parse_fault(text: str) -> Fault:
    """`crash:n1@120+300` as a `Fault`. Raises `BadInput` that says which part is wrong."""
    match = _TEXT.fullmatch(text.strip())
    if match is None or (match[3] is None and match[2][0] != "#"):
        raise BadInput(
            f"fault {text!r} is not of the form kind:target@at_ms[+for_ms][=amount], "
            "for example crash:n1@120+300, or kind:#message[=amount], for example lose:#12"
        )
    kind, target, *numbers = match.groups()
    at_ms, for_ms, amount = (None if each is None else float(each) for each in numbers)
    try:
        return Fault(kind, target, at_ms or 0, for_ms, amount)
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
