"""Chapter 5's exercises: further answers, wrong and right."""

import pytest

from distlab.ids.exercises import HI_LO, SURVIVE_A_ROLLBACK, Ranges
from distlab.ids.snowflake_mistakes import TrustingSnowflake


class Wrapping(TrustingSnowflake):
    """Stays at the last millisecond, and goes round in it."""

    def next_id(self):
        now_ms = max(self.now_ms(), self.last_ms)
        same = now_ms == self.last_ms
        self.sequence = (self.sequence + 1) % (self.max_sequence + 1) if same else 0
        self.last_ms = now_ms
        return self.make(now_ms, self.sequence)


def test_a_sequence_that_goes_round_is_noticed():
    result = SURVIVE_A_ROLLBACK.check(Wrapping)
    assert (result.kind, result.mistake) == ("incorrect", "counts anew")


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


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (WithoutASequence, "counts anew"),
        (OfAnotherWorker, "no Snowflake"),
        (AMillisecondEach, "no Snowflake"),
        (RoundInAMillisecond, "does not look back"),
    ],
)
def test_what_is_no_snowflake_does_not_pass(answer, mistake):
    result = SURVIVE_A_ROLLBACK.check(answer)
    assert (result.kind, result.mistake) == ("incorrect", mistake)


class NextOfTheLast(TrustingSnowflake):
    """Another good answer: while the clock is behind, a new millisecond for every id."""

    def next_id(self):
        if self.now_ms() < self.last_ms or self.sequence == self.max_sequence:
            self.last_ms, self.sequence = max(self.now_ms(), self.last_ms + 1), 0
            return self.make(self.last_ms, 0)
        return super().next_id()


def test_an_answer_that_is_not_the_references_passes():
    assert SURVIVE_A_ROLLBACK.check(NextOfTheLast).kind == "correct"


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


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (WithoutTheLast, "throws away"),
        (AsLargeAsASnowflake, "makes numbers up"),  # 60 bits: numbers below it are not listed
        (OneRangeForBoth, "makes numbers up"),
        (EverySecondRange, "throws away"),
    ],
)
def test_numbers_that_are_not_by_the_range_do_not_pass(answer, mistake):
    result = HI_LO.check(answer)
    assert (result.kind, result.mistake) == ("incorrect", mistake)


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


def test_a_range_may_be_taken_ahead():
    assert HI_LO.check(Ahead).kind == "correct"
