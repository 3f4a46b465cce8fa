"""The exercises of chapter 0: a printer that does its work once, whatever the network repeats."""

from distlab.course.exercise import Case, Exercise, Mistake, texts
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
    texts("start/print-once"), name="CarefulPrinter", base=Printer,
    cases=(
        Case("start/lost-answer", {"retries": 3}, REPEATED, range(5), always=BOTH),
    ),
    stub=Stub, reference=CarefulPrinter,
    mistakes=(
        Mistake("prints again", "printed once=violated", HeedlessPrinter),
        Mistake("keeps silent", "answered=violated and printed once=holds", SilentPrinter),
    ),
)  # fmt: skip


class SurvivingPrinter(Printer):
    def on_start(self) -> None:
        self.pages = self.disk.read("pages", ())

    def on_print(self, message: Print, sender: str) -> None:
        if message.page not in self.pages:
            self.print_page(message.page)
            self.disk.put("pages", self.pages)
        self.send(sender, Printed(message.page))


SURVIVE_A_CRASH = Exercise(
    texts("start/survive-a-crash"), name="SurvivingPrinter", base=Printer,
    cases=(
        Case("start/lost-answer", {"retries": 3}, REPEATED + REBOOTED, range(5), always=BOTH),
    ),
    stub=Stub, reference=SurvivingPrinter,
    mistakes=(
        Mistake("forgets in a crash",
            lambda run: not run.verdict("printed once").ok and bool(run.trace.of_kind("crash")),
            CarefulPrinter),
        Mistake("keeps silent", "answered=violated and printed once=holds", SilentPrinter),
    ),
)  # fmt: skip

EXERCISES = (PRINT_ONCE, SURVIVE_A_CRASH)
