"""Numbers by the range: the same in simulation and on asyncio."""

import asyncio
from functools import partial
from itertools import chain

import pytest
import sqlalchemy

from distlab.host import BadInput, Unavailable
from distlab.ids.segment import SCHEMA, Segments, next_range
from distlab.real.database import SqlDatabase
from distlab.real.host import AsyncioHost
from tests.asynchronous import asynchronous
from tests.locks.sites import on_hosts


class Counter:
    """A database that hands out ranges of `step`, slowly; while it is `busy`, none."""

    def __init__(self, host, step, broken=False, busy=False):
        self.host, self.step, self.broken, self.busy = host, step, broken, busy
        self.max_id = self.asked = 0

    async def take(self):
        self.asked += 1
        await self.host.sleep(1)
        while self.busy:
            await self.host.sleep(1)
        if self.broken:
            raise Unavailable("the database is down")
        self.max_id += self.step
        return range(self.max_id - self.step + 1, self.max_id + 1)


async def several(segments, count):
    return [await segments.next_id() for _ in range(count)]


async def beside(host, *coroutines):
    tasks = [host.spawn(coroutine) for coroutine in coroutines]
    return [await task for task in tasks]


async def within(host, ms, segments):
    """The next id, or the class of the error that came instead."""
    try:
        async with host.timeout(ms):
            return await segments.next_id()
    except (Unavailable, TimeoutError) as error:
        return type(error)


@pytest.mark.parametrize("step", [1, 10])
@on_hosts
async def test_one_question_for_each_range(host, step):
    database = Counter(host, step)
    assert await several(Segments(host, database.take), 40) == list(range(1, 41))
    assert database.asked == 40 // step


@pytest.mark.parametrize("ahead", [False, True])
@on_hosts
async def test_many_coroutines_share_a_range_and_never_a_number(host, ahead):
    database = Counter(host, 7)
    segments = Segments(host, database.take, ahead)
    made = await beside(host, *(several(segments, 20) for _ in range(10)))
    numbers = sorted(number for ids in made for number in ids)
    assert numbers == list(range(1, 201))
    assert database.asked <= 200 // 7 + 2


@on_hosts
async def test_two_allocators_never_meet(host):
    database = Counter(host, 5)
    made = await beside(host, *(several(Segments(host, database.take), 23) for _ in range(4)))
    numbers = [number for ids in made for number in ids]
    assert len(set(numbers)) == 4 * 23


@on_hosts
async def test_ahead_the_next_range_is_there_before_it_is_needed(host):
    database = Counter(host, 10)
    segments = Segments(host, database.take, ahead=True)
    await segments.fill()
    assert await segments.next_id() == 1  # a tenth is used
    await host.sleep(50)
    assert database.asked == 2
    database.broken = True
    assert await several(segments, 19) == list(range(2, 21))
    with pytest.raises(Unavailable):
        await segments.next_id()
    database.broken = False
    assert await segments.next_id() == 21


@on_hosts
async def test_a_failed_question_is_asked_again_by_the_next_who_comes(host):
    database = Counter(host, 10, broken=True)
    segments = Segments(host, database.take)
    answers = await beside(host, *(within(host, 60_000, segments) for _ in range(3)))
    assert answers == [Unavailable] * 3
    assert database.asked == 1
    database.broken = False
    assert await segments.next_id() == 1


@on_hosts
async def test_a_caller_that_gives_up_takes_nothing_from_the_others(host):
    database = Counter(host, 10, busy=True)
    segments = Segments(host, database.take)
    patient = [host.spawn(within(host, 60_000, segments)) for _ in range(2)]
    assert await within(host, 5, segments) is TimeoutError
    database.busy = False
    assert [await task for task in patient] == [1, 2]
    assert database.asked == 1


@on_hosts
async def test_after_all_have_given_up_the_next_one_gets_what_they_asked_for(host):
    database = Counter(host, 10, busy=True)
    segments = Segments(host, database.take)
    waiting = host.spawn(segments.next_id())
    await host.sleep(0)
    waiting.cancel()
    assert await within(host, 5, segments) is TimeoutError
    database.busy = False
    assert await several(segments, 2) == [1, 2]
    assert database.asked == 1


@asynchronous
async def test_a_question_that_ended_with_its_loop_before_it_began_is_asked_again():
    """`close` and `asyncio.run` cancel tasks, also those that have not taken a step."""

    host = AsyncioHost()
    segments = Segments(host, Counter(host, 10).take)
    waiting = asyncio.create_task(segments.next_id())
    await asyncio.sleep(0)
    await host.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await segments.next_id() == 1


@asynchronous
async def test_an_empty_range_is_an_error():
    async def nothing():
        return range(5, 5)

    with pytest.raises(BadInput, match=r"take returned range\(5, 5\)"):
        await Segments(AsyncioHost(), nothing).next_id()


@asynchronous
async def test_the_statement_is_the_same_on_a_real_database(tmp_path):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/ids.db")
    database = SqlDatabase(engine)

    def schema(connection):
        for statement in SCHEMA.split("; "):
            connection.execute(statement)

    host, take = AsyncioHost(), partial(next_range, database, 8)
    await database.transaction(schema)
    made = await beside(host, *(several(Segments(host, take), 16) for _ in range(5)))
    assert sorted(chain(*made)) == list(range(1, 81))
    engine.dispose()
