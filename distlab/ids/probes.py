"""The exercises of chapter 5, asked for ids in an order that no story would tell."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from random import Random
from typing import Any

from distlab.course.probing import NO_ANSWER, listed, shortest
from distlab.host import BadInput
from distlab.ids.scenarios.clocks import LAYOUT
from distlab.ids.scenarios.workers import START_MS
from distlab.sim import Client, World

FULL = LAYOUT.highest("sequence")


class SetClock:
    """A clock that shows what it is set to."""

    ms = 0

    def now_ms(self) -> int:
        return START_MS + self.ms


def clocks_at_random(solution: Any, _: Any) -> Iterator[str]:
    """A clock that stands, moves on and is set back. Workers have different numbers."""
    for seed in range(40):
        draw = Random(seed)
        worker = draw.choice((1, 2, draw.randint(3, 200)))
        yield shortest(_times(draw), partial(_clocked, solution, worker))


def _times(draw: Random) -> list[int]:
    """What the clock shows at each id, in milliseconds since the start of the run."""
    at_ms, times = 100_000, list[int]()
    for _ in range(12):
        move = draw.choice((1, 1, draw.randint(2, 30), draw.randint(-40, -1), -1, 10_000, -10_000))
        at_ms += move if times else 0
        times += [at_ms] * draw.choice((1, 1, 2, 5, FULL + 4))
    return times


def _clocked(solution: Any, worker: int, times: Sequence[int]) -> str:
    clock = SetClock()
    clock.ms = times[0] if times else 0
    maker = solution(worker, clock, LAYOUT)
    before, last_ms, sequence, was_behind, ahead_ms = -1, -1, 0, False, 0
    for number, now_ms in enumerate(times, 1):
        ahead_ms += max(0, clock.ms - now_ms) + 1
        clock.ms = now_ms
        was_behind |= now_ms < last_ms
        is_full = now_ms == last_ms and sequence >= FULL - 1  # one number may be left
        said = (
            f"Worker {worker} makes ids, and its clock shows these milliseconds: "
            f"{listed(times[:number])}. The last id "
        )
        try:
            made = maker.next_id()
            parts = LAYOUT.parse(made)
        except BadInput as error:
            return f"{said}is none: {error}."
        except NO_ANSWER as error:
            return f"{said}is refused: {type(error).__name__}: {error}."
        at_ms = LAYOUT.at_ms(made) - START_MS
        if parts["worker_id"] != worker:
            return f"{said}has worker {parts['worker_id']}."
        if made <= before:
            return f"{said}does not sort behind the one before."
        if not was_behind and not is_full and at_ms != now_ms:
            return f"{said}has the time {at_ms}."
        if at_ms < now_ms:
            return f"{said}has the time {at_ms}, which is over."
        if at_ms > now_ms + ahead_ms:
            return f"{said}has the time {at_ms}, further ahead than the clock was set back."
        before, last_ms, sequence = made, at_ms, parts["sequence"]
    return ""


IDS, TAKING_MS, LONG_MS = 60, 5, 60_000


def ranges_at_random(solution: Any, _: Any) -> Iterator[str]:
    """Ranges of several sizes, in any order; some requests for one fail."""
    for seed in range(12):
        with closing(World(seed)) as world:
            counting = Counting(solution, seed)
            world.client("worker-1", counting.program)
            world.run(until_ms=LONG_MS)
        yield counting.said


class Counting:
    """Takes ids of a solution, and puts what is wrong with them into words."""

    def __init__(self, solution: Any, seed: int) -> None:
        self.solution, self.draw = solution, Random(seed)
        self.starts = self.draw.sample(range(1, 10_000, 30), 2 * IDS)
        self.sizes = self.draw.choice(((8,), (1,), (5,), (20,), (1, 2, 8, 20)))
        self.failures = self.draw.choice((0, 0.3))
        self.ranges: list[range] = []
        self.given: list[int] = []
        self.has_failed = False
        self.said = "The first id does not come."

    async def program(self, client: Client) -> None:
        maker = self.solution(client, partial(self.take, client))
        while len(self.given) < IDS:
            self.has_failed, taken, since_ms = False, len(self.ranges), client.monotonic_ms()
            self.said = f"{self.told} The next id does not come."
            try:
                number = await maker.next_id()
            except NO_ANSWER as error:
                if not self.has_failed:
                    self.said = f"{self.told} Then next_id raises {type(error).__name__}: {error}."
                    return
                continue
            waited_ms = client.monotonic_ms() - since_ms
            self.said = self._wrong(number)
            if waited_ms and not self.has_failed and taken == len(self.ranges):
                self.said = f"{self.told} For {number} you wait {waited_ms:g} ms and ask nobody."
            if self.said:
                return
            self.given.append(number)
        self.said = ""

    async def take(self, client: Client) -> range:
        await client.sleep(TAKING_MS)
        if self.draw.random() < self.failures:
            self.has_failed = True
            raise TimeoutError("the database does not answer")
        start = self.starts.pop()
        self.ranges.append(range(start, start + self.draw.choice(self.sizes)))
        return self.ranges[-1]

    @property
    def told(self) -> str:
        ranges = listed([f"{each[0]} to {each[-1]}" for each in self.ranges[-3:]])
        return f"The last ranges that you took: {ranges or 'none'}."

    def _wrong(self, number: int) -> str:
        if not any(number in each for each in self.ranges):
            return f"{self.told} {number} is in none that you took."
        if number in self.given:
            return f"{self.told} {number} was given out twice."
        used = {*self.given, number}
        # The last two ranges may be one in use, and the next one.
        unused = [each for each in self.ranges[:-2] if not used.issuperset(each)]
        if unused:
            return f"{self.told} Numbers of {unused[0][0]} to {unused[0][-1]} are not used."
        return ""
