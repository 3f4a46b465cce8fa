"""The common part of all servers: each request once, refusals over the wire, hanging up."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from distlab.host import Refused
from distlab.servers.service import LATER, Hangup, Refusal, Service, Unsure, ask
from distlab.sim import Client
from distlab.sim.trace import Trace
from tests.servers.worlds import play


@dataclass(frozen=True, slots=True)
class Take:
    pieces: int


@dataclass(frozen=True, slots=True)
class TakeSlowly:
    pieces: int


@dataclass(frozen=True, slots=True)
class WaitForMore:
    pass


@dataclass(frozen=True, slots=True)
class Refill:
    pieces: int


@dataclass(frozen=True, slots=True)
class Left:
    pieces: int


class SoldOut(Refused):
    pass


class Stock(Service):
    def on_start(self) -> None:
        self.left = int(self.disk.read("left", 2))
        self.waiting: dict[str, None] = {}

    def on_take(self, request: Take, sender: str) -> int:
        if request.pieces > self.left:
            raise SoldOut(f"{self.left} left")
        self.left -= request.pieces
        self.disk.put("left", self.left)
        return self.left

    async def on_take_slowly(self, request: TakeSlowly, sender: str) -> Left:
        await self.sleep(10)
        if request.pieces > 100:
            raise TimeoutError("the warehouse does not answer")
        return Left(self.on_take(Take(request.pieces), sender))

    def on_wait_for_more(self, request: WaitForMore, sender: str) -> Any:
        self.waiting[sender] = None
        return LATER

    def on_refill(self, message: Refill, sender: str) -> None:
        self.left += message.pieces
        for waiter in self.waiting:
            self.answer(waiter, Left(self.left))

    def abandoned(self, sender: str) -> None:
        self.waiting.pop(sender, None)

    def describe(self) -> str:
        return f"{self.left} left, {len(self.waiting)} wait"


def run(program: Callable[[Client], Coroutine[Any, Any, Any]], *faults: str) -> tuple[Any, Trace]:
    """What the program returns, of a client beside a stock of two pieces; and the trace."""
    faults_ = ";".join(faults)
    found: tuple[Any, Trace] = play(program, Stock("stock"), faults=faults_, latency_ms=(2, 2))
    return found


@pytest.mark.parametrize(
    ("request_", "answer"),
    [(Take(1), 1), (TakeSlowly(1), Left(1)), (Take(0), 2)],
    ids=["at once", "later, a message", "nothing taken"],
)
def test_the_answer_of_a_handler_is_what_ask_returns(request_: Any, answer: Any) -> None:
    assert run(lambda client: ask(client, "stock", request_))[0] == answer


@pytest.mark.parametrize("request_", [Take(3), TakeSlowly(3)], ids=["sync", "async"])
def test_a_refusal_is_raised_at_the_caller(request_: Any) -> None:
    async def program(client: Client) -> tuple[type, str]:
        try:
            await ask(client, "stock", request_)
        except Refused as error:
            return type(error), str(error)
        raise AssertionError("not refused")

    found, trace = run(program)
    assert found == (SoldOut, "2 left")
    (sent,) = [event for event in trace.of_kind("send") if event.node == "stock"]
    assert isinstance(sent.what, Refusal)
    assert str(sent.what) == "2 left"
    assert sent.what.body.__traceback__ is None  # it would hold on to the whole run


@pytest.mark.parametrize("request_", [TakeSlowly(101), Take(1)], ids=["unsure", "crashed"])
def test_without_a_definite_answer_the_outcome_is_unknown(request_: Any) -> None:
    async def program(client: Client) -> str:
        with pytest.raises(TimeoutError) as raised:
            await ask(client, "stock", request_, timeout_ms=50)
        return str(raised.value)

    faults = ["crash:stock@1+400"] if isinstance(request_, Take) else []
    said, trace = run(program, *faults)
    answers = [event.what for event in trace.of_kind("send") if event.node == "stock"]
    assert [type(answer) for answer in answers] == ([] if faults else [Unsure])
    assert said == ("nothing within 50 ms" if faults else "the warehouse does not answer")


def test_a_copy_of_a_request_is_dropped_and_a_second_request_is_not() -> None:
    async def program(client: Client) -> tuple[int, int]:
        return await ask(client, "stock", Take(1)), await ask(client, "stock", Take(1))

    found, trace = run(program, "duplicate:client>stock@0+500=100")
    assert found == (1, 0)
    assert trace.text().count("deliver  stock") == 4


def test_a_crash_loses_the_memory_of_requests_but_not_the_disk() -> None:
    async def program(client: Client) -> int:
        await ask(client, "stock", Take(1))
        await client.sleep(50)
        return int(await ask(client, "stock", Take(0)))

    assert run(program, "crash:stock@20+10")[0] == 1


def test_a_message_that_nobody_waits_for_is_handled_each_time() -> None:
    async def program(client: Client) -> int:
        client.send("stock", Refill(5))
        await client.sleep(10)
        return int(await ask(client, "stock", Take(0)))

    assert run(program, "duplicate:client>stock@0+5=100")[0] == 12


def test_a_handler_may_answer_later_and_a_caller_that_gives_up_is_forgotten() -> None:
    async def program(client: Client) -> Left:
        with pytest.raises(TimeoutError):
            await ask(client, "stock", WaitForMore(), timeout_ms=20, hang_up=True)
        waiting = client.spawn(ask(client, "stock", WaitForMore(), timeout_ms=None, hang_up=True))
        await client.sleep(10)
        client.send("stock", Refill(5))
        found: Left = await waiting
        return found

    found, trace = run(program)
    assert found == Left(7)
    assert "2 left, 0 wait" in trace.text()
    assert len([e for e in trace.of_kind("send") if isinstance(e.what, Hangup)]) == 1
    assert not trace.of_kind("drop")


def test_hanging_up_cancels_an_async_handler_also_before_it_has_come() -> None:
    async def program(client: Client) -> int:
        with pytest.raises(TimeoutError):
            await ask(client, "stock", TakeSlowly(1), timeout_ms=5, hang_up=True)
        with pytest.raises(TimeoutError):
            await ask(client, "stock", TakeSlowly(1), timeout_ms=5, hang_up=True)
        await client.sleep(100)
        return int(await ask(client, "stock", Take(0)))

    found, trace = run(program, "delay:client>stock@0+1=20")
    assert found == 2
    assert "hang up" in trace.text()
