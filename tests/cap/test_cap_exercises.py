"""Chapter 1's exercises: wrong answers and what is said of them, and other right ones."""

from functools import partial
from itertools import chain

import pytest

from distlab.cap.cp_store import ConfigStore
from distlab.cap.dynamo import Fetch, Replica, Store
from distlab.cap.exercises import CAREFUL_LEADER, QUORUM, WRITE_BACK, WriteBack
from distlab.host import Unavailable


def probed(exercise, solution):
    """What the exercise says of a solution that its stories cannot tell from a right one."""
    answers = (probe(solution, exercise.reference) for probe in exercise.probes)
    return next(filter(None, chain.from_iterable(answers)), "")


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


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("2 * (n // 2 + 1) - w", "choose_r(2, 1): yours says 3, and fewer will do; 2 is right."),
        ("n if w == 1 else 1 if w == n else n // 2 + 1", "choose_r(4, 3): yours says 3"),
        ("{1: n, n: 1}.get(w, 3 if n == 5 else 2)", "choose_r(4, 2): yours says 2, and a read may"),
        ("{(3, 3): 1, (3, 1): 3, (3, 2): 2, (5, 3): 3, (5, 1): 5}[n, w]", "KeyError: (1, 1)"),
    ],
)
def test_numbers_that_are_right_where_the_stories_ask(answer, words):
    assert words in QUORUM.check(eval(f"lambda n, w: {answer}"), shrinking=False).message


class Chooser:
    def __call__(self, n, w):
        return n - w + 1


@pytest.mark.parametrize("right", [Chooser(), partial(lambda one, n, w: n - w + one, 1)])
def test_anything_that_can_be_called_is_a_function(right):
    assert QUORUM.check(right).kind == "correct"


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


class Asks(Replica):
    """Asks everybody; `count` says how many are enough."""

    count = 2

    async def write_back(self, newest, found):
        return len(await self.ask(newest, self.home, wait_for=self.count)) >= self.count


class AsksThoseFound(Replica):
    async def write_back(self, newest, found):
        lack = [name for name, each in found.items() if each.versions != newest.versions]
        return len(await self.ask(newest, lack, wait_for=len(lack))) == len(lack)


class IsOneMoreOfThree(Replica):
    async def write_back(self, newest, found):
        holders = [name for name, each in found.items() if each.versions == newest.versions]
        others = [name for name in self.home if name not in holders]
        return len(holders) > 1 or bool(await self.ask(newest, others, wait_for=1))


class AsksForEver(WriteBack):
    async def write_back(self, newest, found):
        while not await super().write_back(newest, found):
            pass
        return True


class SleepsLong(Replica):
    async def write_back(self, newest, found):
        await self.sleep(100)
        return True


class SendsTheFirst(WriteBack):
    async def write_back(self, newest, found):
        first = next(iter(found.values()))
        return await super().write_back(Store(newest.key, first.versions), found)


class TriesOnce(WriteBack):
    tried = False

    async def write_back(self, newest, found):
        tried, self.tried = self.tried, True
        return tried or await super().write_back(newest, found)


class IsCarefulOnN1(WriteBack):
    async def write_back(self, newest, found):
        return self.name != "n1" or await super().write_back(newest, found)


class RefusesMerged(WriteBack):
    async def write_back(self, newest, found):
        known = any(each.versions == newest.versions for each in found.values())
        return known and await super().write_back(newest, found)


class RaisesUnavailable(WriteBack):
    async def write_back(self, newest, found):
        if await super().write_back(newest, found):
            return True
        raise Unavailable("too few")


TOO_FEW = "It says True. A majority is"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Asks, TOO_FEW),
        (AsksThoseFound, TOO_FEW),
        (IsOneMoreOfThree, TOO_FEW),
        (SleepsLong, TOO_FEW),
        (SendsTheFirst, TOO_FEW),
        (TriesOnce, TOO_FEW),
        (IsCarefulOnN1, TOO_FEW),
        (AsksForEver, "it still waits"),
        (RefusesMerged, "replicas are up, and a majority is"),
        (RaisesUnavailable, "It raised Unavailable: to refuse, return False."),
    ],
)
def test_ways_to_write_back_that_any_replicas_bring_to_light(answer, words):
    assert words in probed(WRITE_BACK, answer)


class TriesAgain(WriteBack):
    async def write_back(self, newest, found):
        return await super().write_back(newest, found) or await super().write_back(newest, found)


class CountsItself(Replica):
    async def write_back(self, newest, found):
        self.answer(newest)
        others = [name for name in self.home if name != self.name]
        stored = await self.ask(newest, others, wait_for=self.majority - 1)
        return 1 + len(stored) >= self.majority


@pytest.mark.parametrize("right", [TriesAgain, CountsItself])
def test_other_right_ways_to_write_back(right):
    assert WRITE_BACK.check(right).kind == "correct"


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
        confirmed_within = eval(f"lambda self, ms: {answer}")

    result = CAREFUL_LEADER.check(CarefulLeader, shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", CONFIRMED[answer])


class OwnTime(ConfigStore):
    """Takes the time when an answer comes."""

    def become_leader(self):
        self.answered_ms = self.monotonic_ms()
        super().become_leader()

    def on_ack(self, ack, sender):
        before = self.confirmed
        super().on_ack(ack, sender)
        if self.confirmed > before:
            self.answered_ms = self.monotonic_ms()

    on_alive = on_ack


class ShortLease(ConfigStore):
    def __init__(self, name, cluster, lease_ms=0, patience_ms=120):
        super().__init__(name, cluster, min(lease_ms, 60), patience_ms)


@pytest.mark.parametrize(
    ("answer", "base"),
    [
        (f"{AGE} <= ms + 10", ConfigStore),
        (f"{AGE} <= 1.2 * ms", ConfigStore),
        (f"{AGE} <= 0.8 * ms", ConfigStore),
        (f"{AGE} <= min(ms, 350)", ConfigStore),
        (f"self.name != 'n1' or {AGE} <= ms", ConfigStore),
        ("(self.round - self.confirmed) * self.heartbeat_ms <= ms", ConfigStore),
        ("self.now_ms() - 1_767_225_600_000 - self.confirmed_ms <= ms", ConfigStore),
        ("self.monotonic_ms() - self.answered_ms <= ms", OwnTime),
        (f"{AGE} <= ms", ShortLease),
    ],
)
def test_answers_that_every_age_brings_to_light(answer, base):
    class CarefulLeader(base):
        confirmed_within = eval(f"lambda self, ms: {answer}")

    said = "leave them as they are" if base is ShortLease else "yours says"
    assert said in probed(CAREFUL_LEADER, CarefulLeader)


@pytest.mark.parametrize(
    "answer", [f"{AGE} < ms", "self.monotonic_us() - 1000 * self.confirmed_ms <= 1000 * ms"]
)
def test_a_millisecond_more_or_less_is_no_mistake(answer):
    class CarefulLeader(ConfigStore):
        confirmed_within = eval(f"lambda self, ms: {answer}")

    assert probed(CAREFUL_LEADER, CarefulLeader) == ""
