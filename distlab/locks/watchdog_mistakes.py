"""A watchdog that barks and does nothing else."""

import logging
import math
from typing import Any

from distlab.locks.lock import Lock
from distlab.locks.watchdog import Watchdog


class OnlyPrints(Watchdog):
    """When the lock is lost it prints that. The holder never hears of it and works on.

    It has no maximum age either: a holder that is stuck keeps the lock for ever.
    """

    def __init__(self, lock: Lock, *_: Any, **__: Any) -> None:
        super().__init__(lock, max_age=math.inf, on_lost=logging.getLogger(__name__).warning)

    def still_mine(self) -> None:
        """Never raises."""
