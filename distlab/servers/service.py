"""The common part of all simulated servers: it takes requests, and answers or refuses them.

    @dataclass(frozen=True, slots=True)
    class Take:
        pieces: int

    class Stock(Service):
        def on_start(self):
            self.left = self.disk.read("left", 8)

        def on_take(self, request: Take, sender: str) -> int:
            if request.pieces > self.left:
                raise Refused("sold out")
            self.left -= request.pieces
            self.disk.put("left", self.left)
            return self.left

    left = await ask(client, "stock", Take(1), timeout_ms=60)

A request is a message that comes by `call`, as `ask` sends it. Its handler is a method or an
`async` method, and returns the answer. A handler that raises `Refused` refuses: `ask` raises the
same error at the caller. A message that comes by `send` is handled as on any other node.

**Each request is taken once.** A copy that the network made is dropped, as TCP would drop it. A
caller that asks again sends a new request. The service must recognise the repetition itself, by a
key that the caller chose.

**Outcomes.** An answer means that it happened, a `Refused` that it did not and never will. A
`TimeoutError` says nothing: the request was lost, or the answer was, or both are still on their
way. So it may have happened, may yet happen, or may never happen. If a handler's own question to
another server times out, it raises that `TimeoutError` to its caller.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import is_dataclass
from functools import cached_property, partial
from inspect import iscoroutine
from typing import Any

from distlab.host import Refused
from distlab.servers.words import Words, words
from distlab.sim import Node
from distlab.sim.kernel import Task


class Answer(Words):
    """`body` is what the handler returned. An answer that is a message itself goes as it is."""


class Refusal(Words):
    """`body` is the `Refused` that the handler raised."""


class Unsure(Words):
    """`body` is a `TimeoutError`: the server does not know the outcome itself."""


class Hangup(Words):
    """The caller no longer waits for the answer to what it sent from this address."""


LATER: Any = object()
"""Returned by a handler that calls `self.answer` later, or never."""


class Service(Node):
    """A machine that answers requests: see the beginning of this module."""

    # Memory that a crash clears, as all attributes that were not set in `__init__`.

    @cached_property
    def _taken(self) -> set[str]:
        """The addresses of the requests that were taken: each address asks once."""
        return set()

    @cached_property
    def _at_work(self) -> dict[str, Task]:
        """The tasks of `async` handlers, by the address of the request."""
        return {}

    def answer(self, sender: str, answer: Any) -> None:
        """Send what `ask` returns. A `Refused` or a `TimeoutError` is raised there."""
        self.send(sender, _message(answer))

    def abandoned(self, sender: str) -> None:
        """The caller has hung up: forget what it waits for. An `async` handler is cancelled."""

    def handler_for(self, kind: type) -> Callable[..., Any]:
        """Returns the node's handler, wrapped so that each request is taken once."""
        handler = super().handler_for(kind)
        return handler if kind is Hangup else partial(self._take_once, handler)

    def on_hangup(self, message: Hangup, sender: str) -> None:
        self._taken.add(sender)  # should the request come after this, it comes too late
        if task := self._at_work.get(sender):
            task.cancel()
        self.abandoned(sender)

    def _take_once(self, handler: Callable[..., Any], request: Any, sender: str = "") -> Any:
        if not sender:  # a timer
            return handler(request)
        if "#" not in sender:  # it was sent, not called: nobody waits
            return handler(request, sender)
        if sender in self._taken:
            return None
        self._taken.add(sender)
        try:
            answer = handler(request, sender)
        except (Refused, TimeoutError) as error:
            answer = error
        if iscoroutine(answer):
            work = self._answer_when_done(answer, sender)
            self._at_work[sender] = self.spawn(work, background=True)
        elif answer is not LATER:
            self.answer(sender, answer)
        return None

    async def _answer_when_done(self, work: Any, sender: str) -> None:
        try:
            answer = await work
        except (Refused, TimeoutError) as error:
            answer = error
        finally:
            self._at_work.pop(sender, None)
        if answer is not LATER:
            self.answer(sender, answer)


def _message(answer: Any) -> Any:
    if isinstance(answer, Refused | TimeoutError):
        kind = Refusal if isinstance(answer, Refused) else Unsure
        # A traceback would hold on to the whole run. (Where Dask is loaded, copies have one.)
        return kind(str(answer) or type(answer).__name__, copy(answer).with_traceback(None))
    if isinstance(answer, Words) or is_dataclass(answer):
        return answer
    return Answer(words(answer), answer)


async def ask(
    node: Node, server: str, request: Any, timeout_ms: float | None = 200, hang_up: bool = False
) -> Any:
    """Send `request` from `node` to a service, and return the answer.

    Raises the service's `Refused`, and `TimeoutError` when no answer has come after `timeout_ms`
    (None: wait for ever): the outcome is unknown then. With `hang_up`, a caller that stops waiting
    tells the service, so that a request that waits there is forgotten.
    """
    farewell = Hangup("hang up") if hang_up else None
    answer = await node.call(server, request, timeout_ms, farewell)
    if isinstance(answer, Refusal | Unsure):
        raise copy(answer.body)
    return answer.body if isinstance(answer, Answer) else answer
