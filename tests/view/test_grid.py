from xml.etree import ElementTree

import pytest

from distlab.view.grid import Panel, grid

ROWS, COLUMNS = ("R=1", "R=2"), ("0 ms", "100 ms")
STALE = {("R=1", "0 ms"): 0, ("R=1", "100 ms"): 40, ("R=2", "0 ms"): 0, ("R=2", "100 ms"): 7}


@pytest.fixture
def picture():
    return grid([Panel("stale & old", "bad", STALE)], ROWS, COLUMNS, "cut lasts")


def test_every_cell_says_its_number_and_is_filled_as_far(picture):
    drawn = ElementTree.fromstring(picture.still())
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [words for words in texts if words.endswith("%")] == ["0 %", "40 %", "0 %", "7 %"]
    rects = drawn.iter("{http://www.w3.org/2000/svg}rect")
    bars = [rect.get("width") for rect in rects if rect.get("class") == "dl-bad-bar"]
    assert bars == ["0", "24", "0", "4.2"]


def test_its_title_is_escaped(picture):
    assert "stale &amp; old" in picture.svg


def test_the_text_twin_holds_the_same_numbers(picture):
    assert picture.text.splitlines()[2].split() == ["R=1", "0", "%", "40", "%"]


def test_a_missing_cell_is_an_error():
    with pytest.raises(KeyError):
        grid([Panel("stale", "bad", {})], ROWS, COLUMNS, "cut lasts")
