"""Chapter 0's exercises: wrong answers and what is said of them, and other right ones."""

import re
from contextlib import suppress
from typing import ClassVar

import pytest

from distlab.start.exercises import PRINT_ONCE, SURVIVE_A_CRASH, CarefulPrinter, SurvivingPrinter
from distlab.start.requests import PagePrinted, Printed, Printer


class Idle(Printer):
    def on_print(self, message, sender):
        pass


class AnswersAnything(CarefulPrinter):
    def on_print(self, message, sender):
        super().on_print(message, sender)
        self.send(sender, "done")


class AnswersForPageOne(CarefulPrinter):
    def on_print(self, message, sender):
        self.print_page(message.page)
        self.send(sender, Printed(1))


class SwallowsItsError(Printer):
    def on_print(self, message, sender):
        with suppress(AttributeError):
            self.print_pages(message.page)
        self.send(sender, Printed(message.page))


class OnlyTheFirst(CarefulPrinter):
    def on_print(self, message, sender):
        if not self.done:
            super().on_print(message, sender)


class PrintsBeforeItIsAsked(Printer):
    def on_start(self):
        super().on_start()
        for page in (1, 2, 2, 3):
            self.print_page(page)

    def on_print(self, message, sender):
        self.send(sender, Printed(message.page))


class RemembersTheSender(CarefulPrinter):
    """The sender is a return address, and each request has a new one."""

    def on_print(self, message, sender):
        if sender not in self.done:
            self.print_page(message.page)
            self.done += (sender,)
        self.send(sender, Printed(message.page))


class RemembersTheLast(CarefulPrinter):
    def on_print(self, message, sender):
        if message.request not in self.done[-1:]:
            self.print_page(message.page)
            self.done += (message.request,)
        self.send(sender, Printed(message.page))


class RemembersPages(Printer):
    def on_start(self):
        self.pages = self.disk.read("pages", ())

    def on_print(self, message, sender):
        if message.page not in self.pages:
            self.print_page(message.page)
            self.disk.put("pages", self.pages)
        self.send(sender, Printed(message.page))


def memory_by_name():
    class OneForEachName(Printer):
        memory: ClassVar = {}

        def on_print(self, message, sender):
            done = self.memory.setdefault(self.name, [])
            if message.request not in done:
                self.print_page(message.page)
                done.append(message.request)
            self.send(sender, Printed(message.page))

    return OneForEachName


class DoesNotSync(SurvivingPrinter):
    def on_print(self, message, sender):
        if message.request not in self.done:
            self.print_page(message.page)
            self.done += (message.request,)
            self.disk.write("done", self.done)
        self.send(sender, Printed(message.page))


class DoesNotRead(SurvivingPrinter):
    def on_start(self):
        super().on_start()
        self.done = ()


class SavesLater(SurvivingPrinter):
    def on_print(self, message, sender):
        if message.request not in self.done:
            self.print_page(message.page)
            self.done += (message.request,)
            self.after(30, lambda: self.disk.put("done", self.done))
        self.send(sender, Printed(message.page))


class AnswersBeforeAll(SurvivingPrinter):
    def on_print(self, message, sender):
        self.send(sender, Printed(message.page))
        if message.request not in self.done:
            self.print_page(message.page)
            self.done += (message.request,)
            self.disk.put("done", self.done)


class AnswersAndWaits(SurvivingPrinter):
    async def on_print(self, message, sender):
        if message.request not in self.done:
            self.print_page(message.page)
        self.send(sender, Printed(message.page))
        await self.sleep(0)
        self.done += (message.request,)
        self.disk.put("done", self.done)


class SavesInFinally(SurvivingPrinter):
    """When the power fails, no `finally` runs."""

    def on_print(self, message, sender):
        try:
            if message.request not in self.done:
                self.print_page(message.page)
            self.send(sender, Printed(message.page))
        finally:
            self.done += (message.request,)
            self.disk.put("done", self.done)


@pytest.mark.parametrize("exercise", [PRINT_ONCE, SURVIVE_A_CRASH], ids=lambda each: each.name)
@pytest.mark.parametrize(
    ("cheat", "words"),
    [
        (Idle, "Your printer sends no answer"),
        (AnswersAnything, "answered 'done'; Printed(page) is expected"),
        (AnswersForPageOne, "asked for page 2 and was told of 1"),
        (SwallowsItsError, "has no attribute 'print_pages'"),
        (OnlyTheFirst, "asked for page 2 and never learnt"),
        (PrintsBeforeItIsAsked, "printed page 1, which nobody had ordered"),
        (RemembersTheSender, "look before you print"),
        (RemembersTheLast, "look before you print"),
        (RemembersPages, "A second copy was ordered"),
        (memory_by_name, "share"),
    ],
)
def test_cheats(exercise, cheat, words):
    result = exercise.check(cheat if isinstance(cheat, type) else cheat())
    assert result.kind in ("incorrect", "error")
    assert words in result.message


@pytest.mark.parametrize(
    ("cheat", "mistake"),
    [
        (DoesNotSync, "forgets in a crash"),
        (DoesNotRead, "forgets in a crash"),
        (SavesLater, "forgets in a crash"),
        (AnswersBeforeAll, "answers first"),
        (AnswersAndWaits, "answers first"),
        (SavesInFinally, "answers first"),
    ],
)
def test_cheats_that_a_crash_brings_to_light(cheat, mistake):
    result = SURVIVE_A_CRASH.check(cheat)
    assert (result.kind, result.mistake) == ("incorrect", mistake)
    assert PRINT_ONCE.check(cheat).kind == "correct"


# What only requests in an order that no story tells bring to light


class Remembers(SurvivingPrinter):
    """Keeps of the numbers what `keep` leaves, also on its disk."""

    keep = staticmethod(lambda done: done)

    def on_print(self, message, sender):
        super().on_print(message, sender)
        self.done = self.keep(self.done)
        self.disk.put("done", self.done)


class TheLastTwo(Remembers):
    keep = staticmethod(lambda done: done[-2:])


class TheHighest(Remembers):
    keep = staticmethod(lambda done: tuple(range(max(done) + 1)))


class AnswersTwice(SurvivingPrinter):
    def on_print(self, message, sender):
        super().on_print(message, sender)
        self.send(sender, Printed(message.page))


class LooksAndSleeps(SurvivingPrinter):
    async def on_print(self, message, sender):
        if message.request not in self.done:
            await self.sleep(3)
            self.print_page(message.page)
            self.done += (message.request,)
            self.disk.put("done", self.done)
        self.send(sender, Printed(message.page))


class OnlyNotes(SurvivingPrinter):
    def print_page(self, page):
        self.note(PagePrinted(page))


class Memory:
    def __init__(self):
        self.done = set()


class MemoryOfItsOwn(Printer):
    """A crash resets the machine's own attributes, and not what is in them."""

    def __init__(self, name):
        super().__init__(name)
        self.memory = Memory()

    def on_print(self, message, sender):
        if message.request not in self.memory.done:
            self.print_page(message.page)
            self.memory.done.add(message.request)
        self.send(sender, Printed(message.page))


MADE = r"have to be made: \d+; yours made \d+"


@pytest.mark.parametrize(
    ("cheat", "words"),
    [
        (TheLastTwo, MADE),
        (TheHighest, MADE),
        (OnlyNotes, "`PagePrinted` is the simulation's"),
        (AnswersTwice, r"one answer, \d+ in all; yours sent \d+"),
        (LooksAndSleeps, MADE),
    ],
)
def test_cheats_that_requests_in_any_order_bring_to_light(cheat, words):
    for exercise in (PRINT_ONCE, SURVIVE_A_CRASH):
        result = exercise.check(cheat)
        assert result.kind == "incorrect"
        assert re.search(words, result.message)


def test_only_the_disk_goes_to_another_printer():
    result = SURVIVE_A_CRASH.check(MemoryOfItsOwn)
    assert result.kind == "incorrect"
    assert "nothing but the disk outlives a crash" in result.message


class SavesUnderAnotherName(SurvivingPrinter):
    """The power has failed: the disk is off, whatever it is called."""

    def on_start(self):
        super().on_start()
        self.store = self.disk

    def on_print(self, message, sender):
        try:
            if message.request not in self.done:
                self.print_page(message.page)
            self.send(sender, Printed(message.page))
        finally:
            self.done += (message.request,)
            self.store.put("done", self.done)


def test_the_power_of_the_disk_fails_too():
    assert SURVIVE_A_CRASH.check(SavesUnderAnotherName).mistake == "answers first"


class KeepsANoteForEach(Printer):
    async def on_print(self, message, sender):
        key = f"request {message.request}"
        if not self.disk.read(key):
            self.print_page(message.page)
            self.disk.put(key, True)
        self.send(sender, Printed(message.page))


class KeepsASet(Printer):
    def on_start(self):
        super().on_start()
        self.done = self.disk.read("done", set()) if self.boots else set()

    def on_print(self, message, sender):
        if message.request in self.done:
            return self.send(sender, Printed(message.page))
        self.done.add(message.request)
        self.print_page(message.page)
        self.disk.write("done", self.done)
        self.disk.sync()
        return self.send(sender, Printed(message.page))


@pytest.mark.parametrize("right", [KeepsANoteForEach, KeepsASet])
def test_other_right_printers(right):
    for exercise in (PRINT_ONCE, SURVIVE_A_CRASH):
        assert exercise.check(right).kind == "correct"
