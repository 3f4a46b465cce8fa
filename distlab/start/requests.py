"""A client asks, a server does the work and answers: the smallest distributed system.

The client cannot tell a lost request from a lost answer. Without retries it may go away empty; with
retries the server may do the same work twice. Both are the same silence, seen from the client.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from typing import Any

from distlab import host
from distlab.sim import Client, Node
from distlab.sim.client import Program
from distlab.sim.disk import Disk
from distlab.sim.kernel import Cancelled
from distlab.sim.trace import Note


@dataclass(frozen=True, slots=True)
class Print:
    """Please print this page.

    `request` is the client's number for this order. A repetition has the same number; a new order
    has a new one, also when it is for the same page.
    """

    page: int
    request: int


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
    """Prints a page each time that it is asked for it, even if the same request comes again."""

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


@dataclass(frozen=True, slots=True)
class PowerFails(Note):
    """The machine does nothing any more until it is switched on again."""

    def __str__(self) -> str:
        return "the power fails"


def failing(kind: type[Printer]) -> type[Printer]:
    """A printer of this kind whose power fails as its first answer leaves.

    What its code would do after `send` is not done: a crash may fall between two lines. From then
    on it is silent. (The schedule has to switch it off and on again.)
    """

    class Failing(kind):  # type: ignore[misc, valid-type]
        def on_start(self) -> Any:
            self._silent = False
            return super().on_start()

        def handler_for(self, kind: type) -> Callable[..., Any]:
            return self._while_on(super().handler_for(kind))

        def after(self, ms: float, callback: Callable[[], None]) -> Any:
            return super().after(ms, self._while_on(callback))

        def _while_on(self, handler: Callable[..., Any]) -> Callable[..., Any]:
            def guarded(*given: Any) -> Any:
                with suppress(Cancelled):
                    return None if self._silent else handler(*given)

            return guarded

        @property
        def disk(self) -> host.Disk:
            return Disk() if self._silent else super().disk

        def send(self, target: str, message: Any) -> None:
            super().send(target, message)
            if not self.boots:
                self._silent = True
                # Code may have kept the disk under another name: that one is cut off from now on.
                self._simulated.disk = deepcopy(self._simulated.disk)
                self.note(PowerFails())
                raise Cancelled("the power fails")

    Failing.__name__ = kind.__name__
    return Failing


THINK_MS, FIRST_REQUEST = 40, 101


def print_pages(
    pages: Sequence[int], retries: int, timeout_ms: float, server: str = "printer"
) -> Program:
    """A client program: order these pages, and repeat each request up to `retries` times.

    It thinks for `THINK_MS` before it orders the next page. Orders are numbered by their place in
    `pages`, so they have the same numbers when the client begins again after a crash.
    """

    async def call(client: Client, request: Print) -> int:
        answer = await client.call(server, request, timeout_ms)
        if not isinstance(answer, Printed):
            raise TypeError(f"{server} answered {answer!r}; Printed(page) is expected")
        return answer.page

    async def ask(client: Client, request: Print) -> int:
        for _ in range(retries):
            with suppress(TimeoutError):
                return await call(client, request)
        return await call(client, request)  # the last try may raise

    async def program(client: Client) -> None:
        for request, page in zip(count(FIRST_REQUEST), pages):
            await client.perform("print", "", page, ask(client, Print(page, request)))
            await client.sleep(THINK_MS)

    return program
