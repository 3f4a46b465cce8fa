"""Write the oracle: the learner writes the check, and runs whose verdict is known judge it.

    def holds(history, trace) -> bool | Witness

`history` is a tuple of `PlainOperation`, `trace` one of `PlainEvent`. Both hold plain values that
cannot be changed. True says that the promise holds in this run. False is an alarm, and so is a
`Witness` of the events that prove it, which the picture then shows.

An oracle is asked about the ways of some experiments, wrong ones and right ones: `RUNS` fixed runs
of each way under a nemesis. Afterwards the reference checks judge the same runs. Runs in which they
have nothing to judge, or are undecided, do not count. The oracle passes if it raises no alarm in a
run that holds, and at least one in each way that has broken runs. A second batch of as many runs is
done when the first one is passed.

What a learner must not see is which way made the run. So states, timers and notes are left out, and
a message has no name and no content unless `tells` says so: names of commands would betray the way.
What is left (who sent when to whom) may betray it still. But each wrong way has runs that hold too,
and an alarm in those is a false one: to know the way is not enough.

The function is asked twice about each run, the second time in another order: chance, or memory
from run to run, is noticed. While it is asked, no verdict exists, and a call of distlab's own code
or of what shows other frames (`NOT_YOURS`) ends the check. That keeps an honest learner honest. It
cannot stop code that replaces parts of distlab, works in a thread of its own, repeats the text of
the reference, or has learnt all runs by heart: they are fixed, so that a result can be repeated.
"""

import gc
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from distlab.check.history import Ending, History
from distlab.check.verdict import Check, Verdict
from distlab.course import steps
from distlab.course.exercise import Result, Texts, WrongReturn, ended_by, is_own
from distlab.explore.search import trials
from distlab.explore.space import FaultSpace
from distlab.host import BadInput
from distlab.knobs import Ways
from distlab.places import PACKAGE
from distlab.registry import get
from distlab.scenario import Run, Token
from distlab.sim.trace import Trace
from distlab.view.spacetime import spacetime
from distlab.view.still import Table, closed

RUNS = 20
"""Runs of each way in a batch."""
BATCHES = 2
HIDDEN = ("state", "timer", "note")
"""Kinds of events that an oracle does not see."""
NO_NEED = "it has nothing to wait for: the run is over"
ONLY = "it may use nothing but history and trace"
NOT_YOURS = {
    time.sleep: NO_NEED,
    sys._getframe: ONLY, sys._current_frames: ONLY, sys.setprofile: ONLY, sys.settrace: ONLY,
    gc.get_objects: ONLY, gc.get_referrers: ONLY, gc.get_referents: ONLY,
}  # fmt: skip


class PlainOperation(NamedTuple):
    """One call of a client. `invoked` and `completed` are positions in the trace.

    `outcome` is "ok", "failed" (it did not happen and never will) or "unknown" (no answer: it may
    have happened, it may happen yet, or never). Only an ok operation has a result. `completed` is
    None when the outcome is unknown.
    """

    process: str
    function: str
    key: str
    argument: Any
    result: Any
    outcome: Ending
    invoked: int
    completed: int | None
    invoked_ms: float
    completed_ms: float | None


class PlainEvent(NamedTuple):
    """One event of the trace; `distlab.sim.trace` has a table of the kinds.

    `what` and `value` are empty except for a message that the exercise tells of.
    """

    position: int
    kind: str
    at_ms: float
    node: str
    peer: str
    what: str
    value: Any


class View(NamedTuple):
    """What an oracle may see of a run."""

    history: tuple[PlainOperation, ...]
    trace: tuple[PlainEvent, ...]


Holds = Callable[[tuple[PlainOperation, ...], tuple[PlainEvent, ...]], Any]
Alarm = tuple[int, ...] | None
"""The positions that an oracle points at, perhaps none; None when it says that all is well."""


class Witness(tuple[Any, ...]):
    """The proof that a promise is broken: `Witness(write, read)`.

    Its parts are operations of the history, events of the trace, or positions in the trace.
    """

    __slots__ = ()

    def __new__(cls, *parts: PlainOperation | PlainEvent | int) -> "Witness":
        return super().__new__(cls, parts)


@dataclass(frozen=True)
class Arms:
    """Ways of a scenario (all of them, if none is named), each run under the same nemesis."""

    scenario: str
    nemesis: str | None = None
    ways: tuple[str, ...] = ()

    def tokens(self, batch: int) -> Iterator[Token]:
        """The runs of a batch. Each batch has other ones, always the same."""
        scenario = get(self.scenario)
        (knob,) = (knob for knob in scenario.knobs if isinstance(knob, Ways))
        for way in self.ways or knob.choices:
            knobs = {knob.name: way}
            space = FaultSpace.of(scenario, self.nemesis, **knobs)
            yield from trials(scenario, space, RUNS, batch, **knobs)


class Judged(NamedTuple):
    """A run, the verdict of the reference, and what the oracle said."""

    token: Token
    verdict: Verdict
    alarm: Alarm

    @property
    def way(self) -> tuple[str, str]:
        (knob,) = (knob for knob in self.token.scenario.knobs if isinstance(knob, Ways))
        return self.token.scenario.id, str(self.token.knobs[knob.name])

    @property
    def caught(self) -> bool:
        return not self.verdict.ok and self.alarm is not None

    @property
    def false_alarm(self) -> bool:
        return bool(self.verdict.ok) and self.alarm is not None

    def drawn(self, summary: str) -> "Drawn":
        """The picture: the learner's witness, or if there is none the reference's."""
        return Drawn(f"{summary}: {self.verdict}", self.token.run(),
                     self.alarm or self.verdict.witness)  # fmt: skip


class Drawn(NamedTuple):
    """A run to be shown, and the positions that stand out."""

    summary: str
    run: Run
    highlight: tuple[int, ...]


@dataclass(frozen=True)
class Score(Result):
    """What an oracle is worth: `table` counts by way, `drawn` are a few runs to look at."""

    table: Table | None = None
    drawn: tuple[Drawn, ...] = ()

    def text(self) -> str:
        runs = (f"{each.summary}\n{each.run.token}" for each in self.drawn)
        table = [self.table.text()] if self.table else []
        return "\n".join([super().text(), *table, *runs])

    def html(self) -> str:
        shown = super().html() + (self.table.html() if self.table else "")
        for each in self.drawn:
            picture = spacetime(each.run, highlight=each.highlight).html()
            shown += closed(each.summary, f"<p><code>{each.run.token}</code></p>{picture}")
        return shown


class LooksElsewhere(BaseException):
    """An oracle calls what it should not. No `except Exception` of a learner hides it."""


class _Guard:
    """While an oracle is asked: what it calls is looked at."""

    def __init__(self, holds: Holds) -> None:
        code = getattr(inspect.unwrap(holds), "__code__", None)
        self.allowed = {__file__, code.co_filename if code else __file__}
        self.seen: LooksElsewhere | None = None

    def ask(self, holds: Holds, view: View) -> Any:
        before = sys.getprofile()
        sys.setprofile(self._look)
        try:
            return holds(*view)
        finally:
            sys.setprofile(before)
            if self.seen:  # the learner's code may have caught it
                raise self.seen

    def _look(self, frame: FrameType, event: str, function: Any) -> None:
        code = frame.f_code
        if code.co_filename in self.allowed and event == "call":
            return
        if event == "call" and Path(code.co_filename).is_relative_to(PACKAGE):
            self._refuse(code.co_qualname, ONLY)
        elif event == "c_call" and code.co_filename != __file__:
            for forbidden, why in NOT_YOURS.items():
                if function is forbidden:
                    self._refuse(forbidden.__name__, why)

    def _refuse(self, name: str, why: str) -> None:
        self.seen = LooksElsewhere(f"your check calls {name}; {why}.")
        raise self.seen


class Batch:
    """Runs, and what an oracle may see of them."""

    def __init__(self, oracle: "Oracle", number: int) -> None:
        self.tokens = [token for arms in oracle.arms for token in arms.tokens(number)]
        self.traces = [token.run().trace for token in self.tokens]
        self.views = [view(trace, oracle.tells) for trace in self.traces]
        self._truth = oracle.truth

    @cached_property
    def truths(self) -> list[Verdict | None]:
        return [self._truth(trace) for trace in self.traces]

    def judged(self, alarms: list[Alarm]) -> list[Judged]:
        """The runs that count."""
        found = zip(self.tokens, self.truths, alarms, strict=True)
        return [Judged(token, truth, alarm) for token, truth, alarm in found if truth]


@dataclass(frozen=True)
class Oracle:
    """A check to write. `checks` are the reference checks: all of them have to hold.

    `tells` says which messages are seen by name, and which of their fields is their value.
    `mistakes` are wrong oracles by name. One is recognised when the learner's function raises
    alarm in the very same runs.
    """

    texts: Texts
    arms: tuple[Arms, ...]
    checks: tuple[Check, ...]
    stub: Holds
    reference: Holds
    mistakes: Mapping[str, Holds]
    tells: Mapping[type, str] = field(default_factory=dict)
    name: str = "holds"
    base: type | None = None

    @property
    def key(self) -> str:
        """Under which name progress keeps the result."""
        return f"exercise/{self.texts.id}"

    def source(self) -> str:
        """The reference solution, to read."""
        return inspect.getsource(self.reference)

    def truth(self, trace: Trace) -> Verdict | None:
        """The verdict that is violated, else one that holds; None if the run does not count."""
        verdicts = [check(trace) for check in self.checks]
        broken = next((each for each in verdicts if each.ok is False), None)
        unsure = any(each.judged and each.ok is None for each in verdicts)
        return broken or (None if unsure else next((v for v in verdicts if v.ok), None))

    def check(self, solution: Any) -> Result:
        """Judge an oracle. Never raises for what it does."""
        return self._check(solution, (Batch(self, number) for number in range(BATCHES)))

    def _check(self, holds: Any, batches: Iterator[Batch]) -> Result:
        if holds is None:
            return Result("not attempted", f"Define {self.name} first, and run its cell.")
        judged: list[Judged] = []
        try:
            if not takes_two(holds):
                said = f"{self.name} should be a function: def {self.name}(history, trace)."
                return Result("incorrect", said)
            for batch in batches:
                alarms = self._alarms(holds, batch)
                judged += batch.judged(alarms)
                if not passed(judged):
                    return self._incorrect(judged, self._mistake(alarms, batch))
        except LooksElsewhere as error:
            return replace(ended_by(error, self.name, len(judged)), kind="incorrect")
        except BaseException as error:
            return ended_by(error, self.name, len(judged))
        caught = next(each for each in judged if each.caught)
        said = f"{self.texts.title}: {counted(judged)}"
        return Score("correct", said, len(judged), table=by_way(judged),
                     drawn=(caught.drawn("The first one caught"),))  # fmt: skip

    def _alarms(self, holds: Holds, batch: Batch) -> list[Alarm]:
        """What it says of each run. Raises what its code raises, and `WrongReturn`."""
        guard = _Guard(holds)
        order = range(len(batch.views))
        said: dict[int, Alarm] = {}
        with steps.StepCount(is_own) as count:
            for number in (*order, *reversed(order)):
                count.reset()
                each = batch.views[number]
                alarm = as_alarm(guard.ask(holds, each), each, self.name)
                if (said.setdefault(number, alarm) is None) != (alarm is None):
                    raise WrongReturn(
                        f"Asked twice about the same run, {self.name} said first one thing and "
                        "then another. Use no chance, and nothing that is kept from run to run."
                    )
        return [said[number] for number in order]

    def _mistake(self, alarms: list[Alarm], batch: Batch) -> str:
        """The wrong oracle that raises alarm in these very runs."""
        for name, wrong in self.mistakes.items():
            others = self._alarms(wrong, batch)
            if [each is None for each in others] == [each is None for each in alarms]:
                return name
        return ""

    def _incorrect(self, judged: list[Judged], mistake: str) -> Score:
        false = next((each for each in judged if each.false_alarm), None)
        missed = missed_ways(judged)
        first = next((each for each in judged if each.way in missed and not each.verdict.ok), None)
        caught = next((each for each in judged if each.caught), None)
        shown = ((false, "The first false alarm"), (first, "The first one missed"),
                 (caught, "The first one caught"))  # fmt: skip
        words = [self.texts.mistakes[mistake]] if mistake else []
        said = "\n".join([*words, counted(judged)])
        drawn = tuple(each.drawn(summary) for each, summary in shown if each)
        return Score("incorrect", said, len(judged), mistake=mistake, table=by_way(judged),
                     drawn=drawn)  # fmt: skip

    def audit(self) -> list[str]:
        """What this exercise does not keep of its promises; CI wants an empty list."""
        batches = [Batch(self, number) for number in range(BATCHES)]
        expected = [("stub", self.stub, "not attempted"), ("reference", self.reference, "correct")]
        expected += [(name, wrong, "incorrect") for name, wrong in self.mistakes.items()]
        problems = [] if len(self.mistakes) >= 2 else ["fewer than two named mistakes"]
        if set(self.mistakes) != set(self.texts.mistakes):
            problems.append(f"the texts have words for other mistakes: {list(self.texts.mistakes)}")
        for name, holds, kind in expected:
            found = self._check(holds, iter(batches))
            mistake = name if name in self.mistakes else ""
            if (found.kind, found.mistake) != (kind, mistake):
                problems.append(f"{name} should be {kind} {mistake!r}, is {found.text()}")
        return problems


def view(trace: Trace, tells: Mapping[type, str]) -> View:
    """The part of a run that an oracle may see."""
    history = tuple(
        PlainOperation(
            each.process, each.function, each.key, as_plain(each.argument), as_plain(each.result),
            each.outcome, each.invoked, each.completed, each.invoked_us / 1000,
            None if each.completed_us is None else each.completed_us / 1000,
        )
        for each in History.from_trace(trace)
    )  # fmt: skip
    events = []
    for position, (at_us, kind, node, peer, what, _, _) in enumerate(trace.events):
        if kind not in HIDDEN:
            told = tells.get(type(what), "")
            shown = (type(what).__name__, as_plain(getattr(what, told))) if told else ("", None)
            events.append(PlainEvent(position, kind, at_us / 1000, node, peer, *shown))
    return View(history, tuple(events))


def as_plain(value: Any) -> Any:
    """None, a boolean, a number, text or a tuple of these. Raises `BadInput` for anything else."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value) if type(value) is not kind else value
    if isinstance(value, tuple):
        return tuple(map(as_plain, value))
    raise BadInput(f"{value!r} is no plain value: an oracle could not be shown it")


def takes_two(holds: Any) -> bool:
    """Whether it is a function of two arguments."""
    try:
        inspect.signature(holds).bind((), ())
    except (TypeError, ValueError):
        return False
    return True


def as_alarm(answer: Any, seen: View, name: str) -> Alarm:
    """The answer of an oracle. Raises `WrongReturn` when it is none."""
    if answer is True:
        return None
    if answer is False:
        return ()
    allowed = "it should return True, False or a Witness"
    if type(answer) is not Witness:
        hint = {
            "NoneType": " Is there a way through it without a return?",
            "coroutine": " Write def, without async.",
            "generator": " Write return in place of yield.",
        }.get(type(answer).__name__, "")
        if inspect.iscoroutine(answer):
            answer.close()
        raise WrongReturn(f"{name} returned {type(answer).__name__}; {allowed}.{hint}")
    positions: list[int] = []
    last = seen.trace[-1].position
    for part in answer:
        if type(part) is int and 0 <= part <= last:
            positions.append(part)
        elif type(part) is PlainOperation and part in seen.history:
            positions += [end for end in (part.invoked, part.completed) if end is not None]
        elif type(part) is PlainEvent and part in seen.trace:
            positions.append(part.position)
        else:
            raise WrongReturn(
                f"{name} returned a Witness with a {type(part).__name__} that is neither an "
                f"operation of this history, an event of this trace, nor a position to {last}."
            )
    return tuple(positions)


def passed(judged: list[Judged]) -> bool:
    return not missed_ways(judged) and not any(each.false_alarm for each in judged)


def missed_ways(judged: list[Judged]) -> list[tuple[str, str]]:
    """The ways with broken runs of which none was caught."""
    broken = dict.fromkeys(each.way for each in judged if not each.verdict.ok)
    return [way for way in broken if not any(each.caught for each in judged if each.way == way)]


def counted(judged: list[Judged]) -> str:
    """The score in a sentence."""
    broken = {each.way for each in judged if not each.verdict.ok}
    holding = [each for each in judged if each.verdict.ok]
    alarms = sum(each.false_alarm for each in holding)
    return (
        f"it caught {len(broken) - len(missed_ways(judged))} of {len(broken)} ways that break the "
        f"promise; {alarms or 'no'} false alarm{'s' * (alarms != 1)} in {len(holding)} runs that "
        "hold."
    )


def by_way(judged: list[Judged]) -> Table:
    """A row for each way: how many runs count, are broken, were caught, and false alarms."""
    rows = []
    for way in dict.fromkeys(each.way for each in judged):
        runs = [each for each in judged if each.way == way]
        broken = sum(not each.verdict.ok for each in runs)
        counts = (len(runs), broken, sum(each.caught for each in runs),
                  sum(each.false_alarm for each in runs))  # fmt: skip
        rows.append((" ".join(way), *map(str, counts)))
    head = ("way", "runs", "broken", "caught", "false alarms")
    return Table("By way", head, tuple(rows))
