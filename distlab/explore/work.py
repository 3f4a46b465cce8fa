"""Runs are done by this process, or by the workers of any `concurrent.futures.Executor`.

A worker is sent replay tokens and answers with what came of each run: a process of this machine, or
another machine that has distlab (a Dask cluster's `client.get_executor()`). Tokens go out in chunks
of a fixed size and answers are taken in the order in which the chunks went, so no answer depends on
who was faster. No worker knows a scenario whose code stands in a notebook: then this
process does the work, whatever the executor.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from distlab.check.verdict import NOTHING, Verdict
from distlab.host import BadInput, did_you_mean
from distlab.registry import all_scenarios
from distlab.replay import parse_token
from distlab.scenario import STUCK, Outcome, Run, Scenario, Token

CHUNK = 16
"""Runs that a worker does at a time."""

AHEAD = 32
"""Chunks that are under way at once."""

OnProgress = Callable[[int, int], None]
"""Called after each run, with the number of runs that are done and the most that there may be."""


def quiet(done: int, limit: int) -> None:
    """OnProgress that is not shown."""


_shown: list[Callable[[], OnProgress]] = []


def show_progress(begin: Callable[[], OnProgress]) -> None:
    """Show the progress of each search whose caller names none: `begin` is called as it begins.

    `distlab.lab` shows a bar in notebooks.
    """
    _shown[:] = [begin]


@contextmanager
def telling(progress: OnProgress | None) -> Iterator[OnProgress]:
    """The progress that a search tells. If its caller names none, what is shown goes away at last,
    also when an error or Ctrl-C ends the search.
    """
    told = progress or (_shown[0]() if _shown else quiet)
    try:
        yield told
    except BaseException:
        if progress is None:
            told(1, 1)
        raise


def after(progress: OnProgress, before: int) -> OnProgress:
    """The same progress, for runs that come after `before` others."""
    return lambda done, limit: progress(before + done, before + limit)


class Unrepeatable(Exception):
    """A run came out differently when it was done again: something in it is left to chance."""


class Judged(NamedTuple):
    """The result of a run, without its trace, which the witnesses of its verdicts point into.

    `active_us`: when something happened at each machine; `sent_us`: when each message left, by its
    number. In microseconds.
    """

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    active_us: dict[str, list[int]]
    sent_us: dict[int, int]

    @classmethod
    def of(cls, run: Run) -> Judged:
        active_us: dict[str, list[int]] = {name: [] for name in run.machines}
        sent_us = {}
        for at_us, kind, node, peer, _, number, _ in run.trace.events:
            if kind not in ("drop", "fault", "heal"):  # nothing happens at a machine
                active_us[node].append(at_us)
            if kind == "send" and node != peer:
                sent_us[number] = at_us
        return cls(run.outcome, run.verdicts, active_us, sent_us)

    def violated(self, wanted: tuple[str, ...]) -> str:
        """The first of the wanted verdicts that is violated; empty when none is."""
        return next((v.name for v in self.verdicts if v.ok is False and v.name in wanted), "")

    def word(self, wanted: tuple[str, ...]) -> str:
        """The word of the first wanted verdict. Only a run that is stuck has one on progress."""
        return next((v.word for v in self.verdicts if v.name in wanted), "holds")


class Words(Counter[str]):
    """How many runs have each word of a verdict. As text: those in which it says nothing."""

    @property
    def decided(self) -> int:
        """Runs in which the verdict holds or is violated."""
        return self["holds"] + self["violated"]

    def __str__(self) -> str:
        counts = ((self["undecided"], "undecided"), (self[NOTHING], f"with {NOTHING}"))
        said = "".join(f", {count} {what}" for count, what in counts if count)
        return said if self.decided else f"{said}: they say nothing"


def wanted_verdicts(scenario: Scenario, verdict: str | None) -> tuple[str, ...]:
    """The verdicts that make a failure: the one asked for, else the property and `progress`."""
    names = [STUCK, *(check.name for check in scenario.checks)]
    if verdict is None:
        return STUCK, scenario.property
    if verdict not in names:
        raise BadInput(f"{scenario.id} has no verdict {verdict!r}{did_you_mean(verdict, names)}")
    return (verdict,)


def travels(scenario: Scenario) -> bool:
    """Whether a worker finds this very scenario by its id: it is distlab's own, unchanged."""
    own = getattr(scenario.build, "__module__", "").startswith("distlab.")
    return own and any(each is scenario for each in all_scenarios())


def judge(tokens: tuple[str, ...]) -> list[Judged]:
    """Do these runs: what a worker is sent."""
    return [Judged.of(parse_token(token).run()) for token in tokens]


def results(
    scenario: Scenario, trials: Iterable[Token], executor: Executor | None = None
) -> Generator[tuple[Token, Judged]]:
    """Do the runs and yield each with its result, in order. Closing it cancels what is left.

    Dask logs an `InvalidStateError` for a chunk that ends at the moment in which it is cancelled;
    it may be ignored.
    """
    if executor is None or not travels(scenario):
        yield from ((trial, Judged.of(trial.run())) for trial in trials)
        return
    trials = iter(trials)
    under_way: deque[tuple[tuple[Token, ...], Future[list[Judged]]]] = deque()
    try:
        while True:
            while len(under_way) < AHEAD and (chunk := tuple(islice(trials, CHUNK))):
                tokens = tuple(map(str, chunk))
                under_way.append((chunk, executor.submit(judge, tokens)))
            if not under_way:
                return
            chunk, future = under_way.popleft()
            yield from zip(chunk, future.result(), strict=True)
    finally:
        for _, future in under_way:
            future.cancel()


def violates(run: Run, verdict: str) -> bool:
    """Whether the verdict of that name is violated."""
    return any(each.name == verdict and each.ok is False for each in run.verdicts)


def again(run: Run, verdict: str) -> Run:
    """Do a failing run once more. Raises `Unrepeatable` when it does not come out the same."""
    second = run.setup.run()
    if second.trace.digest() != run.trace.digest() or not violates(second, verdict):
        raise Unrepeatable(
            f"{run.token} does not give the same run twice. What is left to chance? Draw from "
            "self.random, read time from self.now_ms(), iterate over no set."
        )
    return second
