"""Faults everywhere: complete against a list made by hand, counted, and resumed."""

from collections import Counter

import pytest

from distlab.explore import EVERYWHERE, FaultSpace, everywhere
from distlab.host import BadInput
from distlab.registry import get
from distlab.sim.faults import KINDS, parse_schedule
from tests.explore.planted import ONE, TWO

PRINTER = get("start/lost-answer")


def places_by_hand(space, run):
    """Every fault at every place of a run."""
    events = [event for event in run.trace.events if event.kind not in ("drop", "fault", "heal")]
    near = {0, 1} | {event.at_us + more for event in events for more in (0, 1)}
    for fault in (f for us in near for rule in space.rules for f in rule.at(us / 1000)):
        machine = KINDS[fault.kind].target == "machine"
        own = {event.at_us for event in events if not machine or event.node == fault.target}
        own |= {0} if machine else set()
        over = fault.end_us and not any(fault.at_us <= us <= fault.end_us for us in own)
        if fault.at_us in own or (machine and over and fault.at_us - 1 in own):
            yield fault


def by_hand(scenario, nemesis, k):
    space = FaultSpace.of(scenario, nemesis)
    found = {(): scenario.run(faults=())}
    for _ in range(k):
        for schedule, run in list(found.items()):
            for fault in places_by_hand(space, run):
                more = tuple(sorted({*schedule, fault}, key=lambda f: (f.at_ms, str(f))))
                if more in space and (not schedule or fault.at_us >= schedule[-1].at_us):
                    found.setdefault(more, None)
        found = {each: run or scenario.run(faults=each) for each, run in found.items()}
    return found


@pytest.mark.parametrize(
    ("scenario", "nemesis", "k"),
    [
        (ONE, "lose", 1),
        (ONE, "crash:b+3; pause:a+10", 1),
        (ONE, "partition+20; lose", 1),
        (PRINTER, "lose:client>printer; crash+40", 2),
        (TWO, "crash:b+30..40; lose", 2),
    ],
)
def test_every_place_once(scenario, nemesis, k):
    runs = by_hand(scenario, nemesis, k)
    census = everywhere(scenario, k, nemesis=nemesis)
    assert census.runs == len(runs)
    assert len(set(census.failing)) == len(census.failing)
    failing = [run for run in runs.values() if not run.verdict(scenario.property).ok]
    assert len(census.failing) == len(failing)


def test_each_machine_each_message_twice_and_never():
    calm = PRINTER.run(faults="")
    census = everywhere(PRINTER)
    kinds = {kinds: outcomes.total() for kinds, outcomes in census.counts.items()}
    messages = calm.metrics["messages"]
    assert kinds["no fault"] == 1
    assert kinds["lose"] == kinds["duplicate"] == messages
    assert kinds["crash"] >= len({e.at_us for e in calm.trace.events if e.node == "printer"})
    assert str(census.space) == EVERYWHERE


def test_the_first_failure_of_each_kind_is_shown():
    census = everywhere(PRINTER)
    assert list(census.first) == ["crash", "lose"]
    for kind, (run, verdict) in census.first.items():
        assert run.faults[0].kind == kind
        assert not run.verdict(verdict).ok
        assert run.token in census.text()
    assert census.run is census.first["crash"].run
    assert census.html().count("<img") == 2


def test_a_machine_may_be_back_before_its_next_event():
    """Then it has lost its memory, and no message."""
    failing = everywhere(PRINTER, nemesis="crash:client+1").failing
    crashes = [parse_schedule(token.partition("#")[2])[0] for token in failing]
    own = {event.at_us for event in PRINTER.run(faults="").trace.events if event.node == "client"}
    assert {crash.at_us - 1 for crash in crashes} & own


def test_nothing_fails_where_two_faults_are_needed():
    census = everywhere(TWO, nemesis="lose")
    assert (census.failing, census.run, census.next) == ((), None, None)
    assert everywhere(TWO, 2, nemesis="lose").failing


@pytest.mark.parametrize(("k", "limit"), [(1, 25), (2, 400)])
def test_a_stopped_one_goes_on(k, limit):
    whole = everywhere(TWO, k, nemesis="lose; crash:b+40")
    parts, start = [], 0
    while start is not None:
        parts.append(everywhere(TWO, k, nemesis="lose; crash:b+40", limit=limit, start=start))
        start = parts[-1].next
    assert [part.runs for part in parts[:-1]] == [limit] * (len(parts) - 1)
    assert f"NOT all: go on with start={parts[0].next}" in parts[0].text()
    together = {}
    for part in parts:
        for kinds, outcomes in part.counts.items():
            together[kinds] = together.get(kinds, Counter()) + outcomes
    assert together == whole.counts
    assert sum((part.failing for part in parts), ()) == whole.failing


def test_the_limit_may_be_the_exact_number():
    runs = everywhere(TWO, nemesis="lose").runs
    assert everywhere(TWO, nemesis="lose", limit=runs).next is None


def test_without_a_nemesis_it_is_the_scenarios_own():
    assert str(everywhere(PRINTER, nemesis=None).space) == str(FaultSpace.of(PRINTER))


@pytest.mark.parametrize("name", ["k", "limit", "start"])
@pytest.mark.parametrize("given", [-1, 1.5, "1", True, None])
def test_a_wrong_number(name, given):
    with pytest.raises(BadInput, match=f"{name}: {given!r} is not allowed"):
        everywhere(ONE, **{name: given})


def test_no_more_faults_than_the_nemesis_allows():
    with pytest.raises(
        BadInput, match=r"k: 2 is not allowed \(allowed: 0 to 1, .* write 'at most 2' into"
    ):
        everywhere(TWO, 2, nemesis="lose; at most 1")


def test_progress_counts_the_runs():
    calls = []
    runs = everywhere(TWO, nemesis="lose", progress=lambda *each: calls.append(each)).runs
    assert calls == [*((done, 20_000) for done in range(1, runs + 1)), (runs, runs)]
