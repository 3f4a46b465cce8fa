"""Chapter 1's experiments keep their promises for every seed."""

from collections import Counter

import pytest

from distlab.cap import scenarios  # noqa: F401 (registers them)
from distlab.cap.measured import sweep
from distlab.registry import all_scenarios, get
from distlab.sim.trace import describe
from tests.goldens import compare

LABS = [scenario for scenario in all_scenarios() if scenario.chapter == "cap"]
IN_THE_WILD = ("read-fallback", "read-after-write", "failover", "false-timeout", "r-plus-w")


def ids(scenario):
    return scenario.id


def test_every_lab_of_the_curriculum_is_there():
    wanted = """triangle minority-refuses both-sides-accept deposed-leader r-plus-w skewed-clocks
    new-old-inversion sloppy-quorum one-way-cut false-timeout read-fallback read-after-write
    failover"""
    assert sorted(lab.id.removeprefix("cap/") for lab in LABS) == sorted(wanted.split())


@pytest.mark.parametrize("lab", LABS, ids=ids)
def test_200_seeds_tell_the_same_story(lab):
    """The violating variant fails its verdict; the satisfying one holds it and pays its price."""
    for variant, holds, price in ((lab.violating, False, True), (lab.satisfying, True, False)):
        found = Counter(
            (run.verdict(lab.property).ok, run.verdict(lab.price).ok)
            for run in (lab.run(seed=seed, **variant) for seed in range(200))
        )
        assert found == {(holds, price): 200}


@pytest.mark.parametrize("lab", LABS, ids=ids)
def test_each_default_is_the_naive_variant(lab):
    assert lab.settings({}) == lab.settings(lab.violating)


@pytest.mark.parametrize("lab", LABS, ids=ids)
def test_without_faults_nothing_looks_wrong(lab):
    """What is found in the wild passes its tests."""
    for seed in range(10):
        assert lab.run(seed=seed, faults="", **lab.violating).verdict(lab.property).ok


def test_clients_have_their_lanes_beside_the_machines_they_ask():
    assert get("cap/read-fallback").run().machines == ("admin", "db1", "db2", "shop")
    assert get("cap/both-sides-accept").run().machines == ("west", "n1", "n2", "n3", "east")
    for lab in LABS:
        assert lab.run().machines[0] not in ("n1", "db1")


@pytest.mark.parametrize("lab", LABS, ids=ids)
def test_a_picture_has_few_messages(lab):
    """Heartbeats aside, which pictures leave out."""
    for variant in (lab.violating, lab.satisfying):
        sent = [event.what for event in lab.run(**variant).trace.of_kind("send")]
        names = [describe(message).partition("(")[0] for message in sent]
        assert sum(name not in ("Heartbeat", "Alive") for name in names) <= 51


@pytest.mark.parametrize(
    ("lab", "knobs", "outcome"),
    [
        ("deposed-leader", {"reads": "lease"}, "no answer"),
        ("both-sides-accept", {"level": "ALL"}, "refused"),
        ("both-sides-accept", {"exchange_ms": 0}, "stale answer"),
        ("r-plus-w", {"r": 3, "w": 1}, "slower"),
        ("r-plus-w", {"r": 1, "w": 3}, "no answer"),
        ("skewed-clocks", {"stamps": "vector"}, "not plain"),
        ("read-fallback", {"fallback": "none"}, "no answer"),
        ("read-after-write", {"read_from": "primary"}, "holds"),
        ("triangle", {"system": "QUORUM"}, "A gives way"),
        ("triangle", {"system": "pair"}, "C gives way"),
    ],
)
def test_the_other_choices(lab, knobs, outcome):
    assert get(f"cap/{lab}").run(**knobs).outcome.name == outcome


@pytest.mark.parametrize(
    ("lab", "knobs", "verdict"),
    [
        ("deposed-leader", {"reads": "lease"}, "available"),
        ("both-sides-accept", {"exchange_ms": 0}, "converged"),
        ("skewed-clocks", {"stamps": "vector"}, "plain"),
        ("read-fallback", {"fallback": "none"}, "available"),
    ],
)
def test_the_other_choices_cost_something_else(lab, knobs, verdict):
    assert get(f"cap/{lab}").run(**knobs).verdict(verdict).ok is False


def test_a_read_that_the_end_of_the_run_cuts_off_is_no_missing_answer():
    run = get("cap/read-fallback").run(
        fallback="marked", faults="partition:db1,admin|db2,shop@122+180"
    )
    assert run.verdict("available").ok


def test_repair_in_the_background_is_only_a_courtesy():
    """Under the default faults it hides the inversion; with one message lost it does not."""
    lab = get("cap/new-old-inversion")
    lost = f"{lab.faults};lose:n1>n2@130"
    assert lab.run(read_repair="background").outcome.name == "holds"
    assert lab.run(read_repair="background", faults=lost).outcome.name == "new, then old"
    assert lab.run(read_repair="blocking", faults=lost).verdict("linearizable").ok


@pytest.mark.parametrize("name", ["failover", "r-plus-w", "deposed-leader"])
def test_golden_transcripts(name):
    compare(f"cap/{name}.txt", get(f"cap/{name}").run().trace.text())


def test_the_price_list():
    rows = {(row.r, row.w, row.cut_ms): row for row in sweep(cuts_ms=(0, 400))}
    calm = [row for row in rows.values() if not row.cut_ms]
    assert all(row.answered == row.asked and not row.stale for row in calm)
    cut = {(r, w): row for (r, w, cut_ms), row in rows.items() if cut_ms}
    assert all((row.stale > 0) == (r + w <= 3) for (r, w), row in cut.items())
    assert cut[1, 1].unanswered_percent == 0
    assert cut[3, 3].unanswered_percent > cut[2, 2].unanswered_percent > 0


def test_the_price_list_is_the_same_every_time():
    assert sweep((100,), (5,)) == sweep((100,), (5,))
