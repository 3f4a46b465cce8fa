"""A client asks, a server does the work and answers: the smallest distributed system.

The client cannot tell a lost request from a lost answer. Without retries it may go away empty; with
retries the server may do the same work twice. Both are the same silence, seen from the client.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from distlab.sim import Client, Node
from distlab.sim.client import Program
from distlab.sim.trace import Note


@dataclass(frozen=True, slots=True)
class Print:
    """Please print this page."""

    page: int


@dataclass(frozen=True, slots=True)
class Printed:
    """It is printed."""

    page: int


@dataclass(frozen=True, slots=True)
class PagePrinted(Note):
    """There is ink on paper."""

    page: int

    def __str__(self) -> str:
        return f"printed page {self.page}"


class Printer(Node):
    """Prints every page that it is asked for, even if it has printed that page before."""

    def on_start(self) -> None:
        self.pages: tuple[int, ...] = ()

    def on_print(self, message: Print, sender: str) -> None:
        self.print_page(message.page)
        self.send(sender, Printed(message.page))

    def print_page(self, page: int) -> None:
        """Put ink on paper. This cannot be undone."""
        self.pages += (page,)
        self.note(PagePrinted(page))

    def describe(self) -> str:
        return "printed " + (", ".join(map(str, self.pages)) or "nothing")


THINK_MS = 40


def print_pages(pages: int, retries: int, timeout_ms: float, server: str = "printer") -> Program:
    """A client program: print pages 1 to `pages`, repeating each request up to `retries` times.

    It thinks for `THINK_MS` before it asks for the next page.
    """

    async def ask(client: Client, page: int) -> Any:
        for _ in range(retries):
            with suppress(TimeoutError):
                return (await client.call(server, Print(page), timeout_ms)).page
        return (await client.call(server, Print(page), timeout_ms)).page  # the last try may raise

    async def program(client: Client) -> None:
        for page in range(1, pages + 1):
            await client.perform("print", "", page, ask(client, page))
            await client.sleep(THINK_MS)

    return program
