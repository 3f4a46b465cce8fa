"""What is special to chapter 4's experiments. What all promise: tests/test_every_scenario.py."""

import pytest

from distlab.locks.scenarios import redlocks
from distlab.locks.scenarios.redis import TTL_MS
from distlab.registry import all_scenarios, get


def test_every_lab_of_the_curriculum_is_there():
    wanted = """oversell foreign-release setnx-expire paused-holder watchdog-cut-off
    delayed-request failover redlock-clock-jump redlock-restart counter-lost redlock-fencing
    same-pid redlock-validity stuck-holder database-lock
    herd answer-ignored redlock-release"""
    found = [lab.id for lab in all_scenarios() if lab.chapter == "locks"]
    assert found == sorted(f"locks/{name}" for name in wanted.split())


@pytest.mark.parametrize(
    ("lab", "faults"),
    [
        ("foreign-release", "pause:alice@21+84"),
        ("foreign-release", "jump:redis@101=51"),
        ("watchdog-cut-off", "pause:alice@21+80"),
        ("watchdog-cut-off", "jump:redis@45=40"),
        ("redlock-clock-jump", "pause:alice@95+97"),
        ("redlock-restart", "pause:alice@95+97"),
    ],
)
def test_what_no_lock_survives_that_ends_by_itself(lab, faults):
    lab = get(f"locks/{lab}")
    assert not lab.run(seed=1, faults=faults, **lab.satisfying).verdict("mutual exclusion").ok


@pytest.mark.parametrize(
    ("lab", "knobs", "violated", "held"),
    [
        ("oversell", {"sells": "lock"}, {"prompt"}, {"never oversold", "as shown"}),
        ("paused-holder", {"fencing": "writes"}, {"nothing refused"}, {"never oversold"}),
        ("foreign-release", {"release": "check-then-delete"}, {"prompt"}, {"mutual exclusion"}),
        ("redlock-restart", {"restart": "from-disk"}, {"prompt"}, {"mutual exclusion"}),
    ],
)
def test_the_other_choices(lab, knobs, violated, held):
    for seed in range(20):
        run = get(f"locks/{lab}").run(seed=seed, **knobs)
        assert violated <= {verdict.name for verdict in run.verdicts if verdict.ok is False}
        assert held <= {verdict.name for verdict in run.verdicts if verdict.ok}


@pytest.mark.parametrize(("fencing", "sold_once"), [("writes", False), ("all", True)])
def test_a_fence_must_look_at_reads_too(fencing, sold_once):
    """Alice wakes up after Bob has read the stock and before he writes it."""
    run = get("locks/paused-holder").run(faults="pause:alice@36+100", fencing=fencing)
    assert run.verdict("never oversold").ok is sold_once


def test_what_is_on_its_way_does_harm_although_nobody_overlaps():
    run = get("locks/delayed-request").run()
    assert run.verdict("mutual exclusion").ok
    assert not run.verdict("never oversold").ok


def test_a_shop_remembers_its_stock_and_the_latest_token():
    faults = "pause:alice@36+130;crash:shop@150+10"
    run = get("locks/paused-holder").run(faults=faults, fencing="all")
    assert run.verdict("never oversold").ok
    assert [str(e.what) for e in run.trace.of_kind("state") if e.node == "shop"][-2:] == [
        "stock 0, token 34",
        "stock 0, token 34",  # after the crash
    ]


def test_a_careful_holder_stops_when_its_lock_is_over():
    run = get("locks/delayed-request").run(faults="delay:shop>alice@36+60=50")
    (gave_up,) = [event for event in run.trace.of_kind("unknown") if event.node == "alice"]
    assert gave_up.at_us // 1000 == 10 + TTL_MS, "counted from when it asked for the lock"


@pytest.mark.parametrize(
    ("faults", "known"),
    [
        ("partition:alice|redis@45+150", "failed"),  # while she thinks
        ("partition:redis,bob,shop|alice@152+29", "unknown"),  # while she waits for the shop
    ],
)
def test_the_watchdog_ends_the_purchase_before_the_lock_is_free(faults, known):
    run = get("locks/watchdog-cut-off").run(seed=1, faults=faults, on_loss="tells")
    told = [e for e in run.trace.events if e.kind in ("ok", "failed", "unknown")]
    _, bought, *_ = [e for e in told if e.node == "alice"]
    entered = next(e for e in told if e.node == "bob")
    assert bought.kind == known
    assert bought.at_us < entered.at_us
    assert run.verdict("mutual exclusion").ok


def test_a_delayed_restart_takes_as_long_as_a_lock_may_last():
    server = redlocks.AFTER_CRASH["delayed"]("redis-1")
    assert server.restart_delay_ms >= redlocks.TTL_MS


def test_between_the_look_at_the_owner_and_the_deletion_the_lock_may_change_hands():
    """Alice asks while the lock is hers; her DEL then waits until it is Bob's."""
    lab = get("locks/foreign-release")
    faults = "hold:alice>redis@55+65"
    assert not lab.run(faults=faults, release="check-then-delete").verdict("mutual exclusion").ok
    assert lab.run(faults=faults, release="compare").verdict("mutual exclusion").ok


def test_token_33_comes_after_34():
    refused = get("locks/paused-holder").run(fencing="all").verdict("nothing refused")
    assert refused.explanation == "shop refused alice: token 33 comes after token 34."


def test_with_tokens_from_counters_of_its_own_the_rightful_holder_is_refused():
    run = get("locks/redlock-fencing").run()
    refused = run.verdict("nothing refused")
    assert refused.explanation == "shop refused bob: token 33 comes after token 34."


def test_two_holders_with_one_token_pass_the_fence():
    run = get("locks/counter-lost").run()
    assert run.verdict("tokens ascend").explanation == "alice got token 33, and then bob 33."
    assert not run.verdict("never oversold").ok
    assert get("locks/counter-lost").run(counter="shop").verdict("never oversold").ok


def test_a_cleaner_that_comes_by_every_minute_leaves_everybody_outside():
    for faults in ("crash:alice@30", "crash:alice@30;pause:bob@130+150"):
        run = get("locks/database-lock").run(faults=faults)
        assert [each.outcome for each in run.history if each.process != "alice"] == ["unknown"] * 2


def test_the_herd_is_named():
    assert get("locks/herd").run().verdict("no herd").explanation == (
        "One release woke bob, carol and dave."
    )
