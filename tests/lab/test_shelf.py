"""The shelf: every lab of a chapter, one at a time."""

import pytest

from distlab.host import BadInput
from distlab.lab.shelf import LabShelf
from distlab.lab.widget import Lab
from distlab.registry import all_scenarios


@pytest.mark.parametrize("chapter", ["cap", "ids", "locks", "start"])
def test_it_has_every_lab_of_the_chapter(chapter):
    known = {each.id: each for each in all_scenarios() if each.id.startswith(f"{chapter}/")}
    shelf = LabShelf(chapter)
    assert shelf.scenarios == known
    assert len(shelf._choice.options) == len(known)
    assert not [each for each in shelf.children if isinstance(each, Lab)]
    for name, scenario in known.items():
        assert name in shelf.text()
        assert scenario.title in shelf.text()
    assert repr(shelf) == f"<LabShelf {chapter}: {len(known)} labs>"


def test_a_choice_opens_a_lab_as_it_was_left():
    shelf = LabShelf("locks")
    number = [*shelf.scenarios].index("locks/same-pid") + 1
    shelf._choice.chosen = [number]
    first = shelf.children[-1]
    first.press("satisfy")
    token = first.token
    shelf.choose("locks/failover")
    assert shelf.children[-1].scenario.id == "locks/failover"
    assert shelf.choose("locks/same-pid") is first
    assert shelf._choice.chosen == [number]
    assert shelf.children[-1].token == token


def test_what_is_not_there_is_said():
    with pytest.raises(BadInput, match="unknown chapter 'lock'; did you mean 'locks'"):
        LabShelf("lock")
    with pytest.raises(BadInput, match="no locks lab 'locks/samepid'; did you mean"):
        LabShelf("locks").choose("locks/samepid")


def test_still():
    bundle = LabShelf("ids")._repr_mimebundle_()
    assert "Two copies of one container" in bundle["text/html"]
    assert bundle["text/plain"].splitlines()[0] == "ids/clock-rollback      The clock moves back"
    assert "application/vnd.jupyter.widget-view+json" in bundle
