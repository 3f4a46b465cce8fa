"""What protects the data when a lock cannot: the resource refuses who comes too late.

A holder that was paused, or whose request was long on its way, may write when the lock is another's
already, and no look at the clock before the request helps. Each holder therefore sends the number
that it got with the lock, and the resource admits no number below the highest that it has seen
(Martin Kleppmann, "How to do distributed locking", 2016).

The highest number belongs to the resource's own data, is as durable, and changes in one step with
it. In a database one statement does all of it:

    UPDATE stock SET pieces = pieces - 1, fence = :token
    WHERE product = :product AND pieces > 0 AND fence <= :token

and no row changed means: refused.
"""

from __future__ import annotations

from distlab.host import BadInput, Refused


class StaleToken(Refused):
    """The lock has been somebody else's since: this write comes too late."""


class Fence:
    """The resource's side. `latest` and `holder` are its state, for you to store with the data.

    An equal number is the same holder writing again, and is admitted. It may also be another one's:
    numbers are given twice when the server that counts them has lost some. If writers say who they
    are, the second one is then refused. Which of the two is right, no resource can know: first
    come, first served. And when the counter begins at 1 again, everybody is refused until it has
    caught up: safe, and closed for business.
    """

    def __init__(self, latest: int = 0, holder: str | None = None) -> None:
        self.latest = latest
        self.holder = holder

    def admit(self, token: int | None, holder: str | None = None) -> None:
        """Call it before each write. Raises `StaleToken`, and `BadInput` for what is no number."""
        if isinstance(token, bool) or not isinstance(token, int) or token < 1:
            raise BadInput(f"fencing token {token!r}: a whole number from 1 on is needed")
        if token < self.latest:
            raise StaleToken(f"token {token} comes after token {self.latest}")
        if token == self.latest and None not in (holder, self.holder) and holder != self.holder:
            raise StaleToken(f"token {token} of {holder} is in use by {self.holder}")
        self.latest, self.holder = token, holder
