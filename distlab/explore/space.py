"""The fault space of a scenario: everything that its nemesis may do.

In Jepsen the process that causes the trouble is called the nemesis. Here it is a text, and its
rules are faults with ranges in the place of numbers:

    pause:client-1,client-2@0..400+50..8000; crash:n1,n2,n3+end; lose; at most 2

`kind[:targets][@from..to][+for..for][=low..high]`, times in milliseconds, and how many faults a run
may have (3, unless it says; 100 at most). `+end` lasts to the end of the run. A part that a rule
leaves out is wide:

* targets: any machine, but crash and wipe spare the clients; any link that the run uses (also with
  `*`: `n1>*`); a partition: any split in two, of all machines or of those that are named;
  `lose:#`, `delay:#` and `duplicate:#` strike one message, any that a run without faults sends;
* instants: the whole run;
* duration: up to half of it.

A scenario declares as its nemesis what its repaired variant must survive: a protocol makes promises
under some faults, not under all. One that declares none is searched with the kinds of its
default faults: on machines of the same sort, at any instant, as long and as many at most.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Any, NamedTuple, TypeVar

from distlab.host import BadInput, did_you_mean
from distlab.scenario import Run, Scenario
from distlab.sim.faults import ANY, KINDS, Fault, Schedule, check_schedule, parse_schedule

AT_MOST = 3
"""Faults in one run, unless the nemesis says otherwise."""
EDGE = 16
"""One number in so many is drawn from the edges of its range."""

_RULE = re.compile(r"([a-z]+)(?::([^@+=]+))?(?:@([^+=]+))?(?:\+([^=]+))?(?:=(.+))?")
_RANGE = re.compile(r"([+-]?\d+)(?:\.\.([+-]?\d+))?", re.ASCII)

Range = tuple[int, int]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Rule:
    """Faults of one kind: on any of `targets`; at, for and with anything in the ranges.

    `for_ms` None: at one instant, or to the end of the run. Raises `BadInput` as `Fault` does.
    """

    kind: str
    targets: tuple[str, ...]
    at_ms: Range
    for_ms: Range | None
    amount: Range | None

    def __post_init__(self) -> None:
        for ms in self.at_ms:
            for _ in self.at(ms):  # Fault refuses what is wrong
                pass

    def __contains__(self, fault: Fault) -> bool:
        return (
            fault.kind == self.kind
            and (fault.target in self.targets or (self.numbered and fault.message is not None))
            and _inside(fault.at_ms, self.at_ms)
            and _inside(fault.for_ms, self.for_ms)
            and _inside(fault.amount, self.amount)
        )

    @property
    def numbered(self) -> bool:
        """Whether it strikes single messages. (A run with faults may send more than these.)"""
        return self.targets[0].startswith("#")

    def draw(self, random: Random, instants: Sequence[int], lengths: Sequence[int]) -> Fault:
        """Draw one of them; now and then at one of `instants`, or as long as one of `lengths`."""
        at_ms, target = _within(random, self.at_ms, instants), _pick(random, self.targets)
        for_ms = None if self.for_ms is None else _within(random, self.for_ms, lengths)
        amount = None if self.amount is None else _within(random, self.amount, lengths)
        return Fault(self.kind, target, at_ms, for_ms, amount)

    def at(self, ms: float, targets: Iterable[str] | None = None) -> Iterator[Fault]:
        """The strongest faults at one instant: the longest, with the extreme amounts, on every
        target unless some are given.
        """
        if not _inside(ms, self.at_ms):
            return
        low, high = self.amount or (0, 0)
        amounts = (low, high) if low < 0 < high else (max(low, high, key=abs),)
        for target in self.targets if targets is None else targets:
            for amount in amounts if self.amount else (None,):
                yield Fault(self.kind, target, ms, self.for_ms and self.for_ms[1], amount)


@dataclass(frozen=True, slots=True)
class FaultSpace:
    """All schedules of up to `at_most` faults that the rules allow.

    Faults of one kind on one target do not overlap: together they would last longer than allowed.
    """

    nemesis: str
    rules: tuple[Rule, ...]
    at_most: int
    lengths_ms: tuple[int, ...] = ()

    @classmethod
    def of(cls, scenario: Scenario, nemesis: str | None = None, **knobs: Any) -> FaultSpace:
        """The space of `nemesis`, else of what the scenario declares, else of its default faults.

        One run without faults tells which machines and links there are. Raises `BadInput` that
        says which rule is wrong.
        """
        calm = _Calm.of(scenario.run(faults=(), **knobs))
        if nemesis is None:
            nemesis = scenario.nemesis or _derived(scenario, calm)
        parts = [part.strip() for part in nemesis.split(";") if part.strip()]
        limits = [part for part in parts if part.startswith("at most")]
        parsed = [_parsed(part, calm) for part in parts if part not in limits]
        rules = tuple(rule for rule in parsed if rule.targets)
        limit = "".join(limits) or f"at most {AT_MOST}"
        at_most = re.fullmatch(r"at most ([1-9][0-9]?|100)", limit)
        if not at_most:
            form = "at most 3 (1 to 100)"
            raise BadInput(f"nemesis: {'; '.join(limits)!r} is not of the form: {form}")
        settings = scenario.settings(knobs).items()
        lengths_ms = tuple(
            value for name, value in settings if name.endswith("_ms") and isinstance(value, int)
        )
        return cls("; ".join(parts), rules, int(at_most[1]), lengths_ms)

    def __contains__(self, faults: Schedule) -> bool:
        allowed = all(any(fault in rule for rule in self.rules) for fault in faults)
        apart = not any(_overlap(one, other) for one, other in combinations(faults, 2))
        return allowed and apart and len(faults) <= self.at_most

    def draw(self, random: Random) -> Schedule:
        """Draw one schedule.

        One number in `EDGE` is a special one, of those that are allowed: an instant at which
        another fault begins or ends; the value of a knob in milliseconds, as a time to live, for a
        duration or a delay; the first or the last of the range (so also instant 0).
        """
        faults: list[Fault] = []
        instants: list[int] = []
        for _ in range(_pick(random, range(1, self.at_most + 1)) if self.rules else 0):
            fault = _pick(random, self.rules).draw(random, instants, self.lengths_ms)
            if not any(_overlap(fault, other) for other in faults):
                faults.append(fault)
                instants += [int(fault.at_ms), int(fault.at_ms + (fault.for_ms or 0))]
        return in_order(faults)

    def __str__(self) -> str:
        return self.nemesis or "no faults"


class _Calm(NamedTuple):
    """The machines, links and messages of a run without faults."""

    machines: tuple[str, ...]
    clients: tuple[str, ...]
    links: tuple[str, ...]
    messages: tuple[str, ...]
    horizon_ms: int

    @classmethod
    def of(cls, run: Run) -> _Calm:
        events = run.trace.events
        calling = {event.node for event in events if event.kind == "invoke"}
        used = {(event.node, event.peer) for event in events if event.kind == "send"}
        return cls(
            run.machines,
            tuple(name for name in run.machines if name in calling),
            tuple(f"{a}>{b}" for a in run.machines for b in run.machines if {(a, b)} <= used),
            tuple(f"#{e.number}" for e in events if e.kind == "send" and e.node != e.peer),
            run.scenario.horizon_ms,
        )

    def targets(self, kind: str, given: str | None) -> tuple[str, ...]:
        """All targets for faults of a kind, from the names that a rule gives."""
        names = [name.strip() for name in given.split(",")] if given else []
        shape = KINDS[kind].target
        if given == "#":
            return self.messages
        if shape == "link":
            return tuple(link for link in self.links if _matches(link, names or [f"{ANY}>{ANY}"]))
        spared = self.clients if KINDS[kind].power == "off" else ()
        machines = names or [name for name in self.machines if name not in spared]
        return tuple(machines) if shape == "machine" else tuple(_splits(machines))

    def like(self, names: Sequence[str]) -> tuple[str, ...]:
        """All clients if there is one among `names`; likewise all that are no clients."""
        sorts = {name in self.clients for name in names}
        return tuple(name for name in self.machines if (name in self.clients) in sorts)


def _matches(link: str, patterns: Sequence[str]) -> bool:
    sender, receiver = link.split(">")
    ends = [pattern.partition(">")[::2] for pattern in patterns]
    return any(a in (ANY, sender) and b in (ANY, receiver) for a, b in ends)


def _splits(machines: Sequence[str]) -> Iterator[str]:
    """Every way to part the machines in two (of more than eight, one or two from the rest)."""
    half = len(machines) // 2 if len(machines) <= 8 else 2
    for size in range(1, half + 1):
        for side in combinations(machines, size):
            if 2 * size < len(machines) or machines[0] in side:
                rest = tuple(name for name in machines if name not in side)
                yield "|".join(map(",".join, (side, rest) if machines[0] in side else (rest, side)))


def _derived(scenario: Scenario, calm: _Calm) -> str:
    """A nemesis made from the default faults."""
    faults = parse_schedule(scenario.faults)
    rules: dict[str, None] = {}
    for fault in faults:
        kind = KINDS[fault.kind]
        named = tuple(name for name in calm.machines if name in fault.machines)
        alike = {"machine": calm.like(named), "groups": named, "link": ()}
        targets = ",".join(alike[kind.target])
        lasting = "end" if fault.for_ms is None else f"1..{max(1, math.ceil(fault.for_ms))}"
        amounts = sorted((fault.amount or 0, -1 if (fault.amount or 0) < 0 else 1))
        rule = fault.kind
        rule += f":{targets}" if targets else ""
        rule += f"+{lasting}" if kind.lasts else ""
        rule += "={}..{}".format(*amounts) if kind.unit else ""
        rules[rule] = None
    return "; ".join([*rules, f"at most {len(faults)}"]) if rules else ""


def _parsed(text: str, calm: _Calm) -> Rule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise BadInput(f"nemesis: {text!r} is not of the form kind:targets@0..400+50..100=10..50")
    name, given, at, lasting, amount = match.groups()
    if name not in KINDS:
        raise BadInput(f"nemesis: unknown fault {name!r}{did_you_mean(name, KINDS)}")
    kind = KINDS[name]
    for part, taken in ((lasting, kind.lasts), (amount, kind.unit)):
        if part and not taken:
            raise BadInput(f"nemesis: {text!r}: {name} takes no {part!r}")
    half_ms = max(1, calm.horizon_ms // 2)
    lasts = kind.lasts and (lasting or given != "#")
    rule = Rule(
        name,
        calm.targets(name, given),
        _range(at or ("0" if given == "#" else f"0..{calm.horizon_ms}"), text),
        _range(lasting or f"0..{half_ms}", text) if lasts and lasting != "end" else None,
        kind.amount and (_range(amount, text) if amount else kind.amount.searched(half_ms)),
    )
    if given not in (None, "#") and not rule.targets:
        links = ", ".join(calm.links) or "none"
        raise BadInput(f"nemesis: {text!r}: the run uses no such link (it uses {links})")
    check_schedule(tuple(rule.at(rule.at_ms[1])), calm.machines, calm.horizon_ms)
    return rule


def _range(text: str, rule: str) -> Range:
    match = _RANGE.fullmatch(text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise BadInput(f"nemesis: {rule!r}: {text!r} is no range of whole numbers low..high")
    return int(match[1]), int(match[2] or match[1])


def in_order(faults: Iterable[Fault]) -> Schedule:
    """The faults in the order in which they begin."""
    return tuple(sorted(faults, key=lambda fault: (fault.at_ms, str(fault))))


# Samplers on `random.random()` alone: the same on every version of Python.


def _within(random: Random, limits: Range, special: Sequence[int] = ()) -> int:
    if random.random() * EDGE < 1:
        return _pick(random, [each for each in (*limits, *special) if _inside(each, limits)])
    return limits[0] + int(random.random() * (limits[1] - limits[0] + 1))


def _pick(random: Random, items: Sequence[Item]) -> Item:
    return items[int(random.random() * len(items))]


def _inside(value: float | None, limits: Range | None) -> bool:
    if value is None or limits is None:
        return value is None and limits is None
    return limits[0] <= value <= limits[1]


def _overlap(one: Fault, other: Fault) -> bool:
    if (one.kind, one.target) != (other.kind, other.target) or not one.lasts:
        return False
    first, second = sorted((one, other), key=lambda fault: fault.at_us)
    return first.end_us is None or second.at_us <= first.end_us
