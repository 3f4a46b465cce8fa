"""Steps of the learner's code: every loop has them, nothing else has, and exercises count them."""

import sys
from contextlib import suppress
from dataclasses import replace

import pytest

from distlab.course import steps
from distlab.course.steps import LoopsForEver, StepCount
from distlab.sim import World
from tests.course.test_exercise import EXERCISE, Heedless, Once

LOOPS = {
    "an empty loop": "while True: pass",
    "a loop on one line": "while True: x = 1",
    "a loop over lines": "while True:\n  x = 1\n  y = 2",
    "a condition": "x = 1\nwhile x: pass",
    "a for loop": "for x in count(): pass",
    "a long body": "for x in count():\n" + "  y = x + 300\n" * 300,
    "continue": "while True:\n  try: 1 / 0\n  except ZeroDivisionError: continue",
    "a generator": "all(True for _ in count())",
    "a list": "[0 for _ in count() if False]",
    "a dictionary": "{0: 0 for _ in count()}",
    "calls from C": "all(map(lambda _: True, count()))",
    "a generator's part": "def g():\n  yield from iter(int, 1)\nfor _ in g(): pass",
    "what catches all": "while True:\n  try: x = 1\n  except BaseException: pass",
    "what catches all, at length": "while True:\n  try:\n"
    + "    y = 300\n" * 300
    + "  except BaseException: pass",
    "what suppresses all": "while True:\n  with suppress(BaseException): x = 1",
    "calls and catches": "while True:\n  try: (lambda: 1)()\n  except BaseException: pass",
    "catches and calls": "while True:\n  try: 1 / 0\n  except BaseException: (lambda: 1)()",
    "finally": "while True:\n  try: (lambda: 1)()\n  finally: continue",
}
if sys.version_info >= (3, 12):  # the docstring of `steps` says why
    LOOPS["a loop in a loop that catches all"] = (
        "while True:\n  try:\n    while True: x = 1\n  except BaseException: pass"
    )


def function(source):
    """A function of the learner with this body."""
    imports = "from contextlib import suppress\nfrom itertools import count"
    body = "".join(f"  {line}\n" for line in f"{imports}\n{source}".split("\n"))
    names = {}
    exec(compile(f"def work():\n{body}", "own.py", "exec"), names)
    return names["work"]


def counted(limit=1_000):
    count = StepCount(lambda filename: filename == "own.py")
    count.left = limit
    return count


@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
def test_a_loop_without_end_is_stopped(source):
    before = sys.gettrace()
    with pytest.raises(LoopsForEver), counted():
        function(source)()
    assert sys.gettrace() is before


def test_a_step_is_a_call_or_a_round():
    with counted() as count:
        function("for _ in range(100): pass\nreturn [len(str(x)) for x in range(100)]")()
    assert 1_000 - count.left in range(200, 205)


def test_a_loop_that_runs_in_c_alone_has_no_steps():
    work = function("return sum(iter([0] * 10_000))")
    with counted(1) as count:
        assert work() == 0
    assert count.left == 0  # the call of the function


def test_a_new_run_begins_at_zero():
    work = function("for _ in range(600): pass")
    with counted() as count:
        work()
        count.reset()
        count.left -= steps.MAX_STEPS - 1_000
        work()


def test_nothing_else_is_counted():
    with counted(0):
        assert sum(1 for _ in range(100)) == 100
    function(LOOPS["a generator"].replace("count()", "range(100)"))()


# In the runs of an exercise


def test_an_exercise_stops_a_loop_without_end(monkeypatch):
    monkeypatch.setattr(steps, "MAX_STEPS", 5_000)

    class Looping(Once):
        def on_print(self, message, sender):
            with suppress(Exception):
                while True:
                    self.pages += ()

    result = EXERCISE.check(Looping)
    assert result.kind == "error"
    assert "a loop that does not end?" in result.message
    assert "in on_print" in result.message


def test_honest_work_in_many_runs_is_not_taken_for_a_loop(monkeypatch):
    monkeypatch.setattr(steps, "MAX_STEPS", 2_000)  # enough for one run, not for all of them
    case = replace(EXERCISE.cases[0], schedules=("",), seeds=range(90))
    many = replace(EXERCISE, cases=(case,))
    assert many.check(Once).kind == "correct"


def test_a_loop_that_waits_is_stopped_by_the_runs_budget(monkeypatch):
    monkeypatch.setattr(steps, "MAX_STEPS", 10**8)
    monkeypatch.setattr(World.run, "__defaults__", (2_000,))  # events, instead of 200,000

    class Restless(Once):
        async def on_print(self, message, sender):
            while True:
                await self.sleep(0)

    runs = []
    begun = World.run
    monkeypatch.setattr(World, "run", lambda *each: runs.append(each) or begun(*each))
    noisy = "delay:*>*@0+400=3;lose:printer>client@50;jump:client@70=400"
    case = replace(EXERCISE.cases[0], schedules=(noisy,))
    result = replace(EXERCISE, cases=(case,)).check(Restless)
    assert len(runs) == 1  # with the real budget, a run takes seconds
    assert result.kind == "incorrect"
    assert result.message.startswith("progress violated: more than 2000 events")


def test_a_failing_run_of_slow_code_is_made_small_too(monkeypatch):
    monkeypatch.setattr(steps, "MAX_STEPS", 1_500)  # enough for one run, not for two

    class Slow(Heedless):
        def on_print(self, message, sender):
            super().on_print(message, sender)
            for _ in range(200):
                pass

    noisy = "delay:*>*@0+400=3;lose:printer>client@50"
    case = replace(EXERCISE.cases[0], schedules=(noisy,))
    result = replace(EXERCISE, cases=(case,)).check(Slow)
    assert [fault.kind for fault in result.run.faults] == ["lose"]
