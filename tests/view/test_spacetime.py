"""The space-time diagram: everything is there, nothing overlaps, and it stays small and quick."""

import json
import re
import time
from dataclasses import asdict
from itertools import combinations
from xml.etree import ElementTree

import pytest

from distlab.registry import get
from distlab.sim import Call
from distlab.sim.faults import KINDS
from distlab.start.scenarios import lost_answer, slow_or_dead
from distlab.view import theme
from distlab.view.picture import Box, text_width
from distlab.view.spacetime import spacetime
from tests import goldens
from tests.view.runs import everything, instant, long_run, run_of

SVG = "{http://www.w3.org/2000/svg}"
FAULTS = {
    "crash": "crash:n2@200+100", "wipe": "wipe:n2@200+100", "pause": "pause:n2@200+100",
    "restart": "crash:n2@100;restart:n2@300", "partition": "partition:n1,n2|n3,n4,n5@200+100",
    "cut": "cut:n1>n3@200+100", "delay": "delay:n1>n3@200+100=50", "hold": "hold:n1>*@200+100",
    "loss": "loss:*>*@200+100=30", "lose": "lose:n1>n3@200", "jump": "jump:n2@200=-5000",
    "duplicate": "duplicate:n1>n3@200+100=50", "drift": "drift:n2@200+100=200",
}  # fmt: skip


def parsed(picture):
    return ElementTree.fromstring(picture.still())


def having(picture, css):
    """Elements that have this class."""
    return [each for each in parsed(picture).iter() if css in each.get("class", "").split()]


def labels(picture):
    """The boxes of all free words, as wide as they are drawn."""
    boxes = []
    for each in having(picture, "dl-label"):
        if "dl-down-text" in each.get("class") or "dl-paused-text" in each.get("class"):
            continue
        x, y = float(each.get("x")), float(each.get("y"))
        boxes.append((each.text, Box(x, y - 10, x + text_width(each.text), y + 3)))
    return boxes


def test_everything_as_a_person_found_it_right():
    run = everything()
    picture = spacetime(run, highlight=(14, 15, 22), selected=0)
    goldens.compare("view/everything.svg", picture.still().replace("><", ">\n<") + "\n")
    goldens.compare("view/everything.txt", f"{picture.alt}\n\n{picture.text}\n")


@pytest.mark.parametrize("scenario", [lost_answer, slow_or_dead], ids=lambda each: each.id)
def test_the_first_labs_in_words(scenario):
    run = scenario.run()
    picture = spacetime(run, highlight=run.verdicts[0].witness)
    goldens.compare(f"view/{scenario.id}.txt", picture.text + "\n")


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_has_a_grip_with_sign_and_words(kind):
    run = long_run(FAULTS[kind])
    picture = spacetime(run, selected=len(run.faults) - 1)
    grips = having(picture, "dl-fault")
    assert [each.get("data-fault") for each in grips] == [str(n) for n in range(len(run.faults))]
    grip = grips[-1]
    assert kind in FAULTS and run.faults[-1].kind == kind
    assert grip.get("role") == "slider" and grip.get("tabindex") == "0"
    assert float(grip.get("aria-valuenow")) == run.faults[-1].at_ms
    assert theme.fault_words(run.faults[-1]) == grip.get("aria-label")
    assert grip.find(f"{SVG}path").get("d") == KINDS[kind].icon
    assert float(grip.find(f"{SVG}rect").get("height")) >= 24
    assert "dl-chosen" in grip.get("class")
    knob = float(grip.find(f"{SVG}circle").get("cx"))
    assert instant(picture.layout, knob) == pytest.approx(run.faults[-1].at_ms, abs=0.1)
    bands = having(picture, "dl-band")
    assert len(bands) == (KINDS[kind].target != "machine")


def test_a_fault_of_one_message_has_its_grip_where_it_struck():
    run = get("start/lost-answer").run(faults="crash:client@5+1;lose:#3;delay:#999=0.5")
    (struck,) = (event.at_us for event in run.trace.of_kind("heal"))
    picture = spacetime(run, selected=1)
    _, grip, unused = having(picture, "dl-fault")
    assert grip.get("aria-label") == "lose #3"
    assert float(grip.get("aria-valuenow")) == struck / 1000
    assert float(unused.get("aria-valuenow")) == 0
    knob = float(grip.find(f"{SVG}circle").get("cx"))
    assert instant(picture.layout, knob) == pytest.approx(struck / 1000, abs=0.1)


def test_a_band_lasts_as_long_as_its_fault():
    run = run_of((60, "heal", "client>n1", "", "lose:client>n1@20"), faults="lose:client>n1@20")
    picture = spacetime(run)
    (band,) = having(picture, "dl-band")
    x1, y1, x2, y2 = map(float, re.findall(r"[\d.]+", band.get("d"))[:4])
    assert [instant(picture.layout, x) for x in (x1, x2)] == pytest.approx([20, 60], abs=0.1)
    assert picture.layout.lanes["client"] < y1 < y2 < picture.layout.lanes["n1"]


def test_a_partition_has_a_wall_between_its_sides():
    def walls(faults):
        return len(having(spacetime(run_of(faults=faults)), "dl-wall"))

    assert walls("partition:client|n1,n2@20+50") == 1
    assert walls("partition:n1|client,n2@20+50") == 2


def test_lost_messages_end_in_a_shape_for_each_reason_and_say_it():
    picture = spacetime(everything())
    shapes = {re.sub(r"^M\S+ [\d.]+", "", mark.get("d")) for mark in having(picture, "dl-end")}
    assert len(having(picture, "dl-end")) == len(shapes) == 4
    titles = " ".join(each.text for each in parsed(picture).iter(f"{SVG}title"))
    for words in ("lost on the way", "network is cut", "receiver is down", "too late", "under way"):
        assert words in titles and words in picture.text
    assert {"lost", "cut", "down", "late"} <= {
        text.rpartition(" · ")[2] for text, _ in labels(picture)
    }


def test_the_witness_stands_out_and_the_rest_is_dimmed():
    run = lost_answer.run()
    witness = run.verdict("answered").witness
    picture = spacetime(run, highlight=witness)
    groups = [group for group in parsed(picture).iter(f"{SVG}g")
              if group.find(f"{SVG}circle[@class='dl-badge']") is not None]  # fmt: skip
    assert {int(group.get("data-event")) for group in groups} == set(witness)
    (dimmed,) = having(picture, "dl-dimmed")
    assert not [each for each in dimmed.iter() if "dl-witness" in each.get("class", "")]
    assert having(picture, "dl-witness")
    marked = re.findall(r"^((?:▶\d+ ?)+)", picture.text, re.MULTILINE)
    assert sorted("".join(marked).split()) == [f"▶{n}" for n in range(1, len(witness) + 1)]
    assert not having(spacetime(run), "dl-dimmed")


def test_operations_of_the_witness_keep_their_words():
    run = get("cap/triangle").run()
    picture = spacetime(run, highlight=run.verdict("linearizable").witness)
    shown = [each.text for each in having(picture, "dl-label")]
    for words in ("write(x, 2) → ok", "read(x) → 1"):
        assert words in shown


ORDERS = get("ids/sequence-reset").run()  # each is an instant, 1 to 15 ms after the last one


def beginnings(picture):
    """The words of the orders beside their life line, and the instants at which they begin."""
    return [(words, instant(picture.layout, box.x1)) for words, box in labels(picture)
            if words.startswith("order(")]  # fmt: skip


@pytest.mark.parametrize("window", [None, (20, 75), (0, 62)])
def test_the_words_of_an_order_begin_where_it_does_while_there_is_room(window):
    orders = {event.at_us / 1000 for event in ORDERS.trace.events if event.kind == "invoke"}
    picture = spacetime(ORDERS, window=window)
    for words, begin in beginnings(picture):
        late = picture.layout.x(begin) + 2 * text_width(words) > 950
        assert late or min(abs(begin - at) for at in orders) < 0.1, words


def test_some_words_may_have_a_place_before_others():
    after = "order(30 ms) → (30·w1·1, 30·w1·2)"
    before = spacetime(ORDERS, window=(20, 75))
    assert after not in [words for words, _ in beginnings(before)]
    picture = spacetime(ORDERS, window=(20, 75), first=ORDERS.verdict("unique").witness)
    assert after in [words for words, _ in beginnings(picture)]
    assert not having(picture, "dl-badge") and not having(picture, "dl-witness")


def test_the_layout_turns_instants_into_places_and_back():
    layout = spacetime(everything(), window=(50, 150), width=700).layout
    assert (layout.x(50), layout.x(150)) == (layout.left, layout.right)
    for ms in (50, 77.7, 150, 190):
        assert instant(layout, layout.x(ms)) == pytest.approx(ms)
    assert list(layout.lanes) == ["client", "n1", "n2"]
    assert sorted(layout.lanes.values()) == list(layout.lanes.values())
    assert layout.top < min(layout.lanes.values()) < max(layout.lanes.values()) < layout.bottom
    assert layout.bottom < layout.height and layout.width == 700
    assert json.loads(json.dumps(asdict(layout)))["lanes"] == layout.lanes


def test_nothing_moves_up_or_down_while_a_fault_is_dragged_past_another():
    layouts = [
        spacetime(slow_or_dead.run(faults=f"pause:server-a@{at}+150;crash:server-b@300")).layout
        for at in range(0, 700, 50)
    ]
    assert all(layout == layouts[0] for layout in layouts)


def test_a_window_shows_what_happens_in_it():
    picture = spacetime(everything(), window=(100, 160))
    assert "write(x, 1)" not in picture.text and "paused" in picture.text
    assert [each.text for each in having(picture, "dl-tick")][:2] == ["100", "110"]
    faults = [each.get("data-fault") for each in having(picture, "dl-fault")]
    assert faults == ["1", "2", "3"], "the cut was over, the machine is still down"
    left, right = picture.layout.left, picture.layout.right
    for each in having(picture, "dl-message") + having(picture, "dl-lost"):
        xs = [float(x) for x in re.findall(r"[ML]([\d.]+)", each.get("d"))]
        assert all(left - 0.1 <= x <= right + 0.1 for x in xs)


def test_an_outage_covers_all_that_lies_side_by_side():
    calls = [(10 * n, "invoke", "client", "", Call("read", "x", None), n) for n in (1, 2)]
    picture = spacetime(run_of(*calls, (30, "pause", "client"), (60, "resume", "client")))
    (outage,) = having(picture, "dl-paused")
    top, bottom = map(float, re.findall(r"M\S+ ([\d.]+)H\S+V([\d.]+)", outage.get("d"))[0])
    starts = [re.match(r"M\S+ ([\d.]+)", each.get("d")) for each in having(picture, "dl-call")]
    bars = [float(start[1]) for start in starts]
    assert bottom == max(bars) and bottom - top > 30


HELLO = run_of(
    (10, "send", "client", "n1", "hello", 1), (90, "deliver", "n1", "client", "hello", 1)
)


def test_an_arrow_that_leaves_the_window_has_no_head():
    whole, cut = (having(spacetime(HELLO, window=window), "dl-message")[0].get("d")
                  for window in ((0, 100), (0, 50)))  # fmt: skip
    assert whole.endswith("z") and not cut.endswith("z")


def test_an_arrow_from_before_the_window_begins_at_its_edge_on_its_way():
    picture = spacetime(HELLO, window=(50, 100))
    (arrow,) = having(picture, "dl-message")
    x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)", arrow.get("d")).groups())
    lanes = picture.layout.lanes
    assert x == picture.layout.left
    assert y == pytest.approx((lanes["client"] + lanes["n1"]) / 2, abs=1)


def test_chatter_is_thin_and_only_its_first_message_has_a_label():
    picture = spacetime(slow_or_dead.run(faults=""))
    assert len(having(picture, "dl-quiet")) > 40 and not having(picture, "dl-message")
    assert sorted(text for text, _ in labels(picture)) == ["Alive", "Probe"]
    assert re.search(r"not listed, because they repeat and .* 36 Alive, 36 Probe$", picture.text)


def test_strange_text_is_escaped():
    note, message = "<script>alert('&')</script>", '<b a="1">'
    picture = spacetime(
        run_of((5, "note", "n1", "", f"{note}\x00"), (10, "send", "client", "n1", message, 1))
    )
    assert f"{note}�" in {each.text for each in parsed(picture).iter(f"{SVG}text")}
    assert "<script" not in picture.html() and "<b" not in picture.html()


FORMS = [
    everything(),
    run_of(),
    lost_answer.run(),
    lost_answer.run(retries=2),
    slow_or_dead.run(),
    slow_or_dead.run(faults="partition:monitor|server-a,server-b@100+200;jump:monitor@350=-60"),
    long_run(),
    long_run("partition:n1,n2|n3,n4,n5@200+100;hold:*>n5@400;duplicate:n1>*@0=100"),
]


@pytest.mark.parametrize("run", FORMS, ids=range(len(FORMS)))
@pytest.mark.parametrize("width", [960, 520])
def test_no_words_overlap_and_all_stand_in_the_picture(run, width):
    positions = range(0, len(run.trace.events), max(1, len(run.trace.events) // 5))
    picture = spacetime(run, width=width, highlight=positions)
    layout, boxes = picture.layout, labels(picture)
    for (one, a), (other, b) in combinations(boxes, 2):
        assert not a.meets(b), (one, other)
    for each in having(picture, "dl-end"):
        ends = re.findall(r"M([\d.]+) ([\d.]+)", each.get("d"))
        if len(ends) == 1:  # of many, drawn together, words cannot keep clear
            x, y = map(float, ends[0])
            mark = Box(x - 3, y - 3, x + 3, y + 3)
            assert not [words for words, box in boxes if box.meets(mark)]
    for y in layout.lanes.values():
        assert not [words for words, box in boxes if box.y1 < y < box.y2]
    assert all(box.x1 >= 0 and box.x2 <= width for _, box in boxes)
    assert all(layout.top <= box.y1 and box.y2 <= layout.bottom for _, box in boxes)
    assert len(boxes) <= 60


def test_a_long_run_is_small_and_quick():
    run = long_run()
    assert 1900 <= len(run.trace.events) <= 2200
    times = []
    for _ in range(7):
        start = time.process_time()
        picture = spacetime(run, highlight=(700, 1400))
        times.append(time.process_time() - start)
    assert len(picture.svg) < 120_000
    assert sum(1 for _ in parsed(picture).iter()) < 900
    assert len(having(picture, "dl-label")) <= 40
    assert min(times) < 0.05, "the goal is 25 ms on a quiet machine"
