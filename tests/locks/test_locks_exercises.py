"""Chapter 4's exercises: wrong answers and what is said of them, and other right ones."""

from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest

from distlab.host import Refused
from distlab.locks.exercises import FENCE, OWN_LOCK, OWN_REDLOCK, OwnLock, OwnRedlock, PlainLock
from distlab.locks.exercises.own_lock import COMPARE_AND_DELETE
from distlab.locks.fencing import Fence, StaleToken
from distlab.locks.lock import Busy, Held
from distlab.locks.redlock import RELEASE

# A lock of one's own. Each line is the body of `acquire`; a line for `release` begins with "-".

SET = "await self.redis.set(self.name, self.token, nx=True, px=self.ttl_ms)"
ACQUIRE = {
    "return True": "asks nobody",
    "return False": "never takes",
    f"{SET}; return False": "never takes",
    f"return bool({SET.replace('nx', 'xx')})": "never takes",
    f"{SET}; return True": "takes a no for a yes",
    f"return bool({SET.replace('nx=True, ', '')})": "takes even if taken",
    f"return not await self.redis.exists(self.name) and bool({SET.replace('nx=True, ', '')})":
        "looks, then sets",
    f"return bool({SET.replace(', px=self.ttl_ms', '')})": "never ends",
    f"return bool({SET.replace('px', 'ex')})": "another time",
    f"return bool({SET.replace('self.ttl_ms', '80')})": "another time",
    f"return bool({SET.replace('self.ttl_ms', '8000')})": "another time",
    f"self.token = b'me'; return bool({SET})": "one token for all",
    f"self.token = b'%d' % self.calls; return bool({SET})": "one token for all",
    f"self.token = str(id(self)).encode(); return bool({SET})": "one token for ever",
    f"self.token = self.first; return bool({SET})": "one token for ever",
    "n = await self.redis.incr(self.name); await self.redis.pexpire(self.name, 80); return n == 1":
        "two steps",
}  # fmt: skip
RELEASE_BY = {
    "pass": "never frees",
    "await self.redis.eval(SCRIPT, 1, self.name, self.name)": "never frees",
    "await self.redis.eval(SCRIPT, 1, 'another', self.token)": "never frees",
    "await self.redis.eval(SCRIPT, 1, self.name, self.new_token())": "never frees",
    "await self.redis.delete(self.name)": "deletes any lock",
    "await self.redis.unlink(self.name)": "frees another's",
    "await self.redis.getdel(self.name)": "frees another's",
    "await self.redis.pexpire(self.name, 1)": "frees another's",
    "await self.redis.eval(SCRIPT.replace('==', '~='), 1, self.name, self.token)":
        "frees another's",
}  # fmt: skip


def method(name, body, **names):
    space = {"SCRIPT": COMPARE_AND_DELETE, **names}
    exec(f"async def {name}(self): {body}", space)
    return space[name]


@pytest.mark.parametrize("body", ACQUIRE)
def test_wrong_ways_to_acquire(body):
    acquire = method("acquire", body)

    class Cheat(OwnLock):
        calls, first = 0, b""

        async def acquire(self):
            self.calls += 1
            self.token = self.new_token()
            self.first = self.first or self.token
            return await acquire(self)

    result = OWN_LOCK.check(Cheat, shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", ACQUIRE[body])


@pytest.mark.parametrize("body", RELEASE_BY)
def test_wrong_ways_to_release(body):
    cheat = type("OwnLock", (OwnLock,), {"release": method("release", body)})
    result = OWN_LOCK.check(cheat, shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", RELEASE_BY[body])


@pytest.mark.parametrize("answer", [True, False])
def test_no_answer_is_neither_yes_nor_no(answer):
    class OwnLockWithAnOpinion(OwnLock):
        async def acquire(self):
            try:
                return await super().acquire()
            except TimeoutError:
                return answer

    result = OWN_LOCK.check(OwnLockWithAnOpinion, shrinking=False)
    assert result.mistake == f"takes silence for a {'yes' if answer else 'no'}"


def test_a_script_that_redis_refuses_is_told():
    class OwnLockWithTypo(OwnLock):
        async def release(self):
            await self.redis.eval("return redis.call('DELETE', KEYS[1])", 1, self.name)

    result = OWN_LOCK.check(OwnLockWithTypo)
    assert result.kind == "incorrect"
    assert "unknown command" in result.message


class OwnLockThatWaits(OwnLock):
    async def acquire(self):
        for _ in range(3):
            if await super().acquire():
                return True
        return False


class OwnLockThatIsQuiet(PlainLock):
    """Keeps the token of a lock that it has, and does not mind if the release gets no answer."""

    token = None

    async def acquire(self):
        token = self.new_token()
        if await self.redis.set(self.name, token, nx=True, px=self.ttl_ms):
            self.token = token
        return self.token is token

    async def release(self):
        token, self.token = self.token, None
        with suppress(TimeoutError):
            await self.redis.eval(COMPARE_AND_DELETE, 1, self.name, token)


@pytest.mark.parametrize("answer", [OwnLockThatWaits, OwnLockThatIsQuiet])
def test_other_locks_of_ones_own(answer):
    assert OWN_LOCK.check(answer).kind == "correct"


def calm(exercise):
    """The exercise with one calm run: its probes have to tell the rest."""
    case = replace(exercise.cases[0], schedules=("",), seeds=range(1), searched=0)
    return replace(exercise, cases=(case,))


# What no run of the scenarios shows: a body of `acquire` or, after "-", of `release`, and words.

COMPARE = "await self.redis.eval(SCRIPT, 1, self.name, self.token)"
PROBED_LOCKS = {
    f"return bool({SET.replace('self.ttl_ms', 'self.ttl_ms + 10')})": "lives for 90 ms",
    f"return bool({SET.replace('self.ttl_ms', 'self.ttl_ms - 5')})": "lives for 75 ms",
    f"return bool({SET} or {SET} or {SET} or {SET} or {SET})": "Ask once.",
    f"self.token = self.token[:2]; return bool({SET})": "a second time",
    f"self.token = str(next(NUMBERS)); return bool({SET})": "your tokens ascend",
    f"return bool({SET} and {SET.replace('nx', 'xx')})": "acquire changes the key",
    f"return bool({SET} or await self.redis.eval(RENEW, 1, self.name) and 0)":
        "a refused acquire changes the key",
    "-await self.redis.get(self.name) == self.token and await self.redis.delete(self.name)":
        "release changes the key",
    f"-[0 for _ in range(9999) if not {COMPARE}]": "does not end",
    f"-{COMPARE.replace('SCRIPT', 'PREFIX')}": "release changes the key",
}  # fmt: skip


@pytest.mark.parametrize("body", PROBED_LOCKS)
def test_locks_that_only_a_probe_tells(body):
    names = {
        "NUMBERS": count(),
        "RENEW": "redis.call('PEXPIRE', KEYS[1], 40)",
        "PREFIX": COMPARE_AND_DELETE.replace(
            "redis.call('GET', KEYS[1])", "string.sub(redis.call('GET', KEYS[1]), 1, 32)"
        ),
    }
    changed = method("release" if body[0] == "-" else "acquire", body.lstrip("-"), **names)

    class Cheat(OwnLock):
        async def acquire(self):
            self.token = self.new_token()
            if body[0] == "-":
                return await super().acquire()
            return await changed(self)

        async def release(self):
            await (changed(self) if body[0] == "-" else super().release())

    result = calm(OWN_LOCK).check(Cheat)
    assert (result.kind, result.mistake) == ("incorrect", "")
    assert PROBED_LOCKS[body] in result.message


class OwnLockOfAnotherKey(PlainLock):
    """Draws its first token early, prefixes the key, and keeps the time that it is given."""

    def __init__(self, redis, name):
        super().__init__(redis, f"lock:{name}")
        self.token, self.ms = self.new_token(), self.ttl_ms

    async def acquire(self):
        self.token = self.new_token()
        old = await self.redis.set(self.name, self.token, nx=True, px=self.ms, get=True)
        return old is None

    async def release(self):
        give_back = self.redis.register_script(COMPARE_AND_DELETE)
        if not await give_back(keys=[self.name], args=[self.token]):
            raise Refused("it was lost before")


def test_a_lock_may_use_a_key_of_its_own_making():
    assert OWN_LOCK.check(OwnLockOfAnotherKey).kind == "correct"


# The fence. Each line is the condition under which a token is refused; `latest` is `self.latest`.

REFUSED_IF = {
    "True": "refuses everybody",
    "token > latest": "refuses everybody",
    "token not in (latest, latest + 1)": "refuses everybody",
    "token <= latest": "refuses the same holder",
    "latest not in (0, token)": "refuses later holders",
    "self.calls > 2": "refuses later holders",
    "str(token) < str(latest)": "compares texts",
    "False": "lets everybody in",
    "token < latest - 1": "lets everybody in",
    "token == 33 and latest == 34": "lets everybody in",
}


def refuse():
    raise Refused("late")


def fence(condition, kept="token"):
    """A fence that refuses a token under this condition, and keeps this of any other."""
    names = {"refuse": refuse}
    is_late, keeps = (eval(f"lambda token, latest, self: {x}", names) for x in (condition, kept))

    class Cheat(Fence):
        calls = 0

        def admit(self, token):
            self.calls += 1
            if is_late(token, self.latest, self):
                raise StaleToken("late")
            self.latest = keeps(token, self.latest, self)

    return Cheat


@pytest.mark.parametrize("condition", REFUSED_IF)
def test_wrong_fences(condition):
    result = FENCE.check(fence(condition), shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", REFUSED_IF[condition])


# What no run of the scenarios shows. Each line is a condition, then what is kept, and the words.

PROBED = [
    ("token < latest or 0 < latest < token - 5", "token", "lets it in, yours raises StaleToken"),
    ("token < latest and token % 2", "max(token, latest)", "raises StaleToken, yours lets it in"),
    ("token < latest and self.calls < 9", "max(token, latest)", "yours lets it in"),
    ("token % 256 < latest % 256", "token", "a right fence"),
    ("f'{token:02}' < f'{latest:02}'", "token", "a right fence"),
    ("(token, latest) in ((33, 34), (9, 10))", "token", "yours lets it in"),
    ("token == latest - 1", "token", "yours lets it in"),
    ("token < latest", "token / 1", "self.latest should be"),
    ("token < int(latest)", "str(token)", "self.latest should be"),
    ("token <= latest", "token - 1", "self.latest should be"),
    ("token < latest and refuse()", "token", "yours raises Refused"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "kept", "words"), PROBED)
def test_fences_that_only_a_probe_tells(condition, kept, words):
    result = calm(FENCE).check(fence(condition, kept))
    assert (result.kind, result.mistake) == ("incorrect", "")
    assert words in result.message


class KeepsASet(Fence):
    def admit(self, token):
        self.seen = getattr(self, "seen", frozenset()) | {token}
        if token < max(self.seen):
            raise StaleToken("late")


class SaysNoByFalse(Fence):
    def admit(self, token):
        if token < self.latest:
            return False
        self.latest = token
        return True


@pytest.mark.parametrize(
    ("cheat", "mistake"), [(KeepsASet, "remembers elsewhere"), (SaysNoByFalse, "lets everybody in")]
)
def test_other_wrong_fences(cheat, mistake):
    assert FENCE.check(cheat, shrinking=False).mistake == mistake


def test_a_fence_may_say_no_in_its_own_words():
    class OwnFenceInWords(Fence):
        def admit(self, token):
            if self.latest > token:
                raise StaleToken
            self.latest = max(self.latest, token)

    assert FENCE.check(OwnFenceInWords).kind == "correct"


# Redlock. Parts of the reference, and what stands in their place.

PARTS = {
    "now": "self.host.monotonic_ms()",
    "set": "r.set(self.key, token, nx=True, px=self.timeout_ms)",
    "wins": "answers.count(True) >= self.majority",
    "until": "asked_ms + self.valid_ms(self.timeout_ms)",
    "back": "RELEASE(r, [self.key], token)",
}
CHEATS = [
    ("now", "self.host.now_ms()", "believes too long"),
    ("until", "float('inf')", "believes too long"),
    ("until", "asked_ms + 10 * self.timeout_ms", "believes too long"),
    ("until", "self.host.monotonic_ms() + self.valid_ms(160)", "counts from the answer"),
    ("until", "self.valid_ms(self.timeout_ms)", "gives up what it won"),
    ("until", "(asked_ms + self.valid_ms(self.timeout_ms)) / 1000", "gives up what it won"),
    ("wins", "False", "gives up what it won"),
    ("wins", "True", "takes a no for a yes"),
    ("wins", "True in answers", "one is enough"),
    ("wins", "all(answers)", "wants all"),
    ("wins", "sum(map(bool, answers)) >= 2", "counts silence"),
    ("wins", "sum(a is not None for a in answers) >= 2", "counts silence"),
    ("wins", "answers.count(True) > answers.count(None)", "counts silence"),
    ("wins", "answers.count(True) > self.majority", "wants all"),
    ("set", "r.set(self.key, token, px=self.timeout_ms)", "takes even if taken"),
    ("set", "r.set(self.key, token, nx=True)", "never ends"),
    ("set", "r.setnx(self.key, token)", "never ends"),
    ("set", "r.set(self.key, token, nx=True, px=16)", "another time"),
    ("set", "r.set(self.key, token, nx=True, px=1600)", "another time"),
    ("set", "r.set(self.key, token, nx=True, ex=self.timeout_ms)", "another time"),
    ("set", "r.set(self.key, b'x', nx=True, px=self.timeout_ms)", "another token"),
    ("set", "r.set(self.key, self.new_token(), nx=True, px=160)", "another token"),
    ("set", "r.set('k', token, nx=True, px=self.timeout_ms)", "another key"),
    ("back", "r.delete(self.key)", "frees others"),
    ("back", "r.get(self.key)", "keeps what it got"),
]


def redlock(part, text):
    parts = {**PARTS, part: text}
    body = "; ".join([
        f"asked_ms = {parts['now']}",
        f"answers = await self.everywhere(lambda r: {parts['set']})",
        f"held = Held({parts['until']}) if {parts['wins']} else None",
        f"held or await self.everywhere(lambda r: {parts['back']})",
        "return held or Busy()",
    ])  # fmt: skip
    space = {"Held": Held, "Busy": Busy, "RELEASE": RELEASE}
    exec(f"async def do_acquire(self, token): {body}", space)
    return type("OwnRedlock", (OwnRedlock,), {"do_acquire": space["do_acquire"]})


@pytest.mark.parametrize(("part", "text", "mistake"), CHEATS)
def test_wrong_redlocks(part, text, mistake):
    result = OWN_REDLOCK.check(redlock(part, text), shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", mistake)


class AnswersBusy(OwnRedlock):
    async def do_acquire(self, token):
        return Busy()


class RaisesWhenOneIsDown(OwnRedlock):
    async def do_acquire(self, token):
        asked_ms = self.host.monotonic_ms()
        answers = await self.everywhere(
            lambda r: r.set(self.key, token, nx=True, px=self.timeout_ms)
        )
        for answer in answers:
            if isinstance(answer, Exception):
                await self.everywhere(lambda r: RELEASE(r, [self.key], token))
                raise answer
        if answers.count(True) >= self.majority:
            return Held(asked_ms + self.valid_ms(self.timeout_ms))
        await self.everywhere(lambda r: RELEASE(r, [self.key], token))
        return Busy()


class GivesBackWhereItWasTold(OwnRedlock):
    """Not where the answer was lost."""

    async def do_acquire(self, token):
        asked_ms = self.host.monotonic_ms()
        answers = await self.everywhere(
            lambda r: r.set(self.key, token, nx=True, px=self.timeout_ms)
        )
        if answers.count(True) >= self.majority:
            return Held(asked_ms + self.valid_ms(self.timeout_ms))
        for redis, answer in zip(self.redises, answers, strict=True):
            if answer is True:
                await self.one(redis, lambda r: RELEASE(r, [self.key], token))
        return Busy()


@pytest.mark.parametrize(
    ("cheat", "mistake"),
    [
        (AnswersBusy, "asks nobody"),
        (RaisesWhenOneIsDown, "wants all"),
        (GivesBackWhereItWasTold, "keeps what it got"),
    ],
)
def test_other_wrong_redlocks(cheat, mistake):
    result = OWN_REDLOCK.check(cheat, shrinking=False)
    assert (result.kind, result.mistake) == ("incorrect", mistake)


PROBED_REDLOCKS = [
    ("until", "asked_ms + self.timeout_ms + 3", "are certain"),
    ("until", "asked_ms + self.valid_ms(self.timeout_ms) / 2", "are certain"),
    ("until", "self.host.monotonic_ms() + 1", "are certain"),
    ("until", "asked_ms + self.valid_ms(self.timeout_ms), 1", "fencing token"),
    ("wins", "answers.count(True) >= 2", "Yours takes the lock"),
    ("set", "r.set(self.key, token, nx=True, px=self.timeout_ms - 5)", "keeps b'a-token' for"),
]


@pytest.mark.parametrize(("part", "text", "words"), PROBED_REDLOCKS)
def test_redlocks_that_only_a_probe_tells(part, text, words):
    result = calm(OWN_REDLOCK).check(redlock(part, text))
    assert (result.kind, result.mistake) == ("incorrect", "")
    assert words in result.message


class GivesBackInTurn(OwnRedlock):
    async def do_acquire(self, token):
        asked_ms = self.host.monotonic_ms()
        answers = await self.everywhere(
            lambda r: r.set(self.key, token, nx=True, px=self.timeout_ms)
        )
        if answers.count(True) >= self.majority:
            return Held(asked_ms + self.valid_ms(self.timeout_ms))
        for redis in self.redises:
            await self.one(redis, lambda r: RELEASE(r, [self.key], token))
        return Busy()


def test_one_silent_server_does_not_delay_what_is_given_back_to_another():
    assert "Ask all at once" in calm(OWN_REDLOCK).check(GivesBackInTurn).message


def test_the_parts_of_a_right_redlock_are_right():
    assert OWN_REDLOCK.check(redlock("wins", PARTS["wins"])).kind == "correct"
