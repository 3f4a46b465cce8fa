"""Buyers as processes of their own, on a real Redis and a real database.

`distlab.real.stories` runs them. A buyer takes the lock, looks how many pieces are left, and sells
itself the last of them. Only the lock sees to it that nobody else does so at the same time. The
pieces are numbered by the stock before the sale.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any

import redis.asyncio
import sqlalchemy

from distlab.host import Connection
from distlab.locks.fencing import Fence, StaleToken
from distlab.locks.redislock import RedisLock
from distlab.real.database import SqlDatabase
from distlab.real.processes import Pipe
from distlab.real.redis_server import Redis
from distlab.real.stories import Story
from distlab.shop.stock import LATEST, ReadStock, WriteStock, admit
from distlab.shop.tables import flash_sale


class Shop:
    """The shop of `distlab.shop.stock`, in the database at `url`.

    `fenced`: it admits no token lower than the latest one.

    A look carries its token, too. Otherwise a late sale could come between the look and the sale of
    the next holder, whose number the shop would not know yet.
    """

    def __init__(self, url: str, fenced: bool = True) -> None:
        self.fenced = fenced
        self.engine = sqlalchemy.create_engine(url)
        self.database = SqlDatabase(self.engine)

    async def open(self, pieces: int) -> None:
        def tables(connection: Connection) -> None:
            for statement in flash_sale(pieces):
                connection.execute(statement)

        await self.database.transaction(tables)

    async def look(self, token: int) -> int:
        """How many pieces are left. Raises `StaleToken`."""
        return int((await self._serve(ReadStock(token))).pieces)

    async def sell(self, seen: int, token: int, buyer: str) -> None:
        """Sell the last of the `seen` pieces. Raises `StaleToken`."""
        await self._serve(WriteStock(seen - 1, token), buyer)

    async def _serve(self, request: ReadStock | WriteStock, buyer: str = "") -> Any:
        def work(tables: Connection) -> Any:
            if self.fenced:
                admit(tables, Fence(tables.execute(LATEST)[0][0]), request.token, buyer)
            return request.run(tables, buyer)

        return await self.database.transaction(work)

    async def sold(self) -> int:
        """The number of sales."""
        count = "SELECT COUNT(*) FROM orders"
        return int((await self.database.transaction(lambda tables: tables.execute(count)))[0][0])


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
