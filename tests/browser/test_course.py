"""A learner predicts, answers and solves with the mouse and the keyboard, and comes back later."""

import re

from distlab.workspace import update

CELLS = (
    "from distlab.course.prediction import Prediction\n"
    "from distlab.course.quiz import quiz\n"
    "from distlab.course.widgets import ExercisePanel, PredictionWidget, QuizWidget\n"
    "from distlab.start.exercises import PRINT_ONCE\n"
    "from distlab.start.requests import Print, Printed, Printer",
    "PredictionWidget(Prediction('start/in-the-browser', 'What now?',\n"
    "    {'It holds.': 'outcome=holds', 'It gets stuck.': 'outcome=stuck'},\n"
    "    'd1:start/lost-answer'))",
    "QuizWidget(quiz('01_cap'))",
    "class CarefulPrinter(Printer):\n"
    "    def on_start(self):\n"
    "        super().on_start()\n"
    "        self.done = ()\n"
    "    def on_print(self, message, sender):\n"
    "        if message.request not in self.done:\n"
    "            self.print_page(message.page)\n"
    "            self.done += (message.request,)\n"
    "        self.send(sender, Printed(message.page))",
    "ExercisePanel(PRINT_ONCE)",
)


def button(page, name):
    """The buttons of that name; an icon stands before it."""
    return page.get_by_role("button", name=re.compile(rf"{name}$"))


def says(page, text):
    page.get_by_text(text).first.wait_for(timeout=10_000)


def test_what_was_done_is_still_there_after_a_reload(lab_server, page, screenshots):
    lab_server.write("course.ipynb", CELLS)
    lab_server.open(page, "course.ipynb")
    lab_server.run_all(page)

    page.get_by_label("It gets stuck.").check()
    button(page, "Record prediction").click()
    says(page, "You predict: It gets stuck.")

    right = page.get_by_label("The old value or 2, because a read is answered by the server")
    right.focus()
    page.keyboard.press("Space")
    button(page, "Check answer").first.press("Enter")
    says(page, "✓ Right. Reads are local")

    button(page, "Check").press("Enter")
    says(page, "✓ correct: Print once")
    page.screenshot(path=screenshots / "course.png", full_page=True)

    lab_server.open(page, "course.ipynb")
    lab_server.run_all(page)
    says(page, "You predict: It gets stuck.")
    says(page, "✓ You have answered this question correctly.")
    says(page, "✓ You have solved this exercise.")
    assert page.get_by_label("It gets stuck.").is_checked()


def test_a_notebook_that_was_only_opened_is_not_marked_as_changed(lab_server, page):
    update(lab_server.folder)
    lab_server.open(page, "00_start_here.ipynb")
    page.wait_for_timeout(2000)  # JupyterLab has asked the kernel what it is
    assert page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty") is False
