"""What can go wrong with a lock, by name: refused, lost, or unknown."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions
from redis.exceptions import LockError, LockNotOwnedError

from distlab.host import Refused, Unavailable


class NotAcquired(LockError, Refused):
    """This lock object does not hold the lock: there is nothing to work under or to give back."""


class ObjectInUse(LockError, Refused):
    """Another task holds the lock, or asks for it, by the same lock object."""


class LockNotOwned(LockNotOwnedError, Refused):
    """The lock is no longer ours: it has expired, and perhaps somebody else has it."""


class LockLost(LockNotOwned):
    """The lock is lost, or may be, while its holder works: the holder has to stop."""


class WrongKey(LockError, exceptions.ResponseError, Refused):
    """A key of the lock holds something else. The text names the key and what is in it."""


class Demoted(LockError, exceptions.ReadOnlyError, Unavailable):
    """The server has become a replica, and refuses to write: the lock is on another one now."""


class OutcomeUnknown(LockError, TimeoutError):
    """No answer came. The request may have been carried out, or may yet be."""


CERTAIN = (exceptions.AuthenticationError, exceptions.AuthorizationError,
           exceptions.BusyLoadingError, exceptions.MaxConnectionsError)  # fmt: skip
"""Errors of the connection after which nothing was executed for certain."""


@contextmanager
def asking(what: str, name: str) -> Iterator[None]:
    """Raise `OutcomeUnknown` when the request inside gets no answer."""
    try:
        yield
    except CERTAIN:
        raise
    except (exceptions.ConnectionError, exceptions.TimeoutError, TimeoutError) as error:
        if isinstance(error.__cause__, CERTAIN):  # redis-py says so of a wrong password
            raise error.__cause__ from None
        raise OutcomeUnknown(f"no answer to {what} of {name!r}: {reason(error)}", name) from error


def reason(error: Exception) -> str:
    """What an error says, or its name: a time-out often says nothing."""
    return str(error) or type(error).__name__
