"""The lab as a learner meets it: JupyterLab, a real browser, a mouse and a keyboard.

What the browser shows is compared with an `Experiment` that does the same without a screen.
"""

import re

import pytest

from distlab.lab.experiment import Experiment

pytest.importorskip("playwright", reason="NOT RUN: playwright — make env")

from playwright.sync_api import expect

from tests.browser.jupyter import errors_of_widgets
from tests.browser.labs import at, fault_at, opened, settled

SCENARIO = "start/slow-or-dead"
CELLS = ("from distlab.lab import Lab", f"lab = Lab({SCENARIO!r})\nlab", "lab.status")
GATED = (
    "from distlab.course.prediction import Prediction",
    "from distlab.course.widgets import PredictionWidget",
    "from distlab.lab import Lab",
    "options = {'It is suspected.': 'accurate=violated', 'It is not.': 'accurate=holds'}",
    f"token = Lab({SCENARIO!r}).token",
    "prediction = PredictionWidget(Prediction('test/gate', 'What now?', options, token))",
    "prediction",
    f"Lab({SCENARIO!r}, faults='', prediction=prediction)",
)


@pytest.fixture(scope="module")
def notebook(browser, lab_server):
    """One open notebook for the tests of this module; each begins with Reset."""
    page = browser.new_page(viewport={"width": 1280, "height": 1300})
    errors = errors_of_widgets(page)
    lab_server.open(page, lab_server.write("lab.ipynb", CELLS))
    lab_server.run_all(page)
    page.locator(".lab .dl-picture").first.wait_for()
    yield page
    page.close()
    assert not errors


@pytest.fixture
def lab(notebook):
    """The lab in its first state, with nothing on its way."""
    opened(notebook)
    notebook.locator("[data-action=reset]").click()
    settled(notebook)
    at(notebook, Experiment(SCENARIO))
    return notebook


def shown_faults(page):
    inputs = page.locator(".lab-faults input")
    return ";".join(each.input_value() for each in inputs.all())


def test_the_cell_shows_the_lab_and_the_strip(lab):
    experiment = Experiment(SCENARIO)
    expect(lab.locator(".lab-title")).to_have_text("Slow or dead?")
    expect(lab.locator(".lab-say")).to_have_text(experiment.scenario.claim)
    expect(lab.locator(".lab-strip svg")).to_have_attribute(
        "aria-label", re.compile("not accurate")
    )
    expect(lab.locator(".jp-OutputArea-output pre").last).to_contain_text("not accurate")


def test_fault_buttons(lab):
    experiment = Experiment(SCENARIO)
    lab.locator(".lab-target").select_option("server-b")
    lab.locator("[data-action='crash server-b']").click()
    experiment.press("crash server-b")
    at(lab, experiment)
    lab.locator("[data-action='restart server-b']").click()
    experiment.press("restart server-b")
    at(lab, experiment)
    lab.locator(".lab-target").select_option("server-a>monitor")
    lab.locator("[data-action='lose server-a>monitor']").click()
    experiment.press("lose server-a>monitor")
    at(lab, experiment)
    lab.locator("[data-action=undo]").click()
    experiment.undo()
    at(lab, experiment)


def test_instruments_show_the_instant_that_is_looked_at(lab):
    experiment = Experiment(SCENARIO)
    expect(lab.locator(".lab-instruments table")).to_have_count(0)
    lab.locator(".lab-target").select_option("server-b")
    lab.locator("[data-action='jump server-b']").click()
    experiment.press("jump server-b")
    at(lab, experiment)
    (clocks,) = experiment.instruments
    table = lab.locator(".lab-instruments table")
    expect(table.locator("caption")).to_have_text(clocks.title)
    shown = [row.split("\t") for row in table.locator("tbody").inner_text().split("\n")]
    assert [tuple(row) for row in shown] == list(clocks.rows)


def test_a_life_line_is_chosen_by_a_click(lab):
    line = lab.locator("[data-machine='server-b']").first.bounding_box()
    lab.mouse.click(line["x"] + line["width"] * 0.9, line["y"] + line["height"] / 2)
    expect(lab.locator(".lab-target")).to_have_value("server-b")
    expect(lab.locator("[data-action='restart server-b']")).to_be_visible()
    expect(lab.locator(".lab-states")).to_contain_text("server-b down")


def test_a_fault_is_dragged_with_the_mouse(lab):
    x, y = fault_at(lab, 0)
    lab.mouse.move(x, y)
    lab.mouse.down()
    lab.mouse.move(x + 540, y, steps=20)
    expect(lab.locator(".lab-card").first).to_contain_text("Nobody was suspected")
    lab.mouse.up()
    settled(lab)
    assert shown_faults(lab) != "pause:server-a@120+150;crash:server-b@300"
    at(lab, Experiment(SCENARIO, faults=shown_faults(lab)))
    assert abs(fault_at(lab, 0)[0] - (x + 540)) < 2
    lab.locator("[data-action=undo]").click()
    at(lab, Experiment(SCENARIO))


def test_the_end_of_a_fault_is_dragged(lab):
    lab.locator("[data-fault='0']").focus()
    end = lab.locator(".lab-end:visible")
    expect(end).to_have_count(1)
    box = end.bounding_box()
    lab.mouse.move(box["x"] + 7, box["y"] + 7)
    lab.mouse.down()
    lab.mouse.move(box["x"] - 60, box["y"] + 7, steps=5)
    lab.mouse.up()
    expect(lab.locator(".lab-faults input").first).to_have_value(re.compile(r"@120\+(8|9)\d$"))


def test_escape_cancels_a_drag(lab):
    x, y = fault_at(lab, 1)
    lab.mouse.move(x, y)
    lab.mouse.down()
    lab.mouse.move(x + 80, y, steps=4)
    expect(lab.locator(".lab-readout")).to_be_visible()
    lab.keyboard.press("Escape")
    lab.mouse.up()
    settled(lab)
    at(lab, Experiment(SCENARIO))
    assert abs(fault_at(lab, 1)[0] - x) < 2


def test_a_fault_is_moved_with_the_keyboard(lab):
    fault = lab.locator("[data-fault='0']")
    lab.locator(".lab-target").focus()
    for _ in range(12):
        lab.keyboard.press("Tab")
        if lab.evaluate("document.activeElement.dataset.fault") == "0":
            break
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowRight", "+", "ArrowLeft"):
        lab.keyboard.press(key)
    at(lab, Experiment(SCENARIO, faults="pause:server-a@131+160;crash:server-b@300"))
    expect(fault).to_be_focused()
    expect(fault).to_have_attribute("aria-valuenow", "131")
    lab.keyboard.press("Delete")
    at(lab, Experiment(SCENARIO, faults="crash:server-b@300"))
    expect(fault).to_be_focused()
    lab.keyboard.press("Delete")
    at(lab, Experiment(SCENARIO, faults=""))
    expect(lab.locator(".lab-added")).to_be_focused()


def test_knobs(lab):
    experiment = Experiment(SCENARIO)
    number = lab.locator("input[type=number][data-knob=patience_ms]")
    number.fill("200")
    number.press("Enter")
    experiment.set(patience_ms=200)
    at(lab, experiment)
    slider = lab.locator("input[type=range][data-knob=patience_ms]")
    expect(slider).to_have_value("200")
    slider.focus()
    lab.keyboard.press("ArrowLeft")
    experiment.set(patience_ms=199)
    at(lab, experiment)
    number.fill("9999")
    number.press("Enter")
    wrong = lab.locator("[data-of=patience_ms] .lab-error")
    expect(wrong).to_contain_text("9999 is out of range (allowed: 20 to 500)")
    expect(number).to_have_value("199")
    lab.locator("[data-action=satisfy]").click()
    experiment.press("satisfy")
    lab.locator("[data-action='next seed']").click()
    experiment.press("next seed")
    at(lab, experiment)
    expect(lab.locator(".lab-error")).to_have_text("")


def test_tokens(lab):
    other = Experiment(SCENARIO, seed=3, faults="wipe:monitor@70+40", patience_ms=90)
    paste = lab.locator(".lab-pasted")
    paste.fill(other.token.replace("patience_ms=90", "patience_ms=ninety"))
    lab.get_by_role("button", name="Run it").click()
    expect(lab.locator(".lab-replay .lab-error")).to_contain_text("'ninety' is not a whole number")
    expect(paste).to_have_attribute("aria-invalid", "true")
    at(lab, Experiment(SCENARIO))
    paste.fill(other.token)
    paste.press("Enter")
    at(lab, other)
    expect(lab.locator(".lab-error")).to_have_text("")
    expect(paste).not_to_have_attribute("aria-invalid", "true")


def test_a_fault_is_written(lab):
    added = lab.locator(".lab-added")
    added.fill("delay:*>*@10+50=40")
    added.press("Enter")
    experiment = Experiment(SCENARIO)
    experiment.add("delay:*>*@10+50=40")
    at(lab, experiment)
    expect(added).to_have_value("")


def test_typing_in_the_lab_is_no_command_of_jupyterlab(lab):
    cells = lab.locator(".jp-Cell").count()
    lab.locator(".lab-log summary").click()
    log = lab.locator(".lab-filter")
    log.press_sequentially("ddxxcrash")
    expect(lab.locator(".lab-found")).to_have_text("0 lines")
    log.fill("crash")
    expect(lab.locator(".lab-found")).to_have_text(re.compile(r"^\d+ lines$"))
    expect(lab.locator(".lab-lines li").first).to_contain_text("crash")
    assert lab.locator(".jp-Cell").count() == cells
    lab.locator(".lab-log summary").click()


def test_a_verdict_shows_its_witness(lab):
    expect(lab.locator(".dl-badge")).to_have_count(0)
    lab.locator(".lab-card", has_text="accurate").hover()
    expect(lab.locator(".dl-badge").first).to_be_visible()
    lab.mouse.move(5, 5)
    expect(lab.locator(".dl-badge")).to_have_count(0)
    lab.locator(".lab-card", has_text="accurate").click()
    expect(lab.locator(".dl-badge").first).to_be_visible()
    lab.locator(".lab-card", has_text="accurate").click()
    lab.mouse.move(5, 5)
    expect(lab.locator(".dl-badge")).to_have_count(0)


def run(page, code, wait=True):
    """Run code in the kernel, as a cell would. Returns what it printed."""
    return page.evaluate(
        """async ([code, wait]) => {
          const { session } = jupyterapp.shell.currentWidget.context.sessionContext;
          const future = session.kernel.requestExecute({ code });
          let printed = "";
          future.onIOPub = ({ content }) => { printed += content.text ?? ""; };
          if (wait) await future.done;
          return printed;
        }""",
        [code, wait],
    )


def test_the_latest_drag_wins(lab):
    before = int(run(lab, "print(lab._changes)"))
    x, y = fault_at(lab, 0)
    lab.mouse.move(x, y)
    lab.mouse.down()
    run(lab, "import time\nwith lab._lock: time.sleep(2)", wait=False)
    lab.mouse.move(x + 100, y, steps=25)
    lab.mouse.up()
    settled(lab)
    assert abs(fault_at(lab, 0)[0] - (x + 100)) < 2
    at(lab, Experiment(SCENARIO, faults=shown_faults(lab)))
    assert int(run(lab, "print(lab._changes)")) - before <= 3


def test_a_cell_presses_the_same_buttons(lab):
    run(lab, "lab.press('partition server-a')")
    experiment = Experiment(SCENARIO)
    experiment.press("partition server-a")
    at(lab, experiment)


def test_after_a_reload_everything_works_again(lab, lab_server):
    lab_server.open(lab, "lab.ipynb")
    lab_server.run_all(lab)
    expect(lab.locator(".lab")).to_have_count(1)
    at(lab, Experiment(SCENARIO))
    lab.locator("[data-action='pause monitor']").click()
    experiment = Experiment(SCENARIO)
    experiment.press("pause monitor")
    at(lab, experiment)


def test_the_faults_wait_for_a_prediction(page, lab_server):
    lab_server.open(page, lab_server.write("gate.ipynb", GATED))
    lab_server.run_all(page)
    pause = page.locator("[data-action='pause monitor']")
    expect(pause).to_be_disabled()
    expect(page.locator("[data-knob=patience_ms]").first).to_be_disabled()
    says = page.locator(".lab-say")
    expect(says).to_contain_text("The lab waits for your prediction")
    page.get_by_label("It is suspected.").check()
    page.get_by_role("button", name="Record prediction").click()
    expect(says).to_contain_text("You predict: It is suspected.")
    expect(pause).to_be_enabled()
    expect(page.locator("[data-knob=patience_ms]").first).to_be_enabled()
    page.locator("[data-action='let it happen']").click()
    expect(says).to_contain_text("As you predicted")


def test_what_a_scenario_is_about_happens_at_one_press(lab):
    happen = lab.locator("[data-action='let it happen']")
    expect(happen).to_be_disabled()
    lab.locator(".lab-faults li button").first.click()
    expect(happen).to_be_enabled()
    happen.click()
    expect(happen).to_be_disabled()
    at(lab, Experiment(SCENARIO))


def test_how_it_looks(page, lab_server, screenshots):
    """The pictures are for people; a machine can see that nothing is wider than its place."""
    lab_server.open(page, lab_server.write("looks.ipynb", CELLS[:2]))
    page.evaluate("jupyterapp.shell.collapseLeft()")
    lab_server.run_all(page)
    settled(page)
    page.locator(".lab-card").first.click()
    page.mouse.move(5, 5)
    expect(page.locator(".dl-badge").first).to_be_visible()
    root = page.locator(".lab")
    for theme in ("Dark", "Light"):
        lab_server.choose_theme(page, theme)
        for width, height in ((1280, 1350), (600, 1900)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(200)  # until the lab has noticed
            settled(page)
            root.screenshot(path=screenshots / f"lab-{theme.lower()}-{width}.png")
            assert root.evaluate("lab => lab.scrollWidth <= lab.clientWidth + 1")


QUIZ = "from distlab.course import quiz, widgets\nwidgets.QuizWidget(quiz.quiz('01_cap'))"


@pytest.mark.parametrize("widget", ["lab", QUIZ], ids=["lab", "quiz"])
def test_a_still_on_a_dark_page(page, lab_server, widget):
    """It is an image, which the page's colours do not reach; any of our widgets brings the rule."""
    cells = [CELLS[0], f"lab = Lab({SCENARIO!r})", widget, "lab.picture"]
    lab_server.open(page, lab_server.write("still.ipynb", cells))
    lab_server.run_all(page)
    still = page.locator("img.dl-still")
    expect(still).to_be_visible()
    for theme, filtered in (("Light", "none"), ("Dark", "invert(0.9) hue-rotate(180deg)")):
        lab_server.choose_theme(page, theme)
        expect(still).to_have_css("filter", filtered)


def test_a_lab_from_the_shelf(lab_server, page):
    cells = ("from distlab.lab.shelf import LabShelf", "LabShelf('start')", "2 + 2")
    lab_server.open(page, lab_server.write("shelf.ipynb", cells))
    lab_server.run_all(page)
    for scenario_id in ("start/lost-answer", SCENARIO):
        experiment = Experiment(scenario_id)
        page.get_by_label(f"{experiment.scenario.title} {scenario_id}").check()
        expect(page.locator(".lab-title")).to_have_text(experiment.scenario.title)
        at(page, experiment)
