"""The exercises of chapter 4: a lock that is nobody else's, a fence, and the heart of Redlock."""

from distlab.locks.exercises.fence import FENCE, OwnFence
from distlab.locks.exercises.own_lock import OWN_LOCK, OwnLock, PlainLock
from distlab.locks.exercises.own_redlock import OWN_REDLOCK, OwnRedlock

EXERCISES = (OWN_LOCK, FENCE, OWN_REDLOCK)

__all__ = [
    "EXERCISES", "FENCE", "OWN_LOCK", "OWN_REDLOCK", "OwnFence", "OwnLock", "OwnRedlock",
    "PlainLock",
]  # fmt: skip
