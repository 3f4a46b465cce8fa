"""Widgets: a click does what the method does and records; a still reveals and varies nothing."""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import ipywidgets
import nbformat
import pytest

from distlab.course import cards, exercise_panel, quiz
from distlab.course.controls import CheckButton, Choice
from distlab.course.exercise import Texts
from distlab.course.progress import Progress, progress
from distlab.course.widgets import (
    ExercisePanel,
    InterviewCard,
    PredictionWidget,
    QuizWidget,
    _number,
)
from distlab.host import BadInput
from distlab.lab.widget import Lab
from tests.course.test_exercise import EXERCISE, Heedless, Once, Stub
from tests.course.test_prediction import LOST, PREDICTION, TWICE
from tests.notebooks.normalise import execute
from tests.notebooks.test_strict import validate


def parts(widget, kind):
    """All widgets of a kind inside a widget, in the order in which they are reached."""
    found = [widget] if isinstance(widget, kind) else []
    for child in getattr(widget, "children", ()):
        found += parts(child, kind)
    return found


def button(widget, description):
    (found,) = (b for b in parts(widget, ipywidgets.Button) if b.description == description)
    return found


def check(panel, text=None):
    """Click Check, in a front end that sends this text of the cell."""
    (found,) = parts(panel, CheckButton)
    found._handle_custom_msg({"text": text}, [])


def box_of(widget, question):
    """The box of a quiz's question."""
    boxes = [child for child in widget.children if isinstance(child, ipywidgets.VBox)]
    return boxes[list(widget.quiz.questions).index(question)]


def shown(widget):
    """All words of a widget, then what stands below options."""
    said = [words for choice in parts(widget, Choice) for _, words in choice.said.values()]
    return " ".join([*(part.value for part in parts(widget, ipywidgets.HTML)), *said])


def tones(widget):
    """The tone of each option that has one, by number."""
    (choice,) = parts(widget, Choice)
    return {int(number): tone for number, (tone, _) in choice.said.items()}


def all_panels():
    return [
        PredictionWidget(PREDICTION),
        QuizWidget(quiz.quiz("01_cap")),
        QuizWidget(quiz.pretest("00_start")),
        ExercisePanel(EXERCISE),
        InterviewCard(cards.card("01_cap", "cap-means")),
    ]


def test_a_clicked_prediction_is_recorded_and_a_called_one_is_not(learner):
    widget = PredictionWidget(PREDICTION)
    button(widget, "Record prediction").click()
    assert "Choose an answer first" in shown(widget)
    assert not widget.guess.open
    widget.choose(1)
    assert widget.guess.open
    assert progress().entries() == {}
    (options,) = parts(widget, Choice)
    options.chosen = [2]
    button(widget, "Record prediction").click()
    kept = Progress(learner).get("prediction/start/lost-answer")
    assert kept["chosen"] == "A page is printed twice."
    assert "You predict: A page is printed twice." in shown(widget)
    tomorrow = PredictionWidget(PREDICTION)
    assert parts(tomorrow, Choice)[0].chosen == [2]
    assert tomorrow.guess.open


def test_skip_opens_the_gate_and_only_the_run_that_was_asked_about_is_judged():
    widget = PredictionWidget(PREDICTION)
    button(widget, "Skip").click()
    assert widget.guess.open
    widget.choose(1)
    widget.judge(TWICE)
    assert "You predict: The client goes away empty. The question is about" in shown(widget)
    assert widget.judge(LOST).right
    assert tones(widget) == {1: "good"}
    assert f"As you predicted.</b> {PREDICTION.explain}" in shown(widget)
    before = shown(widget)
    widget.judge(TWICE)
    assert shown(widget) == before, "what was said stays when a knob is turned"
    widget.choose(2)
    assert tones(widget) == {}
    assert not widget.judge(LOST).right
    assert tones(widget) == {1: "good", 2: "bad"}
    assert f"Not in this run.</b> {PREDICTION.explain}" in shown(widget)
    widget.skip()
    widget.judge(LOST)
    assert tones(widget) == {1: "good"}


def test_a_quiz_answers_what_it_is_given_and_records_clicks_only(learner):
    widget = QuizWidget(quiz.quiz("01_cap"))
    assert widget.answer("smallest-r", 3).correct
    assert widget.feedback["smallest-r"].startswith("✓ Right.")
    assert progress().entries() == {}
    box = box_of(widget, "zookeeper-read")
    button(box, "Check answer").click()
    assert "Choose an answer first" in shown(box)
    (right,) = widget.quiz["zookeeper-read"].correct
    parts(box, Choice)[0].chosen = [right - 1 or 2]
    button(box, "Check answer").click()
    assert tones(box) == {right - 1 or 2: "bad"}, "the right one stays a question"
    assert widget.quiz["zookeeper-read"].answers[(right - 1 or 2) - 1]["feedback"] in shown(box)
    parts(box, Choice)[0].chosen = [right]
    button(box, "Check answer").click()
    assert tones(box) == {right: "good"}
    assert "✓ Right." in shown(box)
    entry = Progress(learner).get("quiz/cap/zookeeper-read")
    assert entry == {"correct": True, "tries": 2, "at": entry["at"]}, "no number that may move"


def test_a_multiple_choice_takes_the_ticked_ones_and_a_number_what_is_typed():
    widget = QuizWidget(quiz.quiz("01_cap"))
    box = box_of(widget, "repair-the-inversion")
    (ticks,) = parts(box, Choice)
    button(box, "Check answer").click()
    assert "Choose an answer first" in shown(box)
    right = sorted(widget.quiz["repair-the-inversion"].correct)
    ticks.chosen = [right[0], *({1, 2, 3} - {*right})]
    button(box, "Check answer").click()
    assert {tones(box)[number] for number in ticks.chosen} == {"good", "bad"}
    assert "more to find" in shown(box)
    ticks.chosen = right
    button(box, "Check answer").click()
    assert tones(box) == dict.fromkeys(right, "good")
    assert "more to find" not in shown(box)
    box = box_of(widget, "smallest-r")
    (number,) = parts(box, Choice)
    for typed in ("", "two", "nan"):
        number.typed = typed
        button(box, "Check answer").click()
        assert "Type a number first" in shown(box)
    number.typed = " 2 "
    button(box, "Check answer").click()
    assert "R + W = N is not enough" in shown(box)
    assert progress().entries()["quiz/cap/smallest-r"]["correct"] is False


@pytest.mark.parametrize(
    ("typed", "number"),
    [("4096", 4096), ("4,096", 4096), ("1,234,567", 1234567), ("0.5", 0.5), ("-3", -3)]
    + [(typed, None) for typed in ("0,5", "4,09", "", "x", "inf", "1 000")],
)
def test_a_number_is_typed_as_people_write_it(typed, number):
    assert _number(typed) == number


def test_a_wrong_answer_from_a_cell_is_refused_and_a_right_one_is_known_on_the_next_day():
    widget = QuizWidget(quiz.quiz("01_cap"))
    with pytest.raises(BadInput):
        widget.answer("smallest-r", "three")
    assert widget.feedback == {}
    widget.answer("smallest-r", 3, record=True)
    tomorrow = QuizWidget(quiz.quiz("01_cap"))
    assert "answered this question correctly" in shown(tomorrow)
    assert tomorrow.feedback == {}


def test_an_exercise_is_checked_as_the_notebook_has_it_at_that_moment(monkeypatch):
    widget = ExercisePanel(EXERCISE)
    assert widget.check().kind == "not attempted"
    for solution, kind in ((Stub, "not attempted"), (Heedless, "incorrect"), (Once, "correct")):
        monkeypatch.setattr(sys.modules["__main__"], "Once", solution, raising=False)
        assert widget.check().kind == kind
        assert kind in shown(widget)
    assert progress().entries() == {}


def test_a_clicked_check_is_recorded_and_solved_stays_solved(monkeypatch):
    widget = ExercisePanel(EXERCISE)
    for solution in (Once, Heedless):
        monkeypatch.setattr(sys.modules["__main__"], "Once", solution, raising=False)
        check(widget)
    entry = progress().get("exercise/start/sample")
    assert (entry["result"], entry["correct"], entry["tries"]) == ("incorrect", True, 2)
    exercise_panel._MEMORIES.clear()  # another kernel
    assert "You have solved this exercise" in shown(ExercisePanel(EXERCISE))


def test_hints_come_one_after_another_and_the_solution_when_asked_for():
    widget = ExercisePanel(EXERCISE)
    assert [widget.hint() for _ in range(4)] == ["a", "b", "c", "c"]
    assert shown(widget).count("<li>") == 3
    assert button(widget, "Hint 3 of 3").disabled
    assert "class Once" not in shown(widget)
    button(widget, "Solution").click()
    assert "class Once" in shown(widget)


def test_a_panel_that_runs_again_goes_on_where_it_was(monkeypatch):
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "Once", Heedless, raising=False)
    first = ExercisePanel(EXERCISE)
    first.hint()
    first.solution()
    check(first)
    again = ExercisePanel(EXERCISE)
    assert again.result is first.result
    assert again.hint() == "b"
    for words in ("<li>a", "class Once", "incorrect", "<details open>"):
        assert words in shown(again)
    assert "before your last change" not in shown(again)
    monkeypatch.setattr(main, "Once", None)
    assert "before your last change" in shown(ExercisePanel(EXERCISE))


def test_the_run_that_fails_is_drawn_and_opens_in_a_lab_with_the_learners_code(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "Once", Heedless, raising=False)
    panel = ExercisePanel(EXERCISE)
    assert panel.open_lab() is None
    check(panel)
    assert "<details open><summary>The run that fails" in shown(panel)
    button(panel, "Open this run in a lab").click()
    assert panel.lab in parts(panel, Lab)
    assert panel.lab.token == panel.result.token
    assert issubclass(panel.lab.scenario.build.keywords["solution"], Heedless)
    monkeypatch.setattr(sys.modules["__main__"], "Once", Once)
    check(panel)
    assert not parts(panel, Lab) and "The run that fails" not in shown(panel)


def test_a_card_reveals_after_the_answer_and_counts_what_was_said(learner):
    widget = InterviewCard(cards.card("01_cap", "cap-means"))
    assert "trap" not in shown(widget)
    button(widget, "Compare").click()
    assert "The trap:" in shown(widget)
    (ticks,) = parts(widget, Choice)
    ticks.chosen = [1, 3]
    assert widget.score() == f"2 of {len(ticks.options)} points"
    assert progress().entries() == {}
    button(widget, "Record what I said").click()
    assert Progress(learner).get("card/cap/cap-means")["said"] == [1, 3]


def test_a_run_without_a_lab_is_covered_until_the_prediction_is_made_and_judges_it_then(learner):
    widget = PredictionWidget(PREDICTION)
    pinned = widget.here(LOST)
    assert PREDICTION.explain not in shown(widget)
    assert "waits for your prediction" in shown(pinned)
    (options,) = parts(widget, Choice)
    options.chosen = [1]
    button(widget, "Record prediction").click()
    assert [said[0] for said in options.said.values()] == ["good"]
    assert "not answered" in shown(pinned)
    assert "right" in Progress(learner).get(f"prediction/{PREDICTION.id}")
    assert not parts(pinned, ipywidgets.Button), "there is no lab to show it in"
    again = PredictionWidget(PREDICTION)
    again.here(LOST)
    assert parts(again, Choice)[0].said == options.said


def test_a_card_opens_the_lab_that_proves_it():
    widget = InterviewCard(cards.card("01_cap", "cap-means"))
    widget.reveal()
    before = widget.children
    button(widget, "Open the lab that proves it").click()
    assert widget.lab.scenario.id == widget.card.lab
    assert widget.children == (*before[:-1], widget.lab, before[-1])
    assert widget.open_lab() is widget.children[-2]


def test_a_folder_that_cannot_be_written_is_said_in_the_widget(learner):
    learner.write_text("no folder")
    widget = QuizWidget(quiz.quiz("01_cap"))
    widget.answer("smallest-r", 3, record=True)
    assert "⚠ Your progress cannot be kept" in shown(widget)


def test_every_control_has_a_name_of_letters():
    for panel in all_panels():
        if isinstance(panel, InterviewCard):
            panel.reveal()
        controls = parts(panel, ipywidgets.ValueWidget | ipywidgets.Button | CheckButton)
        for control in controls:
            name = "html" if isinstance(control, ipywidgets.HTML) else control.description
            assert name.isprintable() and name[0].isalpha()
            assert not getattr(control, "icon", ""), "an icon's glyph would be part of the name"
        assert all(each.legend and all(each.options) for each in parts(panel, Choice))


def still(panel):
    bundle = panel._repr_mimebundle_()
    return bundle["text/html"], bundle["text/plain"]


SECRETS = {
    PredictionWidget: ["violated"],
    QuizWidget: ["Tempting", "✓", "<p>("],
    ExercisePanel: ["def on_print", "<li>a"],
    InterviewCard: ["trap", "two meanings"],
}


def test_a_still_stands_beside_the_widget_and_reveals_nothing_before_it_is_opened():
    innermost = re.compile(r"<details>((?!<details>).)*?</details>", re.S)
    for panel in all_panels():
        assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()
        html, text = still(panel)
        assert "object at" not in text and "<ol></ol>" not in html
        assert panel.model_id not in html + text
        while innermost.search(html):
            html = innermost.sub("", html)
        assert not [secret for secret in SECRETS[type(panel)] if secret in html + text]


def test_a_still_never_reads_progress():
    before = list(map(still, all_panels()))
    PredictionWidget(PREDICTION).choose(2, record=True)
    for name in ("00_start", "01_cap"):
        for part in (quiz.quiz(name), quiz.pretest(name)):
            for key in part.questions:
                progress().record(part.key(key), correct=True)
    progress().record(EXERCISE.key, correct=True)
    progress().record("card/cap/cap-means", said=[1])
    assert list(map(still, all_panels())) == before


CELLS = (
    "from distlab.course import cards, quiz\n"
    "from distlab.course.glossary import glossary, term\n"
    "from distlab.course.systems import systems\n"
    "from distlab.course.widgets import ExercisePanel, InterviewCard\n"
    "from distlab.course.widgets import PredictionWidget, QuizWidget\n"
    "from distlab.start.exercises import PRINT_ONCE\n"
    "from distlab.start.requests import Printer\n"
    "from distlab.course.prediction import Prediction",
    "questions = QuizWidget(quiz.quiz('01_cap'))\nquestions",
    "questions.answer('smallest-r', 2)",
    "print(questions.feedback['smallest-r'])",
    "prediction = PredictionWidget(Prediction('start/x', 'What?',"
    " {'a': 'outcome=holds', 'b': 'outcome=stuck'}, 'd1:start/lost-answer'))\nprediction",
    "prediction.choose(1)\nprediction.guess.text",
    "panel = ExercisePanel(PRINT_ONCE)\npanel",
    "class CarefulPrinter(Printer):\n    def on_print(self, message, sender):\n"
    "        self.pages[message.page] = True",
    "panel.check()",
    "InterviewCard(cards.card('01_cap', 'cap-means'))",
    "term('quorum')",
    "glossary('abd', 'quorum')",
    "systems('etcd')",
)


def test_a_notebook_with_every_tool_passes_the_strict_comparison(tmp_path, monkeypatch):
    path = tmp_path / "tools.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert execute(path)
    assert "your code, line 3, in on_print" in path.read_text(encoding="utf-8")
    # Another day, with some progress made, and another order of sets.
    QuizWidget(quiz.quiz("01_cap")).answer("smallest-r", 3, record=True)
    progress().record("prediction/start/x", chosen="b")
    monkeypatch.setenv("PYTHONHASHSEED", "42")
    result = validate(path)
    assert result.returncode == 0, result.stdout
    kept = json.loads((Path(os.environ["DISTLAB_HOME"]) / "progress.json").read_text())
    assert set(kept) == {"quiz/cap/smallest-r", "prediction/start/x"}


HEEDLESS = """class CarefulPrinter(Printer):
    def on_print(self, message, sender):
        self.print_page(message.page)
        self.send(sender, Printed(message.page))
"""
CAREFUL = """WAYS = []
class CarefulPrinter(Printer):
    def on_start(self):
        super().on_start()
        self.done = []

    def on_print(self, message, sender):
        if message.request not in self.done:
            self.print_page(message.page)
            self.done = [*self.done, message.request]
        self.send(sender, Printed(message.page))
WAYS.append('not a definition')
"""
IN_A_KERNEL = (
    "import sys\nfrom distlab.course.widgets import ExercisePanel\n"
    "from distlab.start.exercises import PRINT_ONCE\n"
    "from distlab.start.requests import Print, Printed, Printer\n"
    "from tests.course.test_widgets import CAREFUL, HEEDLESS, check, shown",
    f"{HEEDLESS}\npanel = ExercisePanel(PRINT_ONCE)\npanel",
    "def said(text):\n    check(panel, text)\n    return panel.result.kind, shown(panel)",
    "kind, words = said(None)\nassert kind == 'incorrect' and 'ran last' in words, words",
    "old = CarefulPrinter\nkind, words = said(In[2])\n"
    "assert kind == 'incorrect' and 'says now' in words and CarefulPrinter is old, words",
    "kind, words = said(CAREFUL + '\\nExercisePanel(1)')\n"
    "assert kind == 'correct' and '10 lines, as the cell says now' in words, words\n"
    "assert CarefulPrinter is not old and WAYS == []",
    "kind, words = said('panel')\nassert kind == 'correct' and 'ran last' in words, words",
    "kind, words = said('x = 1\\nclass CarefulPrinter(Printer)\\n  pass')\n"
    "assert kind == 'error' and 'SyntaxError in line 2' in words, words",
    "kind, words = said('class CarefulPrinter(Printer):\\n    x = y')\n"
    "assert kind == 'error' and 'your code, line 2' in words and 'NameError' in words, words",
    "kind, words = said(HEEDLESS)\nassert kind == 'incorrect' and 'says now' in words, words",
    f"{CAREFUL}\nagain = ExercisePanel(PRINT_ONCE)\n"
    "assert again.result.kind == 'incorrect' and 'before your last change' in shown(again)",
)  # fmt: skip


def test_a_check_judges_what_the_cell_says_now(tmp_path):
    path = tmp_path / "now.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in IN_A_KERNEL]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    execute(path)


def test_backticks_are_code_and_words_stay_whole():
    said = dict.fromkeys(EXERCISE.texts.mistakes, "No `y`.")
    marked = replace(EXERCISE, texts=Texts("start/x", "t", "Write `a < b`.", ("See `x`.",), said))
    panel = ExercisePanel(marked)
    panel.hint()
    for page in (shown(panel), panel.html()):
        assert "<code>a &lt; b</code>" in page
        assert "<code>x</code>" in page
        assert "`" not in page
    page = marked.check(marked.mistakes[0].example).html()
    assert "No <code>y</code>." in page
    assert "word-break:normal;overflow-wrap:anywhere" in page
