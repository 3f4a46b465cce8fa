"""The outcome strip: on the diagram's scale, with pattern and word for each outcome."""

import re
from xml.etree import ElementTree

import pytest

from distlab.scenario import BAD, GOOD, PRICE, UNKNOWN, Outcome
from distlab.view.picture import Layout
from distlab.view.strip import strip
from tests.view.runs import instant

LAYOUT = Layout(960, 300, 100, 900, 0, 100, lanes={"n1": 50})
HOLDS, WRONG = Outcome("holds", GOOD), Outcome("not accurate", BAD)
SWEEP = [(0, HOLDS), (20, HOLDS), (40, HOLDS), (60, WRONG), (80, WRONG), (100, HOLDS)]
ELSEWHERE = (130, WRONG)


def blocks(picture, tone):
    """Where the blocks of this tone begin and end, in milliseconds; its sample is the last."""
    paths = re.findall(rf'class="dl-{tone}" d="M([\d.]+) \d+H([\d.]+)', picture.svg)
    return [tuple(instant(picture.layout, float(x)) for x in pair) for pair in paths[:-1]]


def test_equal_neighbours_are_one_block_that_reaches_halfway():
    picture = strip(SWEEP, LAYOUT, ELSEWHERE)
    assert blocks(picture, "good") == [(0, 50), (90, 100)]
    assert blocks(picture, "bad") == [(50, 90)]


def test_the_text_names_the_runs():
    picture = strip(SWEEP, LAYOUT, ELSEWHERE)
    assert picture.text == "0–40 ms holds · 60–80 ms not accurate · 100 ms holds"
    assert picture.text in picture.alt


def test_it_lies_on_the_scale_of_the_diagram():
    layout = strip(SWEEP, LAYOUT, (60, WRONG)).layout
    assert [layout.x(ms) for ms in (0, 33, 100)] == [LAYOUT.x(ms) for ms in (0, 33, 100)]


def test_a_strip_that_stands_alone_has_a_scale():
    assert "dl-tick" not in strip(SWEEP, LAYOUT, ELSEWHERE).svg
    picture = strip(SWEEP, LAYOUT, ELSEWHERE, alone=True)
    ticks = re.findall(r'class="dl-tick" x="([\d.]+)" y="[\d.]+">([^<]+)', picture.svg)
    assert [(instant(picture.layout, float(x)), words) for x, words in ticks] == [
        (ms, str(ms)) for ms in range(0, 101, 10)
    ]


def test_the_chosen_instant_is_marked_when_it_is_in_the_picture():
    here = re.search(r'class="dl-here" d="M([\d.]+)', strip(SWEEP, LAYOUT, (60, WRONG)).svg)
    assert float(here[1]) == LAYOUT.x(60)
    assert "dl-here" not in strip(SWEEP, LAYOUT, ELSEWHERE).svg


def test_how_the_run_itself_ended_is_in_the_strip():
    picture = strip(SWEEP, LAYOUT, (25, WRONG))
    assert blocks(picture, "bad") == [(22.5, 32.5), (50, 90)]
    assert picture.text.startswith("0–20 ms holds · 25 ms not accurate · 40 ms holds")


def test_what_is_not_computed_yet_stays_empty_though_the_run_is_known():
    assert strip(SWEEP[:2], LAYOUT, (25, WRONG)).text == "0–20 ms holds"
    assert strip([], LAYOUT, (25, WRONG)).text == "not computed yet"


def test_only_what_occurs_is_in_the_legend():
    words = re.findall(
        r'<text class="dl-\w+-text"[^>]*>([^<]*)', strip(SWEEP, LAYOUT, ELSEWHERE).svg
    )
    assert words == ["✓ holds", "✕ not accurate"]


@pytest.mark.parametrize("tone", [GOOD, PRICE, BAD, UNKNOWN])
def test_each_tone_has_its_own_pattern(tone):
    def pattern(tone):
        svg = strip([(0, Outcome("x", tone)), (100, Outcome("x", tone))], LAYOUT, ELSEWHERE).svg
        return re.search(rf'class="dl-{tone}-pattern" d="([^"]*)"', svg)[1]

    patterns = {each: pattern(each) for each in (GOOD, PRICE, BAD, UNKNOWN)}
    assert len(set(patterns.values())) == 4
    assert (patterns[tone] == "") == (tone == GOOD)


def test_a_pattern_stays_in_its_block():
    svg = strip([(40, WRONG), (60, WRONG)], LAYOUT, ELSEWHERE).svg
    path = re.search(r'class="dl-bad-pattern" d="([^"]*)"', svg)[1]
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
    assert all(LAYOUT.x(40) <= x <= LAYOUT.x(60) and 8 <= y <= 28 for x, y in points)


def test_a_strip_under_computation_and_an_empty_one():
    picture = strip(SWEEP[:2], LAYOUT, ELSEWHERE)
    assert blocks(picture, "good") == [(0, 20)]
    assert strip([], LAYOUT, (3, HOLDS)).text == "not computed yet"
    for each in (picture, strip([], LAYOUT, ELSEWHERE)):
        ElementTree.fromstring(each.still())


def test_names_are_escaped_and_points_outside_the_window_left_out():
    picture = strip([(10, Outcome("<b>", BAD)), (500, HOLDS)], LAYOUT, ELSEWHERE)
    assert picture.text == "10 ms <b>"
    assert "&lt;b&gt;" in picture.svg and "<b>" not in picture.svg
