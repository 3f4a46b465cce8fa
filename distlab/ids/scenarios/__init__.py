"""The experiments of chapter 5, in the order in which the chapter tells them."""

from distlab.ids.scenarios import clocks, leases, processes, segments

__all__ = ["clocks", "leases", "processes", "segments"]
