"""Chapter 1's exercises: answers that are wrong in a way of their own."""

from distlab.cap.exercises import WRITE_BACK, WriteBack


class IgnoresTheOutcome(WriteBack):
    """Asks those that lack it, as it should, and answers whatever came of it."""

    async def write_back(self, newest, found):
        await super().write_back(newest, found)
        return True


def test_an_answer_after_too_few_stores_is_noticed():
    result = WRITE_BACK.check(IgnoresTheOutcome)
    assert (result.kind, result.mistake) == ("incorrect", "answers all the same")
    assert result.lab.endswith(".using(solution=WriteBack, patience_ms=30))")
