"""The flash sale of this chapter: a shop with few pieces, and buyers who all want the last one.

A buyer reads the stock, thinks, and writes what is left: three steps that only a lock makes one.
To acquire, to buy and to release are operations of the history. So mutual exclusion is judged from
what the buyers did: who is past `acquire` and not yet at `release` is inside.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from distlab.host import Refused
from distlab.locks.checks import Sold, SoldOut, Stale, Stock
from distlab.sim import Client, Node
from distlab.sim.client import Program
from distlab.sim.state import Kept, State

SHOP, LOCK = "shop", "lock"
LATENCY_MS = (4, 6)
THINK_MS = 10


@dataclass(frozen=True, slots=True)
class ReadStock:
    """SELECT stock."""

    token: int | None = None


@dataclass(frozen=True, slots=True)
class WriteStock:
    """UPDATE … SET stock = …, and an order for one piece."""

    stock: int
    token: int | None = None


@dataclass(frozen=True, slots=True)
class TakeOne:
    """UPDATE … SET stock = stock - 1 WHERE stock > 0, and an order for one piece."""


class TokenRefused(Refused):
    """Somebody with a later token has been here: whoever asks has lost the lock."""


FENCED = {"off": (), "writes": (WriteStock,), "all": (ReadStock, WriteStock)}
"""Which requests a fence looks at."""


class Shop(Node):
    """A row with the stock, on disk. After a token it takes no earlier one, if it looks at it."""

    def __init__(self, pieces: int = 1, fenced: str = "off") -> None:
        super().__init__(SHOP)
        self.pieces, self.fenced = pieces, FENCED[fenced]

    @property
    def stock(self) -> int:
        return int(self.disk.read("stock", self.pieces))

    @property
    def latest(self) -> int:
        return int(self.disk.read("latest token", 0))

    def on_read_stock(self, message: ReadStock, sender: str) -> None:
        if self.admits(message, sender):
            self.send(sender, Stock(self.stock))

    def on_write_stock(self, message: WriteStock, sender: str) -> None:
        if self.admits(message, sender):
            self.write(message.stock, sender)
            self.send(sender, Sold(message.stock, message.token))

    def on_take_one(self, message: TakeOne, sender: str) -> None:
        if not self.stock:
            return self.send(sender, SoldOut())
        self.write(self.stock - 1, sender)
        return self.send(sender, Sold(self.stock))

    def write(self, stock: int, sender: str) -> None:
        self.disk.put("stock", stock)
        self.disk.put("last writer", sender.partition("#")[0])

    def admits(self, message: ReadStock | WriteStock, sender: str) -> bool:
        """Whether the fence lets this pass. It remembers the latest token on disk."""
        if not isinstance(message, self.fenced) or message.token is None:
            return True
        if message.token < self.latest:
            self.send(sender, Stale(message.token, self.latest))
            return False
        self.disk.put("latest token", message.token)
        self.disk.put("its holder", sender.partition("#")[0])
        return True

    def describe(self) -> State:
        words = f"stock {self.stock}" + (f", token {self.latest}" if self.fenced else "")
        rows = [Kept("stock", str(self.stock), self.disk.read("last writer", ""))]
        if self.fenced:
            rows.append(Kept("latest token", str(self.latest), self.disk.read("its holder", "")))
        return State(words, tuple(rows))


async def ask(client: Client, request: Any, timeout_ms: float = 60) -> Any:
    """What the shop answers. Raises `TokenRefused`, and `TimeoutError` when nothing comes."""
    answer = await client.call(SHOP, request, timeout_ms)
    if isinstance(answer, Stale):
        raise TokenRefused(f"token {answer.token} after {answer.latest}")
    return answer


async def read_then_write(
    client: Client, token: int | None = None, think_ms: float = THINK_MS
) -> str:
    found = await ask(client, ReadStock(token))
    if not found.pieces:
        return "sold out"
    await client.sleep(think_ms)
    await ask(client, WriteStock(found.pieces - 1, token))
    return "yours"


async def take_one(client: Client, think_ms: float = THINK_MS) -> str:
    """Looks first, as every shop shows its stock, and then leaves the decision to the database."""
    found = await ask(client, ReadStock())
    if not found.pieces:
        return "sold out"
    await client.sleep(think_ms)
    return "yours" if isinstance(await ask(client, TakeOne()), Sold) else "sold out"


# Under a lock

Buy = Callable[[Client, Any], Awaitable[str]]
"""What a buyer does while it holds the lock that is given."""

ASK_AGAIN_MS = 20


def under_lock(
    open_lock: Callable[[Client], Any], at_ms: float, think_ms: float = THINK_MS, **how: Any
) -> Program:
    """A buyer that comes at `at_ms`, waits for the lock, buys and gives the lock back.

    `how` says more about the purchase: see `buy`.
    """

    async def program(client: Client) -> None:
        await client.sleep(at_ms)
        lock = open_lock(client)
        if await client.perform("acquire", LOCK, None, acquired(client, lock)):
            await client.perform("buy", "", None, buy(client, lock, think_ms, **how))
            await client.perform("release", LOCK, None, lock.release())

    return program


async def acquired(client: Client, lock: Any) -> int | bool:
    """Until the lock is ours: its fencing token, if it has one."""
    while not await lock.acquire():
        await client.sleep(ASK_AGAIN_MS)
    return getattr(lock, "fencing_token", None) or True


async def buy(client: Client, lock: Any, think_ms: float, heedless: bool = False) -> str:
    """Read, think, write, and stop when the time of the lock is over, unless `heedless`.

    Each request carries the fencing token; whether the shop looks at it is the shop's business.
    """
    buying = read_then_write(client, getattr(lock, "fencing_token", None), think_ms)
    if heedless or not hasattr(lock, "remaining_ms"):
        return await buying
    async with client.timeout(max(0, lock.remaining_ms())):
        return await buying
