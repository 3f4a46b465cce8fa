"""Numbers from a database, by the thousand: hi-lo, or segments (Meituan's Leaf).

A database can count: `UPDATE … SET max_id = max_id + 1 RETURNING max_id` gives a number that nobody
else gets. That costs a round trip for each id, and without the database there are no ids. So take a
whole range at a time and hand out its numbers from memory. The ids stay short and unique, but they
are no longer in order. When the process dies, the rest of its range is lost: a gap.

With `ahead` the next range is fetched while the current one is still in use (Leaf's double buffer).
Then no caller waits at the end of a range, and a short outage of the database goes unnoticed.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from distlab.host import BadInput, Connection, Database, Host, Refused, check_count, ended
from distlab.ids import fork

Take = Callable[[], Awaitable[range]]
"""Asks the database for a range that nobody else gets: atomically, and never an empty one."""

START_AT = 0.1
"""With `ahead`, the next range is fetched once this share of the current one is used (Leaf's)."""


SCHEMA = "CREATE TABLE ids (max_id BIGINT NOT NULL); INSERT INTO ids VALUES (0);"


async def next_range(database: Database, step: int) -> range:
    """Take the next `step` numbers of the table `ids`, in one statement.

    Raises `BadInput` for a step below 1: the table would count back.
    """
    check_count("step", step, 1)

    def take_range(connection: Connection) -> int:
        update = "UPDATE ids SET max_id = max_id + :step RETURNING max_id"
        return int(connection.execute(update, step=step)[0][0])

    max_id = await database.transaction(take_range)
    return range(max_id - step + 1, max_id + 1)


class Segments:
    """Ids from ranges that `take` fetches. A range of one number is a database sequence.

    Any number of coroutines of one process may call `next_id` at once, and may give up waiting. The
    range that they have asked for then serves the others, or the next caller. After a fork the
    child leaves the ranges to the parent and fetches its own.
    """

    def __init__(self, host: Host, take: Take, ahead: bool = False) -> None:
        self.host, self.take, self.ahead = host, take, ahead
        self._ranges: list[range] = []
        self._size = 0
        self._loading: Any = None
        self._generation = fork.generation

    async def next_id(self) -> int:
        """A new id. Raises what `take` raises when a range had to be fetched and could not be."""
        while not self._own_ranges():
            await self._load()
        current = self._ranges[0]
        self._ranges[:1] = [current[1:]] if len(current) > 1 else []
        used = self._size - len(current) + 1
        if self.ahead and len(self._ranges) < 2 and used >= START_AT * self._size:
            self._start_loading()
        return current[0]

    async def fill(self) -> None:
        """Fetch the first range before the first id is wanted."""
        if not self._own_ranges():
            await self._load()

    def _own_ranges(self) -> list[range]:
        if self._generation != fork.generation:
            self._generation, self._ranges, self._loading = fork.generation, [], None
        return self._ranges

    async def _load(self) -> None:
        """Wait for a range; several that wait are served by one."""
        self._start_loading()
        error = await self._loading
        if error is not None:
            raise error

    def _start_loading(self) -> None:
        if self._loading is None or ended(self._loading):
            self._loading = self.host.spawn(self._fetch())

    async def _fetch(self) -> Exception | None:
        generation = fork.generation
        try:
            fetched = await self.take()
        except (Refused, TimeoutError) as error:
            return error  # for those who wait; the next call tries again
        if not fetched:
            raise BadInput(f"take returned {fetched!r}: a range without numbers")
        if generation != fork.generation:
            return None  # the parent's answer: whoever waits asks again
        self._ranges.append(fetched)
        self._size = len(fetched)
        return None
