"""The fault space: what a nemesis' text means, and what is drawn from it."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from distlab.explore import FaultSpace
from distlab.host import BadInput
from distlab.registry import get
from distlab.sim.faults import check_schedule, parse_schedule, schedule_text
from tests.explore.planted import ONE

PRINTER = get("start/lost-answer")  # client and printer
DETECTOR = get("start/slow-or-dead")  # monitor, server-a, server-b; no clients


def drawn(space, count=300):
    return [space.draw(Random(number)) for number in range(count)]


def faults_of(space):
    return [fault for schedule in drawn(space) for fault in schedule]


def test_ranges_are_kept_and_reached():
    space = FaultSpace.of(DETECTOR, "pause:server-a@100..103+50..52; delay:monitor>*=5..7")
    faults = faults_of(space)
    pauses = [fault for fault in faults if fault.kind == "pause"]
    assert {fault.target for fault in pauses} == {"server-a"}
    assert {fault.at_ms for fault in pauses} == {100, 101, 102, 103}
    assert {fault.for_ms for fault in pauses} == {50, 51, 52}
    delays = [fault for fault in faults if fault.kind == "delay"]
    assert {fault.target for fault in delays} == {"monitor>server-a", "monitor>server-b"}
    assert {fault.amount for fault in delays} == {5, 6, 7}


@pytest.mark.parametrize(("text", "most"), [("crash", 3), ("crash; at most 1", 1), ("", 0)])
def test_how_many_faults(text, most):
    sizes = {len(schedule) for schedule in drawn(FaultSpace.of(DETECTOR, text))}
    assert max(sizes) == most
    assert min(sizes) == min(most, 1)


@pytest.mark.parametrize(
    ("rule", "strongest"),
    [
        ("jump:printer=-500..300", ["jump:printer@7=-500", "jump:printer@7=300"]),
        ("jump:printer=-70..-1", ["jump:printer@7=-70"]),
        ("loss:printer>client+5..20=10..50", ["loss:printer>client@7+20=50"]),
        ("pause+20..30", ["pause:client@7+30", "pause:printer@7+30"]),
        ("pause@8..9; crash+end", ["crash:printer@7"]),
    ],
)
def test_the_strongest_at_one_instant(rule, strongest):
    rules = FaultSpace.of(PRINTER, rule).rules
    assert [str(fault) for rule in rules for fault in rule.at(7)] == strongest


def test_to_the_end_of_the_run():
    assert {f.for_ms for f in faults_of(FaultSpace.of(DETECTOR, "crash+end"))} == {None}


def test_crashes_spare_clients_and_pauses_do_not():
    assert {f.target for f in faults_of(FaultSpace.of(PRINTER, "crash; wipe"))} == {"printer"}
    assert {f.target for f in faults_of(FaultSpace.of(PRINTER, "pause"))} == {"client", "printer"}
    assert {f.target for f in faults_of(FaultSpace.of(PRINTER, "crash:client"))} == {"client"}


def test_links_are_those_that_the_run_uses():
    targets = {fault.target for fault in faults_of(FaultSpace.of(ONE, "lose; cut; loss"))}
    assert targets == {"a>b"}


def test_partitions_are_all_splits_in_two():
    splits = {fault.target for fault in faults_of(FaultSpace.of(DETECTOR, "partition"))}
    assert splits == {
        "monitor|server-a,server-b",
        "monitor,server-a|server-b",
        "monitor,server-b|server-a",
    }


@pytest.mark.parametrize("count", range(2, 8))
def test_number_of_splits(count):
    from distlab.explore.space import _splits

    names = [f"n{number}" for number in range(count)]
    splits = [frozenset(split.split("|")) for split in _splits(names)]
    assert len(splits) == len(set(splits)) == 2 ** (count - 1) - 1


def test_faults_of_one_kind_on_one_target_do_not_overlap():
    for schedule in drawn(FaultSpace.of(DETECTOR, "pause:server-a+100..300; at most 4")):
        for one, other in pairwise(schedule):
            assert one.at_ms + one.for_ms < other.at_ms


def test_edges_are_drawn_now_and_then():
    space = FaultSpace.of(DETECTOR, "pause+1..200; delay=0..300; lose", patience_ms=70)
    schedules = drawn(space, 2000)
    faults = [fault for schedule in schedules for fault in schedule]
    for part in ("at_ms", "for_ms", "amount"):
        values = [getattr(fault, part) for fault in faults if getattr(fault, part) is not None]
        edge = {"at_ms": 0}.get(part, 70)  # a range of 200 and more: by chance it is rare
        assert 0.01 < values.count(edge) / len(values) < 0.04
    together = sum(len({f.at_ms for f in schedule}) < len(schedule) for schedule in schedules)
    assert 0.02 < together / len(schedules) < 0.08


def test_a_message_by_its_number():
    space = FaultSpace.of(PRINTER, "lose:#; delay:#=5..9")
    messages = PRINTER.run(faults="").metrics["messages"]
    targets = {fault.target for fault in faults_of(space)}
    assert targets == {f"#{number}" for number in range(1, messages + 1)}
    assert parse_schedule("delay:#2=7;lose:#99") in space
    assert parse_schedule("delay:#2=4") not in space
    assert parse_schedule("lose:client>printer@0") not in space


def test_schedules_are_valid_in_order_and_repeatable():
    everything = (
        "crash; wipe; pause; partition; cut; delay; hold; loss; lose; duplicate; jump; drift"
    )
    space = FaultSpace.of(DETECTOR, everything)
    machines = DETECTOR.run().machines
    for schedule in drawn(space):
        check_schedule(schedule, machines, DETECTOR.horizon_ms)
        assert parse_schedule(schedule_text(schedule)) == schedule
        assert list(schedule) == sorted(schedule, key=lambda fault: fault.at_ms)
    assert drawn(space) == drawn(FaultSpace.of(DETECTOR, everything))
    assert {fault.kind for fault in faults_of(space)} == set(everything.split("; "))


def test_what_is_drawn_is_in_the_space_and_little_else():
    space = FaultSpace.of(DETECTOR, "pause:server-a@9..90+5..7; jump=1..3; lose; at most 2")
    assert all(schedule in space for schedule in drawn(space))
    for text in (
        "pause:server-a@8+5",
        "pause:server-a@91+5",
        "pause:server-a@9+4",
        "pause:server-a@9",
        "pause:server-b@9+5",
        "jump:monitor@0=4",
        "crash:server-a@9+5",
        "lose:server-a>server-b@1",
        "pause:server-a@9+5;pause:server-a@14+5",
        "jump:monitor@0=1;jump:monitor@0=2;jump:monitor@0=3",
    ):
        assert parse_schedule(text) not in space, text
    assert parse_schedule("pause:server-a@9+5;pause:server-a@15+5") in space


def test_the_declared_nemesis_is_the_default():
    declared = replace(DETECTOR, nemesis="pause:server-a+1..9; at most 2")
    assert str(FaultSpace.of(declared)) == declared.nemesis
    assert str(FaultSpace.of(declared, "crash")) == "crash"


@pytest.mark.parametrize(
    ("faults", "nemesis"),
    [
        ("", ""),
        ("lose:printer>client@30", "lose; at most 1"),
        ("crash:printer@5", "crash:printer+end; at most 1"),
        ("pause:client@5+20;pause:client@40+20", "pause:client+1..20; at most 2"),
        ("jump:printer@5=-70", "jump:printer=-70..-1; at most 1"),
        ("delay:client>printer@5+50=70", "delay+1..50=1..70; at most 1"),
        ("partition:printer|client@5+50", "partition:client,printer+1..50; at most 1"),
    ],
)
def test_without_one_it_is_made_of_the_default_faults(faults, nemesis):
    assert FaultSpace.of(replace(PRINTER, nemesis="", faults=faults)).nemesis == nemesis


@pytest.mark.parametrize(
    ("nemesis", "said"),
    [
        ("crush", "unknown fault 'crush'; did you mean 'crash'"),
        ("crash:printr", "no machine 'printr'; did you mean 'printer'"),
        ("crash@9..3", "'9..3' is no range"),
        ("crash@soon", "'soon' is no range"),
        ("crash@0..9999", "beyond the end"),
        ("crash=3", "crash takes no '3'"),
        ("lose+5", "lose takes no '5'"),
        ("loss=50..150", "allowed is 0 to 100"),
        ("lose:printer>nobody", "the run uses no such link (it uses client>printer, "),
        ("pause; at most none", "at most none"),
        ("lose; at most 101", "at most 101"),
        ("lose; at most 99999999", "of the form: at most 3 (1 to 100)"),
        ("Crash!", "is not of the form"),
    ],
)
def test_a_wrong_rule_is_named(nemesis, said):
    with pytest.raises(BadInput) as error:
        FaultSpace.of(PRINTER, nemesis)
    assert said in str(error.value)
