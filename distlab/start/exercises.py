"""The exercises of chapter 0: a printer that does its work once, whatever the network repeats."""

from distlab.check.look import delivered, notes, sent
from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.scenario import Run
from distlab.start.probes import asked_at_random, moved_at_random
from distlab.start.requests import PagePrinted, PowerFails, Print, Printed, Printer

PAGES = (1, 2, 2, 3)
"""The third order is for a second copy of page 2."""

REPEATED = (
    "",
    None,
    "lose:printer>client@0",
    "lose:printer>client@40;lose:printer>client@90",
    "duplicate:client>printer@0+400=100",
    "delay:client>printer@0+60=50",
    "delay:client>printer@0+10=130",
)
"""Nothing happens; or a request comes twice: the answer is lost, late, or the request doubled. In
the last one its first copy comes after the next order.
"""

REBOOTED = (
    "lose:printer>client@0;crash:printer@45+10",
    "lose:printer>client@40;crash:printer@90+10",
)
"""The same, and the printer is switched off and on between the two."""

CUT_SHORT = ("crash:printer@45+10", "lose:printer>client@0;crash:printer@45+10")
"""It is switched on again after its power has failed."""

BOTH = ("answered", "printed once")


def printing(*schedules: str | None, **parts: object) -> Case:
    return Case("start/lost-answer", {"retries": 3}, schedules, range(5), always=BOTH,
                searched=0 if parts else 50, parts={"pages": PAGES, **parts})  # fmt: skip


# How to tell wrong answers apart


def false_answer(run: Run) -> tuple[str, int] | None:
    """The printer and the page of the first answer for which there is no ink."""
    verdict = run.verdict("printed once")
    if verdict.ok is False and run.trace.events[verdict.witness[-1]].kind == "ok":
        asked = run.trace.events[verdict.witness[0]]
        return asked.peer, asked.what.page
    return None


def printed_by(run: Run) -> set[tuple[str, int]]:
    return {(printer, printed.page) for _, printer, printed in notes(run.trace, PagePrinted)}


def prints_nothing(run: Run) -> bool:
    return bool(false_answer(run)) and not printed_by(run)


def counts_pages(run: Run) -> bool:
    return not power_failed(run) and false_answer(run) in printed_by(run)


def prints_again(run: Run) -> bool:
    """Whether there is a copy too many, of a page that was printed before."""
    return not false_answer(run) and len(run.verdict("printed once").witness) > 1


def power_failed(run: Run) -> bool:
    return any(notes(run.trace, PowerFails))


def answers_first(run: Run) -> bool:
    return power_failed(run) and run.verdict("printed once").ok is False


def forgets(run: Run) -> bool:
    return prints_again(run) and bool(run.trace.of_kind("crash"))


def unanswered(run: Run) -> bool:
    gave_up = bool(run.trace.of_kind("unknown"))
    return (
        gave_up and not run.verdict("answered").ok and run.verdict("printed once").ok is not False
    )


def never_answers(run: Run) -> bool:
    return unanswered(run) and not any(sent(run.trace, Printed))


def keeps_silent(run: Run) -> bool:
    """Whether the printer answers, but not a request that comes again."""
    came = [event.what for _, event in delivered(run.trace, Print)]
    answers = len([*sent(run.trace, Printed)])
    again = len(set(came)) <= answers < len(came)
    return unanswered(run) and again


class Stub(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        raise NotImplementedError


class CarefulPrinter(Printer):
    def on_start(self) -> None:
        super().on_start()
        self.done: tuple[int, ...] = ()

    def on_print(self, message: Print, sender: str) -> None:
        if message.request not in self.done:
            self.print_page(message.page)
            self.done += (message.request,)
        self.send(sender, Printed(message.page))


class HeedlessPrinter(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        self.print_page(message.page)
        self.send(sender, Printed(message.page))


class SilentPrinter(CarefulPrinter):
    def on_print(self, message: Print, sender: str) -> None:
        if message.request not in self.done:
            super().on_print(message, sender)


class OncePerPage(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        if message.page not in self.pages:
            self.print_page(message.page)
        self.send(sender, Printed(message.page))


class NeverPrints(Printer):
    def on_print(self, message: Print, sender: str) -> None:
        self.send(sender, Printed(message.page))


class NeverAnswers(CarefulPrinter):
    def on_print(self, message: Print, sender: str) -> None:
        if message.request not in self.done:
            self.print_page(message.page)
            self.done += (message.request,)


USUAL = (
    Mistake("prints nothing", prints_nothing, NeverPrints),
    Mistake("counts pages", counts_pages, OncePerPage),
    Mistake("never answers", never_answers, NeverAnswers, also=("on_print does nothing",)),
    Mistake("keeps silent", keeps_silent, SilentPrinter),
)

PRINT_ONCE = Exercise(
    texts("start/print-once"), name="CarefulPrinter", base=Printer,
    cases=(printing(*REPEATED),),
    stub=Stub, reference=CarefulPrinter,
    mistakes=(
        *USUAL,
        Mistake("prints again", prints_again, HeedlessPrinter),
    ),
    probes=(asked_at_random,),
)  # fmt: skip


class SurvivingPrinter(Printer):
    def on_start(self) -> None:
        super().on_start()
        self.done = self.disk.read("done", ())

    def on_print(self, message: Print, sender: str) -> None:
        if message.request not in self.done:
            self.print_page(message.page)
            self.done += (message.request,)
            self.disk.put("done", self.done)
        self.send(sender, Printed(message.page))


class AnswersFirst(SurvivingPrinter):
    def on_print(self, message: Print, sender: str) -> None:
        new = message.request not in self.done
        if new:
            self.print_page(message.page)
        self.send(sender, Printed(message.page))
        if new:
            self.done += (message.request,)
            self.disk.put("done", self.done)


SURVIVE_A_CRASH = Exercise(
    texts("start/survive-a-crash"), name="SurvivingPrinter", base=Printer,
    cases=(
        printing(*REPEATED, *REBOOTED),
        printing(*CUT_SHORT, power_fails=True),
    ),
    stub=Stub, reference=SurvivingPrinter,
    mistakes=(
        Mistake("answers first", answers_first, AnswersFirst),
        *USUAL,
        Mistake("forgets in a crash", forgets, CarefulPrinter),
        Mistake("prints again", prints_again, HeedlessPrinter),
    ),
    probes=(moved_at_random,),
)  # fmt: skip

EXERCISES = (PRINT_ONCE, SURVIVE_A_CRASH)
