"""A learner predicts, answers and solves with the mouse and the keyboard, and comes back later.

Every kind of widget passes axe-core, which looks for what keeps people with a screen reader, a
keyboard or weak eyes out.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from distlab.workspace import update

IMPORTS = (
    "from distlab.course.cards import card\n"
    "from distlab.course.prediction import Prediction\n"
    "from distlab.course.quiz import quiz\n"
    "from distlab.course.widgets import CourseMap, ExercisePanel, InterviewCard\n"
    "from distlab.course.widgets import PredictionWidget, QuizWidget\n"
    "from distlab.lab import Lab\n"
    "from distlab.lab.id_dissector import IdDissector\n"
    "from distlab.lab.shelf import LabShelf\n"
    "from distlab.start.exercises import PRINT_ONCE\n"
    "from distlab.start.requests import Print, Printed, Printer"
)
ASKED = (
    "guess = PredictionWidget(Prediction('start/in-the-browser', 'What now?',\n"
    "    {'It holds.': 'outcome=holds', 'It gets stuck.': 'outcome=stuck'},\n"
    "    'd1:start/lost-answer'))\n"
)
ANSWERS = "        self.send(sender, Printed(message.page))\n"
HEEDLESS = (
    "class CarefulPrinter(Printer):\n"
    "    def on_print(self, message, sender):\n"
    "        self.print_page(message.page)\n" + ANSWERS
)
CAREFUL = (
    "class CarefulPrinter(Printer):\n"
    "    def on_start(self):\n"
    "        super().on_start()\n"
    "        self.done = []\n\n"
    "    def on_print(self, message, sender):\n"
    "        if message.request not in self.done:\n"
    "            self.print_page(message.page)\n"
    "            self.done = [*self.done, message.request]\n" + ANSWERS
)
PANEL = "\nExercisePanel(PRINT_ONCE)"
EVERY_KIND = (
    IMPORTS,
    f"{ASKED}guess",
    "lab = Lab('start/lost-answer', faults='', prediction=guess)\nlab",
    "Lab('start/slow-or-dead', faults='pause:server-a@20+80')",
    "guess.choose(2)\nlab.press('reset')",
    "questions = QuizWidget(quiz('01_cap'))\nquestions",
    "questions.answer('zookeeper-read', 1)\nquestions.answer('smallest-r', 3)\n"
    "questions.answer('repair-the-inversion', [1, 2, 3])",
    f"{HEEDLESS}\npanel = ExercisePanel(PRINT_ONCE)\npanel",
    "panel.hint()\npanel.check()\npanel.solution()\nopened = panel.open_lab()",
    "interview = InterviewCard(card('01_cap', 'cap-means'))\ninterview.reveal()\ninterview",
    "CourseMap()",
    "shelf = LabShelf('start')\nshelf",
    "chosen = shelf.choose('start/lost-answer')",
    "IdDissector('175928847299117063', epoch='discord')",
)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def says(page, text):
    expect(page.get_by_text(text).first).to_be_visible(timeout=10_000)


def test_what_was_done_is_still_there_after_a_reload(lab_server, page, screenshots):
    cells = (IMPORTS, f"{ASKED}guess", "QuizWidget(quiz('01_cap'))", CAREFUL + PANEL)
    lab_server.write("course.ipynb", cells)
    lab_server.open(page, "course.ipynb")
    lab_server.run_all(page)

    page.get_by_label("It gets stuck.").check()
    button(page, "Record prediction").click()
    says(page, "You predict: It gets stuck.")

    wrong = page.get_by_label("Only 2, because ZooKeeper is CP and the write went through")
    right = page.get_by_label("The old value or 2, because a read is answered by the server")
    wrong.check()
    button(page, "Check answer").first.click()
    below = page.locator(".dl-option", has=wrong).locator(".dl-said")
    expect(below).to_contain_text('✗ Not this. Tempting, because "CP" sounds')
    wrong.focus()
    for _ in range(3):  # the arrows choose an answer: they do not leave the cell
        page.keyboard.press("ArrowDown")
    expect(right).to_be_focused()
    expect(right).to_be_checked()
    button(page, "Check answer").first.press("Enter")
    expect(below).to_be_empty()
    says(page, "✓ Right.")

    button(page, "Check").press("Enter")
    says(page, "✓ correct:")
    page.screenshot(path=screenshots / "course.png", full_page=True)

    lab_server.open(page, "course.ipynb")
    lab_server.run_all(page)
    says(page, "You predict: It gets stuck.")
    says(page, "✓ You have answered this question correctly.")
    says(page, "✓ correct:")  # the kernel remembers its words
    expect(page.get_by_label("It gets stuck.")).to_be_checked()


def test_what_is_typed_is_judged_and_a_failing_run_opens_in_a_lab(lab_server, page):
    lab_server.write("exercise.ipynb", (IMPORTS, HEEDLESS + PANEL))
    lab_server.open(page, "exercise.ipynb")
    lab_server.run_all(page)
    button(page, "Hint 1 of 3").click()
    button(page, "Check").click()
    says(page, "The request came twice")
    picture = page.get_by_role("group", name="Space-time diagram of start/lost-answer")
    expect(picture).to_be_visible()
    token = page.locator("details code", has_text="d1:start/lost-answer").inner_text()
    button(page, "Open this run in a lab").click()
    expect(page.locator(".lab .lab-token")).to_have_text(token)

    editor = page.locator(".jp-CodeCell .cm-content").nth(1)
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(CAREFUL + PANEL)  # and no Shift+Enter
    button(page, "Check").click()
    says(page, "10 lines, as the cell says now")
    says(page, "✓ correct:")
    expect(page.locator(".lab")).to_have_count(0)

    editor.click()
    page.keyboard.press("Shift+Enter")  # a new panel, which goes on where the old one was
    expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")).to_have_text("[3]:")
    says(page, "✓ correct:")
    expect(button(page, "Hint 2 of 3")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 700])
def test_nobody_is_kept_out_of_any_widget(lab_server, page, width, screenshots):
    page.set_viewport_size({"width": width, "height": 1000})
    lab_server.open(page, lab_server.write("every.ipynb", EVERY_KIND))
    page.evaluate("jupyterapp.shell.collapseLeft()")
    lab_server.run_all(page)
    cards = page.locator(".dl-card")
    expect(cards).to_have_count(7)
    expect(page.locator(".lab .lab-title")).to_have_count(4)
    for card in cards.all():
        expect(card).to_have_role("group")
    for theme in ("Light", "Dark"):
        lab_server.choose_theme(page, theme)
        for number, card in enumerate(cards.all()):
            card.scroll_into_view_if_needed()
            card.screenshot(path=screenshots / f"card-{number}-{theme}-{width}.png")
        found = Axe().run(page, ".dl-card, .lab")
        assert not found.response["violations"], found.generate_report()
        assert found.response["passes"]


def test_the_map_opens_a_chapter_beside_this_notebook(lab_server, page):
    (lab_server.folder / "here").mkdir()
    for name in ("map", "05_ids"):
        lab_server.write(f"here/{name}.ipynb", (IMPORTS, "CourseMap()"))
    lab_server.open(page, "here/map.ipynb")
    lab_server.run_all(page)
    expect(page.get_by_role("link", name="07_scheduler")).to_have_count(0)
    page.evaluate("window.same = true")
    page.get_by_role("link", name="05_ids").click()
    expect(page.locator(".jp-mod-current").get_by_text("05_ids.ipynb")).to_be_visible()
    assert page.evaluate("jupyterapp.shell.currentWidget.context.path") == "here/05_ids.ipynb"
    assert page.evaluate("window.same"), "the page was not loaded anew"


def test_a_notebook_that_was_only_opened_is_not_marked_as_changed(lab_server, page):
    update(lab_server.folder)
    lab_server.open(page, "00_start_here.ipynb")
    page.wait_for_timeout(2000)  # JupyterLab has asked the kernel what it is
    assert page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty") is False


PRESSED = (
    "from distlab.course.prediction import Prediction\n"
    "from distlab.course.widgets import PredictionWidget\n"
    "from distlab.lab import Lab\n"
    "guess = PredictionWidget(Prediction('start/pressed', 'What now?',\n"
    "    {'It holds.': 'outcome=holds', 'Another.': 'outcome=not answered'},\n"
    "    'd1:start/lost-answer#lose:printer>client@40'))\nguess",
    "lab = Lab('start/lost-answer', faults='', prediction=guess)\nlab",
    "lab.press('let it happen')\nlab.here()",
    "lab.set(retries=2)",
)


def test_run_all_gives_nothing_away_and_a_pinned_run_can_be_made_current(lab_server, page):
    lab_server.write("pressed.ipynb", PRESSED)
    lab_server.open(page, "pressed.ipynb")
    lab_server.run_all(page)
    says(page, "This picture waits for your prediction above.")
    lab = page.locator(".lab")
    expect(lab.locator(".lab-outcome")).to_contain_text("holds")
    expect(lab.locator("[data-fault]")).to_have_count(0)
    expect(lab).to_have_attribute("aria-busy", "false")
    assert lab.locator(".lab-scrub").bounding_box()["width"] > 400, "all of the lab is in its place"
    page.get_by_role("button", name="Skip").click()
    expect(lab.locator(".lab-outcome")).to_contain_text("not printed once")
    says(page, "never learnt whether it was printed")
    page.get_by_role("button", name="Make it current").click()
    expect(lab.locator(".lab-outcome")).to_contain_text("not answered")
    expect(lab.locator(".lab-title")).to_be_in_viewport()
