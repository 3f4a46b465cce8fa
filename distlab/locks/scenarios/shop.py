"""The flash sale of this chapter: a shop with few pieces, and buyers who all want the last one.

A buyer reads the stock, thinks, and writes what is left: three steps that only a lock makes one.
To acquire, to buy and to release are operations of the history. So mutual exclusion is judged from
what the buyers did: who is past `acquire` and not yet at `release` is inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distlab.locks.checks import Sold, SoldOut, Stale, Stock
from distlab.locks.fencing import Fence, StaleToken
from distlab.locks.lock import Busy, Held, Lock
from distlab.sim import Client, Node
from distlab.sim.client import Program
from distlab.sim.kernel import Cancelled
from distlab.sim.state import Kept, State

SHOP, LOCK = "shop", "lock"
THINK_MS, PATIENCE_MS, LONGEST_MS = 10, 60, 60_000
FIRST_TOKEN = 33
"""The shop is not new: its lock has been held so often before, less one."""


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


@dataclass(frozen=True, slots=True)
class NextToken:
    """SELECT nextval: a fencing token from the database that it protects."""


@dataclass(frozen=True, slots=True)
class Token:
    """The next number."""

    number: int


FENCED = {"off": (), "writes": (WriteStock,), "all": (ReadStock, WriteStock)}
"""Which requests a fence looks at."""


class Shop(Node):
    """A row with the stock, on disk, behind a fence that looks at what `fenced` says."""

    def __init__(self, pieces: int = 1, fenced: str = "off", fence: type[Fence] = Fence) -> None:
        super().__init__(SHOP)
        self.pieces, self.fenced, self.make_fence = pieces, FENCED[fenced], fence

    def on_start(self) -> None:
        self.stock = int(self.disk.read("stock", self.pieces))
        self.fence = self.make_fence(self.disk.read("latest token", 0))

    def on_read_stock(self, message: ReadStock, sender: str) -> None:
        if self.admits(message, sender):
            self.send(sender, Stock(self.stock))

    def on_write_stock(self, message: WriteStock, sender: str) -> None:
        if self.admits(message, sender):
            self.put(message.stock, sender)
            self.send(sender, Sold(self.stock, message.token))

    def on_take_one(self, message: TakeOne, sender: str) -> None:
        if not self.stock:
            return self.send(sender, SoldOut())
        self.put(self.stock - 1, sender)
        return self.send(sender, Sold(self.stock))

    def put(self, stock: int, sender: str) -> None:
        self.stock = stock
        self.disk.put("stock", stock)
        self.disk.put("last writer", sender.partition("#")[0])

    def admits(self, message: ReadStock | WriteStock, sender: str) -> bool:
        """Whether the fence lets this pass; if not, the sender is told."""
        if isinstance(message, self.fenced) and message.token is not None:
            try:
                self.fence.admit(message.token)
            except StaleToken:
                self.send(sender, Stale(message.token, self.fence.latest))
                return False
            self.disk.put("latest token", self.fence.latest)
            self.disk.put("last holder", sender.partition("#")[0])
        return True

    def on_next_token(self, message: NextToken, sender: str) -> None:
        token = int(self.disk.read("token", FIRST_TOKEN - 1)) + 1
        self.disk.put("token", token)
        self.send(sender, Token(token))

    def describe(self) -> State:
        words, rows = f"stock {self.stock}", [Kept("stock", str(self.stock), self.last("writer"))]
        if self.fenced and self.fence.latest:
            words += f", token {self.fence.latest}"
            rows.append(Kept("latest token", str(self.fence.latest), self.last("holder")))
        return State(words, tuple(rows))

    def last(self, who: str) -> str:
        return str(self.disk.read(f"last {who}", ""))


async def ask(client: Client, request: Any, timeout_ms: float | None = PATIENCE_MS) -> Any:
    """What the shop answers. Raises `StaleToken`, and `TimeoutError` when nothing comes."""
    answer = await client.call(SHOP, request, timeout_ms)
    if isinstance(answer, Stale):
        raise StaleToken(f"token {answer.token} comes after token {answer.latest}")
    return answer


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


ASK_AGAIN_MS = 20


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
