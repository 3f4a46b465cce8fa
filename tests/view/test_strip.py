"""The outcome strip: on the diagram's scale, with pattern and word for each outcome."""

import re

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


@pytest.mark.parametrize(
    ("outcomes", "here", "good", "bad", "text"),
    [
        (SWEEP, ELSEWHERE, [(0, 50), (90, 100)], [(50, 90)],
         "0–40 ms holds · 60–80 ms not accurate · 100 ms holds"),
        (SWEEP, (25, WRONG), [(0, 22.5), (32.5, 50), (90, 100)], [(22.5, 32.5), (50, 90)],
         "0–20 ms holds · 25 ms not accurate · 40 ms holds · 60–80 ms not accurate · 100 ms holds"),
        (SWEEP[:2], (25, WRONG), [(0, 20)], [], "0–20 ms holds"),
        ([], (25, WRONG), [], [], "not computed yet"),
        ([(10, Outcome("<b>", BAD)), (500, HOLDS)], ELSEWHERE, [], [(10, 10)], "10 ms <b>"),
    ],
)  # fmt: skip
def test_equal_neighbours_are_one_block_that_reaches_halfway(outcomes, here, good, bad, text):
    picture = strip(outcomes, LAYOUT, here)
    assert (blocks(picture, "good"), blocks(picture, "bad")) == (good, bad)
    assert picture.text == text
    assert text in picture.alt and "<b>" not in picture.svg


def test_it_lies_on_the_scale_of_the_diagram():
    layout = strip(SWEEP, LAYOUT, (60, WRONG)).layout
    assert [layout.x(ms) for ms in (0, 33, 100)] == [LAYOUT.x(ms) for ms in (0, 33, 100)]


def test_a_strip_that_stands_alone_has_a_scale():
    assert "dl-tick" not in strip(SWEEP, LAYOUT, ELSEWHERE).svg
    picture = strip(SWEEP, LAYOUT, ELSEWHERE, alone=True)
    ticks = re.findall(r'class="dl-tick" x="([\d.]+)" [^>]*>([^<]+)', picture.svg)
    assert [(instant(picture.layout, float(x)), words) for x, words in ticks] == [
        (ms, str(ms)) for ms in range(0, 101, 10)
    ]


def test_the_chosen_instant_is_marked_when_it_is_in_the_picture():
    here = re.search(r'class="dl-here" d="M([\d.]+)', strip(SWEEP, LAYOUT, (60, WRONG)).svg)
    assert float(here[1]) == LAYOUT.x(60)
    assert "dl-here" not in strip(SWEEP, LAYOUT, ELSEWHERE).svg


def test_only_what_occurs_is_in_the_legend():
    svg = strip(SWEEP, LAYOUT, ELSEWHERE).svg
    words = re.findall(r'<text class="dl-\w+-text dl-bold"[^>]*>([^<]*)', svg)
    assert words == ["✓ holds", "✕ not accurate"]


def test_each_tone_has_a_pattern_of_its_own_that_stays_in_its_block():
    patterns = {}
    for tone in (GOOD, PRICE, BAD, UNKNOWN):
        svg = strip([(40, Outcome("x", tone)), (60, Outcome("x", tone))], LAYOUT, ELSEWHERE).svg
        patterns[tone] = re.search(rf'class="dl-{tone}-pattern" d="([^"]*)"', svg)[1]
        for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", patterns[tone]):
            assert LAYOUT.x(40) <= float(x) <= LAYOUT.x(60) and 8 <= float(y) <= 28
    assert len(set(patterns.values())) == 4 and patterns[GOOD] == ""
