"""The exercises of chapter 0: a printer that does its work once, whatever the network repeats."""

from __future__ import annotations

from distlab.course.exercise import Case, Exercise, Mistake
from distlab.start.requests import Print, Printed, Printer

REPEATED = (
    None,
    "lose:printer>client@0",
    "lose:printer>client@40;lose:printer>client@90",
    "duplicate:client>printer@0+400=100",
    "delay:client>printer@0+60=50",
)
"""Schedules in which a request comes twice: the answer is lost, late, or the request doubled."""

REBOOTED = (
    "lose:printer>client@0;crash:printer@45+10",
    "lose:printer>client@40;crash:printer@90+10",
)
"""The same, and the printer is switched off and on between the two."""


BOTH = ("answered", "printed once")


class Stub(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        raise NotImplementedError


class CarefulPrinter(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        if message.page not in self.pages:
            self.print_page(message.page)
        self.send(sender, Printed(message.page))


class HeedlessPrinter(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        self.print_page(message.page)
        self.send(sender, Printed(message.page))


class SilentPrinter(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        if message.page in self.pages:
            return
        self.print_page(message.page)
        self.send(sender, Printed(message.page))


PRINT_ONCE = Exercise(
    id="start/print-once",
    title="Print once",
    task="Write CarefulPrinter: the client repeats its requests, yet no page is printed twice and "
    "every request gets an answer. self.pages holds the pages printed so far; "
    "self.print_page(page) prints one; self.send(sender, Printed(page)) answers.",
    name="CarefulPrinter",
    base=Printer,
    cases=(Case("start/lost-answer", {"retries": 3}, REPEATED, range(5), always=BOTH),),
    stub=Stub,
    reference=CarefulPrinter,
    hints=(
        "The printer cannot know that its answer was lost. What can it know when the same request "
        "comes again?",
        "Look at self.pages before you print.",
        "When the page is printed already, skip print_page, but answer all the same: the client "
        "asks again because it has heard nothing.",
    ),
    mistakes=(
        Mistake(
            "prints again",
            "The request came twice and so did the page: look before you print.",
            "printed once=violated",
            HeedlessPrinter,
        ),
        Mistake(
            "keeps silent",
            "A repeated request got no answer. The client repeats it because it has heard nothing.",
            "answered=violated and printed once=holds",
            SilentPrinter,
        ),
    ),
)


class SurvivingPrinter(Printer):
    def on_start(self) -> None:
        self.pages = self.disk.read("pages", ())

    def on_print(self, message: Print, sender: str) -> None:
        if message.page not in self.pages:
            self.print_page(message.page)
            self.disk.put("pages", self.pages)
        self.send(sender, Printed(message.page))


SURVIVE_A_CRASH = Exercise(
    id="start/survive-a-crash",
    title="Survive a crash",
    task="Write SurvivingPrinter: as CarefulPrinter, and the printer may be switched off and on at "
    "any time. Memory is what on_start makes; self.disk.put(key, value) and "
    "self.disk.read(key, default) outlive a crash.",
    name="SurvivingPrinter",
    base=Printer,
    cases=(Case("start/lost-answer", {"retries": 3}, REPEATED + REBOOTED, range(5), always=BOTH),),
    stub=Stub,
    reference=SurvivingPrinter,
    hints=(
        "Which of the printer's variables is still there after a crash?",
        "on_start runs at every boot. Let it read what the disk holds.",
        "After print_page, put self.pages on the disk, before you answer.",
    ),
    mistakes=(
        Mistake(
            "forgets in a crash",
            "After the crash the printer no longer knew what it had printed: it was only in "
            "memory, or written but not yet synced.",
            lambda run: not run.verdict("printed once").ok and bool(run.trace.of_kind("crash")),
            CarefulPrinter,
        ),
        Mistake(
            "keeps silent",
            "A repeated request got no answer. The client repeats it because it has heard nothing.",
            "answered=violated and printed once=holds",
            SilentPrinter,
        ),
    ),
)

EXERCISES = (PRINT_ONCE, SURVIVE_A_CRASH)
