"""The kernel's Stop, at any point of a piece of work."""

import sys
from pathlib import Path

import distlab

PACKAGE = str(Path(distlab.__file__).parent)


def stopped(work, at, within=PACKAGE, but=()):
    """Do `work()`, and stop it before its line number `at`, counted in the files `within`.

    Returns how many lines were begun. Functions called as in `but` do not count.
    """
    lines = 0

    def on_line(frame, event, _):
        nonlocal lines
        lines += event == "line"
        if event == "line" and lines == at:
            raise KeyboardInterrupt
        return on_line

    def on_call(frame, *_):
        code = frame.f_code
        return on_line if code.co_filename.startswith(within) and code.co_name not in but else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        work()
    except KeyboardInterrupt:
        assert lines >= at, "it was not we"
    finally:
        sys.settrace(before)
    return lines


def some_stops(count, begin, act, check, **where):
    """Stop `act(thing)` at so many places, and `check(thing)` each time, on a thing that `begin()`
    makes.
    """
    thing = begin()
    lines = stopped(lambda: act(thing), sys.maxsize, **where)
    count = min(count, lines)
    for number in range(count):
        thing = begin()
        stopped(lambda: act(thing), 1 + number * (lines - 1) // (count - 1), **where)  # noqa: B023
        check(thing)
