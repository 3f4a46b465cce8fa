"""The kernel's Stop in the middle of an action leaves the old run or the new one, shown whole."""

from itertools import count
from types import SimpleNamespace

import pytest

from distlab.explore import everywhere, explore, work
from distlab.lab import Lab, search_bar, widget
from tests.lab.test_widget import SCENARIO, Browser
from tests.stopping import PACKAGE, some_stops

LAB = f"{PACKAGE}/lab/"
REST = ("_on_request", "locked", "_whole")  # a few lines that hold the others
ACTIONS = [
    ("press", {"name": "crash monitor"}),
    ("press", {"name": "satisfy"}),
    ("press", {"name": "reset"}),
    ("press", {"name": "undo"}),
    ("add", {"fault_text": "crash:monitor@500"}),
    ("drag", {"fault": 1, "to_ms": 40, "gesture": "g"}),
    ("edit", {"fault": 0, "fault_text": "pause:monitor@1+20"}),
    ("remove", {"fault": 2}),
    ("turn", {"name": "seed", "text": "9"}),
    ("paste", {"token": Lab("start/lost-answer").token}),
    ("cancel", {"gesture": "first"}),
    ("scrub", {"ms": 77}),
    ("zoom", {"from_ms": 10, "to_ms": 90}),
    ("select", {"fault": 0}),
    ("aim", {"target": "monitor"}),
    ("sweep", {}),
]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A slice of the strip ends after so many instants, not after so much time."""
    ticks = count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) * widget.SLICE_S / 2.5)
    monkeypatch.setattr(widget, "time", clock)


def begin():
    lab = Lab(SCENARIO)
    browser = Browser(lab)
    browser.ask()
    lab.add("crash:server-a@11")
    lab.drag(2, 13, gesture="first")
    return browser


def seen(lab):
    run = lab.run.setup, lab.faults, lab.target, lab.cursor_ms, lab.window, lab.selected
    return run, lab._past, lab._gesture


def check_stopped(browser, before, after):
    lab = browser.lab
    assert seen(lab) in (before, after)
    answer = browser.ask(want=["token"])
    assert "error" not in answer and answer["token"] == lab.token
    drawn, lab._picture = lab._draw(lab, 900, "").svg, None
    assert drawn == lab._draw(lab, 900, "").svg
    assert lab.strip.run.setup.with_fault_at(lab.selected, 0) == lab.run.setup.with_fault_at(
        lab.selected, 0
    )
    lab.press("next seed")
    assert browser.heard[-1] == {"type": "changed", "changes": lab._changes}
    lab.undo()
    assert lab.run.setup == seen(lab)[0][0]


def stop_often(stops, act, check=lambda browser: None, within=LAB):
    whole = begin()
    before = seen(whole.lab)
    act(whole)
    after = seen(whole.lab)

    def check_all(browser):
        check(browser)
        check_stopped(browser, before, after)

    some_stops(stops, begin, act, check_all, within=within, but=REST)


@pytest.mark.parametrize(("command", "arguments"), ACTIONS, ids=str)
@pytest.mark.parametrize(("within", "stops"), [(LAB, 18), (PACKAGE, 5)], ids=["lab", "run"])
def test_a_request_that_is_stopped_is_answered_and_not_half_done(command, arguments, within, stops):
    def answered(browser):
        assert browser.heard[-2]["error"] == "Stopped."
        assert browser.heard[-1]["type"] == "changed"  # so that the browser looks again

    stop_often(stops, lambda browser: browser.ask(command, **arguments), answered, within)


@pytest.mark.parametrize("number", [0, 3, 9])
def test_a_cell_that_is_stopped_leaves_the_lab_whole(number):
    command, arguments = ACTIONS[number]
    stop_often(18, lambda browser: getattr(browser.lab, command)(*arguments.values()))


@pytest.mark.parametrize("search", [explore, lambda *a, **k: everywhere(*a, k=1, **k)])
@pytest.mark.parametrize("wrong", [KeyboardInterrupt, ValueError])
def test_the_bar_goes_away_with_a_search_that_fails(monkeypatch, search, wrong):
    monkeypatch.setattr(search_bar, "display", lambda *_, **__: None)
    bars = []
    monkeypatch.setattr(work, "_shown", [lambda: bars.append(search_bar.Bar()) or bars[-1]])

    def result_of(run):
        if len(runs) == 5:
            raise wrong
        runs.append(run)
        return judged(run)

    judged, runs = work.Judged.of, []
    monkeypatch.setattr(work.Judged, "of", result_of)
    with pytest.raises(wrong):
        search(SCENARIO, patience_ms=250)
    assert [bar.widget.comm for bar in bars] == [None]
