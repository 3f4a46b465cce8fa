"""The catalogue: every bug is caught, small, and repaired; what is recorded holds for this code."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest

from distlab import bugs, registry
from distlab.bugs import Bug
from distlab.check.invariants import invariant
from distlab.registry import get
from distlab.replay import parse_token
from distlab.sim.faults import parse_schedule
from tests.explore.planted import ONE

FIELDS = ["id", "chapter", "scenario", "mistake", "source", "verdict", "caught", "runs_to_find",
          "token", "repaired_runs", "repaired_ok"]  # fmt: skip
IN_CI = 50
"""Runs that each repair must survive here; `make soak` does twenty times as many."""


@pytest.fixture(params=bugs.bugs(), ids=lambda bug: bug.id)
def bug(request):
    return request.param


def test_every_bug_has_a_repair_and_a_price(bug):
    assert bug.scenario.satisfying, f"{bug.id} declares no satisfying variant"
    assert bug.scenario.satisfying != bug.knobs
    assert bug.mistake and (bug.source or bug.chapter == "start")


def test_it_is_caught_small_and_repaired(bug):
    row = bugs.recorded().get(bug.id)
    if bugs.outdated([bug], bugs.recorded()):
        row = bugs.prove(bug, IN_CI)
    else:  # searching again finds the same again
        assert bugs.survive(bug, IN_CI) == (IN_CI, "")
    assert row.caught and row.repaired_ok, row.text()
    token = parse_token(row.token)
    assert len(token.faults) <= 3
    run = token.run()
    assert token.difference(run) == ""
    assert run.verdict(row.verdict).ok is False
    assert all(run.knobs[name] == value for name, value in bug.knobs.items())
    repaired = run.scenario.run(run.seed, run.faults, **run.knobs | bug.scenario.satisfying)
    assert repaired.verdict(row.verdict).ok is not False


def test_the_record_is_not_outdated():
    old = bugs.outdated(bugs.bugs(), bugs.recorded())
    assert not old, (
        f"the code has changed: make soak (or: distlab bugs --prove 1000 --write {' '.join(old)})"
    )


def test_the_record_is_what_was_asked_for():
    rows = bugs.recorded().values()
    assert [row.id for row in rows] == [bug.id for bug in bugs.bugs()]
    assert all(row.ok and row.repaired_runs >= 1000 for row in rows)
    assert bugs.PAGE.read_text(encoding="utf-8") == bugs.page(rows)


# How it works, on bugs that are planted


def test_a_bug_that_nothing_reveals_is_not_caught(monkeypatch):
    monkeypatch.setattr(bugs, "FIND_WITHIN", 20)
    row = bugs.prove(Bug.of(replace(ONE, id="start/planted", nemesis="pause:a+1..2")), 5)
    assert (row.caught, row.token, row.runs_to_find) == (False, "", 20)
    assert not row.ok
    assert "NOT CAUGHT in 20 runs" in row.text()


def test_a_repair_that_fails_is_refuted_by_a_run():
    planted = replace(ONE, id="start/planted", nemesis="lose")  # `fixed` does nothing
    row = bugs.prove(Bug.of(planted), 200)
    assert row.caught
    assert not row.repaired_ok
    assert row.repaired_runs < 200
    assert "#lose:a>b@" in row.refuted_by
    assert f"NOT REPAIRED: {row.refuted_by}" in row.text()


def test_undecided_runs_prove_nothing():
    def undecided_when_late(trace):
        verdict = ONE.checks[0](trace)
        late = any(event.kind == "pause" for event in trace.events)
        return replace(verdict, ok=None) if late else verdict

    undecided_when_late.name = "heard"
    sometimes = replace(ONE, checks=(undecided_when_late,), nemesis="pause:a+1..2; crash:a@600")
    assert bugs.survive(Bug.of(sometimes), 40) == (40, "")
    never = replace(sometimes, nemesis="pause:a@0..9+1..2")
    assert bugs.survive(Bug.of(never), 40) == (0, "")


def test_workers_prove_the_same():
    with ProcessPoolExecutor(2) as executor:
        lost = Bug.of(get("start/lost-answer"))
        assert bugs.prove(lost, 60, executor) == bugs.prove(lost, 60)


# The record, the command line


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr(bugs, "FILE", tmp_path / "bugs.json")
    monkeypatch.setattr(bugs, "PAGE", tmp_path / "bugs.md")
    return tmp_path


def test_proving_writes_the_record_and_its_page(record, distlab):
    status, out, error = distlab("bugs", "start/", "--prove", "20", "--write")
    assert status == 0
    assert "start/lost-answer" in out and "2 of 2: start/slow-or-dead" in error
    assert list(bugs.recorded()) == ["start/lost-answer", "start/slow-or-dead"]
    page = (record / "bugs.md").read_text(encoding="utf-8")
    assert page.count("\n| start/") == 2
    assert bugs.recorded()["start/lost-answer"].token in page


def test_other_rows_stay_when_one_is_proved_again(record, distlab):
    distlab("bugs", "start/", "--prove", "10", "--write")
    distlab("bugs", "start/slow-or-dead", "--prove", "20", "--write")
    assert [row.repaired_runs for row in bugs.recorded().values()] == [10, 20]


def test_the_record_for_programs(record, distlab):
    distlab("bugs", "start/", "--prove", "10", "--write")
    status, out, error = distlab("bugs", "start/", "--json")
    rows = json.loads(out)
    assert status == 0 and error == ""
    assert [list(row) for row in rows] == [FIELDS, FIELDS]
    assert rows[0]["caught"] is True and rows[0]["repaired_ok"] is True
    assert parse_schedule(rows[0]["token"].partition("#")[2].partition("~")[0])


@pytest.mark.parametrize(("old", "new"), [("~", "~0000"), ("retries=0", "retries=9")])
def test_an_outdated_record_says_so(record, distlab, old, new):
    distlab("bugs", "start/", "--prove", "10", "--write")
    lost_answer = bugs.recorded()["start/lost-answer"]
    bugs.write([replace(lost_answer, token=lost_answer.token.replace(old, new))])
    status, out, error = distlab("bugs", "start/")
    assert status == 1
    assert "start/lost-answer: " in out
    assert "`make soak` proves anew: start/lost-answer\n" in error


@pytest.mark.parametrize(("options", "said"), [((), ""), (("--json",), "[]")])
def test_without_a_record_nothing_is_proved(record, distlab, options, said):
    status, out, error = distlab("bugs", "start/slow-or-dead", *options)
    assert (status, out.strip()) == (1, said)
    assert "start/slow-or-dead" in error


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"id": "start/lost-answer"}]', "\xff"])
def test_a_damaged_record_is_named(record, distlab, text):
    bugs.FILE.write_bytes(text.encode("latin-1"))
    status, out, error = distlab("bugs", "start/slow-or-dead")
    assert (status, out) == (2, "")
    assert f"{bugs.FILE} is damaged" in error


def test_no_such_bug(distlab):
    status, _, error = distlab("bugs", "start/slow-or-death")
    assert status == 2
    assert "start/slow-or-death" in error


def test_explore_on_the_command_line(distlab):
    status, out, _ = distlab("explore", "start/lost-answer", "--runs", "50")
    assert status == 1
    assert "#lose:client>printer@0~" in out
    status, out, _ = distlab("explore", "start/lost-answer", "--runs", "50", "--set", "retries=2")
    assert status == 0
    assert "No failure in 50 runs" in out


def test_explore_for_programs(distlab):
    options = ("--everywhere", "1", "--nemesis", "lose", "--json")
    status, out, _ = distlab("explore", "start/lost-answer", *options)
    found = json.loads(out)
    assert status == 1
    assert found["runs"] > 10
    assert found["found"]["faults"].startswith("lose:")


def test_a_search_without_an_answer_is_no_success(distlab, monkeypatch):
    idle = replace(ONE, checks=(invariant("heard", lambda trace: iter([])),))
    monkeypatch.setitem(registry._registry, idle.id, idle)
    asked = ("explore", idle.id, "--nemesis", "lose", "--runs", "3")
    for more in ((), ("--everywhere",)):
        status, out, _ = distlab(*asked, *more)
        assert (status, ", 3 with nothing to judge: they say nothing" in out) == (3, True)
        status, out, _ = distlab(*asked, *more, "--json")
        counts = {"runs": 3, "undecided": 0, "nothing_to_judge": 3}
        assert (status, json.loads(out)) == (3, {**counts, "found": None})
    assert distlab(*asked, "--verdict", "progress")[0] == 0


def test_everywhere_on_the_command_line(distlab):
    status, out, _ = distlab("explore", "start/lost-answer", "--everywhere")
    assert status == 1
    assert "(crash+100; lose:#; duplicate:#=100)" in out
    status, out, _ = distlab("explore", "start/lost-answer", "--everywhere", "--start", "3")
    assert "from number 3 on" in out
    asked = ("explore", "start/lost-answer", "--everywhere", "--runs", "4", "--seed", "7")
    status, out, _ = distlab(*asked, "--nemesis", "lose:#")
    assert "NOT all: go on with start=4" in out
    assert "seed=7#lose" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start/lost-answr"], "did you mean 'start/lost-answer'"),
        (["start/lost-answer", "--set", "retries=9"], "out of range"),
        (["start/lost-answer", "--nemesis", "crush"], "unknown fault 'crush'"),
        (["start/lost-answer", "--runs", "0"], "runs: 0"),
        (["start/lost-answer", "--everywhere", "--runs", "0"], "limit: 0"),
        (["start/lost-answer", "--every", "0"], "unrecognized arguments: --every"),
        (["start/lost-answer", "--start", "3"], "--start goes with --everywhere"),
        (
            ["start/lost-answer", "--everywhere", "--nemesis", "lose:#", "--start", "99"],
            "start: 99 is not allowed (there are ",
        ),
    ],
)
def test_explore_refuses_wrong_input(distlab, arguments, said):
    status, out, error = distlab("explore", *arguments)
    assert (status, out) == (2, "")
    assert said in error


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("bugs", "--prove", "0"), "--prove: 0 runs are not allowed"),
        (("bugs", "start/", "--write"), "give both"),
        (("bugs", "start/", "--prove", "1", "--workers", "0"), "--workers: 0"),
        (("explore", "start/lost-answer", "--workers", "-4"), "--workers: -4"),
        (("explore", "d1:start/lost-answer"), "is a token"),
    ],
)
def test_wrong_input(record, distlab, arguments, complaint):
    status, _, error = distlab(*arguments)
    assert status == 2
    assert complaint in error
