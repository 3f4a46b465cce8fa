"""Money and pieces neither come nor go: what the shop's invariants accept and reject."""

import pytest

from distlab.shop.invariants import MONEY_CONSERVED, NEVER_OVERSOLD, Balance, stock_adds_up
from distlab.shop.stock import Sold
from distlab.sim.trace import Trace


def answers(*sent):
    """A trace of what the shop sends: (to whom, what)."""
    return Trace(
        [(at, "send", "shop", to, message, at, "") for at, (to, message) in enumerate(sent, 1)]
    )


@pytest.mark.parametrize(
    ("sent", "fine"),
    [
        ([("alice", Sold(1)), ("bob", Sold(0))], True),
        ([("alice", Sold(0)), ("bob", Sold(0))], False),
        ([("alice", Sold(2)), ("bob", Sold(1)), ("carol", Sold(2))], False),
        ([("alice", Sold(0)), ("alice", Sold(0))], False),
    ],
)
def test_no_piece_is_sold_twice(sent, fine):
    verdict = NEVER_OVERSOLD(answers(*sent))
    assert verdict.ok is fine
    assert len(verdict.witness) == (0 if fine else 2)
    assert verdict.judged == len(sent)


def test_an_answer_that_the_network_doubled_is_one_sale():
    sent, *_ = answers(("alice", Sold(0))).events
    arrivals = [sent._replace(kind="deliver", node="alice", peer="shop", at_us=at) for at in (5, 6)]
    verdict = NEVER_OVERSOLD(Trace([sent, *arrivals]))
    assert (verdict.ok, verdict.judged) == (True, 1)


def test_the_last_piece_is_called_so():
    said = NEVER_OVERSOLD(answers(("alice", Sold(0)), ("bob", Sold(0)))).explanation
    assert said == "shop sold the last piece to alice, and to bob."
    said = NEVER_OVERSOLD(answers(("alice", Sold(3)), ("bob", Sold(3)))).explanation
    assert said == "shop sold piece 4 to alice, and to bob."


@pytest.mark.parametrize(
    ("left", "fine"),
    [([2, 1, 0], True), ([2, 2], False), ([2, 1, 0, -1], False), ([1], False), ([], None)],
)
def test_sold_and_left_are_all_there_is(left, fine):
    verdict = stock_adds_up(3)(answers(*((f"buyer-{n}", Sold(n)) for n in left)))
    assert verdict.ok is fine
    assert verdict.judged == len(left)


def test_a_stock_that_does_not_add_up_says_why():
    verdict = stock_adds_up(3)(answers(("alice", Sold(2)), ("bob", Sold(2))))
    assert verdict.explanation == "shop has sold 2 of 3, and has 2 left."
    assert verdict.witness == (1,)


def balances(*noted):
    """A trace of notes: (node, account, cents)."""
    return Trace(
        [
            (at, "note", node, "", Balance(account, cents), 0, "")
            for at, (node, account, cents) in enumerate(noted)
        ]
    )


OPENED = (("bank", "alice", 100), ("shop", "till", 0))


@pytest.mark.parametrize(
    ("noted", "fine"),
    [
        ([("bank", "alice", 70), ("shop", "till", 30)], True),
        ([("bank", "alice", 70)], False),  # paid, and nobody has it
        ([("bank", "alice", 70), ("shop", "till", 30), ("bank", "alice", 100)], False),
        ([("bank", "alice", 70), ("bank", "alice", 100)], True),  # paid back
        ([("bank", "alice", 100)], None),  # a boot, and no payment
        ([], None),
    ],
)
def test_money_is_conserved(noted, fine):
    assert MONEY_CONSERVED(balances(*OPENED, *noted)).ok is fine


def test_lost_money_is_counted_and_the_last_balances_prove_it():
    verdict = MONEY_CONSERVED(balances(*OPENED, ("bank", "alice", 70)))
    assert (
        verdict.explanation == "There were 100 cents in all accounts at first, and 70 in the end."
    )
    assert verdict.witness == (1, 2)
