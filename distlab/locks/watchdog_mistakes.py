"""A watchdog that barks, and lets everybody in."""

from __future__ import annotations

import logging
import math
from typing import Any

from distlab.locks.lock import Lock
from distlab.locks.watchdog import Watchdog


class OnlyPrints(Watchdog):
    """When it loses the lock it prints that; the holder never hears of it and works on.

    Nor has it a maximum age: a holder that is stuck keeps the lock for ever.
    """

    def __init__(self, lock: Lock, *_: Any, **__: Any) -> None:
        super().__init__(lock, max_age=math.inf, on_lost=logging.getLogger(__name__).warning)

    def still_mine(self) -> None:
        """Nobody asks."""
