"""The picture of a history: nothing overlaps, nothing is lost, and its letters can be read back."""

import re
from dataclasses import replace
from itertools import pairwise
from random import Random
from xml.etree import ElementTree

from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import register
from distlab.view.history import Lanes, drawing, history
from tests.check.notation import history as parse

STALE = """
client-1: |--write(x, 1)----------------------------------|
client-2:   |--read(x) → 1--| |--write(x, 5)-->   |--read(x) → 0--|
client-3:                       |--read(x) → 0--|
"""
SVG = "{http://www.w3.org/2000/svg}"
CALLS = (("write", -1, None), ("read", None, "a"), ("cas", (1, 2), True), ("acquire", None, None))


def random_history(random: Random) -> History:
    """Operations of three clients, up to four at once; every outcome."""
    size = random.randint(0, 12)
    ends = [number for number in range(1, size + 1) for _ in range(2)]
    for index in range(len(ends)):
        other = min(len(ends) - 1, index + random.randrange(6))
        ends[index], ends[other] = ends[other], ends[index]
    operations = []
    for number in range(1, size + 1):
        outcome = random.choice(("ok", "ok", "ok", "failed", "unknown"))
        function, argument, result = random.choice(CALLS)
        first = ends.index(number)
        operations.append(Operation(
            number, random.choice("ABC"), function, random.choice(("x", "long-key")), argument,
            result if outcome == "ok" else None, outcome, first,
            None if outcome == "unknown" else ends.index(number, first + 1),
        ))  # fmt: skip
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


def shape(past: History) -> list[Operation]:
    """The operations without their numbers, and with the ranks of their ends."""
    ends = {end for each in past for end in (each.invoked, each.completed) if end is not None}
    rank = {end: index for index, end in enumerate(sorted(ends))} | {None: None}
    return [replace(each, number=0, invoked=rank[each.invoked], completed=rank[each.completed])
            for each in past]  # fmt: skip


def test_letters_read_back_as_the_same_history() -> None:
    random = Random("drawings")
    for _ in range(300):
        past = random_history(random)
        assert shape(parse(drawing(past))) == shape(past), drawing(past)


def test_letters() -> None:
    assert drawing(parse(STALE)) == (
        "client-1: |--write(x, 1)----------------------------|\n"
        "client-2:   |--read(x) → 1--| |--write(x, 5)----> |--read(x) → 0--|\n"
        "client-3:                       |--read(x) → 0--|"
    )


def test_bars_of_a_lane_do_not_overlap_and_are_long_enough_and_events_keep_their_order() -> None:
    random = Random("places")
    for _ in range(200):
        past = random_history(random)
        places = Lanes(past, lambda each: 30, gap=5)
        at = [places.at[end] for end in sorted(places.at)]
        assert all(b - a >= 5 for a, b in pairwise(at))
        for _, lane in places.lanes:
            assert all(places.end(a) <= places.start(b) - 5 for a, b in pairwise(lane))
            assert all(places.end(a) - places.start(a) >= 30 for a in lane)
            assert all(places.end(a) <= places.width for a in lane)
        assert sum(len(lane) for _, lane in places.lanes) == len(past)


def test_points_lie_in_their_bars_and_run_to_the_right() -> None:
    random, seen = Random("points"), 0
    for _ in range(300):
        past = History(tuple(e for e in random_history(random) if e.function in ("read", "write")))
        result = check(past, register("a"))
        places = Lanes(past, lambda each: 30, gap=5)
        points = places.points(result.order)
        assert set(points) == {each.number for each in result.order}
        assert list(points.values()) == sorted(set(points.values()))
        for each in result.order:
            seen += 1
            assert places.start(each) < points[each.number] < places.end(each)
    assert seen > 300


def test_a_refused_operation_is_hatched_and_worded() -> None:
    past = parse(STALE)
    picture = history(past, check(past, register(0)))
    texts = [each.text for each in ElementTree.fromstring(picture.still()).iter(f"{SVG}text")]
    assert texts[0] == "client-1"
    assert {"write(x, 1) ?", "read(x) → 1", "write(x, 5) ?", "read(x) → 0"} <= set(texts)
    assert "✕ cannot be placed: x is 1" in texts
    assert [text for text in texts if text.isdigit()] == ["1", "2"]
    assert picture.svg.count('class="dl-hatch"') == 1
    assert "Cannot be placed: client-3 read(x) → 0" in picture.text
    assert "Order: 1 client-1 write(x, 1) · 2 client-2 read(x)" in picture.text
    assert picture.alt.startswith("History of client-1, client-2, client-3. client-3 read x = 0")


def test_an_accepted_history_has_an_order_and_no_hatch() -> None:
    past = parse("A: |-write(x, 1)-| |-read(x) → 1-|")
    picture = history(past, check(past, register(0)))
    assert "Order: 1 A write(x, 1) · 2 A read(x)" in picture.text
    assert "dl-hatch" not in picture.svg
    assert picture.svg.count("dl-badge-text") == 2


def test_without_a_result_it_shows_the_history_alone() -> None:
    picture = history(parse(STALE))
    assert picture.text == drawing(parse(STALE))
    assert "dl-badge" not in picture.svg
    assert history(History(())).text == ""


def test_open_bars_are_dashed_and_have_no_right_end() -> None:
    picture = history(parse("A: |-write(x, 1)->  |-read(x) → 1-|"))
    (path,) = re.findall(r'<path class="dl-bar dl-again" d="([^"]*)"', picture.svg)
    assert re.fullmatch(r"M([\d.]+) \d+H[\d.]+V\d+H\1", path)


def test_long_histories_show_the_latest_and_the_proof() -> None:
    bars = "".join(f"|-read(x) → 0-| |-write(y, {n})-| " for n in range(30))
    past = parse(f"A: |-write(x, 0)-| |-write(x, 1)-| |-read(x) → 1-| {bars}")
    picture = history(past, check(past, register(0)), most=1)
    assert picture.text.startswith("A: |--write(x, 0)--|")
    assert "read(x) → 0" in picture.text
    whole = parse(f"A: |-write(x, 0)-| {bars}")
    picture = history(whole, check(whole, register(0)), most=5)
    assert "56 earlier operations are not shown." in picture.text
    assert re.findall(r">(\d+)</text>", picture.svg) == ["57", "58", "59", "60", "61"]


def test_strange_values_are_escaped_and_the_picture_is_opaque() -> None:
    odd = Operation(1, "<A&B>", "write", "x\x00", "<b>&\"'", None, "ok", 0, 1)
    still = history(History((odd,))).still()
    root = ElementTree.fromstring(still)
    assert any("<b>&" in (each.text or "") for each in root.iter(f"{SVG}text"))
    assert root.find(f"{SVG}rect").get("class") == "dl-paper"
    assert "var(" not in still
