"""Chapter 5's exercises: further answers, wrong and right."""

from contextlib import suppress

import pytest

from distlab.ids.exercises import HI_LO, SURVIVE_A_ROLLBACK, Ranges
from distlab.ids.snowflake import ClockMovedBackwards
from distlab.ids.snowflake_mistakes import TrustingSnowflake


class Wrapping(TrustingSnowflake):
    """Stays at the last millisecond, and goes round in it."""

    def next_id(self):
        now_ms = max(self.now_ms(), self.last_ms)
        same = now_ms == self.last_ms
        self.sequence = (self.sequence + 1) % (self.max_sequence + 1) if same else 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


class Waiting(TrustingSnowflake):
    """An answer that is as good: it waits in a loop. In this world no time passes meanwhile."""

    def next_id(self):
        while self.now_ms() < self.last_ms:
            pass
        return super().next_id()


def test_a_busy_wait_is_stopped():
    result = SURVIVE_A_ROLLBACK.check(Waiting)
    assert result.kind == "error"
    assert "a loop that does not end?" in result.message


class WithoutASequence(TrustingSnowflake):
    """Both ids of an order are the same."""

    def next_id(self):
        self.last_ms = max(self.now_ms(), self.last_ms)
        return self.make(self.last_ms, 0)


class OfAnotherWorker(TrustingSnowflake):
    def next_id(self):
        return SURVIVE_A_ROLLBACK.reference.next_id(self) + (1 << 3)


class AMillisecondEach(TrustingSnowflake):
    """Unique and in order, and ahead of a clock that is right."""

    def next_id(self):
        self.last_ms = max(self.now_ms(), self.last_ms + 1)
        return self.make(self.last_ms, 0)


class RoundInAMillisecond(TrustingSnowflake):
    """Goes on, but lets the sequence go round when the clock shows a millisecond again."""

    def next_id(self):
        now_ms = self.now_ms() if self.now_ms() >= self.last_ms else self.last_ms + 1
        self.sequence = (self.sequence + 1) % 8 if now_ms == self.last_ms else 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


class NextOfTheLast(TrustingSnowflake):
    """Another good answer: while the clock is behind, a new millisecond for every id."""

    def next_id(self):
        if self.now_ms() < self.last_ms or self.sequence == self.max_sequence:
            self.last_ms, self.sequence = max(self.now_ms(), self.last_ms + 1), 0
            return self.make(self.last_ms, 0)
        return super().next_id()


class AsLargeAsASnowflake(Ranges):
    async def next_id(self):
        self.made = getattr(self, "made", id(self) << 20) + 1
        return self.made


class OneRangeForBoth(Ranges):
    """Keeps the range in the class."""

    ours = range(0)

    async def next_id(self):
        if not OneRangeForBoth.ours:
            OneRangeForBoth.ours = await self.take()
        number, OneRangeForBoth.ours = OneRangeForBoth.ours[0], OneRangeForBoth.ours[1:]
        return number


class EverySecondRange(Ranges):
    async def next_id(self):
        if not self.left:
            await self.take()
            self.left = await self.take()
        number, self.left = self.left[0], self.left[1:]
        return number


class WithoutTheLast(Ranges):
    """Takes `range` to end one earlier than it does."""

    async def next_id(self):
        if not self.left:
            new = await self.take()
            self.left = range(new[0], new[-1])
        number, self.left = self.left[0], self.left[1:]
        return number


class Ahead(Ranges):
    """Another good answer: it takes the next range before it needs it."""

    coming = range(0)

    async def next_id(self):
        if not self.coming:
            self.coming = await self.take()
        if not self.left:
            self.left, self.coming = self.coming, range(0)
        number, self.left = self.left[0], self.left[1:]
        return number


class EightNumbers(Ranges):
    """Believes that a range has eight numbers, whatever the database gives."""

    async def next_id(self):
        if not self.left:
            first = (await self.take())[0]
            self.left = range(first, first + 8)
        number, self.left = self.left[0], self.left[1:]
        return number


class MakesDoWhenAlone(Ranges):
    """Makes numbers up while the database does not answer."""

    async def next_id(self):
        try:
            self.left = self.left or await self.take()
        except TimeoutError:
            self.left = range(900, 908)
        number, self.left = self.left[0], self.left[1:]
        return number


class EverySecondNumber(Ranges):
    async def next_id(self):
        if not self.left:
            self.left = await self.take()
        number, self.left = self.left[0], self.left[2:]
        return number


class CountsByItself(Ranges):
    async def next_id(self):
        self.made = getattr(self, "made", 0) + 1
        return self.made


class OneMore(Ranges):
    async def next_id(self):
        return await HI_LO.reference.next_id(self) + 1


class AlwaysTheSame(Ranges):
    async def next_id(self):
        return 1


class FromTheEnd(Ranges):
    """Another good answer: the last number first."""

    async def next_id(self):
        if not self.left:
            self.left = await self.take()
        number, self.left = self.left[-1], self.left[:-1]
        return number


class CountsOnly(TrustingSnowflake):
    def next_id(self):
        self.sequence += 1
        return self.sequence


class AheadOfTime(TrustingSnowflake):
    def next_id(self):
        self.last_ms = max(self.last_ms, self.now_ms() + 1000)
        return SURVIVE_A_ROLLBACK.reference.next_id(self)


class CarriesOver(TrustingSnowflake):
    """Adds a sequence that does not fit: it runs into the worker's bits."""

    def next_id(self):
        now_ms = max(self.now_ms(), self.last_ms)
        self.sequence = self.sequence + 1 if now_ms == self.last_ms else 0
        self.last_ms = now_ms
        return self.make(now_ms, 0) + self.sequence


class RefusesAlways(TrustingSnowflake):
    def next_id(self):
        raise ClockMovedBackwards("never", 1)


class Raises(TrustingSnowflake):
    def next_id(self):
        if self.now_ms() < self.last_ms:
            raise RuntimeError("the clock moved back")
        return super().next_id()


class IsAsync(TrustingSnowflake):
    async def next_id(self):
        return super().next_id()


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        (HI_LO, OneRangeForBoth, "All machines share it"),
        (SURVIVE_A_ROLLBACK, Raises, "RuntimeError: the clock moved back\n  your code"),
        (SURVIVE_A_ROLLBACK, IsAsync, "write it without `async`"),
    ],
)
def test_slips_are_told(exercise, answer, words):
    assert words in exercise.check(answer).message


@pytest.mark.parametrize(
    ("exercise", "answer", "mistake"),
    [
        (SURVIVE_A_ROLLBACK, Wrapping, "counts anew"),
        (SURVIVE_A_ROLLBACK, WithoutASequence, "counts anew"),
        (SURVIVE_A_ROLLBACK, OfAnotherWorker, "no Snowflake"),
        (SURVIVE_A_ROLLBACK, AMillisecondEach, "no Snowflake"),
        (SURVIVE_A_ROLLBACK, RoundInAMillisecond, "does not look back"),
        (SURVIVE_A_ROLLBACK, NextOfTheLast, ""),
        (SURVIVE_A_ROLLBACK, CountsOnly, "no Snowflake"),
        (SURVIVE_A_ROLLBACK, AheadOfTime, "no Snowflake"),
        (SURVIVE_A_ROLLBACK, CarriesOver, "no Snowflake"),
        (SURVIVE_A_ROLLBACK, RefusesAlways, "makes no ids"),
        (HI_LO, EightNumbers, "runs past the end"),
        (HI_LO, CountsByItself, "runs past the end"),
        (HI_LO, MakesDoWhenAlone, "makes numbers up"),
        (HI_LO, OneMore, "makes numbers up"),
        (HI_LO, EverySecondNumber, "throws away"),
        (HI_LO, AlwaysTheSame, "stands still"),
        (HI_LO, FromTheEnd, ""),
        (HI_LO, WithoutTheLast, "throws away"),
        (HI_LO, AsLargeAsASnowflake, "makes numbers up"),  # 60 bits: gaps are counted, not listed
        (HI_LO, EverySecondRange, "throws away"),
        (HI_LO, Ahead, ""),
    ],
)
def test_other_answers(exercise, answer, mistake):
    result = exercise.check(answer)
    assert (result.kind, result.mistake) == ("incorrect" if mistake else "correct", mistake)


class FromTheOffset(TrustingSnowflake):
    """Another good answer: the clock's time, and by how far it was ever set back."""

    ahead_ms = 0

    def next_id(self):
        now_ms = self.now_ms() + self.ahead_ms
        if now_ms < self.last_ms or self.sequence == self.max_sequence:
            self.ahead_ms += max(0, self.last_ms + 1 - now_ms)
            now_ms = self.now_ms() + self.ahead_ms
        self.sequence = self.sequence + 1 if now_ms == self.last_ms else 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


class AsksAgain(Ranges):
    """Another good answer: asks until a range comes."""

    async def next_id(self):
        while not self.left:
            with suppress(TimeoutError):
                self.left = await self.take()
        number, self.left = self.left[0], self.left[1:]
        return number


@pytest.mark.parametrize(
    ("exercise", "answer"), [(SURVIVE_A_ROLLBACK, FromTheOffset), (HI_LO, AsksAgain)]
)
def test_other_good_answers(exercise, answer):
    assert exercise.check(answer).kind == "correct"


class FarAhead(TrustingSnowflake):
    def next_id(self):
        if self.now_ms() < self.last_ms or self.sequence == self.max_sequence:
            self.last_ms, self.sequence = self.last_ms + 1000, 0
            return self.make(self.last_ms, 0)
        return super().next_id()


class AlwaysWorkerOne(TrustingSnowflake):
    def next_id(self):
        self.worker_id = 1
        return SURVIVE_A_ROLLBACK.reference.next_id(self)


class NeverCatchesUp(TrustingSnowflake):
    """Stands still from the first time that the clock moves back."""

    stands = False

    def next_id(self):
        self.stands |= self.now_ms() < self.last_ms
        if self.stands:
            self.now_ms = lambda: self.last_ms
        return SURVIVE_A_ROLLBACK.reference.next_id(self)


class FarJumpsOnly(TrustingSnowflake):
    """Believes that a clock is never set back by more than a second."""

    def next_id(self):
        if self.now_ms() < self.last_ms - 1000:
            self.last_ms = -1
        return SURVIVE_A_ROLLBACK.reference.next_id(self)


class FiveOrEight(Ranges):
    async def next_id(self):
        if not self.left:
            new = await self.take()
            self.left = range(new[0], new[0] + (5 if len(new) == 5 else 8))
        number, self.left = self.left[0], self.left[1:]
        return number


class NeverAgain(Ranges):
    broken = False

    async def next_id(self):
        if self.broken:
            raise ClockMovedBackwards("closed", 1)
        self.broken = True
        number = await HI_LO.reference.next_id(self)
        self.broken = False
        return number


class Sleepy(Ranges):
    def __init__(self, host, take, ahead=False):
        super().__init__(host, take, ahead)
        self.host = host

    async def next_id(self):
        await self.host.sleep(5)
        return await HI_LO.reference.next_id(self)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        (HI_LO, NeverAgain, "Then next_id raises ClockMovedBackwards"),
        (HI_LO, Sleepy, "wait 5 ms and ask nobody"),
        (SURVIVE_A_ROLLBACK, FarAhead, "The last id has the time"),
        (SURVIVE_A_ROLLBACK, AlwaysWorkerOne, "The last id has worker 1."),
        (SURVIVE_A_ROLLBACK, NeverCatchesUp, "which is over"),
        (SURVIVE_A_ROLLBACK, FarJumpsOnly, "does not sort behind the one before"),
        (HI_LO, FiveOrEight, "is in none that you took"),
    ],
)
def test_what_only_a_probe_tells(exercise, answer, words):
    result = exercise.check(answer)
    assert (result.kind, result.mistake) == ("incorrect", "")
    assert words in result.message
