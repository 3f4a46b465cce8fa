"""The flash sale of this chapter: a shop with few pieces, and buyers who all want the last one.

A buyer reads the stock, thinks, and writes what is left: three steps that only a lock makes one.
To acquire, to buy and to release are operations of the history. So mutual exclusion is judged from
what the buyers did: who is past `acquire` and not yet at `release` is inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distlab.locks.checks import Sold, SoldOut, Stale, Stock
from distlab.locks.fencing import Fence, StaleToken
from distlab.sim import Client, Node
from distlab.sim.state import Kept, State

SHOP, PATIENCE_MS = "shop", 60
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


WRITES, ALL = (WriteStock,), (ReadStock, WriteStock)
"""Which requests a fence looks at."""


class Shop(Node):
    """A row with the stock, on disk, behind a fence that looks at what `fenced` says."""

    def __init__(
        self, pieces: int = 1, fenced: tuple[type, ...] = (), fence: type[Fence] = Fence
    ) -> None:
        super().__init__(SHOP)
        self.pieces, self.fenced, self.make_fence = pieces, fenced, fence

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
