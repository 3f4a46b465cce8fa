"""Buyers as processes of their own, on a real Redis and a real database.

`distlab.real.stories` runs them. A buyer takes the lock, looks how many pieces are left, and sells
itself the last of them. Only the lock sees to it that nobody else does so at the same time. The
pieces are numbered by the stock before the sale.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

import redis.asyncio
import sqlalchemy

from distlab.host import Connection
from distlab.locks.fencing import Fence, StaleToken
from distlab.locks.redislock import RedisLock
from distlab.real.database import SqlDatabase
from distlab.real.processes import Pipe
from distlab.real.redis_server import Redis
from distlab.real.stories import Story


class Shop:
    """The shop in the database at `url`. `fenced`: it admits no token lower than the latest one.

    A look brings its token, too. Otherwise a late sale could come between the look and the sale of
    the next holder, whose number the shop would not know yet.
    """

    def __init__(self, url: str, fenced: bool = True) -> None:
        self.fenced = fenced
        self.engine = sqlalchemy.create_engine(url)
        self.database = SqlDatabase(self.engine)

    async def open(self, pieces: int) -> None:
        def tables(connection: Connection) -> None:
            connection.execute("CREATE TABLE shop (pieces INTEGER, token INTEGER)")
            connection.execute("CREATE TABLE sales (piece INTEGER, token INTEGER, buyer TEXT)")
            connection.execute("INSERT INTO shop VALUES (:pieces, 0)", pieces=pieces)

        await self.database.transaction(tables)

    async def look(self, token: int) -> int:
        """How many pieces are left. Raises `StaleToken`."""
        return await self.database.transaction(lambda connection: self._admit(connection, token))

    async def sell(self, seen: int, token: int, buyer: str) -> None:
        """Sell the last of the `seen` pieces. Raises `StaleToken`."""

        def sale(connection: Connection) -> None:
            self._admit(connection, token)
            connection.execute("UPDATE shop SET pieces = :left", left=seen - 1)
            row = {"piece": seen, "token": token, "buyer": buyer}
            connection.execute("INSERT INTO sales VALUES (:piece, :token, :buyer)", **row)

        await self.database.transaction(sale)

    def _admit(self, connection: Connection, token: int) -> int:
        ((pieces, latest),) = connection.execute("SELECT pieces, token FROM shop")
        if self.fenced:
            fence = Fence(latest)
            fence.admit(token)
            connection.execute("UPDATE shop SET token = :latest", latest=fence.latest)
        return int(pieces)

    async def sold(self) -> int:
        """The number of sales."""
        count = "SELECT COUNT(*) FROM sales"
        return int((await self.database.transaction(lambda shop: shop.execute(count)))[0][0])


async def buyer(
    pipe: Pipe, name: str, url: str, lock: str, shop: str, fenced: bool, timeout: float
) -> None:
    """Buy one piece, and block between look and sale."""
    stock = Shop(shop, fenced)
    async with (
        redis.asyncio.Redis.from_url(url) as client,
        RedisLock(client, lock, timeout, raise_on_release_error=False) as held,
    ):
        assert held.fencing_token is not None
        seen = await stock.look(held.fencing_token)
        pipe.send(f"has the lock, token {held.fencing_token}, and sees {seen}")
        pipe.block()
        try:
            await stock.sell(seen, held.fencing_token, name)
            pipe.send(f"has bought piece {seen}")
        except StaleToken as error:
            pipe.send(f"is refused: {error}")


@asynccontextmanager
async def sale(server: Redis, fenced: bool, pieces: int = 1) -> AsyncIterator[Story]:
    """A story of buyers in a shop of its own. Its last line says how many pieces were sold."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/shop.db"
        shop, about = Shop(url, fenced), {"lock": server.key("stock"), "shop": url}
        await shop.open(pieces)
        with Story("distlab.locks.reality:buyer", url=server.url, fenced=fenced, **about) as story:
            yield story
            story.tell(f"sold: {await shop.sold()} of {pieces}\n")
        shop.engine.dispose()
