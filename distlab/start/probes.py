"""The printers of the exercises, asked for pages in an order that no story would tell."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from random import Random
from typing import Any, NamedTuple

from distlab.check.look import notes
from distlab.sim import Node, World
from distlab.sim.disk import Disk
from distlab.sim.faults import parse_schedule
from distlab.start.requests import PagePrinted, Print, Printed, Printer

BOOTED_MS, LETTERS_MS, DONE_MS = 5, 400, 700
"""When the printer has booted (anew), how long requests are sent, and when all are answered."""


class Desk(Node):
    """Sends each request at its time and counts the answers by page."""

    def __init__(self, requests: tuple[tuple[int, Print], ...]) -> None:
        super().__init__("desk")
        self.requests = requests

    def on_start(self) -> None:
        self.answers: Counter[int] = Counter()
        for at_ms, request in self.requests:
            self.set_timer(at_ms, request)

    def on_print(self, request: Print) -> None:
        self.send("printer", request)

    def on_printed(self, message: Printed, sender: str) -> None:
        self.answers[message.page] += 1


def asked_at_random(solution: type[Printer], _: Any) -> Iterator[str]:
    """One printer that is never switched off."""
    for seed in range(12):
        yield from _asked(solution, seed, lives=1)


def moved_at_random(solution: type[Printer], _: Any) -> Iterator[str]:
    """The same, and now and then its disk is put into another printer of the same make."""
    for seed in range(12):
        yield from _asked(solution, seed, lives=3)


class Counted(NamedTuple):
    """Copies and answers by page, and the disk that is left."""

    copies: Counter[int]
    noted: Counter[int]
    answers: Counter[int]
    disk: Disk


def _asked(solution: type[Printer], seed: int, lives: int) -> Iterator[str]:
    draw = Random(seed)
    numbers = draw.sample(range(1, 1000), 120)
    orders: list[Print] = []
    before: set[Print] = set()
    disk = Disk()
    for _ in range(lives):
        requests = []
        for _ in range(4 + 2 * seed):
            if not orders or draw.random() < 0.5:
                orders.append(Print(draw.randint(1, 4), numbers.pop()))
            order = draw.choice(orders[-1:] + orders)
            requests.append((draw.choice((20, draw.randint(BOOTED_MS, LETTERS_MS))), order))
        requests.sort(key=lambda each: each[0])
        found = _life(solution, seed, tuple(requests), disk)
        disk = found.disk
        for page in range(1, 5):
            asked = [order for _, order in requests if order.page == page]
            copies = len({*asked} - before)
            said = _wrong(page, asked, copies, found)
            again = [order for order in dict.fromkeys(asked) if order in before]
            if said and again:
                said += (
                    f" The disk came from another printer of yours, which had printed for "
                    f"{_listed(again)}: nothing but the disk outlives a crash."
                )
            if said:
                yield said
        before |= {order for _, order in requests}
        yield ""


def _wrong(page: int, asked: list[Print], copies: int, found: Counted) -> str:
    said = f"The requests for page {page} were sent in this order: {_listed(asked)}."
    for made in (found.noted[page], found.copies[page]):
        if made != copies:
            return f"{said} So copies have to be made: {copies}; yours made {made}."
    if found.answers[page] != len(asked):
        return (
            f"{said} Each gets one answer, {len(asked)} in all; yours sent {found.answers[page]}."
        )
    return ""


def _listed(orders: Iterable[Print]) -> str:
    return ", ".join(str(order.request) for order in orders) or "none"


def _life(
    solution: type[Printer], seed: int, requests: tuple[tuple[int, Print], ...], disk: Disk
) -> Counted:
    """From one boot of a printer to the next: it has booted once before, with an empty disk."""
    with closing(World(seed)) as world:
        desk, printer = world.add(Desk(requests)), world.add(solution("printer"))
        world.inject(parse_schedule("crash:printer@1+1"))
        world.run(until_ms=1)
        machine = world.machine("printer")
        machine.disk = Disk()
        kept = disk.keys()
        for key in kept:
            machine.disk.put(key, disk.read(key))
        world.run(until_ms=BOOTED_MS - 1)
        before = Counter(printer.pages)
        trace = world.run(until_ms=DONE_MS)
        noted = Counter(printed.page for _, _, printed in notes(trace, PagePrinted))
        machine.disk.crash()  # what is not synced is lost
        return Counted(Counter(printer.pages) - before, noted, desk.answers, machine.disk)
