"""The triangle says what the verdicts say, corner by corner."""

from xml.etree import ElementTree

import pytest

from distlab.registry import get
from distlab.view.triangle import triangle

CUT = get("cap/triangle").faults


@pytest.mark.parametrize(
    ("system", "faults", "c", "a", "p"),
    [
        ("ONE", CUT, "C ✕ linearizable: violated", "A ✓ available: holds",
         "P ⚡ the network fails"),
        ("leader", CUT, "C ✓ linearizable: holds", "A ✕ available: violated",
         "P ⚡ the network fails"),
        ("leader", "", "C ✓ linearizable: holds", "A ✓ available: holds",
         "P – the network is whole"),
        ("leader", "pause:n3@10+5", "C ✓ linearizable: holds", "A ✓ available: holds",
         "P – the network is whole"),
    ],
)  # fmt: skip
def test_every_corner_says_what_became_of_it(system, faults, c, a, p):
    picture = triangle(get("cap/triangle").run(faults=faults, system=system))
    assert picture.text.splitlines()[1:] == [f"  {c}", f"  {a}", f"  {p}"]
    assert all(words in picture.svg for words in (c, a, p))
    ElementTree.fromstring(picture.still())


@pytest.mark.parametrize(
    ("system", "faults", "edge"),
    [
        ("ONE", CUT, "M236 24L140 98"),
        ("leader", CUT, "M44 24L140 98"),
        ("leader", "", "M44 24L236 24"),
    ],
)
def test_the_edge_between_what_was_kept_is_thick(system, faults, edge):
    picture = triangle(get("cap/triangle").run(faults=faults, system=system))
    assert picture.svg.count("dl-life") == 1
    assert f'class="dl-life" d="{edge}"' in picture.svg
