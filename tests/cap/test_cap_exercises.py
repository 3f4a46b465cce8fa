"""Chapter 1's exercises: wrong answers and what is said of them, and other right ones."""

import pytest

from distlab.cap.cp_store import ConfigStore
from distlab.cap.dynamo import Fetch, Replica
from distlab.cap.exercises import CAREFUL_LEADER, QUORUM, WRITE_BACK, WriteBack
from distlab.host import Unavailable

R_OF = {
    "n - w": "one too few",
    "n // w": "one too few",
    "1": "one is enough",
    "True": "one is enough",
    "2 if w == 2 else 1": "one is enough",
    "n": "ask everybody",
    "w": "ask everybody",
    "n // 2 + 1": "always a majority",
    "n - 1": "always a majority",
    "n - w + 2": "always a majority",
    "0": "asks nobody",
    "n + 1": "asks more than there are",
    "4 - w": "thinks of three",
    "min(3, n - w + 1)": "thinks of three",
    "n - w + 1 if n == 3 else n": "thinks of three",
}


@pytest.mark.parametrize("answer", R_OF)
def test_wrong_numbers_of_replicas(answer):
    result = QUORUM.check(eval(f"lambda n, w: {answer}"), shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", R_OF[answer])


class IgnoresTheOutcome(WriteBack):
    """Asks those that lack it, as it should, and answers whatever came of it."""

    async def write_back(self, newest, found):
        await super().write_back(newest, found)
        return True


class WaitsForTheFirst(Replica):
    """The first to store it is this replica itself."""

    async def write_back(self, newest, found):
        return bool(await self.ask(newest, self.home, wait_for=1))


class CountsAnswers(Replica):
    async def write_back(self, newest, found):
        return len(found) >= self.majority


class CountsHolders(Replica):
    async def write_back(self, newest, found):
        holders = [each for each in found.values() if each.versions == newest.versions]
        return len(holders) >= self.majority


class WantsAMajorityOfTheOthers(Replica):
    async def write_back(self, newest, found):
        others = [n for n in self.home if n not in found or found[n].versions != newest.versions]
        return len(await self.ask(newest, others, wait_for=self.majority)) >= self.majority


class AsksTheFirst(Replica):
    async def write_back(self, newest, found):
        return bool(await self.ask(newest, ["n1"], wait_for=1))


class AsksOnly(Replica):
    async def write_back(self, newest, found):
        return len(await self.ask(newest, ["n1", "n2"], wait_for=2)) == 2


class LooksAgain(Replica):
    async def write_back(self, newest, found):
        fetch = Fetch(newest.key)
        return len(await self.ask(fetch, self.home, wait_for=self.majority)) >= self.majority


class Sleeps(Replica):
    async def write_back(self, newest, found):
        await self.sleep(60)
        return True


class SendsAndSleeps(Replica):
    async def write_back(self, newest, found):
        self.spawn(self.ask(newest, self.home, wait_for=0), background=True)
        await self.sleep(30)
        return True


class IsUnavailable(Replica):
    async def write_back(self, newest, found):
        raise Unavailable("never")


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (IgnoresTheOutcome, "answers all the same"),
        (SendsAndSleeps, "answers all the same"),
        (WaitsForTheFirst, "sends and forgets"),
        (CountsAnswers, "answers at once"),
        (LooksAgain, "answers at once"),
        (Sleeps, "answers at once"),
        (IsUnavailable, "always refuses"),
        (WantsAMajorityOfTheOthers, "always refuses"),
        (CountsHolders, "refuses"),
        (AsksTheFirst, "waits for all"),
        (AsksOnly, "waits for all"),
    ],
)
def test_wrong_ways_to_write_back(answer, mistake):
    result = WRITE_BACK.check(answer, shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", mistake)


def test_an_answer_after_too_few_stores_can_be_replayed():
    assert WRITE_BACK.check(IgnoresTheOutcome).lab.endswith("(solution=WriteBack, patience_ms=30))")


def test_a_read_may_ask_everybody_again():
    class AsksAll(Replica):
        async def write_back(self, newest, found):
            return len(await self.ask(newest, self.home, wait_for=self.majority)) >= self.majority

    assert WRITE_BACK.check(AsksAll).kind == "correct"


AGE = "self.monotonic_ms() - self.confirmed_ms"
CONFIRMED = {
    "True": "always sure",
    "self.role == 'leader'": "always sure",
    "self.leader == self.name": "always sure",
    f"-({AGE}) <= ms": "always sure",
    f"({AGE}) / 1000 <= ms": "always sure",
    f"{AGE} <= 300": "always sure",
    "False": "never sure",
    f"{AGE} >= ms": "never sure",
    "self.now_ms() - self.confirmed_ms <= ms": "never sure",
    "self.monotonic_ms() - self.heard_ms <= ms": "never sure",
    "self.monotonic_ms() <= ms": "never sure",
    "self.confirmed_ms <= ms": "never sure",
    "self.confirmed > 0": "never sure",
    f"{AGE} <= 80": "ignores ms",
    f"{AGE} <= 100": "ignores ms",
    f"{AGE} <= 120": "too late by a slow clock",
    f"{AGE} <= 2 * ms": "too late by a slow clock",
    f"ms == self.lease_ms or {AGE} <= ms": "too late by a slow clock",
    f"ms == self.patience_ms or {AGE} <= ms": "never steps down",
    f"{AGE} <= ms / 2": "asks all the same",
}


@pytest.mark.parametrize("answer", CONFIRMED)
def test_wrong_ways_to_be_sure(answer):
    class CarefulLeader(ConfigStore):
        def confirmed_within(self, ms):
            return eval(answer)

    result = CAREFUL_LEADER.check(CarefulLeader, shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", CONFIRMED[answer])
