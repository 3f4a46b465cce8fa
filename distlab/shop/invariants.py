"""What has to hold in the shop, whatever fails: money and pieces neither come nor go.

They are judged from what the services answered and noted, not from words.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from distlab.check.invariants import Finding, Invariant, invariant
from distlab.check.look import notes, sent
from distlab.shop.stock import Sold
from distlab.sim.trace import Event, Note, Trace


def _sold_once(trace: Trace) -> Iterator[Finding | None]:
    sales: dict[int, tuple[int, Event]] = {}
    for position, event in sent(trace, Sold):
        left = event.what.left
        first, before = sales.setdefault(left, (position, event))
        piece = f"piece {left + 1}" if left else "the last piece"
        said = f"{event.node} sold {piece} to {before.peer}, and to {event.peer}."
        yield None if first == position else Finding(said, (first, position))


NEVER_OVERSOLD = invariant("never oversold", _sold_once, "No piece was sold twice.", "sales")


def stock_adds_up(pieces: int) -> Invariant:
    """After each sale, sold and left are `pieces` together, and no piece is owed."""

    def added_up(trace: Trace) -> Iterator[Finding | None]:
        for sold, (position, event) in enumerate(sent(trace, Sold), 1):
            left = event.what.left
            said = f"{event.node} has sold {sold} of {pieces}, and has {left} left."
            fine = left >= 0 and sold + left == pieces
            yield None if fine else Finding(said, (position,))

    return invariant("stock adds up", added_up, "Sold and left were all there was.", "sales")


@dataclass(frozen=True, slots=True)
class Balance(Note):
    """The cents in an account, including frozen ones.

    The service that keeps the account notes this at its first boot and after each commit.
    """

    account: str
    cents: int

    def __str__(self) -> str:
        return f"{self.account} has {self.cents}"


def _conserved(trace: Trace) -> Iterator[Finding | None]:
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], tuple[int, int]] = {}
    moved = False
    for position, node, note in notes(trace, Balance):
        moved |= first.setdefault((node, note.account), note.cents) != note.cents
        last[node, note.account] = note.cents, position
    before, after = sum(first.values()), sum(cents for cents, _ in last.values())
    if moved:
        said = f"There were {before} cents in all accounts at first, and {after} in the end."
        witness = tuple(sorted(position for _, position in last.values()))
        yield None if before == after else Finding(said, witness)


MONEY_CONSERVED = invariant("money conserved", _conserved, "No cent came or went.", "payments")
"""Judged at the end of the run, since a payment may be under way before."""
