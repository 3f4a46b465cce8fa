"""Clients: nodes that run a program and write down what they asked for and what they learnt.

The record of invocations and completions is the *history* that checkers judge. It holds only what
a client can know: an operation without an answer is `unknown`, not failed.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from distlab.host import Refused
from distlab.sim.node import Node
from distlab.sim.trace import Call

Program = Callable[["Client"], Coroutine[Any, Any, None]]


class Client(Node):
    """Runs `program(client)` from each boot on."""

    def __init__(self, name: str, program: Program) -> None:
        super().__init__(name)
        self.program = program

    async def on_start(self) -> None:
        await self.program(self)

    async def perform(
        self, function: str, key: str, argument: Any, attempt: Coroutine[Any, Any, Any]
    ) -> Any:
        """Await `attempt` as one operation of the history and return its result.

        `Refused` makes the operation failed, `TimeoutError` makes it unknown; both return None, so
        that a program goes on as a real client would.
        """
        machine = self._simulated
        number = next(machine.trace.operations)

        def record(kind: str, what: Any, why: str = "") -> None:
            machine.record((machine.kernel.now_us, kind, self.name, "", what, number, why))

        record("invoke", Call(function, key, argument))
        try:
            result = await attempt
        except Refused as error:
            record("failed", None, str(error) or type(error).__name__)
        except TimeoutError as error:
            record("unknown", None, str(error) or "no answer")
        else:
            record("ok", result)
            return result
        return None
