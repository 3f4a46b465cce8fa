"""What is particular to chapter 1's experiments."""

import pytest

from distlab.cap import scenarios  # noqa: F401 (registers them)
from distlab.cap.measured import sweep
from distlab.registry import all_scenarios, get

LABS = [scenario for scenario in all_scenarios() if scenario.chapter == "cap"]


def test_clients_have_their_lanes_beside_the_machines_they_ask():
    assert get("cap/read-fallback").run().machines == ("admin", "db1", "db2", "shop")
    assert get("cap/both-sides-accept").run().machines == ("west", "n1", "n2", "n3", "east")
    for lab in LABS:
        assert lab.run().machines[0] not in ("n1", "db1")


@pytest.mark.parametrize(
    ("lab", "knobs", "outcome"),
    [
        ("deposed-leader", {"reads": "lease"}, "no answer"),
        ("both-sides-accept", {"level": "ALL"}, "refused"),
        ("both-sides-accept", {"exchange_ms": 0}, "stale answer"),
        ("r-plus-w", {"r": 3, "w": 1}, "nothing to judge"),
        ("r-plus-w", {"r": 1, "w": 3}, "nothing to judge"),
        ("skewed-clocks", {"stamps": "vector"}, "not plain"),
        ("read-fallback", {"fallback": "none"}, "no answer"),
        ("read-after-write", {"read_from": "primary"}, "holds"),
        ("triangle", {"system": "QUORUM"}, "A gives way"),
        ("triangle", {"system": "pair"}, "C gives way"),
    ],
)
def test_the_other_choices(lab, knobs, outcome):
    assert get(f"cap/{lab}").run(**knobs).outcome.name == outcome


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
