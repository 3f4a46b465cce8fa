"""The search: what it finds, what it says when it finds nothing, and that it can be stopped."""

import signal
from dataclasses import dataclass, replace

import pytest

from distlab.check.verdict import Verdict
from distlab.explore import explore
from distlab.explore.search import trials
from distlab.explore.space import FaultSpace
from distlab.host import BadInput
from distlab.registry import get
from distlab.replay import parse_token
from distlab.sim import World
from distlab.sim.faults import schedule_text
from tests.explore.planted import ONE, TWO, Listener


def test_it_finds_the_planted_bug_and_its_smallest_form():
    found = explore(TWO, runs=2000, nemesis="lose; pause:b+1..20; at most 3")
    assert found
    assert schedule_text(found.run.faults) == "lose:a>b@41;lose:a>b@111"
    assert found.run.verdict("heard").ok is False


def test_the_run_that_it_names_is_the_first_that_fails():
    found = explore(TWO, runs=2000, nemesis="lose; at most 3")
    space = FaultSpace.of(TWO, "lose; at most 3")
    failing = (n for n, trial in enumerate(trials(TWO, space, 2000), 1) if not trial.run().ok)
    assert found.runs == next(failing)


def test_nothing_found_says_in_how_many_runs():
    found = explore(ONE, runs=40, nemesis="pause:b+1..20")
    assert not found
    assert (found.run, found.token, found.runs) == (None, "", 40)
    assert "No failure in 40 runs (pause:b+1..20). That is no proof." in found.text()


def test_another_seed_is_another_search_and_the_same_seed_the_same():
    first, again, other = (
        explore("start/slow-or-dead", seed=seed, nemesis="pause+1..90; at most 1")
        for seed in (0, 0, 1)
    )
    assert (first.first.token, first.runs) == (again.first.token, again.runs)
    assert first.first.token != other.first.token


def test_the_token_reproduces_the_failure():
    found = explore("start/slow-or-dead")
    token = parse_token(found.token)
    assert token.difference(token.run()) == ""
    assert not token.run().ok
    assert found.token in found.text()


def test_knobs_that_are_given_stay():
    found = explore("start/lost-answer", timeout_ms=70, nemesis="lose")
    assert found.run.knobs == {"retries": 0, "timeout_ms": 70}


def test_another_verdict_can_be_asked_for():
    found = explore("start/slow-or-dead", verdict="prompt", patience_ms=250)
    assert found.shrunk.verdict == "prompt"
    with pytest.raises(BadInput, match="no verdict 'prompter'; did you mean 'prompt'"):
        explore("start/slow-or-dead", verdict="prompter")


def test_a_run_that_gets_stuck_is_a_failure(monkeypatch):
    monkeypatch.setattr(World.run, "__defaults__", (2_000,))  # events, instead of 200,000

    class Endless(Listener):
        def on_tick(self, message, sender):
            self.send(self.name, message)

    found = explore(ONE.using(listener=Endless), runs=3, nemesis="")
    assert found.shrunk.verdict == "progress"


@dataclass(frozen=True)
class Unsure:
    """It judges no run in which b paused or a crashed."""

    name: str = "heard"

    def __call__(self, trace):
        if trace.of_kind("crash"):
            return Verdict(self.name, None, "who knows", judged=1)
        paused = bool(trace.of_kind("pause"))
        ok = None if paused else True
        return Verdict(self.name, ok, "so it is", judged=0 if paused else 2)


@pytest.mark.parametrize(
    ("nemesis", "counts", "said"),
    [
        ("", (0, 0), "No failure in 40 runs (no faults). That is no proof."),
        ("crash:a@0", (40, 0), "40 runs, 40 undecided: they say nothing (crash"),
        ("pause:b@0+9", (0, 40), "40 runs, 40 with nothing to judge: they say nothing (pause"),
    ],
)
def test_runs_without_an_answer_are_counted_and_are_no_failures(nemesis, counts, said):
    found = explore(replace(ONE, checks=(Unsure(),)), runs=40, nemesis=nemesis)
    assert not found
    assert (found.words["undecided"], found.words["nothing to judge"]) == counts
    assert said in found.text()
    assert ("they say nothing" in found.text()) is (sum(counts) == 40)


@pytest.mark.parametrize("runs", [0, -1, "5", 1.5, None])
def test_a_wrong_number_of_runs(runs):
    with pytest.raises(BadInput, match=f"runs: {runs!r} is not allowed"):
        explore(ONE, runs)


def test_the_interrupt_button_stops_it_at_once():
    done = []

    def press(number, limit):
        done.append(number)
        if number == 3:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            explore(ONE, runs=500, nemesis="", progress=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == [1, 2, 3]


def test_progress_counts_the_runs_of_shrinking_too():
    calls = []
    found = explore("start/slow-or-dead", progress=lambda *each: calls.append(each))
    assert calls[0] == (1, 500)
    together = found.runs + found.shrunk.runs
    assert [done for done, _ in calls[:-1]] == [
        n for n in range(1, together + 1) if n != found.runs
    ]
    assert calls[-1] == (together, together)


def test_a_notebook_shows_text_and_picture():
    shown = explore("start/slow-or-dead")._repr_mimebundle_()
    assert get("start/slow-or-dead").id in shown["text/plain"]
    assert "<img alt=" in shown["text/html"]
    nothing = explore(ONE, runs=2, nemesis="")._repr_mimebundle_()
    assert "<img" not in nothing["text/html"]
