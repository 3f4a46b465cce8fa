"""Exercises: correct, incorrect, not attempted, or an error that is the learner's own."""

from dataclasses import dataclass, replace

import pytest

from distlab.course import exercise as module
from distlab.course.exercise import Case, Exercise, Mistake, Texts, texts
from distlab.course.slips import WrongReturn
from distlab.host import BadInput
from distlab.lab.widget import Lab
from distlab.registry import get
from distlab.start.requests import Print, Printed, Printer
from tests.course.auditing import audit


class Once(Printer):
    """Prints a page once, answers always."""

    def on_print(self, message: Print, sender: str) -> None:
        if self.is_new(message.page):
            self.print_page(message.page)
        self.send(sender, Printed(message.page))

    def is_new(self, page: int) -> bool:
        return page not in self.pages


class Heedless(Printer):
    def on_print(self, message, sender):
        super().on_print(message, sender)


class Stub(Printer):
    def on_print(self, message, sender):
        raise NotImplementedError


class Silent(Once):
    def on_print(self, message, sender):
        if self.is_new(message.page):
            super().on_print(message, sender)


SAID = {"prints again": "Look first.", "keeps silent": "Answer always."}
EXERCISE = Exercise(
    Texts("start/sample", "Print once", "Write Once.", ("a", "b", "c"), SAID), name="Once",
    cases=(
        Case("start/lost-answer", {"retries": 3}, (None, "", "lose:*>*@0"),
            always=("answered", "printed once"), searched=10),
    ),
    stub=Stub, reference=Once,
    mistakes=(
        Mistake("prints again", "printed once=violated", Heedless,
            also=("on_print ignores message", "without '(if|self.print_page).*")),
        Mistake("keeps silent", lambda r: not r.verdict("answered").ok, Silent,
            also=("on_print (does nothing|ignores sender)", "without 'self.send.*")),
    ),
    base=Printer, returns={"is_new": bool},
)  # fmt: skip


def test_the_exercise_keeps_its_promises():
    assert audit(EXERCISE) == []


def test_texts_come_from_the_course_by_the_id_of_the_exercise():
    assert texts("start/print-once").title == "Print once"


@pytest.mark.parametrize("name", ["start/print-onse", "strat/print-once", "print-once", ""])
def test_texts_of_an_unknown_exercise_are_refused(name):
    with pytest.raises(BadInput, match="allowed: "):
        texts(name)


def test_correct():
    result = EXERCISE.check(Once)
    assert (result.kind, result.runs, result.token) == ("correct", 13, "")
    assert result.text() == "✓ correct: Print once: it held in 13 runs."


def test_incorrect_with_the_mistakes_message_and_the_failing_run():
    result = EXERCISE.check(Heedless)
    assert (result.kind, result.mistake) == ("incorrect", "prints again")
    assert result.text().startswith("✗ incorrect: Look first.\nprinted once violated: ")
    assert result.run.verdict("printed once").ok is False
    assert result.token in result.text()
    assert "<details>" in result.html()


def test_the_token_shows_the_failing_run_in_a_lab_with_the_learners_class():
    calm = replace(EXERCISE.cases[0], schedules=("lose:printer>client@40",))
    result = replace(EXERCISE, cases=(calm,)).check(Heedless)
    assert result.lab == 'Lab(get("start/lost-answer").using(solution=Once))'
    assert result.text().endswith(f"Paste it into a lab with your code: {result.lab}")
    names = {"Lab": Lab, "get": get, "Once": type("Once", (Silent,), {})}
    result = replace(EXERCISE, cases=(calm,)).check(names["Once"])
    lab = eval(result.lab, names)
    part = lab.scenario.build
    lab.paste(result.token)
    assert lab.notice == ""
    assert lab.scenario.build is part
    assert lab.run.trace.digest() == result.run.trace.digest()
    assert lab.outcome == result.run.outcome
    shipped = Lab("start/lost-answer")
    shipped.paste(result.token)
    assert "or the run used a learner's own class" in shipped.notice


def test_a_class_that_leaves_all_to_the_base_is_not_attempted():
    class Lazy(Printer):
        pass

    class Later(Heedless):
        pass

    for lazy in (Lazy, Printer):
        result = EXERCISE.check(lazy)
        assert (result.kind, result.message) == ("not attempted", "define on_print in Once.")
    assert EXERCISE.check(Later).kind == "incorrect"


def test_the_reference_survives_the_smaller_run():
    """Without its printer nobody prints: that run would show nothing of the mistake."""
    case = replace(EXERCISE.cases[0], schedules=("crash:printer@85+8;lose:printer>client@40",))
    small = replace(EXERCISE, cases=(case,)).check(Silent).run
    right = case.using(Once).run(small.seed, small.faults, **small.knobs)
    assert all(right.verdict(v.name).ok for v in small.verdicts if not v.ok)


def test_an_unknown_mistake_gets_the_verdicts_explanation():
    result = replace(EXERCISE, mistakes=()).check(Silent)
    assert (result.kind, result.mistake) == ("incorrect", "")
    assert result.message == str(result.run.verdict("answered"))


def test_not_attempted():
    assert EXERCISE.check(Stub).kind == "not attempted"
    assert "still raises NotImplementedError" in EXERCISE.check(Stub).message
    assert EXERCISE.check(None).message == "Define Once first, and run its cell."


@pytest.mark.parametrize("solution", [Once("printer"), int, "Once"])
def test_something_else_than_a_solution(solution):
    result = EXERCISE.check(solution)
    assert result.kind == "incorrect"
    assert result.message == "Once should be a class that extends Printer."


def test_a_number_is_no_function():
    result = replace(EXERCISE, base=None).check(3)
    assert result.message == "Once should be a function, not int."


def test_an_error_is_shown_as_the_learners():
    class Wrong(Once):
        def on_print(self, message, sender):
            self.find(message)

        def find(self, message):
            return {}[message.page]

    result = EXERCISE.check(Wrong)
    assert result.kind == "error"
    first, *lines = result.message.split("\n")
    assert first == "KeyError: 1"
    assert [line.split(": ", 1)[1] for line in lines] == [
        "self.find(message)",
        "return {}[message.page]",
    ]
    assert all(line.startswith("  your code, line ") for line in lines)
    assert "/" not in result.message  # no paths, and no frame of distlab's


def test_what_dataclasses_generate_is_not_the_learners():
    @dataclass
    class Note:
        page: int

        def __post_init__(self):
            raise LookupError("no such page")

    class Wrong(Once):
        def on_print(self, message, sender):
            Note(message.page)

    lines = EXERCISE.check(Wrong).message.split("\n")
    assert [line.split(", ")[2].partition(":")[0] for line in lines[1:]] == [
        "in on_print",
        "in __post_init__",
    ]


def test_an_error_outside_the_learners_lines_is_told_without_addresses():
    class Wrong(Once):
        async def on_start(self):
            await super().on_start()  # which is no coroutine

    class Misnamed(Once):
        on_start = None

    assert EXERCISE.check(Wrong).kind == "error"
    result = EXERCISE.check(Misnamed)
    assert result.kind == "error"
    assert "0x" not in result.message


def test_what_cannot_be_called_is_no_method():
    class Property(Once):
        on_print = property(lambda self: print)

    result = EXERCISE.check(Property)
    said = "on_print is called, and yours is a property: write a method."
    assert (result.kind, result.message) == ("incorrect", said)


def test_a_wrong_return_type_gets_its_message():
    class Wrong(Once):
        def is_new(self, page):
            return None

    result = EXERCISE.check(Wrong)
    assert (result.kind, result.message) == (
        "incorrect",
        "is_new returned NoneType; it should return bool.",
    )


def test_a_function_and_a_coroutine_are_checked_for_their_return_types():
    async def late():
        return "3"

    checked = module._called_as(late, late, (int, float))
    with pytest.raises(WrongReturn, match="late returned str; it should return int or float"):
        checked().send(None)
    plain = module._called_as(lambda: "3", lambda: 3, int)
    with pytest.raises(WrongReturn):
        plain()


def test_the_interrupt_button_stops_it():
    class Slow(Once):
        def on_print(self, message, sender):
            raise KeyboardInterrupt

    result = EXERCISE.check(Slow)
    assert result.kind == "error"
    assert "You stopped the check" in result.message
    assert "in on_print: raise KeyboardInterrupt" in result.message


def test_only_the_named_verdicts_judge():
    case = replace(EXERCISE.cases[0], must_hold=("answered",), schedules=(None,), searched=0)
    assert replace(EXERCISE, cases=(case,)).check(Heedless).kind == "correct"


def test_a_case_runs_every_schedule_with_every_seed():
    case = Case("start/lost-answer", {}, ("", "lose:*>*@0"), range(2, 5))
    runs = [(run.seed, bool(run.faults)) for run in case.named(Once)]
    assert runs == [(2, False), (3, False), (4, False), (2, True), (3, True), (4, True)]


def test_a_mistake_that_no_schedule_shows_is_found_by_the_search():
    calm = replace(EXERCISE.cases[0], schedules=("",), searched=20)
    result = replace(EXERCISE, cases=(calm,)).check(Heedless)
    assert (result.kind, result.mistake) == ("incorrect", "prints again")
    assert result.runs > 1
    assert replace(EXERCISE, cases=(replace(calm, searched=0),)).check(Heedless).kind == "correct"


def test_without_names_the_search_judges_the_property_alone():
    case = replace(EXERCISE.cases[0], schedules=(), always=())
    assert replace(EXERCISE, cases=(case,)).check(Heedless).kind == "correct"


@dataclass(frozen=True)
class Unsure(Case):
    """The check of `answered` cannot judge runs with a loss; or none at all."""

    judges: bool = True
    counted: int = 1

    def using(self, solution):
        scenario = super().using(solution)

        def answered(trace):
            known = self.judges and not trace.of_kind("drop")
            return replace(
                scenario.checks[0](trace), **({} if known else {"ok": None, "judged": self.counted})
            )

        answered.name = "answered"
        return replace(scenario, checks=(answered, *scenario.checks[1:]))


@pytest.mark.parametrize(
    ("judges", "said"),
    [
        (True, "✓ correct: Print once: it held in 2 runs, 1 undecided."),
        (False, "! error: Print once: it held in 0 runs, 3 undecided: they say nothing."),
    ],
)
def test_undecided_runs_are_counted_and_neither_right_nor_wrong(judges, said):
    knobs, schedules = {"retries": 3}, ("", "", "lose:printer>client@0")
    unsure = Unsure("start/lost-answer", knobs, schedules, searched=0, judges=judges)
    exercise = replace(EXERCISE, cases=(unsure,))
    assert exercise.check(Once).text() == said
    wrong = exercise.check(Heedless)
    assert (wrong.kind, wrong.mistake) == ("incorrect", "prints again")
    assert "<img" in wrong.html()


def test_runs_with_nothing_to_judge_are_not_called_undecided():
    schedules = ("", "", "lose:printer>client@0")
    idle = Unsure("start/lost-answer", {"retries": 3}, schedules, searched=0, counted=0)
    said = "it held in 2 runs, 1 with nothing to judge."
    assert replace(EXERCISE, cases=(idle,)).check(Once).message == f"Print once: {said}"


class Blank(Once):
    """Does nothing: what is never printed is never printed twice."""

    def on_print(self, message, sender):
        pass


class PrintsUntilALoss(Once):
    """Idle in one run only, and right in all others."""

    def on_print(self, message, sender):
        if self.boots == 0:
            super().on_print(message, sender)

    def on_start(self):
        self.pages = ()


@pytest.mark.parametrize(
    ("solution", "schedules"), [(Blank, ("",)), (PrintsUntilALoss, ("", "crash:printer@1+1"))]
)
def test_where_the_reference_does_something_the_solution_must(solution, schedules):
    case = replace(EXERCISE.cases[0], schedules=schedules, must_hold=("printed once",))
    result = replace(EXERCISE, cases=(case,), mistakes=()).check(solution)
    assert (result.kind, result.runs) == ("incorrect", len(schedules))
    assert result.message.startswith("printed once nothing to judge: There were no printed pages.")
    assert result.message.endswith("with a right solution there is something in this run.")
    assert "<img" in result.html()


def test_where_the_reference_does_nothing_either_the_solution_need_not():
    case = replace(EXERCISE.cases[0], schedules=("", "crash:printer@0"), searched=0)
    result = replace(EXERCISE, cases=(replace(case, must_hold=("printed once",)),)).check(Once)
    assert result.message == "Print once: it held in 1 run, 1 with nothing to judge."


def test_an_exercise_in_which_nothing_can_be_judged_does_not_pass_the_audit():
    case = replace(EXERCISE.cases[0], schedules=("crash:printer@0",), must_hold=("printed once",))
    (said,) = audit(replace(EXERCISE, cases=(*EXERCISE.cases, case)))
    assert said == "start/lost-answer ('crash:printer@0',): nothing to judge for ['printed once']"


def test_the_failing_run_is_made_small():
    noisy = "delay:*>*@0+400=3;lose:printer>client@50;jump:client@70=400"
    case = replace(EXERCISE.cases[0], schedules=(noisy,))
    result = replace(EXERCISE, cases=(case,)).check(Heedless)
    assert [fault.kind for fault in result.run.faults] == ["lose"]
    assert result.message.endswith(str(result.run.verdict("printed once")))


class ForgetsLater(Once):
    """Its second run is another one than its first, as code with global state may be."""

    checked = 0

    def is_new(self, page):
        if page == 1:
            type(self).checked += 1
        return ForgetsLater.checked <= 1 or super().is_new(page)


def test_a_failure_that_cannot_be_repeated_is_shown_as_it_was():
    result = EXERCISE.check(ForgetsLater)
    assert result.kind == "incorrect"
    assert result.token


def test_a_broken_exercise_does_not_pass_the_audit():
    assert any("reference" in p for p in audit(replace(EXERCISE, reference=Silent)))
    assert any("stub" in p for p in audit(replace(EXERCISE, stub=Once)))
    assert "fewer than two named mistakes" in audit(replace(EXERCISE, mistakes=()))
    texts = replace(EXERCISE.texts, mistakes={"prints again": "Look first."})
    assert "other mistakes: ['prints again']" in audit(replace(EXERCISE, texts=texts))[0]
    swapped = replace(EXERCISE.mistakes[0], example=Silent)
    assert audit(replace(EXERCISE, mistakes=(swapped, EXERCISE.mistakes[1])))


def test_an_unknown_scenario_is_the_authors_error():
    case = replace(EXERCISE.cases[0], scenario="start/lost-anser")
    with pytest.raises(BadInput, match="did you mean 'start/lost-answer'"):
        replace(EXERCISE, cases=(case,)).check(Once)


def test_the_source_of_the_reference_can_be_read():
    assert EXERCISE.source().startswith("class Once(Printer):")


def test_the_scenario_itself_is_left_alone():
    EXERCISE.check(Once)
    assert get("start/lost-answer").run(retries=3).outcome.name == "not printed once"
