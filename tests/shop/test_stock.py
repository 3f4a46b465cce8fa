"""One sale on three databases: SQLite on a simulated disk, a SQLite file, and PostgreSQL."""

import asyncio

import pytest
import sqlalchemy

from distlab.locks.fencing import Fence, StaleToken
from distlab.real.database import SqlDatabase
from distlab.real.postgres_server import postgres_server
from distlab.servers.sql import DiskDatabase
from distlab.shop import tables
from distlab.shop.stock import (
    LATEST,
    FencingToken,
    NextToken,
    ReadStock,
    Sold,
    SoldOut,
    Stock,
    TakeOne,
    WriteStock,
    admit,
)
from tests.servers.worlds import play

ORDERS = "SELECT id, buyer, piece, token FROM orders ORDER BY id"
ALL_TABLES = (tables.USERS, tables.ACCOUNTS, tables.POINTS)


@pytest.fixture(params=["disk", "sqlite", "postgresql"])
def run(request, tmp_path, require):
    """A function that runs `program(database)`."""
    if request.param == "disk":
        return lambda program: play(lambda client: program(DiskDatabase(client)))[0]

    def on(url):
        async def main(program):
            engine = sqlalchemy.create_engine(url)
            try:
                return await program(SqlDatabase(engine))
            finally:
                engine.dispose()

        return lambda program: asyncio.run(main(program))

    if request.param == "sqlite":
        return on(f"sqlite:///{tmp_path}/shop.db")
    require("postgres")
    server = postgres_server()
    url = server.__enter__().url
    request.addfinalizer(lambda: server.__exit__(None, None, None))
    return on(url)


def opened(shop):
    for statement in (*tables.flash_sale(2, last_token=32), *ALL_TABLES):
        shop.execute(statement)


def test_a_sale(run):
    async def program(database):
        async def ask(request, buyer="alice"):
            return await database.transaction(lambda shop: request.run(shop, buyer))

        await database.transaction(opened)
        answers = [
            await ask(ReadStock()),
            await ask(WriteStock(1, 33)),
            await ask(TakeOne(), "bob"),
        ]
        answers += [await ask(TakeOne()), await ask(ReadStock()), await ask(NextToken())]
        return answers, await database.transaction(lambda shop: shop.execute(ORDERS))

    answers, orders = run(program)
    assert answers == [Stock(2), Sold(1, 33), Sold(0), SoldOut(), Stock(0), FencingToken(33)]
    assert orders == [(1, "alice", 2, 33), (2, "bob", 1, None)]


def test_what_a_fence_refuses_leaves_nothing_behind(run):
    async def program(database):
        async def write(token):
            def work(shop):
                admit(shop, Fence(shop.execute(LATEST)[0][0]), token, f"holder {token}")
                return WriteStock(1, token).run(shop, "alice")

            return await database.transaction(work)

        await database.transaction(opened)
        await write(34)
        with pytest.raises(StaleToken, match="token 33 comes after token 34"):
            await write(33)
        rows = "SELECT stock, fence, holder FROM products"
        return await database.transaction(lambda shop: (shop.execute(rows), shop.execute(ORDERS)))

    assert run(program) == ([(1, 34, "holder 34")], [(1, "alice", 2, 34)])
