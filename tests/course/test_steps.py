"""Steps of the learner's code: every loop has them, and only the learner's."""

import sys

import pytest

from distlab.course.steps import LoopsForEver, StepCount

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
}


def function(source):
    """A function of the learner with this body."""
    body = "".join(f"  {line}\n" for line in source.split("\n"))
    names = {}
    exec(compile(f"def work():\n  from itertools import count\n{body}", "own.py", "exec"), names)
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


def test_a_new_run_begins_at_zero():
    work = function("for _ in range(600): pass")
    with counted() as count:
        work()
        count.begin_run()
        count.left -= 199_000
        work()


def test_nothing_else_is_counted():
    with counted(0):
        assert sum(1 for _ in range(100)) == 100
    function(LOOPS["a generator"].replace("count()", "range(100)"))()
