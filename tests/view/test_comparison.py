"""Runs beside each other: what differs, how each ended, and why."""

from html import unescape

import pytest

from distlab.host import BadInput
from distlab.registry import get
from distlab.view.comparison import compare
from distlab.view.theme import COLOURS

SLOW = get("start/slow-or-dead")
LOST = get("start/lost-answer")


def test_a_row_says_what_differs_how_it_ended_and_why():
    table = compare(SLOW.run(patience_ms=ms) for ms in (60, 250))
    accurate, prompt = (SLOW.run(patience_ms=ms).deciding for ms in (60, 250))
    assert table.text().splitlines() == [
        "patience_ms  outcome         why",
        f"60           ✕ not accurate  {accurate.explanation}",
        f"250          ◐ not prompt    {prompt.explanation}",
    ]
    assert "monitor suspects server-a" in accurate.explanation


def test_named_verdicts_have_columns_in_their_colours_with_the_reason_on_hover():
    runs = [SLOW.run(patience_ms=250, faults=faults) for faults in (None, "")]
    table = compare(runs, "accurate", "prompt")
    assert [line.split("  ")[-1].strip() for line in table.text().splitlines()] == [
        "prompt", "◐ violated", "? nothing to judge",
    ]  # fmt: skip
    html = unescape(table.html())
    assert f'background:{COLOURS["price"][0]}4d" title="server-b was dead for' in html
    assert f'background:{COLOURS["unknown"][0]}4d" title="There were no crashes' in html
    assert '<th scope="row"' in html


def test_faults_and_seeds_are_shown_when_they_differ():
    runs = (LOST.run(seed, faults) for seed, faults in ((1, ""), (2, "lose:printer>client@40")))
    head, *rows = compare(runs).text().splitlines()
    assert head.split() == ["seed", "faults", "outcome", "why"]
    assert rows[0].startswith("1     none                    ✓ holds")
    assert rows[1].startswith("2     lose:printer>client@40  ✕ not answered")


def test_runs_of_two_scenarios_are_named_by_them():
    head, *rows = compare([LOST.run(retries=2), SLOW.run()]).text().splitlines()
    assert head.split()[:2] == ["scenario", "retries"]
    assert [row.split()[0] for row in rows] == ["start/lost-answer", "start/slow-or-dead"]


def test_there_must_be_a_run():
    with pytest.raises(BadInput, match="no runs"):
        compare([])


def test_a_single_run_has_no_settings_of_its_own():
    assert compare([LOST.run()]).text().splitlines()[0].split() == ["outcome", "why"]


def test_what_a_run_says_is_escaped():
    html = compare([LOST.run(), LOST.run(faults="")]).html()
    assert "lose:printer&gt;client@40" in html
