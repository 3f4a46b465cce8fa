"""The buyers of this chapter's flash sale, who all want one of the last pieces.

A buyer reads the stock, thinks, and writes what is left. Only a lock makes these three steps one.
To acquire, to buy and to release are operations of the history. So mutual exclusion is judged from
what the buyers did: a buyer is inside from the end of `acquire` to the beginning of `release`.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from distlab.host import Refused
from distlab.locks.lock import Busy, Held, Lock
from distlab.scenario import BAD, PRICE, Outcome, Scenario
from distlab.shop.service import PATIENCE_MS, ask_shop
from distlab.shop.stock import NextToken, ReadStock, WriteStock
from distlab.sim import Client
from distlab.sim.client import Program
from distlab.sim.kernel import Cancelled

LOCK = "lock"
THINK_MS, ASK_AGAIN_MS, LONGEST_MS = 10, 20, 60_000

ANY_FAULT = "partition; cut; lose; delay=1..60; hold+1..100; duplicate; crash+1..60; at most 3"
"""Everything but pauses and clock jumps: no lock that ends by itself survives those."""

LockScenario = partial(
    Scenario,
    nemesis=ANY_FAULT,
    latency_ms=(4, 6),
    others={
        "mutual exclusion": Outcome("two holders", PRICE),
        "never oversold": Outcome("oversold", BAD),
        "nothing refused": Outcome("refused", PRICE),
        "fencing order": Outcome("a late write", PRICE),
        "prompt": Outcome("slower", PRICE),
    },
)
"""A scenario of this chapter. A message takes 4 to 6 ms."""


async def purchase(
    client: Client,
    token: int | None = None,
    think_ms: float = THINK_MS,
    patience_ms: float | None = PATIENCE_MS,
    tries: int = 1,
) -> str:
    """Read, think, write. A refused write is tried `tries` times in all."""
    found = await ask_shop(client, ReadStock(token), patience_ms)
    if not found.pieces:
        return "sold out"
    await client.sleep(think_ms)
    write = WriteStock(found.pieces - 1, token)
    try:
        for _ in range(tries - 1):
            with suppress(Refused):
                await ask_shop(client, write, patience_ms)
                return "yours"
        await ask_shop(client, write, patience_ms)
    except Cancelled:  # the request is on its way
        raise TimeoutError("broken off: the shop may yet sell it") from None
    return "yours"


# Under a lock


class TokenOfTheShop(Lock):
    """A holder draws its fencing token at the shop, where the data is.

    This is a request of its own, so it may come late. A holder whose lock is over by then draws a
    higher number than the next holder, and the shop refuses the next holder, who had the right to
    go on. But the shop never lets two of them work at once, and that is what its fence is for.
    Counted in the script that acquires, numbers come in the order of the holders.
    """

    async def do_acquire(self, token: bytes) -> Held | Busy:
        answer = await super().do_acquire(token)
        if isinstance(answer, Held):
            assert isinstance(self.host, Client)
            number = (await ask_shop(self.host, NextToken())).number
            answer = answer._replace(fencing_token=number)
        return answer


def under_lock(
    open_lock: Callable[[Client], Any],
    at_ms: float,
    think_ms: float = THINK_MS,
    heedless: bool = False,
    looks: bool = True,
    tries: int = 1,
) -> Program:
    """A buyer that comes at `at_ms`, waits for the lock, buys and gives the lock back.

    `heedless`: it does not stop when the time of its lock is over. Without `looks`, it does not
    look at the answer of `acquire` and buys in any case.
    """

    async def work(client: Client, lock: Any) -> None:
        await client.perform("buy", "", None, buy(client, lock, think_ms, heedless, tries))

    return holder(open_lock, at_ms, work, looks)


def holder(
    open_lock: Callable[[Client], Any],
    at_ms: float,
    work: Callable[[Client, Any], Awaitable[None]],
    looks: bool = True,
) -> Program:
    """A client that comes at `at_ms`, waits for the lock, does its work and gives the lock back."""

    async def program(client: Client) -> None:
        await client.sleep(at_ms)
        lock = open_lock(client)
        asked = acquired(client, lock) if looks else asked_only(lock)
        if await client.perform("acquire", LOCK, None, asked):
            await work(client, lock)
            await client.perform("release", LOCK, None, lock.release())

    return program


async def acquired(client: Client, lock: Any) -> int | bool:
    """Ask until the lock is ours. Return its fencing token, if it has one."""
    while not await lock.acquire():
        await client.sleep(ASK_AGAIN_MS)
    return getattr(lock, "fencing_token", None) or True


async def asked_only(lock: Any) -> str:
    """Ask once. The answer is text that is never empty: this caller goes in whatever it says."""
    return str(await lock.acquire())


async def buy(client: Client, lock: Any, think_ms: float, heedless: bool, tries: int) -> str:
    """Read, think, write, and stop when the time of the lock is over, unless `heedless`.

    Each request carries the fencing token. Whether the shop looks at it is the shop's business.
    """
    token = getattr(lock, "fencing_token", None)
    buying = purchase(client, token, think_ms, tries=tries)
    if heedless or not hasattr(lock, "remaining_ms"):
        return await buying
    async with client.timeout(min(max(0, lock.remaining_ms()), LONGEST_MS)):
        return await buying
