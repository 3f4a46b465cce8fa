"""A disk: what survives a crash, and what does not.

A write goes to the operating system's cache first and is durable only after `sync`. A crash of the
machine loses what was not synced: many a database has lost an acknowledged write that way.
`put` does both, for protocols that must not answer before their promise is on the disk.

Values are copied on the way in and out, so that memory and disk never share an object.
"""

from copy import deepcopy
from typing import Any

from distlab import host


class Disk(host.Disk):
    """Named values of one machine, and nothing else: an attribute would survive a crash."""

    __slots__ = ("_cached", "_durable")

    def __init__(self) -> None:
        self._durable: dict[str, Any] = {}
        self._cached: dict[str, Any] = {}  # written, not yet synced

    def write(self, key: str, value: Any) -> None:
        """Write to the cache: visible at once, lost in a crash before the next `sync`."""
        self._cached[key] = deepcopy(value)

    def sync(self) -> None:
        """Make every write so far durable (fsync)."""
        self._durable.update(self._cached)
        self._cached.clear()

    def read(self, key: str, default: Any = None) -> Any:
        """The latest value written under `key`, else `default`."""
        if key in self._cached:
            return deepcopy(self._cached[key])
        return deepcopy(self._durable.get(key, default))

    def keys(self) -> tuple[str, ...]:
        """The names in use, in alphabetical order."""
        return tuple(sorted(self._durable.keys() | self._cached.keys()))

    def crash(self) -> None:
        """Power goes off: what was not synced is gone."""
        self._cached.clear()

    def wipe(self) -> None:
        """The disk itself is gone."""
        self._cached.clear()
        self._durable.clear()
