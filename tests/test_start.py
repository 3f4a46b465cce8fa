"""Chapter 0: a client that asks, a monitor that judges silence."""

import pytest

from distlab.explore import FaultSpace, exhaustive
from distlab.registry import get
from distlab.sim import Trace
from distlab.sim.faults import parse_schedule
from distlab.start.scenarios import Accurate, Prompt

LOST, SLOW = get("start/lost-answer"), get("start/slow-or-dead")


# A lost answer


def printed(run):
    return [event.what for event in run.trace.of_kind("note")]


@pytest.mark.parametrize("lost", ["client>printer", "printer>client"])
def test_from_the_client_a_lost_request_and_a_lost_answer_look_the_same(lost):
    run = LOST.run(faults=f"lose:{lost}@0")
    unknown = run.trace.of_kind("unknown")
    assert [(event.at_us, event.why) for event in unknown] == [(50_000, "nothing within 50 ms")]
    assert ("printed page 1" in printed(run)) is (lost == "printer>client")


def test_a_retry_of_a_lost_request_prints_once():
    run = LOST.run(faults="lose:client>printer@0", retries=1)
    assert run.ok
    assert printed(run) == [f"printed page {page}" for page in (1, 2, 3, 4)]


def test_a_retry_of_a_lost_answer_prints_twice():
    run = LOST.run(faults="lose:printer>client@0", retries=1)
    assert printed(run)[:2] == ["printed page 1", "printed page 1"]
    assert run.outcome.name == "not printed once"


def test_the_witness_of_a_lost_answer_is_its_question_its_loss_and_the_silence():
    run = LOST.run()
    witness = [run.trace.events[position] for position in run.verdict("answered").witness]
    assert [event.kind for event in witness] == ["invoke", "drop", "unknown"]
    assert witness[0].what.argument == witness[1].what.page == 2


def test_retries_come_to_an_end():
    run = LOST.run(faults="crash:printer@0", retries=3)
    assert len(run.trace.of_kind("send")) == 8  # two pages asked for four times each in 400 ms
    assert run.outcome.name == "not answered"


# Slow or dead


def note(at_ms, text):
    return (at_ms * 1000, "note", "monitor", "", text, 0, "")


def machine(at_ms, kind, name="a"):
    return (at_ms * 1000, kind, name, "", None, 0, "")


@pytest.mark.parametrize(
    ("events", "ok", "witness"),
    [
        ([machine(10, "crash"), note(160, "suspects a")], True, ()),
        ([machine(10, "crash"), note(161, "suspects a")], False, (0, 1)),
        ([machine(10, "crash"), note(500, "anything")], False, (0,)),
        ([machine(10, "crash"), note(100, "anything")], True, ()),  # the run ends too early to say
        ([machine(10, "crash"), machine(100, "restart"), note(500, "x")], True, ()),
        ([note(5, "suspects a"), machine(10, "crash"), note(500, "x")], True, ()),
        ([note(5, "suspects a"), note(6, "trusts a again"), machine(10, "crash"), note(500, "x")],
         False, (2,)),
        ([machine(10, "crash", "b"), note(100, "suspects a"), note(500, "x")], False, (0,)),
    ],
)  # fmt: skip
def test_prompt(events, ok, witness):
    verdict = Prompt(150)(Trace(events))
    assert (verdict.ok, verdict.witness) == (ok, witness)


@pytest.mark.parametrize(
    ("events", "ok", "witness"),
    [
        ([machine(10, "crash"), note(20, "suspects a")], True, ()),
        ([machine(10, "pause"), note(20, "suspects a")], False, (0, 1)),
        ([note(20, "suspects a")], False, (0,)),
        ([machine(10, "crash", "b"), note(20, "suspects a")], False, (1,)),
        ([machine(10, "crash"), machine(15, "restart"), note(20, "suspects a")], False, (2,)),
        ([note(20, "trusts a again")], True, ()),
    ],
)
def test_accurate(events, ok, witness):
    verdict = Accurate()(Trace(events))
    assert (verdict.ok, verdict.witness) == (ok, witness)


@pytest.mark.parametrize("patience_ms", [60, 120, 250])
def test_no_patience_is_right_for_slow_and_dead(patience_ms):
    """Fischer, Lynch & Paterson 1985; Chandra & Toueg 1996: accuracy against completeness."""
    paused = SLOW.run(faults="pause:server-a@120+200", patience_ms=patience_ms)
    crashed = SLOW.run(faults="crash:server-a@120", patience_ms=patience_ms)
    assert not (paused.verdict("accurate").ok and crashed.verdict("prompt").ok)


def test_a_long_patience_covers_one_pause_of_a_server_not_the_monitors_own_as_well():
    space = FaultSpace.of(SLOW)
    ours, theirs = "pause:server-a@0+111", "pause:server-a@0+111;pause:monitor@101+150"
    assert parse_schedule(ours) in space and parse_schedule(theirs) not in space
    assert SLOW.run(faults=ours, **SLOW.satisfying).verdict("accurate").ok
    assert not SLOW.run(faults=theirs, **SLOW.satisfying).verdict("accurate").ok


def test_no_fault_of_the_nemesis_refutes_the_long_patience():
    assert not exhaustive(SLOW, 1, **SLOW.satisfying).failing


def test_a_crash_at_any_instant_is_noticed_in_time_by_a_short_patience():
    for at_ms in range(0, 701, 7):
        assert SLOW.run(faults=f"crash:server-b@{at_ms}").verdict("prompt").ok, at_ms


def test_one_way_silence_is_silence():
    run = SLOW.run(faults="cut:server-a>monitor@100+200")
    assert run.trace.of_kind("note")[0].what == "suspects server-a"
    assert run.trace.of_kind("note")[1].what == "trusts server-a again"
