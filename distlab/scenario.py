"""Scenarios: named, seeded experiments that anyone can repeat.

A scenario is declared once and then serves the lab, the notebooks, the exercises, the tests, the
search for failures and the command line. It says what is claimed, which knobs may be turned,
how the world is built, which faults happen unless others are given, and which checks judge the run.

`run` is a pure function: the same seed, faults and knobs give the same trace, byte for byte, in
every process.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property, partial
from typing import Any, NamedTuple

from distlab.check.history import COMPLETIONS, History
from distlab.check.verdict import NOTHING, Check, Verdict
from distlab.host import BadInput, did_you_mean, pick
from distlab.knobs import Knob, Value, Ways, arguments, check_knobs, check_seed, knobs_text
from distlab.sim.faults import Fault, Schedule, as_schedule, parse_schedule, schedule_text
from distlab.sim.kernel import Deadlock, Runaway
from distlab.sim.trace import Trace
from distlab.sim.world import World, no_garbage_collection

GOOD, PRICE, BAD, UNKNOWN = "good", "price", "bad", "unknown"
"""Tones of an outcome: the property holds; it holds but its price is paid; it fails; undecided, or
there was nothing to judge."""

STUCK = "progress"
"""The verdict that a run has, beside those of its checks, if it came to a standstill or no end."""


VERSION, DIGEST_DIGITS = "d1", 6
"""How a replay token begins, and how many digits of the digest end it."""


class Outcome(NamedTuple):
    """How a run ended, in one or two words, with a tone that pictures turn into colour."""

    name: str
    tone: str


class Token(NamedTuple):
    """A replay token: all that a run depends on, and the first digits of its digest.

    `digest` is empty when nothing is known of the run, as in a token written by hand.
    """

    scenario: Scenario
    seed: int
    faults: Schedule
    knobs: Mapping[str, Value]
    digest: str = ""

    def __str__(self) -> str:
        knobs = knobs_text({**self.knobs, "seed": self.seed})
        text = f"{VERSION}:{self.scenario.id}?{knobs}#{schedule_text(self.faults)}"
        return f"{text}~{self.digest}" if self.digest else text

    def run(self) -> Run:
        return self.scenario.run(self.seed, self.faults, **self.knobs)

    def with_fault(self, index: int, fault: Fault) -> Token:
        """The same, but for the fault of that index."""
        before, after = self.faults[:index], self.faults[index + 1 :]
        return self._replace(faults=(*before, fault, *after), digest="")

    def with_fault_at(self, index: int, ms: float) -> Token:
        """The same, but one fault comes at another instant."""
        return self.with_fault(index, replace(self.faults[index], at_ms=ms))

    def difference(self, run: Run) -> str:
        """A sentence when `run` is not what the token was made from; else empty."""
        now = run.trace.digest()[: len(self.digest)]
        if now == self.digest:
            return ""
        return (
            f"the run is another one than when the token was made (digest {now}, token "
            f"{self.digest}): the code has changed since, or the run used a learner's own class"
        )


@dataclass(frozen=True)
class Run:
    """One finished run: plain data, without the world in which it happened."""

    scenario: Scenario
    seed: int
    faults: Schedule
    knobs: Mapping[str, Value]
    machines: tuple[str, ...]
    trace: Trace
    verdicts: tuple[Verdict, ...]
    outcome: Outcome

    @property
    def ok(self) -> bool:
        """Whether the run ended well: the property was judged, and no check failed."""
        return self.outcome.tone == GOOD

    @cached_property
    def history(self) -> History:
        """The operations of all clients."""
        return History.from_trace(self.trace)

    @cached_property
    def metrics(self) -> dict[str, int]:
        """Counts that every run has, then the scenario's own."""
        kinds = [event.kind for event in self.trace.events]
        named = {"messages": "send", "delivered": "deliver", "dropped": "drop"}
        named |= {outcome: outcome for outcome in COMPLETIONS}
        counts = {name: kinds.count(kind) for name, kind in named.items()}
        return counts | dict(self.scenario.measure(self.trace))

    @property
    def setup(self) -> Token:
        """All that this run depends on."""
        return Token(self.scenario, self.seed, self.faults, self.knobs)

    @property
    def token(self) -> str:
        """The replay token of this run."""
        return str(self.setup._replace(digest=self.trace.digest()[:DIGEST_DIGITS]))

    @property
    def deciding(self) -> Verdict:
        """The verdict that decided the outcome."""
        return self.scenario.deciding(self.verdicts)

    def verdict(self, name: str) -> Verdict:
        """The verdict of that name. Raises `BadInput` when no check has it."""
        by_name = {verdict.name: verdict for verdict in self.verdicts}
        return pick(by_name, name, f"{self.scenario.id} verdict")

    def as_dict(self) -> dict[str, Any]:
        """The run for JSON, without its trace."""
        verdicts = [{**asdict(each), "witness": list(each.witness)} for each in self.verdicts]
        return {
            "id": self.scenario.id, "seed": self.seed, "faults": schedule_text(self.faults),
            "knobs": dict(self.knobs), "digest": self.trace.digest(),
            "outcome": self.outcome.name, "metrics": self.metrics, "verdicts": verdicts,
            "token": self.token,
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<Run {self.token}: {self.outcome.name}>"


def _no_world(world: World) -> None:
    """Stands where `build` will be."""


def _nothing_measured(trace: Trace) -> Mapping[str, int]:
    return {}


TAKEN = (
    "world", "scenario", "seed", "faults", "fault", "instants", "gesture", "prediction",
    "runs", "k", "limit", "start", "nemesis", "executor", "verdict", "progress",
    "solution",
)  # fmt: skip
"""Names used by the lab and the searches; no knob may have one."""


@dataclass(frozen=True)
class Variant:
    """One more setting of a scenario's knobs that makes a mistake of its own, for the catalogue.

    `property` names the verdict that fails; unless given it is the scenario's property.
    """

    knobs: Mapping[str, Value]
    mistake: str
    source: str
    property: str = ""


@dataclass(frozen=True)
class Scenario:
    """A declared experiment: what stands above the function that puts machines into the world.

        @Scenario(id="start/ping", title="…", claim="…", checks=(ANSWERED,), knobs=(Ways(…),))
        def ping(world, retries, solution=None):
            world.add(…)

    The first check is the property that the scenario is about, the second the price: what a repair
    gives up. `property` and `price` name others. Where one knob is `Ways`, its first wrong way is
    the violating setting, its first right way the satisfying one, and its other wrong ways are
    further `mistakes`. Settings of several knobs or of numbers are given as `violating` and
    `satisfying`, with a `mistake` in a phrase and the `source` that tells of it.

    `nemesis` is the space of faults that the satisfying setting survives (`distlab.explore.space`).
    `outcomes` names a run that fails the property, and one that fails only the price. A check that
    fails makes the outcome a price, unless `others` names another outcome. No run with a failing
    check is called fine. `instruments` names what the lab shows beside its usual instruments.
    Where `build` takes a `solution`, that is the learner's part; None stands for our own.
    Raises `BadInput` where the declaration contradicts itself.
    """

    id: str
    title: str
    claim: str
    checks: tuple[Check, ...]
    build: Callable[..., None] = _no_world
    property: str = ""
    price: str = ""
    knobs: tuple[Knob, ...] = ()
    violating: Mapping[str, Value] = field(default_factory=dict)
    satisfying: Mapping[str, Value] = field(default_factory=dict)
    mistake: str = ""
    source: str = ""
    mistakes: tuple[Variant, ...] = ()
    nemesis: str = ""
    faults: str = ""
    seed: int = 1
    horizon_ms: int = 500
    latency_ms: tuple[float, float] = (5, 15)
    outcomes: tuple[str, str] = ("", "")
    others: Mapping[str, Outcome] = field(default_factory=dict)
    instruments: tuple[str, ...] = ()
    measure: Callable[[Trace], Mapping[str, int]] = _nothing_measured

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+/[a-z0-9-]+", self.id):
            raise BadInput(f"scenario id {self.id!r} is not of the form chapter/name-in-words")
        for part in ("checks", "knobs", "mistakes", "instruments", "outcomes"):
            said = f"{part}: {getattr(self, part)!r} is no tuple; a tuple of one is written (X,)"
            self._demand(isinstance(getattr(self, part), tuple), said)
        two = [*map(type, self.outcomes)] == [str, str]
        self._demand(two, f"outcomes: {self.outcomes!r} is allowed to be two words only")
        names = self._check_checks()
        self._check_names()
        ways = {knob.name: knob for knob in self.knobs if isinstance(knob, Ways)}
        self._demand(len(ways) < 2, f"knobs {[*ways]} are all Ways; only one may be (take Choice)")
        for knob in ways.values() if not self.violating else ():
            self._fill_from(knob)
        self._fill(property=names[0])
        self._fill(price=next((name for name in names if name != self.property), ""))
        roles = [("property", self.property), ("price", self.price)]
        roles += [("property", each.property) for each in self.mistakes]
        # Defaults of a chapter may name checks that this scenario lacks: only a slip is refused.
        slips = [("others", name) for name in self.others if get_close_matches(name, names)]
        for role, name in roles + slips:
            said = f"{role} {name!r} is the name of no check{did_you_mean(name, names)}"
            self._demand(not name or name in names, said)
        for knobs in ({}, self.violating, self.satisfying, *(each.knobs for each in self.mistakes)):
            check_knobs(self.knobs, knobs, self.id)
        parse_schedule(self.faults)

    def __call__(self, build: Callable[..., None]) -> Scenario:
        """This experiment with `build(world, **knobs)`, which puts machines and clients into it."""
        return replace(self, build=build)

    def _demand(self, fine: object, complaint: str) -> None:
        if not fine:
            raise BadInput(f"{self.id}: {complaint}")

    def _fill(self, **parts: Any) -> None:
        """Set what was not given."""
        for name, value in parts.items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)

    def _fill_from(self, knob: Ways) -> None:
        first, *further = knob.of_role("wrong")
        self._fill(property=first.property)
        said = f"way {first.name} violates {first.property!r}, not the property {self.property!r}"
        self._demand(first.property in ("", self.property), said)
        mistakes = tuple(
            Variant({knob.name: way.name}, way.mistake, way.source, way.property) for way in further
        )
        self._fill(violating={knob.name: first.name}, mistakes=mistakes)
        for way in knob.of_role("right"):
            self._fill(satisfying={knob.name: way.name})
        self._fill(mistake=first.mistake, source=first.source)

    def _check_checks(self) -> list[str]:
        self._demand(self.checks, "checks: () is empty; the first check is the property")
        for check in self.checks:
            said = f"check {check!r} has no name; `invariant` makes a check of a function"
            self._demand(callable(check) and isinstance(getattr(check, "name", None), str), said)
        names = [check.name for check in self.checks]
        said = f"checks: {names} need different names, none of them {STUCK!r}"
        self._demand(len({STUCK, *names}) > len(names), said)
        return names

    def _check_names(self) -> None:
        names = [knob.name for knob in self.knobs]
        taken = inspect.signature(self.build).parameters
        for name in names:
            said = f"build takes no argument {name!r}, but a knob has it"
            self._demand(self.build is _no_world or name in taken, said)
            self._demand([*TAKEN, *names].count(name) == 1, f"the knob name {name!r} is taken")
        said = f"build: {self.build!r} is async; it must be a plain function"
        self._demand(not inspect.iscoroutinefunction(self.build), said)

    @cached_property
    def chapter(self) -> str:
        return self.id.partition("/")[0]

    def using(self, **parts: Any) -> Scenario:
        """The same experiment with other parts: `build`'s arguments that are no knobs.

        Raises `BadInput` for a part that `build` does not have.
        """
        no_parts = {"world", *(knob.name for knob in self.knobs)}
        taken = inspect.signature(self.build).parameters
        allowed = [name for name in taken if name not in no_parts]
        for name in parts:
            if name not in allowed:
                raise BadInput(f"{self.id} has no part {name!r}{did_you_mean(name, allowed)}")
        return replace(self, build=partial(self.build, **parts))

    def settings(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """All knobs with their values. Raises `BadInput` for a wrong name or value."""
        return check_knobs(self.knobs, given, self.id)

    def run(
        self, seed: int | None = None, faults: Schedule | str | None = None, **knobs: Any
    ) -> Run:
        """Run it once. Arguments that are not given are the scenario's defaults.

        A run that gets stuck or repeats without end is a result too: a violated verdict (`STUCK`)
        says who waits for what. Raises `BadInput` for a wrong seed, fault or knob.
        """
        self._demand(self.build is not _no_world, "no build: put @Scenario(…) above a function")
        seed = self.seed if seed is None else check_seed(seed)
        schedule = as_schedule(self.faults if faults is None else faults)
        settings = self.settings(knobs)
        stuck: tuple[Verdict, ...] = ()
        with no_garbage_collection():
            world = World(seed, self.latency_ms)
            self.build(world, **arguments(self.knobs, settings))
            world.inject(schedule)
            machines = tuple(world.machines)
            try:
                world.run(self.horizon_ms)
            except (Deadlock, Runaway) as error:
                stuck = (Verdict(STUCK, False, str(error), judged=1),)
            finally:
                world.close()
        trace = world.trace
        verdicts = stuck + tuple(self._judge(check, trace) for check in self.checks)
        outcome = self.outcome_of(self.deciding(verdicts))
        return Run(self, seed, schedule, settings, machines, trace, verdicts, outcome)

    def _judge(self, check: Check, trace: Trace) -> Verdict:
        verdict = check(trace)
        named = isinstance(verdict, Verdict) and verdict.name == check.name
        self._demand(named, f"check {check.name!r} gave {verdict!r}, not a Verdict of its name")
        return verdict

    def deciding(self, verdicts: Sequence[Verdict]) -> Verdict:
        """The verdict that decides how a run ended.

        First comes a failing verdict: the property's, then the price's, then others'. A property
        that had nothing to judge comes before any price. Then come undecided verdicts.
        """
        rank = {STUCK: 0, self.property: 1, self.price: 2}
        ranked = sorted(verdicts, key=lambda verdict: rank.get(verdict.name, 3))
        about = next(v for v in ranked if v.name == self.property)
        failing = (v for v in ranked if v.ok is False or (v is about and not v.judged))
        undecided = (v for v in ranked if v.ok is None and v.judged)
        return next(failing, None) or next(undecided, about)

    def outcome_of(self, verdict: Verdict) -> Outcome:
        """How a run ends that this verdict decides."""
        name, (failure, paid) = verdict.name, self.outcomes
        if verdict.ok is None:
            return Outcome("undecided" if verdict.judged else NOTHING, UNKNOWN)
        if verdict.ok:
            return Outcome("holds", GOOD)
        named = {
            **self.others,
            STUCK: Outcome("stuck", BAD),
            self.price: Outcome(paid or f"not {self.price}", PRICE),
            self.property: Outcome(failure or f"not {self.property}", BAD),
        }
        return named.get(name, Outcome(f"not {name}", PRICE))

    def as_dict(self) -> dict[str, Any]:
        """The declaration for JSON."""
        about = ("name", "default", "allowed", "meaning")
        knobs = [{part: getattr(knob, part) for part in about} for knob in self.knobs]
        return {
            "id": self.id, "title": self.title, "claim": self.claim, "knobs": knobs,
            "faults": self.faults, "seed": self.seed, "horizon_ms": self.horizon_ms,
            "property": self.property, "price": self.price,
            "violating": dict(self.violating), "satisfying": dict(self.satisfying),
            "mistake": self.mistake, "source": self.source, "nemesis": self.nemesis,
        }  # fmt: skip
