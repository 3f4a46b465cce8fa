"""The buyers of this chapter's flash sale, who all want one of the last pieces.

A buyer reads the stock, thinks, and writes what is left. Only a lock makes these three steps one.
To acquire, to buy and to release are operations of the history. So mutual exclusion is judged from
what the buyers did: a buyer is inside from the end of `acquire` to the beginning of `release`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from distlab.locks.lock import Busy, Held, Lock
from distlab.locks.scenarios.shop import PATIENCE_MS, NextToken, ReadStock, WriteStock, ask
from distlab.scenario import BAD, PRICE, Outcome, Scenario
from distlab.sim import Client
from distlab.sim.client import Program
from distlab.sim.kernel import Cancelled

LOCK = "lock"
THINK_MS, ASK_AGAIN_MS, LONGEST_MS = 10, 20, 60_000

lab = partial(
    Scenario,
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
) -> str:
    """Read, think, write."""
    found = await ask(client, ReadStock(token), patience_ms)
    if not found.pieces:
        return "sold out"
    await client.sleep(think_ms)
    try:
        await ask(client, WriteStock(found.pieces - 1, token), patience_ms)
    except Cancelled:  # it is on its way
        raise TimeoutError("broken off: the shop may yet sell it") from None
    return "yours"


# Under a lock


class TokenOfTheShop(Lock):
    """Whoever gets the lock then draws a fencing token at the shop, which keeps its data.

    Drawn in a request of its own, it may come late: a holder whose lock is over meanwhile draws a
    higher one than the next holder. Then the shop refuses the next one, who had the right to go on;
    but it never does two works at once, and that is what its fence is for. Counted in the script
    that acquires, numbers come in the order of the holders.
    """

    async def do_acquire(self, token: bytes) -> Held | Busy:
        answer = await super().do_acquire(token)
        if isinstance(answer, Held):
            assert isinstance(self.host, Client)
            number = (await ask(self.host, NextToken())).number
            answer = answer._replace(fencing_token=number)
        return answer


def under_lock(
    open_lock: Callable[[Client], Any],
    at_ms: float,
    think_ms: float = THINK_MS,
    heedless: bool = False,
    looks: bool = True,
) -> Program:
    """A buyer that comes at `at_ms`, waits for the lock, buys and gives the lock back.

    One that does not look at the answer buys in any case.
    """

    async def program(client: Client) -> None:
        await client.sleep(at_ms)
        lock = open_lock(client)
        asked = acquired(client, lock) if looks else asked_only(lock)
        if await client.perform("acquire", LOCK, None, asked):
            await client.perform("buy", "", None, buy(client, lock, think_ms, heedless))
            await client.perform("release", LOCK, None, lock.release())

    return program


async def acquired(client: Client, lock: Any) -> int | bool:
    """Until the lock is ours: its fencing token, if it has one."""
    while not await lock.acquire():
        await client.sleep(ASK_AGAIN_MS)
    return getattr(lock, "fencing_token", None) or True


async def asked_only(lock: Any) -> str:
    """The answer in words: who asked does not look at it, and is inside whatever it says."""
    return str(await lock.acquire())


async def buy(client: Client, lock: Any, think_ms: float, heedless: bool) -> str:
    """Read, think, write, and stop when the time of the lock is over, unless `heedless`.

    Each request carries the fencing token; whether the shop looks at it is the shop's business.
    """
    buying = purchase(client, getattr(lock, "fencing_token", None), think_ms)
    if heedless or not hasattr(lock, "remaining_ms"):
        return await buying
    async with client.timeout(min(max(0, lock.remaining_ms()), LONGEST_MS)):
        return await buying
