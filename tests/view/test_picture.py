"""What all pictures share: forms to be shown in, colours that can be read, words that fit."""

import base64
import re
from itertools import product

import pytest

from distlab.cap.primary_replica import Copy
from distlab.scenario import BAD, GOOD, PRICE, UNKNOWN
from distlab.sim.faults import KINDS, parse_fault
from distlab.view import theme
from distlab.view.labels import Line, Room
from distlab.view.picture import Box, Layout, Picture, shortened, text, text_width
from distlab.view.story import label
from tests.view.runs import Beat, Write

SVG = '<svg class="dl-picture" role="img"><g data-event="3"><title>a → b</title><path/></g></svg>'
PICTURE = Picture(SVG, "a < b", 'say "hi"', Layout(1, 1, 0, 1, 0, 1))
JUPYTER_PAPER = ("#ffffff", "#212121")  # --jp-layout-color1 of JupyterLab's themes
TEXT_ON = [
    ("ink", "paper"), ("muted", "paper"), ("lost", "paper"), ("fault", "paper"), ("good", "paper"),
    ("price", "paper"), ("bad", "paper"), ("unknown", "paper"), ("witness", "paper"),
    ("paper", "witness"), ("ink", "bar"), ("ink", "call-fill"), ("muted", "bar"),
    ("muted", "call-fill"), ("fault", "fault-fill"), ("ink", "fault-fill"), ("good", "good-fill"),
    ("price", "price-fill"), ("bad", "bad-fill"), ("unknown", "unknown-fill"),
]  # fmt: skip


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def laid_over(colour, ground, opacity):
    pairs = ((int(colour[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in pairs)


@pytest.mark.parametrize(("dark", "pair"), list(product((0, 1), TEXT_ON)))
def test_words_can_be_read_on_their_ground(dark, pair):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    papers = {theme.COLOURS["paper"][dark], JUPYTER_PAPER[dark]}
    for paper in papers:
        shades = [paper if name == "paper" else theme.COLOURS[name][dark] for name in pair]
        assert contrast(*shades) >= 4.5


def strokes():
    """(class, colour, opacity where it is faintest) of every line; without the grid, the halo of
    words, and the hatch of a box that also has a border and a word.
    """
    colours, faintest = {}, {}
    for selector, body in re.findall(r"([^{}]+){([^}]*)}", theme.stylesheet(live=True)):
        stroke = re.search(r" stroke: var\(--dl-([a-z-]+)\)", body)
        opacity = re.search(r" (?:stroke-)?opacity: ([\d.]+)", body)
        for css in re.findall(r"\.(dl-[\w-]+)", selector):
            if (
                stroke
                and stroke[1] not in ("grid", "paper")
                and css not in ("dl-picture", "dl-hatch")
            ):
                colours.setdefault(css, set()).add(stroke[1])
            if opacity:
                faintest[css] = min(float(opacity[1]), faintest.get(css, 1))
    return [(css, name, faintest.get(css, 1)) for css in colours for name in sorted(colours[css])]


@pytest.mark.parametrize(("css", "name", "opacity"), strokes())
@pytest.mark.parametrize("dark", [0, 1])
def test_lines_can_be_seen(css, name, opacity, dark):
    """WCAG 2.2, 1.4.11: at least 3 to 1, dimmed or not."""
    grounds = {theme.COLOURS["paper"][dark], JUPYTER_PAPER[dark]}
    if css.endswith("-pattern"):
        grounds = {theme.COLOURS[f"{name}-fill"][dark]}
    for ground in grounds:
        assert contrast(laid_over(theme.COLOURS[name][dark], ground, opacity), ground) >= 3


def test_arrows_bars_and_life_lines_are_among_the_lines():
    found = {css for css, _, _ in strokes()}
    assert found > {"dl-message", "dl-quiet", "dl-lost", "dl-life", "dl-bar", "dl-call", "dl-pill"}


def test_the_live_style_follows_the_page_and_the_still_one_is_fixed():
    live, still = theme.stylesheet(live=True), theme.stylesheet(live=False)
    assert "--dl-paper: var(--jp-layout-color1, #ffffff)" in live
    assert "[data-jp-theme-light='false']" in live
    assert "var(" not in still and "#1d2733" in still
    assert set(re.findall(r"var\(--dl-([\w-]+)\)", live)) <= set(theme.COLOURS)


def test_every_tone_and_every_fault_has_its_looks():
    assert set(theme.TONES) == {GOOD, PRICE, BAD, UNKNOWN}
    assert len({pattern for pattern, _ in theme.TONES.values()}) == 4
    assert len({kind.icon for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("pause:server-a@1+2", "pause server-a"),
        ("partition:a,b|c@1", "partition a, b | c"),
        ("cut:a>b@1", "cut a → b"),
        ("lose:a>*@1", "lose next a → any"),
        ("loss:*>*@1=30", "lose any → any 30 %"),
        ("delay:a>b@1=75", "delay a → b +75 ms"),
        ("jump:n-1@1=-5000", "jump n-1 −5000 ms"),
        ("drift:n1@1=200", "drift n1 +200 ppm"),
    ],
)
def test_a_fault_in_words(fault, words):
    assert theme.fault_words(parse_fault(fault)) == words


def test_the_still_is_opaque_and_stands_alone():
    still = PICTURE.still()
    assert still.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="dl-picture"')
    assert '</style><rect class="dl-paper" width="100%" height="100%"/><g data-event="3">' in still


def test_the_html_is_an_image_with_its_words_and_without_what_only_hands_can_reach():
    html = PICTURE.html()
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]*)"', html)[1]
    image = base64.b64decode(data).decode()
    assert image.endswith('<rect class="dl-paper" width="100%" height="100%"/><g><path/></g></svg>')
    assert "role=" not in image
    assert 'alt="say &quot;hi&quot;"' in html
    assert "<pre>a &lt; b</pre></details>" in html
    assert not re.search(r"<(svg|style|script)", html)
    assert PICTURE._repr_mimebundle_() == {"text/html": html, "text/plain": "a < b"}


def test_words_are_shortened_to_their_room_or_left_out():
    words = "suspects server-a, server-b"
    short = shortened(words, 100)
    assert short.endswith("…") and words.startswith(short[:-1]) and text_width(short) <= 100
    assert shortened(words, 1000) == words
    assert shortened(words, 40) == ""
    assert (
        shortened("lock=alice/e6… until 95 ms", text_width("lock=alice/e6… u")) == "lock=alice/e6…"
    )


@pytest.mark.parametrize(("css", "times"), [("dl-label", 1), ("dl-label dl-bold", 1.08)])
def test_every_text_has_the_width_that_it_was_given_in_any_font(css, times):
    """The widths of Helvetica, as in its Adobe Font Metrics: W 944, i 222, a 556, space 278."""
    drawn = text(css, 1, 2, "Wi a <")
    wide = f"{(0.944 + 0.222 + 2 * 0.278 + 0.556 + 0.584) * 13 * times:.1f}"
    look = f'class="{css}" x="1" y="2" textLength="{wide}" lengthAdjust="spacingAndGlyphs"'
    assert drawn == f"<text {look}>Wi a &lt;</text>"


def test_a_text_that_is_cut_has_the_whole_as_its_title():
    drawn = text("", 1, 2, "a-very-long-name & more", room=100)
    shown = shortened("a-very-long-name & more", 100)
    assert f'textLength="{text_width(shown):.1f}"' in drawn
    assert drawn.endswith(f">{shown}<title>a-very-long-name &amp; more</title></text>")
    assert text("", 1, 2, "a-very-long-name & more", room=40) == ""


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Beat(3), "Beat(3)"),
        (Write("x", 1), "Write(x, 1)"),
        ("hello world", "hello world"),
        (Copy(1, (("x", 1),)), "Copy(x=1)"),
        (Copy(1, ()), "Copy(1)"),
        (Copy(1, (("x", 1), ("a-long-name", "a long value"))), "Copy(1)"),
        (("SET", "key", 1), "('SET', 'key', 1)"),
        ("SET lock alice/e6… NX PX 80", "SET lock alice/e6… NX PX 80"),
        ("extend lock alice/e6… 60 replace", "extend lock alice/e6… 60 …"),
        ("SET a-very-long-name-of-a-lock 80", "SET a-very-long-name-of-a-l…"),
    ],
)
def test_a_message_in_words(message, words):
    assert label(message) == words


@pytest.mark.parametrize(
    ("line", "crosses"),
    [
        (Line(0, 0, 20, 20), True),
        (Line(0, 25, 20, 5), True),
        (Line(0, 12, 20, 12), True),  # level
        (Line(12, 0, 12, 30), True),  # upright
        (Line(0, 0, 30, 8), False),
        (Line(20, 0, 40, 40), False),
        (Line(0, 0, 9, 30), False),
    ],
)
def test_a_line_crosses_a_box(line, crosses):
    assert line.crosses(Box(10, 10, 15, 15)) == crosses


def test_words_go_where_they_meet_no_box_and_cost_least():
    room = Room(Box(0, 0, 300, 100))
    room.take(Box(0, 0, 50, 20))
    room.draw(Line(60, 0, 60, 100), 2)
    room.draw(Line(110, 0, 110, 100), 1)
    taken, close, dear, cheap = (Box(x, 5, x + 30, 15) for x in (40, 52, 55, 100))
    outside = [Box(280, 5, 310, 15), Box(-3, 50, 27, 60), Box(200, 95, 230, 105)]
    assert room.find([taken, close, *outside, dear, cheap], 3) == cheap
    assert room.find([cheap, dear], 1) is None, "the first is taken now, the other costs too much"
    assert room.find([close], 3) is None, "it would join the words before it"
    assert room.find([dear], 2) == dear


def test_a_still_carries_the_rules_that_it_needs():
    whole = theme.stylesheet(live=False)
    everything = "".join(f'<g class="{name}"/>' for name in re.findall(r"dl-[a-z-]+", whole))
    assert theme.rules_for(everything).split() == whole.split()
    few = theme.rules_for('<path class="dl-message dl-witness"/>')
    assert ".dl-message.dl-witness" in few and ".dl-picture text {" in few
    assert "dl-band" not in few and "dl-good" not in few
    assert few.count("{") == few.count("}")
