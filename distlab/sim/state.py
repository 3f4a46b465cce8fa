"""The state of a node: words for the pictures, and the values that it keeps, for the instruments.

A node's `describe` returns text. It returns a `State` when the lab should also show a table of what
the node keeps for others: a key, a lock, a lease, the last write that it let through.

    def describe(self):
        return State("stock=A until 30 ms", (Kept("stock", "A", "alice", START_MS + 30),))
"""

from typing import NamedTuple

from distlab.sim.clocks import EPOCH_US


class Kept(NamedTuple):
    """`value` under the name `what`, put there by the machine `by` (empty: unknown).

    It ends when this machine's own wall clock shows `until_ms` (Unix time); None: it stays.
    """

    what: str
    value: str
    by: str = ""
    until_ms: int | None = None

    @property
    def ending(self) -> str:
        """` until 96 ms` of the run; empty for a value that stays."""
        return "" if self.until_ms is None else f" until {self.until_ms - EPOCH_US // 1000} ms"


class State(NamedTuple):
    """A state in words; another one, if it is equal to the last, is not recorded."""

    words: str
    kept: tuple[Kept, ...] = ()

    def __str__(self) -> str:
        return self.words

    def __bool__(self) -> bool:
        """Whether there is anything to say: a node that says nothing at its boot has no state."""
        return bool(self.words or self.kept)
