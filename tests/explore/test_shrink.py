"""Shrinking: the smallest failure is known, so what comes out is compared with it."""

from dataclasses import replace
from itertools import combinations

import pytest

from distlab.check.verdict import Verdict
from distlab.explore import FaultSpace, shrink
from distlab.explore.work import Unrepeatable
from distlab.host import BadInput
from distlab.registry import get
from distlab.sim.faults import schedule_text
from tests.explore.planted import ONE, TWO, Listener

NOISE = "pause:a@300+5;crash:b@400+20;delay:a>b@350+10=3"


def shrunk(scenario, faults, seed=77, **options):
    knobs = options.pop("knobs", {})
    return shrink(scenario.run(seed, faults, **knobs), **options)


def test_what_has_no_part_in_it_goes():
    assert schedule_text(shrunk(ONE, f"lose:a>b@48;{NOISE}").run.faults) == "lose:a>b@41"


def test_both_faults_stay_when_it_needs_both():
    found = shrunk(TWO, f"lose:a>b@48;lose:a>b@119;{NOISE}").run
    assert schedule_text(found.faults) == "lose:a>b@41;lose:a>b@111"


def test_the_fewest_faults_win_over_a_first_pair():
    found = shrunk(TWO, "lose:a>b@48;lose:a>b@118;crash:b@20+150").run
    assert len(found.faults) == 1


def test_earliest_then_shortest():
    # Tick 5 arrives at 55: b must be down then, from the start at the earliest, to 56 at least.
    assert schedule_text(shrunk(ONE, "crash:b@30+100").run.faults) == "crash:b@0+56"
    assert schedule_text(shrunk(ONE, "crash:b@30").run.faults) == "crash:b@0+56"


def test_only_what_is_accepted_is_taken():
    def awake(run):
        return "crash" not in schedule_text(run.faults)

    faults = "lose:a>b@48;crash:b@20+150"
    assert schedule_text(shrunk(TWO, "crash:b@20+150").run.faults).startswith("crash")
    found = shrunk(ONE, faults, accept=awake).run
    assert schedule_text(found.faults) == "lose:a>b@41"
    assert schedule_text(shrunk(ONE, faults, accept=lambda run: False).run.faults) == faults


@pytest.mark.parametrize(
    ("nemesis", "smallest"),
    [
        ("crash:b@17..400+1..100", "crash:b@17+39"),
        ("crash:b@0..400+37..100", "crash:b@0+56"),
        ("crash:b@0..400+70..100", "crash:b@0+70"),
        ("crash:b+end", "crash:b@0"),
        ("crash:b", "crash:b@0+56"),
    ],
)
def test_it_stays_in_the_fault_space(nemesis, smallest):
    """Outside it, a protocol may fail that is right."""
    space = FaultSpace.of(ONE, nemesis)
    found = "crash:b@40" if nemesis.endswith("end") else "crash:b@40+90"
    assert schedule_text(shrunk(ONE, found, space=space).run.faults) == smallest


def test_faults_that_must_not_overlap_still_do_not():
    """Two pauses of 30 ms, one after the other, are no pause of 60."""

    def heard_late(trace):
        pauses = [event.at_us for event in trace.of_kind("pause")]
        return Verdict("heard", len(pauses) < 2, "two pauses", judged=1)

    heard_late.name = "heard"
    scenario = replace(ONE, checks=(heard_late,))
    space = FaultSpace.of(scenario, "pause:b+30")
    found = shrunk(scenario, "pause:b@200+30;pause:b@300+30", space=space).run
    assert schedule_text(found.faults) == "pause:b@0+30;pause:b@31+30"


def test_an_amount_keeps_its_sign():
    def not_set_back_by_40(trace):
        jumps = [event.what.amount for event in trace.of_kind("clock")]
        ok = min(jumps, default=0) > -40
        return Verdict("heard", ok, "b's clock was set back", judged=1)

    not_set_back_by_40.name = "heard"
    scenario = replace(ONE, checks=(not_set_back_by_40,))
    assert schedule_text(shrunk(scenario, "jump:b@90=-777").run.faults) == "jump:b@0=-40"


def test_an_amount_gets_smaller():
    # From 600 ms on it is too late to arrive.
    assert schedule_text(shrunk(ONE, "delay:a>b@0+100=900").run.faults) == "delay:a>b@0+51=546"
    assert schedule_text(shrunk(ONE, "delay:#5=900").run.faults) == "delay:#5=546"


def test_it_fails_nowhere_earlier_than_found():
    (fault,) = shrunk(ONE, "lose:a>b@48").run.faults
    for ms in range(int(fault.at_ms)):
        assert ONE.run(faults=f"lose:a>b@{ms}").ok


def test_every_single_step_further_holds():
    """1-minimal (Zeller & Hildebrandt 2002): no fault can be left out."""
    scenario = get("start/slow-or-dead")
    faults = "pause:server-a@120+200;crash:server-b@300;pause:monitor@500+10;pause:server-b@20+30"
    found = shrunk(scenario, faults).run
    for fewer in combinations(found.faults, len(found.faults) - 1):
        assert scenario.run(found.seed, fewer, **found.knobs).verdict("accurate").ok is not False
    for fault in found.faults:
        assert fault.for_ms == 1 or not found.ok


def test_the_seed_and_idle_knobs_become_those_of_the_scenario():
    found = shrunk(ONE, "lose:a>b@48", knobs={"ticks": 40}).run
    assert found.seed == ONE.seed
    assert found.knobs["ticks"] == 20


def test_knobs_that_are_kept_or_make_the_variant_stay():
    found = shrunk(ONE, "lose:a>b@48", knobs={"ticks": 40, "fixed": True}, keep=["ticks"]).run
    assert found.knobs == {"ticks": 40, "fixed": True}


def test_it_is_the_same_failure():
    """A run may fail in two ways; the one that was asked for must remain."""
    scenario = get("start/slow-or-dead")
    run = scenario.run(faults="crash:server-b@300;pause:server-a@120+200", patience_ms=170)
    assert [verdict.ok for verdict in run.verdicts] == [False, False]
    for verdict, kind in (("accurate", "pause"), ("prompt", "crash")):
        found = shrink(run, verdict, keep=["patience_ms"])
        assert found.verdict == verdict
        assert found.run.verdict(verdict).ok is False
        assert [fault.kind for fault in found.run.faults] == [kind]


def test_the_budget_counts_runs():
    runs = []

    class Counting(Listener):
        def on_start(self):
            runs.append(1)

    scenario = ONE.using(listener=Counting)
    run = scenario.run(77, f"lose:a>b@48;{NOISE}")
    runs.clear()
    found = shrink(run, budget=10)
    assert found.runs == 10
    assert len(runs) == 11  # and once more in the end


def test_it_is_deterministic():
    first, second = (shrunk(TWO, f"lose:a>b@48;lose:a>b@119;{NOISE}") for _ in range(2))
    assert (first.run.token, first.runs) == (second.run.token, second.runs)


def test_a_run_that_holds_cannot_be_shrunk():
    with pytest.raises(BadInput, match=r"nothing to shrink: .*heard"):
        shrink(ONE.run(faults=""))


def test_a_run_that_chance_made_is_refused():
    times = iter(range(10**6))

    class Moody(Listener):
        def on_tick(self, message, sender):
            self.note(f"heard {next(times)}")

    with pytest.raises(Unrepeatable, match="does not give the same run twice"):
        shrink(ONE.using(listener=Moody).run(faults="lose:a>b@48"))
