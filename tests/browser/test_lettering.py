"""Pictures look alike with every font: no words meet others, leave their frame or the picture.

All pictures stand on one page. A wide font is forced on them, and their words are measured.
"""

from dataclasses import replace
from itertools import product

import pytest

from distlab.cap import cp_store, measured
from distlab.check.linearizability import check
from distlab.check.models import register
from distlab.check.verdict import NOTHING
from distlab.course.glossary import term
from distlab.ids.identify import identify
from distlab.lab.experiment import Experiment
from distlab.lab.widget import BROWSER, HIGH
from distlab.registry import all_scenarios
from distlab.scenario import GOOD, PRICE, UNKNOWN, Outcome
from distlab.view.bits import BitField, bits
from distlab.view.history import history
from distlab.view.spacetime import spacetime
from distlab.view.state_chart import state_chart
from distlab.view.strip import strip
from distlab.view.theme import STILLS, stylesheet
from distlab.view.triangle import triangle
from tests.check.notation import history as parse

FONTS = ("DejaVu Sans", "DejaVu Sans Mono")
"""The first is the usual one where Helvetica and its likes are missing; the other is wider."""
WIDTHS = (420, 960)
IDS = ("175928847299117063", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "507f1f77bcf86cd799439011")
PAST = """
client-1: |--write(x, 1)----------------------------------|
client-2:   |--read(x) → 1--| |--write(x, 5)-->   |--read(x) → 0--|
client-3:                       |--read(x) → 0--|
"""
IS_INSTALLED = """font => {
  const pen = document.createElement("canvas").getContext("2d");
  const [one, other] = ["monospace", "serif"].map((instead) => {
    pen.font = `40px "${font}", ${instead}`;
    return pen.measureText("iiiWWW").width;
  });
  return one === other;
}"""
FLAWS = """() => [...document.querySelectorAll("svg")].map((svg) => {
  const { width, height } = svg.viewBox.baseVal, found = [];
  const round = (shape) => {
    const [x, y, r] = ["cx", "cy", "r"].map((name) => +shape.getAttribute(name));
    return { words: shape.getAttribute("class"), x1: x - r, y1: y - r, x2: x + r, y2: y + r };
  };
  const texts = [...svg.querySelectorAll("text:not(.dl-badge-text)")].map((text) => {
    const { x, width } = text.getBBox(), y = +text.getAttribute("y");
    const size = parseFloat(getComputedStyle(text).fontSize);
    if (size < 13) found.push(`small: ${text.textContent}`);
    return { text, words: text.firstChild.data, x1: x, x2: x + width, y1: y - .74 * size,
             y2: y + .22 * size };
  });
  for (const { text, words, x1, y1, x2, y2 } of texts) {
    if (x1 < -1 || y1 < -1 || x2 > width + 1 || y2 > height + 1) found.push(`outside: ${words}`);
    const inside = text.matches("[data-event] > text:not([class])") ? ".dl-bar" : ".dl-pill";
    const frame = text.parentNode.querySelector(`:scope > ${inside}`);
    const box = frame?.getBBox();
    if (box && (x1 < box.x + 1 || x2 > box.x + box.width - 1)) found.push(`beyond: ${words}`);
  }
  const all = [...texts, ...[...svg.querySelectorAll(".dl-badge, .dl-knob")].map(round)];
  all.forEach((a, index) => all.slice(index + 1).forEach((b) => {
    const across = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
    const down = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
    if (across > 1 && down > 1) found.push(`overlap: ${a.words} | ${b.words}`);
  }));
  return found;
})"""


def runs():
    """Every scenario as a learner first meets it, and repaired."""
    for scenario, role in product(all_scenarios(), ("violating", "satisfying")):
        yield scenario.run(**getattr(scenario, role))


def diagrams():
    """As a still has them, with the witness marked; and as a lab has them, with its strip."""
    for run in runs():
        lab, witness = Experiment(run.scenario, **run.knobs), run.deciding.witness
        for width in WIDTHS:
            name = f"{run.token}, {width} wide"
            yield f"{name}, a still", spacetime(run, width=width, highlight=witness)
            live = spacetime(run, window=lab.window, width=width, first=witness, lanes=2, high=HIGH)
            yield name, live
            yield f"{name}, strip", strip_under(live, run.outcome)


def strip_under(drawn, outcome):
    """An outcome strip with as many outcomes as there can be."""
    others = (Outcome("holds", GOOD), Outcome("not available", PRICE), Outcome(NOTHING, UNKNOWN))
    sweep = [(5.0 * index, each) for index, each in enumerate([outcome, *others])]
    return strip(sweep, drawn.layout, sweep[0])


def others():
    """Each other kind of picture, with long words."""
    for run in runs():
        if triangle in run.scenario.instruments:
            yield f"triangle of {run.token}", triangle(run)
            nothing = tuple(replace(each, ok=None, judged=0) for each in run.verdicts)
            yield "triangle of nothing", triangle(replace(run, verdicts=nothing))
    past = parse(PAST)
    yield "history", history(past, check(past, register()))
    for text in IDS:
        parts = [BitField(each.name, each.bits, each.value, each.meaning)
                 for each in identify(text)[0].fields]  # fmt: skip
        yield text, bits(text, [*parts, BitField("long", 40, 1, "very " * 80)])
    yield "state chart", state_chart(cp_store.TRANSITIONS, "The roles of a replica")
    yield "grid", measured.picture(measured.sweep(seeds=(1,)))


@pytest.fixture(scope="module")
def drawn():
    return dict([*diagrams(), *others()])


@pytest.mark.parametrize(("pair", "shown"), [("\U0010fffc\U0010fffd", False), ("ab", True)])
def test_chinese_is_hidden_where_it_would_be_boxes(page, pair, shown):
    """No font has the first two characters, every font the others."""
    script = (BROWSER / "letters.js").read_text("utf-8")
    for chinese, character in zip("锁一", pair, strict=True):
        script = script.replace(chinese, character)
    page.set_content(f"<style>{STILLS}</style>{term('quorum').html()}")
    page.evaluate(script)
    assert page.locator("[lang=zh]").is_visible() == shown
    assert page.get_by_text("quorum").is_visible()


@pytest.mark.parametrize("font", FONTS)
def test_no_words_meet_or_leave_their_place(page, drawn, font):
    look = f"{stylesheet(live=True)} .dl-picture {{ font-family: '{font}' !important }}"
    page.set_content(f"<style>{look}</style>{''.join(each.svg for each in drawn.values())}")
    if not page.evaluate(IS_INSTALLED, font):
        pytest.skip(f"NOT RUN: {font} — apt-get install fonts-dejavu-core")
    found = zip(drawn, page.evaluate(FLAWS), strict=True)
    assert not {name: flaws for name, flaws in found if flaws}
