"""Predictions: the learner says first what the fault will do, and the run judges the answer.

A prediction names the run that it is about by a replay token. No other run judges it, except with
another seed, since no question speaks of the seed.

An option has a *condition* on the run. Conditions are short texts:

* `outcome=holds`, `outcome=stuck|undecided`: the run's outcome has one of these names;
* `linearizable=violated`: the verdict of that name has this word;
* several joined by ` and ` must all hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from distlab.check.verdict import NOTHING
from distlab.course.content import NAME, TEXT, chapter, entries, find, record, several
from distlab.course.progress import Progress, progress
from distlab.host import BadInput, did_you_mean, is_whole, pick, shown
from distlab.knobs import knobs_text
from distlab.replay import parse_token
from distlab.scenario import Run
from distlab.sim.faults import schedule_text
from distlab.sim.trace import Event

VERDICT_WORDS = ("holds", "violated", "undecided", NOTHING)


def came_true(condition: str, run: Run) -> bool:
    """Whether the run fulfils the condition. An unknown verdict is a `BadInput`."""
    return all(
        (run.outcome.name if subject == "outcome" else run.verdict(subject).word) in allowed
        for subject, allowed in _clauses(condition)
    )


def _clauses(condition: str) -> list[tuple[str, list[str]]]:
    clauses = []
    for part in condition.split(" and "):
        subject, equals, words = part.strip().partition("=")
        allowed = words.split("|")
        if not (equals and subject and all(allowed)):
            raise BadInput(f"condition {part!r}: write outcome=WORD or VERDICT=holds|violated")
        for word in allowed:
            if subject != "outcome" and word not in VERDICT_WORDS:
                hint = did_you_mean(word, VERDICT_WORDS)
                raise BadInput(f"condition {part!r}: a verdict is not {word!r}{hint}")
        clauses.append((subject, allowed))
    return clauses


def _happened(run: Run) -> list[Event]:
    """All events, except those that only say that a fault begins or ends."""
    return [event for event in run.trace.events if event.kind not in ("fault", "heal")]


@lru_cache(maxsize=16)
def _asked(about: str, seed: int) -> list[Event]:
    """The events of the run that the question is about, with this seed."""
    return _happened(parse_token(about)._replace(seed=seed).run())


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a prediction did in one run. `right` is None when there is nothing to judge.

    `true` are the numbers of the options that describe the run.
    """

    right: bool | None
    text: str
    true: tuple[int, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """A question about one run. `options` maps each answer to its condition.

    `about` is the replay token of the run. `explain` is shown with every judgement; it says what to
    look for in the picture.
    """

    id: str
    question: str
    options: Mapping[str, str]
    about: str
    explain: str = ""

    def __post_init__(self) -> None:
        if len(self.options) < 2:
            raise BadInput(f"prediction {self.id!r} needs at least two options")
        for condition in self.options.values():
            _clauses(condition)
        parse_token(self.about)

    @property
    def answers(self) -> tuple[str, ...]:
        return tuple(self.options)

    def lacks(self, run: Run) -> str:
        """What must change in this run to make it the one of the question; empty if nothing."""
        asked = parse_token(self.about)
        if run.scenario.id != asked.scenario.id:
            return asked.scenario.id
        other = {name: is_ for name, is_ in asked.knobs.items() if run.knobs[name] != is_}
        lacks = [knobs_text(other)] if other else []
        same = run.faults == asked.faults or _happened(run) == _asked(self.about, run.seed)
        if not same:  # the same message may be lost by a fault that comes a little earlier
            lacks.append(schedule_text(asked.faults) or "no faults")
        return " and ".join(lacks)

    def judge(self, run: Run, chosen: int | None) -> Judgement:
        """Compare option number `chosen` (from 1; None: skipped) with what the run did."""
        true = [n for n, when in enumerate(self.options.values(), 1) if came_true(when, run)]
        happened = " / ".join(self.answers[n - 1] for n in true)
        if not true:
            right, said = None, "None of the answers describes this run."
        elif chosen is None:
            right, said = None, f"No prediction was made. This run: {happened}"
        elif chosen in true:
            right, said = True, f"✓ As you predicted: {self.answers[chosen - 1]}"
        else:
            said = f"✗ You predicted: {self.answers[chosen - 1]} This run: {happened}"
            right = False
        return Judgement(right, f"{said} {self.explain}".rstrip(), tuple(true))


@dataclass
class Guess:
    """One learner's answer to one prediction. The lab's buttons wait until it is `open`.

    `judged` is true once the learner has seen the run that the question is about.
    """

    prediction: Prediction
    progress: Progress = field(default_factory=progress)
    chosen: int | None = None
    skipped: bool = False
    judged: bool = False
    watchers: list[Callable[[Guess], None]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.skipped or self.chosen is not None

    @property
    def text(self) -> str:
        if self.chosen is not None:
            return f"You predict: {self.prediction.answers[self.chosen - 1]}"
        return "Skipped: watch what happens." if self.skipped else "Not predicted yet."

    def restore(self) -> None:
        """Load the answer of an earlier day, if there is one.

        An answer is kept by its words, since its number may be another one after an update. An
        answer that is not among the options any more is asked for again.
        """
        entry = self.progress.get(self._key)
        if entry.get("chosen") in self.prediction.answers:
            self._answer(self.prediction.answers.index(entry["chosen"]) + 1)
        elif entry.get("skipped"):
            self._answer(None)

    def choose(self, option: int, record: bool = False) -> None:
        """Predict option number `option`, counted from 1."""
        count = len(self.prediction.options)
        if not is_whole(option) or not 1 <= option <= count:
            raise BadInput(f"option {shown(option)}: choose a number from 1 to {count}")
        self._answer(option, record)

    def skip(self, record: bool = False) -> None:
        """Open the gate without a prediction."""
        self._answer(None, record)

    def judge(self, run: Run, record: bool = False) -> Judgement:
        """Judge the answer by `run`. Only the first judgement of an answer is recorded.

        A run that the question is not about judges nothing. Once the right run was seen, such a run
        gets no words either.
        """
        if lacks := self.prediction.lacks(run):
            words = f"{self.text} The question is about the run with {lacks}."
            return Judgement(None, "" if self.judged else words)
        self.judged = self.open
        judgement = self.prediction.judge(run, self.chosen)
        if record and judgement.right is not None:
            self.progress.change(self._key, lambda old: {"right": judgement.right, **old})
        return judgement

    @property
    def _key(self) -> str:
        return f"prediction/{self.prediction.id}"

    def _answer(self, chosen: int | None, record: bool = False) -> None:
        """Take this option; None means skipped."""
        self.chosen, self.skipped, self.judged = chosen, chosen is None, False
        if record:
            words = None if chosen is None else self.prediction.answers[chosen - 1]
            self.progress.record(self._key, chosen=words, skipped=self.skipped)
        for watcher in self.watchers:
            watcher(self)


OPTION = record({"text": TEXT, "when": TEXT})
ENTRY = record(
    {"id": NAME, "about": TEXT, "question": TEXT, "options": several(OPTION, 2)}, explain=TEXT
)


def prediction(name: str, entry_id: str) -> Prediction:
    """One prediction of `data/predictions/<name>.yaml`."""
    return pick(read(find("predictions", name)), entry_id, "prediction")


def read(path: Path) -> dict[str, Prediction]:
    """Raises `content.BadContent` when the file is malformed."""

    def make(id: str, options: list[dict[str, str]], **words: str) -> Prediction:  # noqa: A002
        conditions = {option["text"]: option["when"] for option in options}
        return Prediction(f"{chapter(path.stem)}/{id}", options=conditions, **words)

    return entries(path, ENTRY, make)
