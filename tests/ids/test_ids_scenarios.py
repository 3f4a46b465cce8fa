"""What is particular to chapter 5's experiments."""

import pytest

from distlab.ids.checks import given_out
from distlab.registry import get
from distlab.sim.trace import describe

OTHER_VARIANTS = [
    ("clock-rollback", {"on_rollback": "trust"}, {"unique"}, {"available", "prompt"}),
    ("clock-rollback", {"on_rollback": "spare-bits"}, {"ordered"}, {"available", "prompt",
                                                                    "unique"}),
    ("sequence-reset", {"first": "refuse"}, {"available"}, {"unique", "prompt"}),
    ("sequence-exhausted", {"when_full": "overflow"}, {"unique"}, {"prompt", "available"}),
    ("uuid7-rollback", {"order": "counter"}, {"ordered"}, {"true time", "unique"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "knobs", "violated", "held"), OTHER_VARIANTS)
def test_the_other_answers_and_their_prices(name, knobs, violated, held):
    for seed in range(20):
        run = get(f"ids/{name}").run(seed=seed, **knobs)
        assert violated <= {verdict.name for verdict in run.verdicts if not verdict.ok}
        assert held <= {verdict.name for verdict in run.verdicts if verdict.ok}


SLOW_CLOCK = "pause:worker-1@42+70;jump:worker-2@50=-90"


@pytest.mark.parametrize(
    ("trusts", "unique"), [("heartbeat", False), ("lease", False), ("lease-and-mark", True)]
)
def test_a_lease_needs_the_mark_when_the_next_holders_clock_is_behind(trusts, unique):
    for seed in range(50):
        run = get("ids/lease-over").run(seed=seed, faults=SLOW_CLOCK, trusts=trusts)
        assert run.verdict("unique").ok is unique, run.token


def test_only_a_rollback_in_a_full_millisecond_keeps_the_spinner():
    """The window of vulnerability: while it waits for the next millisecond, and not elsewhere."""
    lab = get("ids/sequence-exhausted")
    stuck = [
        at
        for at in range(20, 40)
        if not lab.run(faults=f"jump:worker-1@{at}.5=-50", when_full="spin").verdict("prompt").ok
    ]
    assert stuck == [20, 30]


def test_a_row_with_the_same_id_is_overwritten():
    run = get("ids/clock-rollback").run(on_rollback="trust")
    overwritten = [event.what for event in run.trace.of_kind("note")]
    assert overwritten[:2] == ["overwrites 20·w1·0", "overwrites 20·w1·1"]


def test_redis_says_who_has_the_worker_id():
    run = get("ids/lease-over").run(faults="", trusts="lease-and-mark")
    words = [describe(event.what) for event in run.trace.of_kind("state") if event.node == "redis"]
    assert words[:2] == ["no lease", "worker-1: w1 to 41"]
    last = [event.what for event in run.trace.of_kind("state") if event.node == "redis"][-1]
    assert any(kept.what == "id:1:mark" for kept in last.kept)


def test_the_words_of_a_uuid_tell_its_two_ends():
    """A monotonic generator changes the low bits only: the high ones alone would look the same."""
    run = get("ids/uuid7-rollback").run(order="monotonic")
    shown = [repr(number) for _, number in given_out(run.trace)]
    assert len(set(shown)) == len(shown)


def test_a_single_id_is_shown_without_brackets():
    run = get("ids/objectid-fork").run()
    results = [describe(each.result) for each in run.history if each.outcome == "ok"]
    assert results[0] == "0s·b27c…·9d8"
