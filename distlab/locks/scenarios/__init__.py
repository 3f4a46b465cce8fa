"""The experiments of chapter 4, in the order in which the chapter tells them."""

from distlab.locks.scenarios import failovers, late, owners, redlocks, sale, tables, watchdogs

__all__ = ["failovers", "late", "owners", "redlocks", "sale", "tables", "watchdogs"]
