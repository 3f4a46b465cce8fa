"""What every scenario promises, whatever its chapter."""

from random import Random

import pytest

from distlab.explore import FaultSpace
from distlab.knobs import Ways
from distlab.registry import all_scenarios, get
from distlab.replay import parse_token
from distlab.scenario import STUCK
from tests import goldens

SCENARIOS = all_scenarios()
SEEDS = range(1, 51)

BREAK_BY_THEMSELVES = """
    ids/objectid-fork ids/objectid-overflow ids/same-worker-id ids/segment-overlap ids/segment-stall
    ids/uuid7-rollback locks/answer-ignored locks/herd locks/oversell
"""
"""The mistakes that need no fault: two workers, or two orders in a millisecond, are enough."""

LISTENING = ("Heartbeat", "Alive")
"""Messages that pictures leave out. What Sentinel asks is left out as well."""

TRANSCRIPTS = """
    start/lost-answer-violating start/lost-answer-satisfying
    start/slow-or-dead-violating start/slow-or-dead-satisfying
    cap/failover-violating cap/r-plus-w-violating cap/deposed-leader-violating
    ids/clock-rollback-satisfying ids/lease-over-satisfying ids/segment-overlap-satisfying
    locks/paused-holder-violating locks/foreign-release-violating locks/watchdog-cut-off-violating
    locks/redlock-fencing-violating
"""


@pytest.fixture(params=SCENARIOS, ids=lambda scenario: scenario.id)
def scenario(request):
    return request.param


def ways(scenario, role):
    """The knobs of every way of that role."""
    knobs = [knob for knob in scenario.knobs if isinstance(knob, Ways)]
    return [{knob.name: way.name} for knob in knobs for way in knob.of_role(role)]


def differing(scenario, knobs, story):
    """The tokens of the runs, over all seeds, in which (property holds, price is kept) is another.

    A violating run may have nothing to judge the price by: a lock that is never granted, say.
    """
    for seed in SEEDS:
        run = scenario.run(seed, **knobs)
        ok = run.verdict(scenario.property).ok
        if (ok, run.verdict(scenario.price).ok is not False) != story:
            yield run.token


def test_the_violating_setting_fails_its_property_and_keeps_its_price(scenario):
    """Else the repair would cost nothing."""
    token = next(differing(scenario, scenario.violating, (False, True)), None)
    assert token is None, f"not (property violated, price kept) in {token}"


def test_the_satisfying_setting_keeps_its_property_and_pays_its_price(scenario):
    token = next(differing(scenario, scenario.satisfying, (True, False)), None)
    assert token is None, f"not (property holds, price paid) in {token}"


def test_the_default_is_the_violating_setting(scenario):
    assert scenario.settings({}) == scenario.settings(scenario.violating)


def test_without_faults_nothing_looks_wrong(scenario):
    """What is found in the wild passes its tests."""
    for seed in range(5):
        run = scenario.run(seed, "", **scenario.violating)
        broken = run.verdict(scenario.property).ok is False
        assert broken is (scenario.id in BREAK_BY_THEMSELVES.split()), run.token
        assert STUCK not in [verdict.name for verdict in run.verdicts], run.token
        calm = scenario.run(seed, "", **scenario.satisfying)
        assert calm.verdict(scenario.property).ok is not False, calm.token


def test_each_right_way_survives_the_nemesis(scenario):
    for knobs in ways(scenario, "right"):
        space, judged = FaultSpace.of(scenario, **knobs), 0
        for seed in range(20):
            run = scenario.run(seed, space.draw(Random(seed)), **knobs)
            assert run.verdict(scenario.property).ok is not False, run.token
            judged += run.verdict(scenario.property).judged > 0
        assert judged > 10, f"only {judged} of 20 nemesis runs had something to judge, with {knobs}"


def test_each_control_fails_for_want_of_the_repair(scenario):
    for knobs in ways(scenario, "control"):
        run = scenario.run(**knobs)
        assert run.verdict(scenario.property).ok is False, run.token


def test_every_witness_lies_in_the_trace(scenario):
    for knobs in (scenario.violating, scenario.satisfying):
        run = scenario.run(**knobs)
        for verdict in run.verdicts:
            assert all(0 <= position < len(run.trace.events) for position in verdict.witness)
            assert verdict.explanation
            assert verdict.ok is not False or verdict.witness, f"{verdict} has no witness"


def test_every_token_repeats_its_run(scenario):
    run = scenario.run(3, **scenario.satisfying)
    again = parse_token(run.token).run()
    assert again.trace.text() == run.trace.text()
    assert again.verdicts == run.verdicts
    assert again.outcome == run.outcome


def test_a_picture_has_few_messages(scenario):
    for knobs in (scenario.violating, scenario.satisfying):
        sent = scenario.run(**knobs).trace.of_kind("send")
        shown = [
            event
            for event in sent
            if type(event.what).__name__ not in LISTENING
            and "sentinel" not in (event.node, event.peer)
        ]
        assert len(shown) <= (64 if scenario.id == "locks/herd" else 51)  # a queue of four


@pytest.mark.parametrize("name", TRANSCRIPTS.split())
def test_transcripts(name):
    scenario, _, setting = name.rpartition("-")
    goldens.compare_run(f"{name}.txt", get(scenario).run(**getattr(get(scenario), setting)))
