"""Write the oracle: the learner writes the check, and runs whose verdict is known judge it.

    def holds(history, trace) -> bool | Witness

Both are plain values that cannot be changed (`distlab.course.plain`). True says that the promise
holds in this run. False is an alarm, and so is a `Witness` of the events that prove it, which the
picture then shows.

An oracle is asked about the ways of some experiments, wrong ones and right ones: `RUNS` fixed runs
of each way under a nemesis. Afterwards the reference checks judge the same runs. Runs in which they
have nothing to judge, or are undecided, do not count. The oracle passes if it raises alarm in every
broken run, and in no run that holds. A witness is drawn, not judged. Then it meets a second batch
of as many runs, drawn by the text of its function: a change that makes exceptions for runs that
were seen meets other ones.

What a learner must not see is which way made the run. So states, timers and notes are left out, and
a message has no name and no content unless `tells` says so: names of commands would betray the way.
What is left (who sent when to whom) may betray it still. But each wrong way has runs that hold too,
and an alarm in those is a false one: to know the way is not enough.

The function is asked twice about each run, the second time in another order: chance, or memory
from run to run, is noticed. While it is asked, no verdict exists, and a call of distlab's own code
or of what no program may call (`distlab.course.foreign`) ends the check. That keeps an honest
learner honest. It cannot stop code that replaces parts of distlab by other ways, repeats the text
of the reference, or keeps a table of all runs elsewhere: they are fixed, so that results repeat.
"""

import inspect
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from distlab.check.verdict import Check, Verdict
from distlab.course import steps
from distlab.course.exercise import Drawn, Result, Texts, ended_by
from distlab.course.guard import ONLY, Guard, LooksElsewhere
from distlab.course.plain import Alarm, PlainHistory, PlainTrace, View, as_alarm, view
from distlab.course.shared import functions, is_own
from distlab.course.slips import WrongReturn, hidden, swallowed
from distlab.explore.search import trials
from distlab.explore.space import FaultSpace
from distlab.knobs import Ways
from distlab.registry import get
from distlab.scenario import Token
from distlab.sim.trace import Trace
from distlab.view.still import Table, closed

RUNS = 20
"""Runs of each way in a batch."""
Holds = Callable[[PlainHistory, PlainTrace], Any]


def unwritten(history: PlainHistory, trace: PlainTrace) -> bool:
    raise NotImplementedError


def sees_nothing(history: PlainHistory, trace: PlainTrace) -> bool:
    return True


def always_alarms(history: PlainHistory, trace: PlainTrace) -> bool:
    return False


ALWAYS: dict[str, Holds] = {"sees nothing": sees_nothing, "always alarms": always_alarms}
"""Two mistakes that each oracle has."""


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

    def drawn(self, summary: str) -> Drawn:
        """The picture: the learner's witness, or if there is none the reference's."""
        return Drawn(f"{summary}: {self.verdict}", self.token.run(),
                     self.alarm or self.verdict.witness)  # fmt: skip


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
        shown = self.said()
        for each in self.drawn:
            picture = each.picture().html()
            shown += closed(each.summary, f"<p><code>{each.run.token}</code></p>{picture}")
        return shown

    def said(self, more: str = "") -> str:
        return super().said(more) + (self.table.html() if self.table else "")

    @property
    def runs_shown(self) -> tuple[Drawn, ...]:
        return self.drawn


class Batch:
    """Runs, and what an oracle may see of them."""

    def __init__(self, oracle: "Oracle", number: int) -> None:
        self.oracle = oracle
        self.tokens = [token for arms in oracle.arms for token in arms.tokens(number)]
        self.traces = [token.run().trace for token in self.tokens]
        self.views = [view(trace, oracle.tells) for trace in self.traces]

    @cached_property
    def truths(self) -> list[Verdict | None]:
        return [self.oracle.truth(trace) for trace in self.traces]

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
    reference: Holds
    mistakes: Mapping[str, Holds]
    stub: Holds = unwritten
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

    def example(self) -> View:
        """History and trace of the first run, to try a check on."""
        return view(next(self.arms[0].tokens(0)).run().trace, self.tells)

    def truth(self, trace: Trace) -> Verdict | None:
        """The verdict that is violated, else one that holds; None if the run does not count."""
        verdicts = [check(trace) for check in self.checks]
        broken = next((each for each in verdicts if each.ok is False), None)
        unsure = any(each.judged and each.ok is None for each in verdicts)
        return broken or (None if unsure else next((v for v in verdicts if v.ok), None))

    def check(self, holds: Any, first: Batch | None = None) -> Result:
        """Judge an oracle; `first` is the first batch, if it is there. Never raises for what the
        oracle does.
        """
        if holds is None:
            return Result("not attempted", f"Define {self.name} first, and run its cell.")
        judged: list[Judged] = []
        try:
            if not takes_two(holds):
                said = f"{self.name} should be a function: def {self.name}(history, trace)."
                return Result("incorrect", said)
            for name in sorted(set().union(*map(hidden, functions(holds)))):
                return Result("incorrect", f"Your check names `{name}`. {ONLY}")
            for number in (0, text_number(holds)):
                batch = first if first and not number else Batch(self, number)
                alarms, caught = self._alarms(holds, batch)
                found = batch.judged(alarms)
                if not passed(found):
                    return self._incorrect(found, self._mistake(alarms, batch), caught)
                judged += found
        except LooksElsewhere as error:
            return replace(ended_by(error, self.name, len(judged)), kind="incorrect")
        except BaseException as error:
            return ended_by(error, self.name, len(judged))
        first_caught = next(each for each in judged if each.caught)
        return Score("correct", counted(judged), len(judged), table=by_way(judged),
                     drawn=(first_caught.drawn("The first one caught"),))  # fmt: skip

    def _alarms(self, holds: Holds, batch: Batch) -> tuple[list[Alarm], str]:
        """What it says of each run, and words for an exception that it has caught itself, if there
        is one. Raises what its code raises, and `WrongReturn`.
        """
        guard = Guard(holds)
        order = range(len(batch.views))
        said: dict[int, Alarm] = {}
        caught = ""
        with steps.StepCount(is_own) as count:
            for number in (*order, *reversed(order)):
                count.reset()
                each = batch.views[number]
                answer = guard.ask(each)
                if count.stopping or count.left < 0:  # it has caught what should have stopped it
                    raise count.stopping or steps.LoopsForEver
                caught = caught or swallowed(count.passed)[0]
                try:
                    alarm = as_alarm(answer, each, self.name)
                except WrongReturn as error:
                    raise WrongReturn(f"{caught}\n{error}".strip()) from None
                if (said.setdefault(number, alarm) is None) != (alarm is None):
                    raise WrongReturn(
                        f"Asked twice about the same run, {self.name} said first one thing and "
                        "then another. Use no chance, and nothing that is kept from run to run."
                    )
        return [said[number] for number in order], caught

    def _mistake(self, alarms: list[Alarm], batch: Batch) -> str:
        """The wrong oracle that raises alarm in these very runs."""
        for name, wrong in self.mistakes.items():
            others, _ = self._alarms(wrong, batch)
            if [each is None for each in others] == [each is None for each in alarms]:
                return name
        return ""

    def _incorrect(self, judged: list[Judged], mistake: str, hidden: str) -> Score:
        false = next((each for each in judged if each.false_alarm), None)
        missed = (each for each in judged if not each.verdict.ok and not each.caught)
        caught = next((each for each in judged if each.caught), None)
        shown = ((false, "The first false alarm"), (next(missed, None), "The first one missed"),
                 (caught, "The first one caught"))  # fmt: skip
        words = [hidden, self.texts.mistakes[mistake] if mistake else "", counted(judged)]
        said = "\n".join(filter(None, words))
        drawn = tuple(each.drawn(summary) for each, summary in shown if each)
        return Score("incorrect", said, len(judged), mistake=mistake, table=by_way(judged),
                     drawn=drawn)  # fmt: skip


def text_number(holds: Any) -> int:
    """A number of the text of a function; 1 where there is no text."""
    try:
        return zlib.crc32(inspect.getsource(holds).encode(errors="replace"))
    except (OSError, TypeError):
        return 1


def takes_two(holds: Any) -> bool:
    """Whether it is a function of two arguments."""
    try:
        inspect.signature(holds).bind((), ())
    except (TypeError, ValueError):
        return False
    return True


def passed(judged: list[Judged]) -> bool:
    return all(each.caught or (each.verdict.ok and not each.false_alarm) for each in judged)


def counted(judged: list[Judged]) -> str:
    """The score in a sentence."""
    holding = [each for each in judged if each.verdict.ok]
    alarms = sum(each.false_alarm for each in holding)
    caught = f"Your check caught {sum(each.caught for each in judged)}"
    broken = f"{len(judged) - len(holding)} runs that break the promise"
    false = f"{alarms or 'no'} false alarm{'s' * (alarms != 1)} in {len(holding)} runs that hold"
    return f"{caught} of {broken}; {false}."


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
