"""What one can do to an experiment, and that what cannot be done changes nothing."""

import math
from copy import copy
from dataclasses import replace

import pytest

from distlab.explore import FaultSpace
from distlab.host import BadInput
from distlab.lab.actions import EXPERIMENT
from distlab.lab.experiment import Experiment
from distlab.registry import all_scenarios, get
from distlab.sim.faults import KINDS, Kind, schedule_text
from distlab.view.spacetime import spacetime

SCENARIO = "start/slow-or-dead"
DEFAULT = "pause:server-a@120+150;crash:server-b@300"


@pytest.fixture
def lab():
    return Experiment(SCENARIO)


def faults(lab):
    return schedule_text(lab.faults)


def test_it_begins_with_the_scenarios_own_run_or_as_it_is_told(lab):
    assert lab.token == get(SCENARIO).run().token
    assert lab.status == f"not accurate: {lab.verdict.explanation} [{DEFAULT}]"
    lab = Experiment(get(SCENARIO), seed=4, faults="", patience_ms=250)
    assert (lab.run.seed, lab.faults, lab.run.knobs["patience_ms"]) == (4, (), 250)
    assert lab.selected is None
    assert lab.status.endswith("[no faults]")


def test_a_pressed_fault_happens_at_the_cursor(lab):
    lab.scrub(200)
    lab.press("pause monitor")
    assert faults(lab) == f"{DEFAULT};pause:monitor@200+140"
    assert lab.selected == 2


def test_a_machine_is_cut_off_from_everybody_else(lab):
    lab.press("partition server-a")
    assert lab.faults[-1].target == "server-a|monitor,server-b"


def test_a_machine_that_is_down_can_be_restarted_and_not_crashed(lab):
    lab.scrub(350)
    assert "restart server-b" in lab.actions
    assert "crash server-b" not in lab.actions
    lab.press("restart server-b")
    assert faults(lab).endswith("restart:server-b@350")
    assert "crash server-b" in lab.actions


def test_a_restart_at_the_instant_of_the_crash_comes_later(lab):
    lab.scrub(100)
    lab.press("crash monitor")
    lab.press("restart monitor")
    assert faults(lab).endswith("crash:monitor@100;restart:monitor@240")


def test_what_the_scenario_is_about_is_let_happen(lab):
    declared = faults(lab)
    assert "let it happen" not in lab.actions  # it happens already
    lab.add("crash:monitor@50")
    lab.press("let it happen")
    assert faults(lab) == declared
    lab.press("undo")
    assert faults(lab) == f"{declared};crash:monitor@50"


def test_the_variants_set_the_knobs(lab):
    assert lab.variant == "violate"
    lab.press("satisfy")
    assert (lab.variant, lab.run.knobs["patience_ms"]) == ("satisfy", 250)
    assert lab.verdict.ok
    lab.press("violate")
    assert lab.run.knobs["patience_ms"] == 60
    lab.set(patience_ms=61)
    assert lab.variant == ""


DRAGS = [
    ((1, 500), "pause:server-a@120+150;crash:server-b@500"),
    (("pause", 20), "pause:server-a@20+150;crash:server-b@300"),
    ((0, 120, 10), "pause:server-a@120+10;crash:server-b@300"),
    ((0, 120, math.inf), "pause:server-a@120;crash:server-b@300"),
    ((1, 300, -5), "pause:server-a@120+150;crash:server-b@300+0"),
    ((0, 1e9), "pause:server-a@700+150;crash:server-b@300"),
    ((1, -3), "pause:server-a@120+150;crash:server-b@0"),
]


@pytest.mark.parametrize(("drag", "expected"), DRAGS)
def test_a_fault_is_dragged_within_the_run_by_its_number_or_its_text(lab, drag, expected):
    lab.drag(*drag)
    assert faults(lab) == expected


def test_faults_are_added_edited_and_removed(lab):
    lab.add("jump:monitor@50=-100")
    lab.edit("jump", "delay:monitor>server-a@50=30")
    lab.remove("crash")
    assert faults(lab) == "pause:server-a@120+150;delay:monitor>server-a@50=30"


def test_undo_takes_back_one_change_at_a_time(lab):
    lab.remove(0)
    lab.set(patience_ms=100, seed=9)
    lab.undo()
    assert (lab.run.seed, len(lab.faults)) == (1, 1)
    lab.undo()
    assert faults(lab) == DEFAULT
    assert "undo" not in lab.actions
    lab.drag(0, 120)  # where it is already
    assert "undo" not in lab.actions


def test_one_gesture_is_one_change(lab):
    for ms in (130, 140, 150):
        lab.drag(0, ms, gesture="first")
    lab.drag(0, 200, gesture="second")
    lab.undo()
    assert lab.faults[0].at_ms == 150
    lab.undo()
    assert faults(lab) == DEFAULT


def test_a_cancelled_gesture_leaves_nothing(lab):
    lab.drag(0, 200, gesture="first")
    lab.cancel("another")
    assert lab.faults[0].at_ms == 200
    lab.cancel("first")
    assert faults(lab) == DEFAULT
    lab.cancel("first")
    assert faults(lab) == DEFAULT


def test_reset_goes_back_to_the_beginning_and_can_be_undone(lab):
    lab.remove(0)
    lab.scrub(600)
    lab.zoom(500, 700)
    lab.press("reset")
    assert faults(lab) == DEFAULT
    assert (lab.cursor_ms, lab.window) == (175, (0, 700))
    lab.undo()
    assert len(lab.faults) == 1


def test_a_token_leads_to_its_run(lab):
    other = Experiment(SCENARIO, seed=5, faults="crash:monitor@7", period_ms=30)
    lab.paste(f"  {other.token}\n")
    assert lab.token == other.token
    assert lab.notice == ""


def test_a_token_of_another_scenario_leads_there_and_undo_back(lab):
    lab.scrub(650)
    lab.paste(get("start/lost-answer").run().token)
    assert lab.scenario.id == "start/lost-answer"
    assert lab.cursor_ms <= lab.horizon_ms
    assert lab.target in lab.run.machines
    lab.undo()
    assert lab.token == get(SCENARIO).run().token


def test_a_token_of_other_code_is_run_and_said_to_differ(lab):
    lab.paste(lab.token[:-6] + "000000")
    assert "code has changed" in lab.notice
    lab.press("next seed")
    assert lab.notice == ""


def test_the_states_are_those_at_the_cursor(lab):
    lab.scrub(200)
    assert lab.states == (
        ("monitor", "up", "suspects server-a"),
        ("server-a", "paused", ""),
        ("server-b", "up", ""),
    )
    lab.scrub(320)
    assert [state.power for state in lab.states] == ["up", "up", "down"]


def test_the_window_is_within_the_run(lab):
    lab.zoom(-5, 200)
    assert lab.window == (0, 200)
    lab.zoom()
    assert lab.window == (0, 700)


def test_the_idle_end_of_the_axis_is_left_out():
    lab = Experiment("start/lost-answer")
    last_ms = max(run.trace.events[-1].at_us for run in (lab.run, lab.scenario.run(retries=1)))
    end = lab.window[1]
    assert last_ms / 1000 < end < 0.8 * lab.horizon_ms
    for name in ("satisfy", "violate", "next seed"):
        lab.press(name)
        assert lab.window == (0, end)  # the axis is that of both settings


def test_the_axis_grows_with_what_happens_but_not_under_a_hand_that_drags():
    lab = Experiment("start/lost-answer")
    before = lab.window
    lab.drag(0, 350, gesture="one")
    assert lab.window == before
    lab.add("crash:printer@310")
    assert lab.window[1] > 310
    lab.reset()
    assert lab.window == before
    lab.zoom(50, 90)
    lab.add("crash:printer@310")
    assert lab.window == (50, 90)


def test_the_strip_says_how_each_instant_would_have_ended(lab):
    lab.select("crash")
    strip = lab.sweep()
    assert len(strip) == 101
    for ms, outcome in strip[::40]:
        moved = get(SCENARIO).run(faults=f"pause:server-a@120+150;crash:server-b@{ms}")
        assert moved.outcome == outcome


def test_the_strip_comes_in_slices_and_outlives_a_drag(lab):
    lab.strip.advance(50)
    lab.drag(0, 400)
    assert len(lab.strip.points) == 50
    lab.strip.advance(100)
    assert lab.strip.done
    lab.drag(1, 10)
    lab.select(0)
    assert lab.strip.points == ()


def test_the_strip_shows_where_the_learners_own_code_fails():
    def build(world):
        async def program(client):
            await client.sleep(50)
            raise ZeroDivisionError

        world.client("client", program)

    own = replace(get(SCENARIO), id="my/own", build=build, knobs=(), violating={}, satisfying={})
    lab = Experiment(own, faults="crash:client@20")
    names = {ms: outcome.name for ms, outcome in lab.sweep()}
    assert lab.strip.done
    assert set(names.values()) == {"nothing to judge", "ZeroDivisionError"}
    assert all((name == "nothing to judge") == (ms <= 50) for ms, name in names.items())


def test_the_deciding_verdict_is_the_one_that_does_not_hold(lab):
    assert lab.run.deciding.name == "accurate"
    lab.set(patience_ms=250)
    assert (lab.outcome.name, lab.run.deciding.name) == ("not prompt", "prompt")
    lab.remove("crash")
    assert (lab.outcome.name, lab.run.deciding.name) == ("nothing to judge", "accurate")


def test_the_property_decides_before_all_others_also_when_it_judged_nothing():
    reset = Experiment("ids/sequence-reset")
    assert reset.run.verdict("available").ok is False
    assert (reset.outcome.name, reset.run.deciding.name) == ("not unique", "unique")
    lab = Experiment(SCENARIO, faults="crash:server-b@300", patience_ms=400)
    assert lab.run.verdict("prompt").ok is False
    assert (lab.outcome.name, lab.run.deciding.name) == ("nothing to judge", "accurate")


REFUSED = [
    ("press", ("crush n1",), "no action 'crush'; did you mean 'crash'"),
    ("press", ("crash server-c",), "no machine 'server-c'; did you mean 'server-"),
    ("press", ("lose monitor",), "'monitor' is not a link between two, sender>receiver"),
    ("press", (3,), "name: 3 is not a text"),
    ("add", ("crash",), "not of the form kind:target"),
    ("add", ("crash:monitor@701",), "beyond the end of the run"),
    ("add", (None,), "fault_text: None is not a text"),
    ("edit", (0, 7), "fault_text: 7 is not a text"),
    ("drag", (2, 10), "no fault 2: there are 2"),
    ("drag", (0, "soon"), "to_ms: 'soon' is not a number"),
    ("drag", (0, math.nan), "to_ms: nan is not a number"),
    ("remove", ("wipe",), "no fault begins with 'wipe'"),
    ("set", {"patience": 3}, "no knob 'patience'"),
    ("set", {"patience_ms": 5000}, "5000 is out of range"),
    ("set", {"seed": -1}, "seed: -1"),
    ("paste", ("hello",), "must begin with d1:"),
    ("paste", ("d1:start/slow-or-ded",), "did you mean 'start/slow-or-dead'"),
    ("paste", (None,), "token: None is not a text"),
    ("aim", ("server",), "no machine or link 'server'"),
    ("aim", ("monitor>server-a>server-b",), "no machine or link 'monitor>server-a>server-b'"),
    ("aim", (None,), "target: None is not a text"),
    ("undo", (), "nothing to undo"),
    ("zoom", (300, 200), "needs at least 1 ms"),
]


@pytest.mark.parametrize(("method", "arguments", "reason"), REFUSED)
def test_what_cannot_be_done_says_why_and_changes_nothing(lab, method, arguments, reason):
    def state():
        return lab.run, lab.cursor_ms, lab.window, lab.selected, lab.target, lab.actions

    before = state()
    with pytest.raises(BadInput) as refusal:
        if isinstance(arguments, dict):
            getattr(lab, method)(**arguments)
        else:
            getattr(lab, method)(*arguments)
    assert reason in str(refusal.value)
    assert state() == before


def test_a_fault_that_several_texts_begin_with_is_refused():
    lab = Experiment(SCENARIO, faults="crash:monitor@1;crash:server-a@2")
    with pytest.raises(BadInput, match="several faults begin with 'crash'"):
        lab.remove("crash")


@pytest.mark.parametrize("change", ["next seed", "satisfy", "reset", "crash monitor"])
def test_those_who_show_it_are_told_once_of_a_change(change):
    class Shown(Experiment):
        changes = ()

        def changed(self):
            self.changes += ((len(self.faults), self.selected, self.window),)

    lab = Shown(SCENARIO)
    lab.press(change)
    assert lab.changes == ((len(lab.faults), lab.selected, lab.window),)


def test_a_new_kind_of_fault_is_one_entry(lab, monkeypatch):
    slow = Kind("link", "Slow", "5 ms more", "M0 0H5", lambda passage, fault: passage.delay(5000))
    monkeypatch.setitem(KINDS, "slow", slow)
    before = next(e for e in lab.run.trace.of_kind("deliver") if e.node == "server-a")
    lab.scrub(0)
    lab.aim("monitor>server-a")
    lab.press("slow monitor>server-a")
    assert faults(lab) == f"{DEFAULT};slow:monitor>server-a@0+140"
    after = next(e for e in lab.run.trace.of_kind("deliver") if e.number == before.number)
    assert after.at_us == before.at_us + 5000
    assert slow.icon in spacetime(lab.run).svg
    assert lab.run.faults[-1:] in FaultSpace.of(lab.scenario, "slow")


def test_a_fault_of_one_message_cannot_be_moved(lab):
    lab.add("lose:#3")
    assert lab.selected == 2
    assert lab.run.trace.of_kind("drop")[0].number == 3
    assert lab.strip is None
    with pytest.raises(BadInput, match="lose of one message takes no instant"):
        lab.drag(2, 50)
    lab.edit(2, "delay:#3=0.5")
    assert faults(lab) == f"{DEFAULT};delay:#3=0.5"


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.id)
def test_every_action_of_every_lab_can_be_pressed(scenario):
    begin = Experiment(scenario)
    actions = begin.actions
    assert {"next seed", "reset"} <= set(actions)
    for name in actions:
        lab = copy(begin)
        lab._past = ()
        lab.press(name)
        if name not in EXPERIMENT:
            assert lab.faults[:-1] == begin.faults, name
            assert lab.faults[-1].kind == name.split()[0], name
    token = begin.token
    begin.press(actions[0])
    begin.press("undo")
    assert begin.token == token
