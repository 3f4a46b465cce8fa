"""Numbers by the range."""

import asyncio

import pytest

from distlab.host import Unavailable
from distlab.ids.segment import Segments
from tests.ids.hosts import OnAsyncio


class Counter:
    """A database that hands out ranges of `step`, slowly."""

    def __init__(self, step, broken=False):
        self.step, self.broken = step, broken
        self.max_id = self.asked = 0

    async def take(self):
        self.asked += 1
        await asyncio.sleep(0.001)
        if self.broken:
            raise Unavailable("the database is down")
        self.max_id += self.step
        return range(self.max_id - self.step + 1, self.max_id + 1)


async def several(segments, count):
    return [await segments.next_id() for _ in range(count)]


@pytest.mark.parametrize("step", [1, 10])
def test_one_question_for_each_range(step):
    async def main():
        database = Counter(step)
        assert await several(Segments(OnAsyncio(), database.take), 40) == list(range(1, 41))
        assert database.asked == 40 // step

    asyncio.run(main())


@pytest.mark.parametrize("ahead", [False, True])
def test_many_coroutines_share_a_range_and_never_a_number(ahead):
    async def main():
        database = Counter(7)
        segments = Segments(OnAsyncio(), database.take, ahead)
        made = await asyncio.gather(*(several(segments, 20) for _ in range(10)))
        numbers = sorted(number for ids in made for number in ids)
        assert numbers == list(range(1, 201))
        assert database.asked <= 200 // 7 + 2

    asyncio.run(main())


def test_two_allocators_never_meet():
    async def main():
        database = Counter(5)
        made = await asyncio.gather(
            *(several(Segments(OnAsyncio(), database.take), 23) for _ in range(4))
        )
        numbers = [number for ids in made for number in ids]
        assert len(set(numbers)) == 4 * 23

    asyncio.run(main())


def test_ahead_the_next_range_is_there_before_it_is_needed():
    async def main():
        database = Counter(10)
        segments = Segments(OnAsyncio(), database.take, ahead=True)
        await segments.fill()
        assert await segments.next_id() == 1  # a tenth is used
        await asyncio.sleep(0.05)
        assert database.asked == 2
        database.broken = True
        assert await several(segments, 19) == list(range(2, 21))
        with pytest.raises(Unavailable):
            await segments.next_id()
        database.broken = False
        assert await segments.next_id() == 21

    asyncio.run(main())


def test_a_failed_question_is_asked_again_by_the_next_who_comes():
    async def main():
        database = Counter(10, broken=True)
        segments = Segments(OnAsyncio(), database.take)
        answers = await asyncio.gather(
            *(segments.next_id() for _ in range(3)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [Unavailable] * 3
        assert database.asked == 1
        database.broken = False
        assert await segments.next_id() == 1

    asyncio.run(main())
