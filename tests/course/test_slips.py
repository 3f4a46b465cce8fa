"""The learner's own mistakes are named with their line, and nothing of them escapes or hangs."""

import sys
import warnings
from dataclasses import replace
from textwrap import indent

import pytest

from distlab.course import foreign
from distlab.course.case import Case
from distlab.course.exercise import Exercise, Mistake, Texts
from distlab.start.requests import Printed, Printer
from tests.course.cheats import PREAMBLE, run_cell
from tests.course.test_exercise import EXERCISE


def cell(body, extra=""):
    """The printer of a learner with this body of `on_print`, after the right work."""
    lines = f"{extra}\ndef on_print(self, message, sender):\n{indent(body, '  ')}\n"
    endless = "class Endless(Exception):\n  def __str__(self):\n    while True: pass\n"
    return run_cell(EXERCISE, f"{endless}class Once(Reference):\n{indent(lines, '  ')}")


def said(body, extra=""):
    result = EXERCISE.check(cell(body, extra))
    return result.kind, result.message


RIGHT = "super().on_print(message, sender)"
NAMED = {
    "a wrong name": ("pritn(1)", "NameError: name 'pritn' is not defined", "pritn(1)"),
    "an exit": ("import sys\nsys.exit()", "sys.exit() ends a whole program.", "sys.exit()"),
    "quit": ("raise SystemExit", "sys.exit() ends a whole program.", "raise SystemExit"),
    "a BaseException": ("raise Odd('oh')", "Odd: oh", "raise Odd('oh')"),
    "GeneratorExit": ("raise GeneratorExit", "GeneratorExit:", "raise GeneratorExit"),
    "no text": (
        "raise Unprintable", "Unprintable: (its text cannot be printed)", "raise Unprintable",
    ),
    "a long text": ("raise ValueError('x' * 9999)", "xxx …", "raise ValueError('x' * 9999)"),
    "recursion": ("self.on_print(message, sender)", "RecursionError: ", "  …\n"),
    "sleeping": ("import time\ntime.sleep(9)", foreign.SLEEPS, "time.sleep(9)"),
    "sleeping by another name": ("from time import sleep as nap\nnap(9)", foreign.SLEEPS, "nap(9)"),
    "sleeping in the library": (
        "import sched, time\ns = sched.scheduler()\ns.enter(9, 1, print)\ns.run()",
        foreign.SLEEPS, "s.run()",
    ),
    "asking": ("input('?')", foreign.WAITS, "input('?')"),
    "a debugger": ("breakpoint()", foreign.LOOKS_ON, "breakpoint()"),
    "looking away": ("import sys\nsys.settrace(None)", foreign.LOOKS_ON, "sys.settrace(None)"),
    "a text without end": (
        "raise Endless", "Endless: (its text cannot be printed)", "raise Endless",
    ),
    "ending the kernel": ("import os\nos._exit(3)", foreign.ENDS, "os._exit(3)"),
}  # fmt: skip
if sys.version_info >= (3, 12):  # the docstring of `steps` says why
    del NAMED["sleeping in the library"]
CAUGHT = {
    "except Exception": "try:\n{}\nexcept Exception: pass",
    "except BaseException": "try:\n{}\nexcept BaseException: pass",
    "suppress": "with suppress(BaseException):\n{}",
    "a loop that catches": "while True:\n try:\n{}\n except BaseException: pass",
    "twice": "try:\n{0}\nexcept BaseException: pass\ntry:\n{0}\nexcept BaseException: pass",
}


@pytest.mark.parametrize(("body", "words", "line"), NAMED.values(), ids=NAMED)
def test_a_mistake_is_named_with_its_line(body, words, line):
    kind, message = said(body)
    assert kind == "error"
    assert words in message
    assert "your code, line " in message
    assert line in message


@pytest.mark.parametrize("how", CAUGHT.values(), ids=CAUGHT)
@pytest.mark.parametrize("name", ["sleeping", "asking", "ending the kernel"])
def test_what_is_forbidden_is_named_even_if_the_code_catches_it(name, how):
    body, words, line = NAMED[name]
    kind, message = said(f"{how.format(indent(body, '  '))}\n{RIGHT}")
    assert (kind, message.startswith(words)) == ("error", True)
    assert line in message


@pytest.mark.parametrize("how", CAUGHT.values(), ids=CAUGHT)
def test_stop_stops_code_that_catches_everything(how):
    kind, message = said(f"{how.format('  raise KeyboardInterrupt')}\n{RIGHT}")
    assert kind == "error"
    assert message.startswith("You stopped the check. It was here:\n  your code, line ")
    assert message.endswith("in on_print: raise KeyboardInterrupt")


def test_a_caught_exception_is_named_when_the_run_fails():
    kind, message = said("try: self.prnit_page(1)\nexcept Exception: pass")
    assert kind == "incorrect"
    assert message.startswith("AttributeError: 'Once' object has no attribute 'prnit_page'\n")
    assert "in on_print: try: self.prnit_page(1)\nSomething caught this exception." in message
    assert "\nanswered violated: " in message


def test_a_bug_that_was_caught_comes_before_any_named_mistake():
    careless = "try: self.prnit_page(1)\nexcept Exception: pass"
    result = EXERCISE.check(cell(f"{careless}\nself.print_page(1)\nself.send(sender, Printed(1))"))
    assert (result.kind, result.mistake) == ("incorrect", "")
    usual = "try: {}[1]\nexcept KeyError: pass"
    result = EXERCISE.check(cell(f"{usual}\nself.print_page(1)\nself.send(sender, Printed(1))"))
    assert (result.kind, result.mistake) == ("incorrect", "prints again")


def test_a_caught_exception_in_right_code_is_nobodys_business():
    assert said(f"try: {{}}[1]\nexcept KeyError: pass\n{RIGHT}")[0] == "correct"


@pytest.mark.parametrize(
    ("given", "yours"), [("self, message", "(self, message)"), ("self", "(self)")]
)
def test_a_wrong_signature_is_named_before_the_first_run(given, yours):
    lines = f"class Once(Reference):\n  def on_print({given}): pass"
    result = EXERCISE.check(run_cell(EXERCISE, lines))
    told = f"on_print is called with (message, sender), but yours takes {yours}."
    assert (result.kind, result.message, result.runs) == ("incorrect", told, 0)


def test_other_names_and_defaults_are_no_wrong_signature():
    lines = "class Once(Reference):\n  def on_print(self, m, s, more=3): super().on_print(m, s)"
    assert EXERCISE.check(run_cell(EXERCISE, lines)).kind == "correct"


def test_a_handler_may_be_a_coroutine():
    lines = f"class Once(Reference):\n  async def on_print(self, message, sender): {RIGHT}"
    assert EXERCISE.check(run_cell(EXERCISE, lines)).kind == "correct"


def test_the_machinery_is_not_to_be_used():
    kind, message = said(f"self._machine.now_ms()\n{RIGHT}")
    assert (kind, message.startswith("`_machine` is the simulation's")) == ("incorrect", True)


def test_what_is_given_stays_but_a_handler_may_do_more():
    told = "`print_page` is given, and stays as it is. The task is on_print: give a method of your "
    changed = f"def print_page(self, page): {'super().print_page(page)'}"
    assert said(RIGHT, changed) == ("incorrect", f"{told}own another name.")
    more = (
        "def on_start(self): super().on_start()\ndef __init__(self, name): super().__init__(name)"
    )
    assert said(RIGHT, f"{more}\ndef described(self): pass")[0] == "correct"
    lines = "class Asked(Reference):\n  async def look(self, page): return page not in self.pages\n"
    more = "  async def on_print(self, message, sender): {}await super().on_print(message, sender)"
    assert ASKED.check(run_cell(ASKED, lines + more.format(""))).kind == "correct"


LATER = "class Later:\n  def __init__(self, *pages): self.pages = pages\n"
ODD = {
    "a timer": "self.set_timer(1, self.Later(message.page))",
    "a message": "self.send(sender, Printed([message.page]))",
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_what_cannot_be_written_down_is_named_with_its_line(line):
    """Only a run that fails is written down."""
    extra = f"{LATER}def on_later(self, timer): pass"
    kind, message = said(f"self.print_page(3)\n{line}", extra)
    assert (kind, "a trace cannot hold a " in message) == ("error", True)
    assert message.endswith(f"in on_print: {line}")


# Coroutines


class Asked(Printer):
    """Has something to await."""

    async def look(self, page):
        return page not in self.pages

    async def on_print(self, message, sender):
        if await self.look(message.page):
            self.print_page(message.page)
        self.send(sender, Printed(message.page))


class AskedStub(Printer):
    async def look(self, page):
        raise NotImplementedError


ASKED = Exercise(
    Texts("start/asked", "Ask", "Ask.", ("a", "b", "c"), {}), name="Asked", base=Printer,
    cases=(Case("start/lost-answer", {"retries": 3}, ("",), searched=0),),
    stub=AskedStub, reference=Asked, mistakes=(Mistake("never", lambda run: False, Printer),),
    returns={"look": bool},
)  # fmt: skip


def asked(lines):
    return ASKED.check(run_cell(ASKED, f"class Asked(Reference):\n{indent(lines, '  ')}"))


@pytest.mark.parametrize(
    "body",
    ["self.sleep(1)\n  return True", "self.sleep(1)", "x = self.sleep(1)\n  return len(x)"],
    ids=["in right code", "in wrong code", "used as a value"],
)
def test_a_forgotten_await_is_named_with_its_line(body):
    result = asked(f"async def look(self, page):\n  {body}")
    line = PREAMBLE.count("\n") + 4
    told = "You forgot `await`: Node.sleep was called here, and never ran.\n  your code, "
    told += f"line {line},"
    assert result.message.startswith(told)
    assert "in look: " in result.message
    assert "self.sleep(1)" in result.message
    assert result.kind == ("incorrect" if body == "self.sleep(1)" else "error")


def test_nothing_is_said_of_what_is_awaited_later():
    later = "async def look(self, page):\n  x = self.sleep(1)\n  await x\n  return True"
    assert asked(later).kind == "correct"


def test_other_warnings_go_on_to_the_learner():
    with pytest.warns(UserWarning, match="mind the gap"):
        asked("async def look(self, page):\n  import warnings\n  warnings.warn('mind the gap')")
    assert warnings.filters  # and the filters are back


def test_a_coroutine_in_the_place_of_an_answer_is_named():
    result = asked("async def look(self, page):\n  return super().look(page)")
    told = "look returned coroutine; it should return bool. Did you forget `await`?"
    assert (result.kind, result.message) == ("incorrect", told)


def test_a_plain_function_where_a_coroutine_is_needed_is_named():
    result = asked("def look(self, page):\n  return True")
    assert result.message == "look is awaited: write `async def look`."
    later = asked("def look(self, page):\n  return super().look(page)")  # which can be awaited
    assert later.kind == "correct"


def test_asyncio_is_named():
    result = asked("async def look(self, page):\n  import asyncio\n  await asyncio.sleep(0)")
    assert result.message.startswith(foreign.NO_LOOP)
    assert result.message.endswith("in look: await asyncio.sleep(0)")


# Memory that belongs to no machine

SHARED = {
    "a global": ("seen.append(1)", "", "seen"),
    "a global number": ("global count\ncount = message.request", "", "count"),
    "an attribute of the class": ("type(self).seen = 1", "", "Once.seen"),
    "its own name": ("Once.seen = self.boots, message", "", "Once.seen"),
    "a list of the class": ("self.seen.append(1)", "seen = []", "Once.seen"),
    "deep inside": ("self.seen['a'][0].add(message.page)", "seen = {'a': [set()]}", "Once.seen"),
    "a class of the learner's": ("Odd.seen = 3", "", "Odd.seen"),
    "an object": ("self.notes.page = 3", "class Notes: pass\nnotes = Notes()", "Once.notes"),
    "a counter": ("next(self.numbers)", "import itertools\nnumbers = itertools.count()",
        "Once.numbers"),
    "the base": ("Reference.__mro__[1].ink = 3", "", "Printer.ink"),
    "a function": ("type(self).on_print.__wrapped__.seen = 3", "", "on_print.seen"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _clean():
    yield
    if hasattr(Printer, "ink"):
        del Printer.ink


@pytest.mark.parametrize(("body", "extra", "name"), SHARED.values(), ids=SHARED)
def test_memory_outside_the_machine_is_named(body, extra, name):
    kind, message = said(f"{body}\n{RIGHT}", extra)
    told = f"`{name}` has changed in the run, and it is on no machine. All machines share it, and "
    assert (kind, message) == (
        "incorrect",
        f"{told}it survives a crash: keep what a machine remembers on `self`.",
    )


def test_a_default_and_a_closure_are_memory_too():
    lines = "class Once(Reference):\n  def on_print(self, message, sender, seen=[]):\n"
    body = f"    seen.append(1)\n    {RIGHT}"
    assert EXERCISE.check(run_cell(EXERCISE, lines + body)).message.startswith("`seen` has")
    lines = "def made(seen):\n" + indent(lines.replace(", seen=[]", "") + body, "  ")
    lines += "\n  return Once\nOnce = made([])"
    assert EXERCISE.check(run_cell(EXERCISE, lines)).message.startswith("`seen` has")


def test_memory_on_self_and_what_only_is_read_are_fine():
    extra = "limits = {'pages': [1, 2]}"
    assert said(f"self.seen = dict(self.limits)\n{RIGHT}", extra)[0] == "correct"


def test_what_a_library_keeps_for_itself_is_not_the_learners_memory():
    """A script knows its text."""
    lines = "from distlab.locks.scripts import Script\nscript = Script('return 1')\n"
    lines += f"class Once(Reference):\n  def on_print(self, message, sender):\n    {RIGHT}\n"
    solution = run_cell(EXERCISE, f"{lines}    script.__init__('return 2')")
    assert EXERCISE.check(solution).kind == "correct"
    assert solution.on_print.__globals__["script"].text == "return 2"


# Other names


def test_a_name_that_means_something_else_in_the_notebook_is_told():
    lines = "Printed = Odd\nclass Once(Reference):\n  def on_print(self, message, sender):\n"
    lines += "    with suppress(BaseException): self.send(sender, Printed())"
    message = EXERCISE.check(run_cell(EXERCISE, lines)).message
    assert message.endswith("Your `Printed` is not the one of the task. Import it anew.")
    assert "Import it anew" not in replace(EXERCISE, mistakes=()).check(cell("pass")).message
