"""Requests about the stock of one product. Each is one transaction, and runs on any database:

    sold = await database.transaction(lambda tables: TakeOne().run(tables, "alice"))

The pieces are numbered by the stock before the sale, so the last piece is number 1.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from distlab.host import Connection
from distlab.shop.tables import PRODUCT

# Answers


@dataclass(frozen=True, slots=True)
class Stock:
    """This many pieces are left."""

    pieces: int


@dataclass(frozen=True, slots=True)
class Sold:
    """You bought one piece; `left` pieces remain. `token` came with the request, if one did."""

    left: int
    token: int | None = None


@dataclass(frozen=True, slots=True)
class SoldOut:
    """No piece is left."""


@dataclass(frozen=True, slots=True)
class FencingToken:
    """The next number."""

    number: int


# Requests


class Request(Protocol):
    """A request to a service. `run` is the transaction that answers it."""

    def run(self, tables: Connection, buyer: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class ReadStock:
    """SELECT stock."""

    token: int | None = None

    def run(self, tables: Connection, buyer: str) -> Stock:
        found = tables.execute("SELECT stock FROM products WHERE id = :id", id=PRODUCT)
        return Stock(found[0][0])


@dataclass(frozen=True, slots=True)
class WriteStock:
    """UPDATE … SET stock = …, and an order for one piece."""

    stock: int
    token: int | None = None

    def run(self, tables: Connection, buyer: str) -> Sold:
        row = {"id": PRODUCT, "stock": self.stock}
        tables.execute("UPDATE products SET stock = :stock WHERE id = :id", **row)
        return _sell(tables, buyer, self.stock, self.token)


@dataclass(frozen=True, slots=True)
class TakeOne:
    """UPDATE … SET stock = stock - 1 WHERE stock > 0, and an order for one piece."""

    def run(self, tables: Connection, buyer: str) -> Sold | SoldOut:
        take = "UPDATE products SET stock = stock - 1 WHERE id = :id AND stock > 0 RETURNING stock"
        left = tables.execute(take, id=PRODUCT)
        return _sell(tables, buyer, left[0][0]) if left else SoldOut()


@dataclass(frozen=True, slots=True)
class NextToken:
    """SELECT nextval: a fencing token from the database that it protects."""

    def run(self, tables: Connection, buyer: str) -> FencingToken:
        count = "UPDATE counters SET value = value + 1 WHERE name = 'token' RETURNING value"
        return FencingToken(tables.execute(count)[0][0])


def _sell(tables: Connection, buyer: str, left: int, token: int | None = None) -> Sold:
    order = "SELECT COUNT(*) + 1, :buyer, :id, 0, 'completed', :piece, :token FROM orders"
    row = {"buyer": buyer, "id": PRODUCT, "piece": left + 1, "token": token}
    tables.execute(f"INSERT INTO orders {order}", **row)
    return Sold(left, token)


# Behind a fence


class Guard(Protocol):
    """What refuses tokens that are too late: `distlab.locks.fencing.Fence`."""

    latest: int

    def admit(self, token: int | None) -> None: ...


LATEST = f"SELECT fence FROM products WHERE id = {PRODUCT}"
"""Reads the latest token let in; a new guard starts from it."""


def admit(tables: Connection, guard: Guard, token: int | None, holder: str) -> None:
    """Let `token` in and remember it with the data. Raises what `guard` raises: no step is done."""
    guard.admit(token)
    row = {"id": PRODUCT, "latest": guard.latest, "holder": holder}
    tables.execute("UPDATE products SET fence = :latest, holder = :holder WHERE id = :id", **row)
