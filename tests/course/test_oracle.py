"""Write the oracle: what passes, what does not, and what is said of it."""

import gc
import inspect
import random
import re
import sys
import time
from itertools import count

import pytest

from distlab.cap.oracles import FRESH_READS
from distlab.course import oracle as module
from distlab.course.exercise import Texts
from distlab.course.oracle import (
    ALWAYS,
    Arms,
    Batch,
    Oracle,
    always_alarms,
    sees_nothing,
    text_number,
    unwritten,
)
from distlab.course.plain import PlainEvent, PlainOperation, Witness, as_plain
from distlab.course.widgets import ExercisePanel
from distlab.host import BadInput
from distlab.ids.checks import UNIQUE
from distlab.ids.oracles import UNIQUE_AND_ORDERED
from distlab.locks.oracles import ONE_AT_A_TIME
from tests.course.auditing import audit
from tests.course.cheats import OUT, SHARED, WAYS, Cell

ORACLES = (FRESH_READS, ONE_AT_A_TIME, UNIQUE_AND_ORDERED)


def holds(history, trace):
    made = {}
    for order in history:
        for number in order.result or ():
            if number in made:
                return Witness(made[number], order)
            made[number] = order
    return True


SAMPLE = Oracle(
    Texts("ids/sample", "No id twice", "Write holds.", ("a", "b", "c"),
          {"sees nothing": "Silence proves nothing.", "always alarms": "Nobody listens."}),
    (Arms("ids/segment-overlap", "pause:worker-1@0..2+20..60; crash:worker-2; lose; at most 3"),),
    (UNIQUE,), holds, ALWAYS,
)  # fmt: skip


@pytest.fixture(autouse=True)
def few_runs(monkeypatch):
    monkeypatch.setattr(module, "RUNS", 6)


def test_the_sample_keeps_its_promises():
    assert audit(SAMPLE) == []


def test_a_right_oracle_catches_each_wrong_way_and_shows_its_own_witness():
    result = SAMPLE.check(holds)
    assert result.kind == "correct" and result.runs == 24
    broken = int(result.table.rows[0][2])
    said = f"Your check caught {broken} of {broken} runs that break the promise; no false alarms in"
    assert broken and said in result.text()
    (drawn,) = result.drawn
    assert len(drawn.highlight) == 4
    assert drawn.run.token in result.text()
    assert "data:image/svg+xml" in result.html() and 'scope="col"' in result.html()


def test_a_missed_way_and_a_false_alarm_are_drawn_with_what_the_reference_says():
    missed, alarmed = SAMPLE.check(sees_nothing), SAMPLE.check(always_alarms)
    assert missed.mistake == "sees nothing" and "Silence proves nothing." in missed.text()
    assert [each.summary.partition(":")[0] for each in missed.drawn] == ["The first one missed"]
    verdict = missed.drawn[0].run.verdict("unique")
    assert missed.drawn[0].highlight == verdict.witness
    assert verdict.explanation in missed.text()
    summaries = [each.summary.partition(":")[0] for each in alarmed.drawn]
    assert summaries == ["The first false alarm", "The first one caught"]
    assert alarmed.table.rows[1][3:] == ("0", "6")


def test_an_oracle_that_misses_one_broken_run_does_not_pass():
    broken = [each for each in Batch(SAMPLE, 0).views if holds(*each) is not True]
    result = SAMPLE.check(
        lambda history, trace: (history, trace) == broken[0] or holds(history, trace)
    )
    assert result.kind == "incorrect"
    assert f"caught {len(broken) - 1} of {len(broken)} runs" in result.message


def test_a_mistake_is_named_only_when_it_raises_the_same_alarms():
    def another(history, trace):
        return len(history) % 2 == 0

    result = SAMPLE.check(another)
    assert (result.kind, result.mistake) == ("incorrect", "")


def test_runs_learnt_by_heart_do_not_help_in_the_second_batch():
    alarms = {each for each in Batch(SAMPLE, 0).views if holds(*each) is not True}
    result = SAMPLE.check(lambda history, trace: (history, trace) not in alarms)
    assert result.kind == "incorrect"
    assert "caught 0 of " in result.message


def test_the_second_batch_depends_on_the_text_of_the_function():
    def one(history, trace):
        return True

    def other(history, trace):
        return True  # for now

    numbers = {text_number(each) for each in (one, other)}
    tokens = [{str(token) for token in SAMPLE.arms[0].tokens(number)} for number in (0, *numbers)]
    assert len(set.union(*tokens)) == 3 * len(tokens[0])
    assert text_number(one) == text_number(one)
    assert text_number(eval("lambda history, trace: True")) == 1


@pytest.fixture(scope="module", params=ORACLES, ids=lambda oracle: oracle.texts.id)
def batch(request):
    """The first batch of each oracle of the course, with all its runs."""
    return Batch(request.param, 0)


def judged_of(batch):
    return batch.judged([None] * len(batch.tokens))


def test_every_wrong_way_has_runs_that_hold_and_runs_that_do_not(batch):
    """So nobody passes who only finds out the way. All ways have enough that can be judged."""
    names = {check.name for check in batch.oracle.checks}
    for way in dict.fromkeys(each.way for each in judged_of(batch)):
        runs = [each for each in judged_of(batch) if each.way == way]
        words = {each.verdict.word for each in runs}
        scenario = runs[0].token.scenario
        ways = [each for knob in scenario.knobs for each in getattr(knob, "ways", ())]
        (declared,) = (each for each in ways if each.name == way[1])
        assert len(runs) >= 15
        assert "holds" in words
        if declared.role == "wrong" and (declared.property or scenario.property) in names:
            assert words == {"holds", "violated"}, way


def test_to_know_the_way_is_not_enough(batch):
    judged = judged_of(batch)
    broken = {each.way for each in judged if not each.verdict.ok}
    views = dict(zip(map(id, batch.tokens), batch.views, strict=True))
    alarms = {views[id(each.token)] for each in judged if each.way in broken}
    result = batch.oracle.check(lambda history, trace: (history, trace) not in alarms, batch)
    assert result.kind == "incorrect"
    assert "The first false alarm" in result.text()


def test_what_is_shown_is_plain_and_names_only_what_the_exercise_tells_of(batch):
    plain = (int, float, str, bool, tuple, type(None), PlainOperation, PlainEvent)

    def walk(value):
        assert type(value) in plain
        for each in value if isinstance(value, tuple) else ():
            walk(each)

    for history, trace in batch.views:
        walk((history, trace))
        told = {"", *(kind.__name__ for kind in batch.oracle.tells)}
        assert {each.what for each in trace} <= told
        assert not {each.kind for each in trace} & {"state", "timer", "note"}


OWN_WORDS = {
    "sleeps": r"calls sleep. It has nothing to wait for.*your code, line",
    "sleeps and catches": r"calls sleep. It has nothing to wait for.*your code, line",
    "asks a person": r"calls input. It has nothing to wait for.*your code, line",
}
BEYOND = r"^Your check (calls|names) .*It may use nothing but history and trace"
"""What an oracle is told where a machine is told something else."""


def test_no_cheat_passes_and_each_gets_words_that_fit(batch):
    cell = Cell(batch.oracle, "")
    for name, way in WAYS.items():
        if cell.takes(way.only):
            beyond = way.words in (SHARED, OUT) or way.words.startswith("`")
            words = BEYOND if beyond else OWN_WORDS.get(name, way.words)
            cheat = cell.cheat(name, way.body, words)
            result = batch.oracle.check(cheat.solution, batch)
            assert result.kind in ("incorrect", "error"), name
            assert re.search(cheat.words, result.message, re.DOTALL), (name, result.message)


def test_what_is_no_plain_value_is_not_shown():
    with pytest.raises(BadInput, match="no plain value"):
        as_plain({"a": 1})


# What learners write, and what they are told


async def is_async(history, trace):
    return True


def generates(history, trace):
    yield True


def undefined(history, trace):
    def inner():
        return orders  # noqa: F821

    return inner()


def sleeps(history, trace):
    time.sleep(0.01)
    return True


def hides_its_mistake(history, trace):
    try:
        return orders  # noqa: F821
    except Exception:
        return True


def loops(history, trace):
    while True:
        pass


def loops_and_catches(history, trace):
    try:
        while True:
            pass
    except BaseException:
        return True


def exits(history, trace):
    raise SystemExit


def mutates(history, trace):
    history[0].result = ()
    return True


def calls_the_check(history, trace):
    return UNIQUE(trace).ok


def hides_the_call(history, trace):
    try:
        return UNIQUE(trace).ok
    except BaseException:
        return True


def runs_a_scenario(history, trace):
    from distlab.registry import get as fetch

    return fetch("ids/segment-overlap").run().ok


def looks_at_frames(history, trace):
    return sys._getframe(1).f_locals is None


def looks_at_the_stack(history, trace):
    return not inspect.stack()


def looks_at_objects(history, trace):
    return not gc.get_objects()


def stops_being_watched(history, trace):
    sys.setprofile(None)
    return holds(history, trace)


BY_CHANCE = random.Random(1)
COUNTER = count()


@pytest.mark.parametrize(
    ("solution", "kind", "words"),
    [
        (None, "not attempted", "Define holds first"),
        (unwritten, "not attempted", "holds still raises NotImplementedError"),
        (3, "incorrect", "should be a function: def holds(history, trace)"),
        (lambda history: True, "incorrect", "should be a function: def holds(history, trace)"),
        (is_async, "incorrect", "returned coroutine; it should return True, False or a Witness. "
         "Write def, without async."),
        (generates, "incorrect", "Write return in place of yield."),
        (lambda h, t: None, "incorrect", "Is there a way through it without a return?"),
        (lambda h, t: 1, "incorrect", "returned int; it should return True, False or a Witness"),
        (lambda h, t: Witness(10**6), "incorrect", "nor a position to"),
        (lambda h, t: Witness(h[0]._replace(key="")), "incorrect", "with a PlainOperation that is"),
        (lambda h, t: BY_CHANCE.random() < 0.5, "incorrect", "Asked twice about the same run"),
        (lambda h, t: next(COUNTER) % 5 > 0, "incorrect", "kept from run to run"),
        (undefined, "error", "NameError: name 'orders' is not defined\n  your code, line"),
        (hides_its_mistake, "incorrect", "NameError: name 'orders' is not defined\n  your code"),
        (loops, "error", "a loop that does not end?"),
        (loops_and_catches, "error", "a loop that does not end?"),
        (exits, "error", "sys.exit() ends a whole program"),
        (mutates, "error", "history[0].result = ()"),
        (sleeps, "incorrect", "calls sleep. It has nothing to wait for"),
        (calls_the_check, "incorrect", "calls Invariant.__call__. It may use nothing but history"),
        (hides_the_call, "incorrect", "calls Invariant.__call__"),
        (runs_a_scenario, "incorrect", "names `distlab.registry`."),
        (UNIQUE, "incorrect", "should be a function"),
        (looks_at_frames, "incorrect", "names `f_locals`."),
        (looks_at_the_stack, "incorrect", "calls stack."),
        (looks_at_objects, "incorrect", "calls get_objects."),
        (stops_being_watched, "incorrect", "calls setprofile."),
    ],
)  # fmt: skip
def test_the_learner_is_told(solution, kind, words):
    before = sys.getprofile()
    result = SAMPLE.check(solution)
    assert result.kind == kind
    assert words in result.message
    assert sys.getprofile() is before


def test_the_line_is_named():
    line = inspect.getsource(calls_the_check).splitlines()[1].strip()
    assert line in SAMPLE.check(calls_the_check).message


def test_the_check_can_be_stopped():
    def stopped(history, trace):
        raise KeyboardInterrupt

    assert "You stopped the check." in SAMPLE.check(stopped).message


def test_the_panel_shows_and_judges_an_oracle():
    panel = ExercisePanel(SAMPLE)
    assert panel.check(holds).kind == "correct"
    assert "def holds" in panel.solution()
    assert panel.hint() == "a"


def test_positions_and_events_are_a_witness_as_well():
    def points(history, trace):
        return holds(history, trace) is True or Witness(trace[0], 3)

    assert SAMPLE.check(points).drawn[0].highlight == (0, 3)
