"""The exercises of chapter 4: a lock that is nobody else's, a fence, and the heart of Redlock."""

from distlab.locks.exercises.fence import FENCE, OwnFence
from distlab.locks.exercises.own_lock import OWN_LOCK, OwnLock, PlainLock
from distlab.locks.exercises.own_redlock import OWN_REDLOCK, OwnRedlock
from distlab.locks.oracles import ONE_AT_A_TIME

EXERCISES = (OWN_LOCK, FENCE, OWN_REDLOCK, ONE_AT_A_TIME)

__all__ = [
    "EXERCISES", "FENCE", "ONE_AT_A_TIME", "OWN_LOCK", "OWN_REDLOCK", "OwnFence", "OwnLock",
    "OwnRedlock", "PlainLock",
]  # fmt: skip
