"""The promises of chapter 4: what each accepts and what it rejects."""

import pytest

from distlab.locks.checks import (
    AS_SHOWN,
    FENCING_ORDER,
    FINISHED,
    NO_HERD,
    NOTHING_REFUSED,
    SERVED,
    TOKENS_ASCEND,
    few_messages,
    granted,
)
from distlab.locks.fencing import StaleToken
from distlab.servers.leases import Deleted
from distlab.servers.service import Refusal
from distlab.shop.stock import Sold, SoldOut, Stock
from distlab.sim.trace import Call, Trace
from tests.shop.test_invariants import answers


@pytest.mark.parametrize(
    ("tokens", "fine"),
    [((33, 34), True), ((33, 33), True), ((34, 33), False), ((33, None, 34, 33), False)],
)
def test_the_order_of_tokens_at_the_shop(tokens, fine):
    sent = [("alice", Sold(9 - number, token)) for number, token in enumerate(tokens)]
    assert FENCING_ORDER(answers(*sent)).ok is fine


@pytest.mark.parametrize(
    ("sent", "fine"),
    [
        ([("alice", Stock(1)), ("alice", Sold(0)), ("bob", Stock(0))], True),
        ([("alice", Stock(1)), ("bob", SoldOut())], None),
        ([("alice", Stock(0)), ("alice", SoldOut())], None),
        ([("alice", Stock(1)), ("alice", SoldOut())], False),
    ],
)
def test_what_was_shown_can_be_bought(sent, fine):
    assert AS_SHOWN(answers(*sent)).ok is fine


def test_a_refusal_names_both_tokens():
    words = "token 33 comes after token 34"
    refusal = Refusal(words, StaleToken(words))
    verdict = NOTHING_REFUSED(answers(("bob", Sold(0, 34)), ("alice", refusal)))
    assert verdict.ok is False
    assert verdict.explanation == "shop refused alice: token 33 comes after token 34."
    assert verdict.witness == (1,)
    assert NOTHING_REFUSED(answers(("bob", Sold(0, 34)))).ok


def history(*steps, key="lock"):
    """(who, function) asks, (who, result) is answered, (who, None) fails."""
    records, under_way = [], {}
    for at, (who, what) in enumerate(steps, 1):
        if isinstance(what, str):
            under_way[who] = at
            records.append((1000 * at, "invoke", who, "", Call(what, key, None), at, ""))
        elif what is None:
            records.append((1000 * at, "failed", who, "", None, under_way[who], "no"))
        else:
            records.append((1000 * at, "ok", who, "", what, under_way[who], ""))
    return Trace(records)


A, B = ("alice", "acquire"), ("bob", "acquire")


@pytest.mark.parametrize(
    ("steps", "fine"),
    [
        ((A, ("alice", 33), B, ("bob", 34)), True),
        ((A, ("alice", 34), B, ("bob", 33)), False),
        ((A, ("alice", 33), B, ("bob", 33)), False),
        ((A, B, ("alice", 34), ("bob", 33)), True),  # at once: nobody knows who was first
        ((A, B, ("alice", 33), ("bob", 33)), False),
        ((A, ("alice", 34), B, ("bob", True)), None),  # a lock without tokens
    ],
)
def test_later_holders_have_higher_tokens(steps, fine):
    assert TOKENS_ASCEND(history(*steps)).ok is fine


@pytest.mark.parametrize(("check", "function"), [(FINISHED, "buy"), (SERVED, "acquire")])
def test_nobody_is_sent_away(check, function):
    assert check(history(("alice", function), ("alice", True))).ok
    for nothing in ([("alice", function)], [("alice", "release"), ("alice", None)]):
        assert check(history(*nothing)).word == "nothing to judge"
    failed = check(history(("alice", function), ("alice", None)))
    assert failed.ok is False
    assert failed.explanation == f"alice's {function}(lock) came to nothing: no."


def woken(*done):
    """(what the server does, whom it wakes then), all in one microsecond; `-bob` waits no more."""
    records, late, gone = [], [], Deleted("deleted")
    for kind, names in done:
        records.append((1000, kind, "leases", "alice", "revoke", 1, ""))
        for name in names:
            number = len(records)
            records.append((1000, "send", "leases", name.strip("-"), gone, number, ""))
            if name.startswith("-"):
                late.append((2000, "drop", "leases", name, gone, number, "late"))
    return Trace(records + late)


@pytest.mark.parametrize(
    ("done", "fine"),
    [
        ([("deliver", ["bob"]), ("deliver", ["carol"])], True),  # both came while it stood still
        ([("timer", ["bob"]), ("timer", ["carol"])], True),
        ([("deliver", ["bob", "bob"])], True),  # it had asked twice
        ([("deliver", ["bob", "-carol"])], True),
        ([("deliver", ["bob", "carol"])], False),
        ([("timer", ["bob", "carol"])], False),
    ],
)
def test_a_release_wakes_one(done, fine):
    assert NO_HERD(woken(*done)).ok is fine


@pytest.mark.parametrize(("limit", "fine"), [(1, False), (2, True)])
def test_messages_of_the_one_who_acquires_are_counted(limit, fine):
    records = [
        (1000, "invoke", "alice", "", Call("acquire", "lock", None), 1, ""),
        (2000, "send", "alice", "redis-1", "SET", 1, ""),
        (2000, "send", "alice", "redis-2", "SET", 2, ""),
        (2000, "send", "bob", "redis-2", "SET", 3, ""),
        (3000, "ok", "alice", "", True, 1, ""),
        (4000, "send", "alice", "redis-2", "DEL", 4, ""),
    ]
    assert few_messages(limit)(Trace(records)).ok is fine


@pytest.mark.parametrize(
    ("ends", "word"),
    [
        ((20, "ok"), "holds"),
        ((31, "ok"), "violated"),
        ((20, "failed"), "violated"),
        ((20, "unknown"), "violated"),
        ((40, "note"), "violated"),  # it still waits
        ((29, "note"), "nothing to judge"),
        ((40, "crash"), "nothing to judge"),
    ],
)
def test_whoever_asks_gets_the_lock_in_time(ends, word):
    at_ms, kind = ends
    records = [
        (0, "invoke", "alice", "", Call("acquire", "lock", None), 1, ""),
        (at_ms * 1000, kind, "alice", "", True if kind == "ok" else None, 1, ""),
    ]
    assert granted(30)(Trace(records)).word == word
