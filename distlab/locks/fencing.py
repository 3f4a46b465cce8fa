"""What protects the data when a lock cannot: the resource refuses writes that come too late.

A holder may be paused, or its request may be slow. Then it writes when somebody else has the lock
already, and no look at the clock before the request helps. So each holder sends the number that it
got with the lock, and the resource admits no number below the highest that it has seen (Martin
Kleppmann, "How to do distributed locking", 2016).

The highest number is part of the resource's own data: as durable, and changed in the same step. In
a database one statement does it all:

    UPDATE stock SET pieces = pieces - 1, fence = :token
    WHERE product = :product AND pieces > 0 AND fence <= :token

When no row has changed, the write is refused.
"""

from distlab.host import BadInput, Refused, is_whole


class StaleToken(Refused):
    """The lock has been somebody else's since: this write comes too late."""


class Fence:
    """The resource's side. `latest` and `holder` are its state, for you to store with the data.

    An equal number is the same holder writing again, and is admitted. But a server that has lost
    its count gives numbers twice. If writers say who they are, the second holder of a number is
    refused; the resource cannot know which of the two is right. And when the counter begins at 1
    again, everybody is refused until it has caught up: that is safe, but nobody can work.
    """

    def __init__(self, latest: int = 0, holder: str | None = None) -> None:
        self.latest = latest
        self.holder = holder

    def admit(self, token: int | None, holder: str | None = None) -> None:
        """Call it before each write. Raises `StaleToken`, and `BadInput` if it is not a number."""
        if not is_whole(token) or token < 1:
            raise BadInput(f"fencing token {token!r}: a whole number from 1 on is needed")
        if token < self.latest:
            raise StaleToken(f"token {token} comes after token {self.latest}")
        if token == self.latest and None not in (holder, self.holder) and holder != self.holder:
            raise StaleToken(f"token {token} of {holder} is in use by {self.holder}")
        self.latest, self.holder = token, holder
