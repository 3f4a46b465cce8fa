"""The lab fits on one screen, and nothing moves under the hand that uses it."""

import re

import pytest

from distlab.lab.experiment import Experiment

pytest.importorskip("playwright", reason="NOT RUN: playwright — make env")

from playwright.sync_api import expect

from tests.browser.jupyter import errors_of_widgets
from tests.browser.labs import at, fault_at, opened, settled

SCENARIO = "start/slow-or-dead"
CELLS = ("from distlab.lab import Lab", f"Lab({SCENARIO!r})")
TALLEST = {  # scenario: how high its lab may be; the second has a table
    SCENARIO: 640, "locks/paused-holder": 700, "cap/new-old-inversion": 640,
    "locks/redlock-clock-jump": 700, "cap/triangle": 700, "ids/sequence-exhausted": 700,
}  # fmt: skip


@pytest.fixture(scope="module")
def notebook(browser, lab_server):
    """One open notebook with a lab, with More open; each test begins with Reset."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    errors = errors_of_widgets(page)
    lab_server.open(page, lab_server.write("layout.ipynb", CELLS))
    lab_server.run_all(page)
    page.locator(".lab .dl-picture").first.wait_for()
    yield page
    page.close()
    assert not errors


@pytest.fixture
def lab(notebook):
    notebook.set_viewport_size({"width": 1440, "height": 900})
    opened(notebook)
    notebook.locator("[data-action=reset]").click()
    notebook.mouse.move(5, 5)
    settled(notebook)
    at(notebook, Experiment(SCENARIO))
    return notebook


def go_to(page, cell):
    page.evaluate(
        """cell => {
          const { content } = jupyterapp.shell.currentWidget;
          content.activeCellIndex = cell;
          content.scrollToItem(cell, "start");
        }""",
        cell,
    )


def test_a_lab_fits_on_one_screen(page, lab_server):
    page.set_viewport_size({"width": 1440, "height": 900})  # JupyterLab's side bar is open
    labs = [f"Lab({scenario!r})" for scenario in TALLEST]
    lab_server.open(page, lab_server.write("high.ipynb", [CELLS[0], *labs]))
    lab_server.run_all(page)
    for cell, (scenario, most) in enumerate(TALLEST.items(), 1):
        go_to(page, cell)
        lab = page.get_by_role("group", name=f"Lab: {Experiment(scenario).scenario.title}")
        expect(lab.locator(".lab-strip svg")).to_be_visible()
        assert lab.bounding_box()["height"] <= most, scenario


def test_after_a_cell_is_run_the_head_of_its_lab_is_on_the_screen(page, lab_server):
    page.set_viewport_size({"width": 1440, "height": 900})
    cells = [*CELLS, 5 * "1 + 1\n", CELLS[1], 30 * "2\n", "3"]
    lab_server.open(page, lab_server.write("head.ipynb", cells))
    page.locator(".jp-Cell").first.click()
    for count in range(4):
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-InputPrompt").nth(count)).to_have_text(f"[{count + 1}]:")
    title = page.locator(".lab-title").last
    expect(page.locator(".lab-strip svg").last).to_be_attached()
    page.wait_for_timeout(300)
    pane = page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    box = title.bounding_box()
    assert pane["y"] <= box["y"] < box["y"] + box["height"] <= pane["y"] + pane["height"]
    assert not page.evaluate("document.activeElement.closest('.lab')")


# Nothing moves: what the pointer is on stays where it is, whatever is done there.

BUTTONS = [
    "[data-action=violate]", "[data-action=satisfy]", "[data-action='next seed']",
    ".lab-faults li:first-child button", "[data-action='let it happen']", "[data-action=undo]",
    *(f"[data-action='{verb} monitor']" for verb in
      ("crash", "restart", "pause", "partition", "wipe", "jump", "drift")),
    ".lab-closer", ".lab-wider", ".lab-earlier", ".lab-later", "[data-verdict=accurate]",
    "[data-verdict=prompt]", ".lab-copy", ".lab-paste", "[data-action=reset]",
    ".lab-log > summary", ".lab-words > summary", ".lab-more > summary",
]  # fmt: skip
FIELDS = [  # the field, what is written there, and whether it is refused
    (".lab-pasted", "d1:start/slow-or-ded", True),
    (".lab-pasted", Experiment(SCENARIO, faults="crash:monitor@5;crash:server-a@9").token, False),
    (".lab-pasted", Experiment("locks/redlock-clock-jump").token, False),
    (".lab-added", "crash:nobody@3", True),
    (".lab-added", "jump:monitor@50=-100", False),
    (".lab-faults li:first-child input", "pause:server-a@then", True),
    (".lab-faults li:first-child input", "cut:monitor>server-a@50+100", False),
    ("input[type=number][data-knob=patience_ms]", "9999", True),
    ("input[type=number][data-knob=patience_ms]", "300", False),
    ("input[type=number][data-knob=seed]", "7", False),
    ("input[type=number][data-knob=seed]", "-7", True),
]
KEYS = ["ArrowRight", "PageUp", "Home", "End", "+", "-", "Delete"]


def place(element):
    box = element.bounding_box()
    return round(box["x"]), round(box["y"])


def watched(page, element, act):
    """Do something to an element that the pointer is on; it must not have moved afterwards."""
    element.hover()
    settled(page)
    handle = element.element_handle()
    before = place(handle)
    act()
    settled(page)
    if handle.evaluate("each => each.isConnected"):
        assert place(handle) == before


@pytest.mark.parametrize("selector", BUTTONS)
def test_no_button_moves_when_it_is_pressed(lab, selector):
    if "undo" in selector or "happen" in selector:
        lab.locator(".lab-faults li button").first.click()
        settled(lab)
    button = lab.locator(selector)
    watched(lab, button, lambda: button.click(force=True))


@pytest.mark.parametrize(("selector", "text", "refused"), FIELDS)
def test_no_field_moves_and_what_is_wrong_is_said_there(lab, selector, text, refused):
    field = lab.locator(selector)

    def write():
        field.fill(text)
        field.press("Enter")

    watched(lab, field, write)
    wrong = lab.locator(".lab-error")
    expect(wrong).to_have_count(1)
    if refused:
        said, asked = wrong.bounding_box(), field.bounding_box()
        assert 0 <= said["y"] - asked["y"] - asked["height"] < 12
        assert abs(said["x"] - asked["x"]) < 200
    else:
        expect(wrong).to_be_hidden()


@pytest.mark.parametrize("target", ["server-b", "server-a>monitor", "*>*"])
def test_the_choice_of_a_target_moves_nothing(lab, target):
    chosen = lab.locator(".lab-target")
    stage = place(lab.locator(".lab-stage"))
    watched(lab, chosen, lambda: chosen.select_option(target))
    assert place(lab.locator(".lab-stage")) == stage


@pytest.mark.parametrize("name", ["patience_ms", "period_ms"])
def test_a_slider_stays_under_the_hand(lab, name):
    slider = lab.locator(f"input[type=range][data-knob={name}]")
    box = slider.bounding_box()
    before = place(slider)
    y = box["y"] + box["height"] / 2
    lab.mouse.move(box["x"] + 10, y)
    lab.mouse.down()
    for part in (0.2, 0.9, 0.5):
        lab.mouse.move(box["x"] + part * box["width"], y, steps=4)
        lab.wait_for_timeout(150)
        assert place(slider) == before
    lab.mouse.up()
    settled(lab)
    assert place(slider) == before


@pytest.mark.parametrize("key", KEYS)
def test_a_key_on_a_fault_moves_the_fault_along_the_axis_only(lab, key):
    fault = lab.locator("[data-fault='0'] .dl-knob")
    lanes = place(lab.locator(".lab-stage")), fault.bounding_box()["y"]
    lab.locator("[data-fault='0']").focus()
    lab.keyboard.press(key)
    settled(lab)
    assert (place(lab.locator(".lab-stage")), fault.bounding_box()["y"]) == lanes


@pytest.mark.parametrize("width", [1440, 1024, 700])
@pytest.mark.parametrize("index", [0, 1])
def test_a_dragged_fault_stays_under_the_pointer(lab, width, index):
    lab.set_viewport_size({"width": width, "height": 900})
    lab.wait_for_timeout(300)
    settled(lab)
    lab.locator("[data-fault='0'] .dl-knob").scroll_into_view_if_needed()
    x, y = fault_at(lab, index)
    lab.mouse.move(x, y)
    lab.mouse.down()
    for by in (30, 90, -40):
        lab.mouse.move(x + by, y, steps=5)
        lab.wait_for_timeout(200)
        now_x, now_y = fault_at(lab, index)
        assert abs(now_x - x - by) < 2 and abs(now_y - y) < 0.5
    lab.mouse.up()
    settled(lab)
    assert abs(fault_at(lab, index)[0] - x + 40) < 2


@pytest.mark.parametrize("width", [1440, 700, 560])
def test_the_cursor_is_where_the_pointer_puts_it(lab, width):
    if width < 700:  # then the picture is wider than its place
        lab.evaluate("jupyterapp.shell.collapseLeft()")
    lab.set_viewport_size({"width": width, "height": 900})
    lab.wait_for_timeout(300)
    settled(lab)
    line = lab.locator("[data-machine='server-a'] path")
    line.scroll_into_view_if_needed()
    box, pane = line.bounding_box(), lab.locator(".lab-main").bounding_box()
    x = min(box["x"] + 0.8 * box["width"], pane["x"] + pane["width"] - 10)
    lab.mouse.click(x, box["y"])
    settled(lab)
    assert abs(lab.locator(".lab-cursor").bounding_box()["x"] - x) < 2
    slider = lab.locator(".lab-scrub")
    at_ms, low, high = slider.evaluate("each => [each.value, each.min, each.max].map(Number)")
    assert abs((x - box["x"]) / box["width"] - (at_ms - low) / (high - low)) < 0.01
    lab.evaluate("jupyterapp.shell.expandLeft()")


def test_the_old_strip_stays_dim_until_the_new_one_is_there(lab):
    strip = lab.locator(".lab-strip")
    before = strip.bounding_box()
    lab.evaluate(
        """() => {
          window.dims = [];
          const strip = document.querySelector(".lab-strip");
          new MutationObserver(() => dims.push(
            [strip.classList.contains("lab-old"), strip.childElementCount])
          ).observe(strip, { attributes: true, childList: true });
        }"""
    )
    lab.locator("[data-action=satisfy]").click()
    settled(lab)
    seen = lab.evaluate("dims")
    assert [True, 1] in seen and seen[-1] == [False, 1]
    assert all(count == 1 for _, count in seen)
    assert strip.bounding_box() == before


# The scrubber


def test_what_lies_after_the_instant_is_faint_and_messages_have_dots(lab):
    dots, veil = lab.locator(".lab-flights circle"), lab.locator(".lab-veil")
    expect(dots).to_have_count(0)
    expect(veil).to_have_css("opacity", "0")
    slider = lab.locator(".lab-scrub")
    slider.focus()
    slider.fill("200")
    expect(veil).to_have_css("opacity", "0.66")
    expect(dots.first).to_be_visible()
    cursor = lab.locator(".lab-cursor").bounding_box()
    assert abs(veil.bounding_box()["x"] - cursor["x"]) < 2
    probe = Experiment(SCENARIO)
    past = [event for event in probe.run.trace.events if event.at_us <= 200_000]
    sent = {event.number for event in past if event.kind == "send"}
    ended = {event.number for event in past if event.kind in ("deliver", "drop")}
    expect(dots).to_have_count(len(sent - ended))
    slider.blur()
    expect(veil).to_have_css("opacity", "0")
    expect(dots).to_have_count(0)


def test_states_are_shown_without_the_kernel(lab):
    lab.evaluate("() => { window.sent = WebSocket.prototype.send; "
                 "WebSocket.prototype.send = () => {}; }")  # fmt: skip
    slider, states = lab.locator(".lab-scrub"), lab.locator(".lab-states")
    slider.fill("400")
    for word in ("server-b down", "suspects server-b"):
        expect(states).to_contain_text(word)
    lab.evaluate("void (WebSocket.prototype.send = window.sent)")


# The kernel


GONE = {"restarted": "session.kernel.restart()", "shut down": "shutdown()"}


@pytest.mark.parametrize("how", GONE)
def test_a_lab_without_its_kernel_says_so_within_a_second(page, lab_server, how):
    lab_server.open(page, lab_server.write("gone.ipynb", CELLS))
    lab_server.run_all(page)
    settled(page)
    page.evaluate(f"void jupyterapp.shell.currentWidget.context.sessionContext.{GONE[how]}")
    says = page.locator(".lab-say")
    words = (
        "The kernel has stopped, and this lab with it. Run the cells above again, then cell [2]."
    )
    expect(says).to_have_text(words, timeout=1000)
    expect(says).to_have_attribute("role", "alert")
    assert page.locator(".lab-body").evaluate("each => each.inert")
    assert page.locator(".lab-head").evaluate("each => getComputedStyle(each).opacity") == "0.4"
    page.set_viewport_size({"width": 900, "height": 800})  # it would ask for another picture now
    page.wait_for_timeout(300)
    expect(says).to_have_text(words)


def test_a_press_that_a_dead_kernel_cannot_answer_says_so(page, lab_server):
    lab_server.open(page, lab_server.write("gone.ipynb", CELLS))
    lab_server.run_all(page)
    settled(page)
    page.evaluate("WebSocket.prototype.send = () => {}")
    page.locator("[data-action='pause monitor']").click()
    expect(page.locator(".lab-say")).to_contain_text(
        re.compile("The kernel has stopped"), timeout=1500
    )
