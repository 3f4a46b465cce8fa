"""Buyers as processes of their own, on a real Redis and a real file: to be stopped and killed.

They are what `distlab.real.processes` runs. The shop is a row of a SQLite file. A buyer takes the
lock, looks how many pieces are left, and sells itself the last of them; that it is the only one who
does so, the lock has to see to. The pieces are numbered by the stock before the sale.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from typing import Any, NamedTuple

import redis.asyncio
from redis.exceptions import RedisError

from distlab.host import Refused, this_process
from distlab.locks.fencing import StaleToken
from distlab.locks.redislock import RedisLock

TABLES = """
CREATE TABLE shop (pieces INTEGER NOT NULL, fence INTEGER NOT NULL);
CREATE TABLE sales (piece INTEGER NOT NULL, token INTEGER NOT NULL, buyer TEXT NOT NULL);
"""


class Books(NamedTuple):
    """What the shop's file says in the end."""

    left: int
    sold: int
    sold_twice: tuple[int, ...]
    tokens_ascend: bool


class Shop:
    """The resource. `fenced`: it admits no token lower than one that it has seen.

    A look brings its token, too. If it did not, a late sale could come between the look and the
    sale of the next holder, whose number the shop would not know yet.
    """

    def __init__(self, file: str, fenced: bool = True) -> None:
        self.fenced = fenced
        self._database = sqlite3.connect(file, timeout=60, isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")  # processes die here, no machines

    def open(self, pieces: int) -> None:
        self._database.executescript(TABLES)
        self._database.execute("INSERT INTO shop VALUES (?, 0)", (pieces,))

    def look(self, token: int) -> int:
        """How many pieces are left. Raises `StaleToken`."""
        return self._update("SET fence = max(fence, :token)", token=token)

    def sell(self, seen: int, token: int, buyer: str) -> None:
        """Sell the last of the `seen` pieces. Raises `StaleToken`."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._update(
                "SET fence = max(fence, :token), pieces = :left", token=token, left=seen - 1
            )
            self._database.execute("INSERT INTO sales VALUES (?, ?, ?)", (seen, token, buyer))
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _update(self, change: str, token: int, **values: int) -> int:
        where = "WHERE fence <= :token" if self.fenced else ""
        sql = f"UPDATE shop {change} {where} RETURNING pieces"
        rows = self._database.execute(sql, {"token": token, **values}).fetchall()
        if not rows:
            raise StaleToken(f"token {token} comes too late")
        return int(rows[0][0])

    def books(self) -> Books:
        ((left,),) = self._database.execute("SELECT pieces FROM shop")
        sales = self._database.execute("SELECT piece, token FROM sales ORDER BY rowid").fetchall()
        times = Counter(piece for piece, _ in sales)
        tokens = [token for _, token in sales]
        twice = tuple(sorted(piece for piece in times if times[piece] > 1))
        return Books(left, len(sales), twice, tokens == sorted(tokens))

    def close(self) -> None:
        self._database.close()


async def buyer(
    pipe: Any, url: str, lock: str, file: str, fenced: bool, timeout: float, name: str
) -> None:
    """Buy one piece. `go on` is read between look and sale, by a program that is too busy to do
    anything else, so that nothing can tell it that time has passed.
    """
    shop = Shop(file, fenced)
    async with redis.asyncio.Redis.from_url(url) as client:
        mine = RedisLock(client, lock, timeout, raise_on_release_error=False)
        async with mine:
            assert mine.fencing_token is not None
            seen = shop.look(mine.fencing_token)
            pipe.send(f"{name} has the lock, token {mine.fencing_token}, and sees {seen}")
            sys.stdin.readline()
            try:
                shop.sell(seen, mine.fencing_token, name)
                pipe.send(f"{name} has bought piece {seen}")
            except StaleToken as error:
                pipe.send(f"{name} is refused: {error}")


async def crowd(pipe: Any, url: str, lock: str, file: str, fenced: bool, timeout: float) -> None:
    """Buy one piece after another, until told to stop; then tell how that went, in numbers."""
    host = this_process()
    stop = host.spawn(pipe.receive())
    shop, done = Shop(file, fenced), Counter[str]()
    async with redis.asyncio.Redis.from_url(url) as client:
        mine = RedisLock(client, lock, timeout, sleep=0.02)
        pipe.send("ready")
        while not stop.done():
            try:
                async with mine:
                    assert mine.fencing_token is not None
                    seen = shop.look(mine.fencing_token)
                    await host.sleep(host.random.random() * 4)
                    shop.sell(seen, mine.fencing_token, host.name)
                    done["bought"] += 1
            except StaleToken:
                done["stale"] += 1
            except (Refused, RedisError, TimeoutError) as error:
                done[type(error).__name__] += 1
    pipe.send(done)
