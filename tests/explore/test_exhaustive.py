"""Every placement: complete against a brute-force list, and counted."""

import pytest

from distlab.explore import FaultSpace, exhaustive
from distlab.host import BadInput
from distlab.registry import get
from distlab.sim.faults import parse_schedule, schedule_text
from tests.explore.planted import ONE, TWO


def by_hand(scenario, nemesis, k):
    """All schedules of up to k faults at the events of the runs that they make."""
    space = FaultSpace.of(scenario, nemesis)
    found = {(): scenario.run(faults=())}
    for _ in range(k):
        for schedule, run in list(found.items()):
            for at_us in {event.at_us for event in run.trace.events}:
                if schedule and at_us < schedule[-1].at_us:
                    continue
                for fault in space.at(at_us / 1000):
                    more = tuple(sorted({*schedule, fault}, key=lambda f: (f.at_ms, str(f))))
                    if more in space:
                        found.setdefault(more, None)
        found = {each: run or scenario.run(faults=each) for each, run in found.items()}
    return found


@pytest.mark.parametrize("nemesis", ["lose", "crash:b+10; pause:a+10", "partition+20; lose"])
def test_one_fault(nemesis):
    runs = by_hand(ONE, nemesis, 1)
    census = exhaustive(ONE, 1, nemesis=nemesis)
    assert census.complete
    assert census.by_faults == (1, len(runs) - 1)
    assert len(census.failing) == sum(not run.ok for run in runs.values())


def test_two_faults_each_schedule_once():
    scenario = get("start/lost-answer")
    runs = by_hand(scenario, "lose:client>printer; crash+40", 2)
    census = exhaustive(scenario, 2, nemesis="lose:client>printer; crash+40")
    assert census.runs == len(runs)
    assert len(census.failing) == len(set(census.failing))
    assert len(census.failing) == sum(not run.verdict("answered").ok for run in runs.values())


def test_it_counts_outcomes_and_shrinks_the_first_failure():
    census = exhaustive(TWO, 2, nemesis="lose")
    assert sum(census.outcomes.values()) == census.runs
    assert {outcome.name: n for outcome, n in census.outcomes.items() if outcome.tone == "bad"} == {
        "not heard": len(census.failing)
    }
    assert schedule_text(census.shrunk.run.faults) == "lose:a>b@41;lose:a>b@111"
    assert "all of them" in census.text()


def test_no_failure_is_found_where_there_is_none():
    census = exhaustive(TWO, 1, nemesis="lose")
    assert census.complete and census.shrunk is None and census.failing == ()


def test_a_census_beyond_its_limit_says_so():
    census = exhaustive(TWO, 2, nemesis="lose", limit=50)
    assert census.runs == 50
    assert not census.complete
    assert "NOT all" in census.text()


def test_the_limit_may_be_the_exact_number():
    runs = exhaustive(TWO, 1, nemesis="lose").runs
    assert exhaustive(TWO, 1, nemesis="lose", limit=runs).complete


def test_faults_of_one_kind_on_one_machine_do_not_overlap():
    nemesis = "crash:b+30..40; lose"
    runs = by_hand(TWO, nemesis, 2)
    census = exhaustive(TWO, 2, nemesis=nemesis)
    assert census.runs == len(runs)
    space = FaultSpace.of(TWO, nemesis)
    schedules = [parse_schedule(token.partition("#")[2]) for token in census.failing]
    assert schedules and all(faults in space for faults in schedules)


def test_no_more_faults_than_the_nemesis_allows():
    with pytest.raises(BadInput, match=r"k: 2 is not allowed \(allowed: 0 to 1, "):
        exhaustive(TWO, 2, nemesis="lose; at most 1")


@pytest.mark.parametrize("k", [-1, 1.5, "1", True])
def test_a_wrong_number_of_faults(k):
    with pytest.raises(BadInput, match=f"k: {k!r} is not allowed"):
        exhaustive(ONE, k)


@pytest.mark.parametrize("limit", [0, 1.5, None])
def test_a_wrong_limit(limit):
    with pytest.raises(BadInput, match=f"limit: {limit!r} is not allowed"):
        exhaustive(ONE, 1, limit=limit)


def test_progress_counts_the_runs_of_shrinking_too():
    calls = []
    census = exhaustive(TWO, 2, nemesis="lose", progress=lambda *each: calls.append(each))
    together = census.runs + census.shrunk.runs
    assert [done for done, _ in calls] == [*range(1, together + 1), together]
    assert calls[0] == (1, 20_000)
    assert calls[-1] == (together, together)
    assert all(done < limit for done, limit in calls[:-1])


def test_progress_ends_where_nothing_fails():
    calls = []
    runs = exhaustive(TWO, 1, nemesis="lose", progress=lambda *each: calls.append(each)).runs
    assert calls[-1] == (runs, runs)
