"""The experiments of chapter 4."""

from distlab.locks.scenarios import failovers, late, owners, redlocks, sale, tables, watchdogs

__all__ = ["failovers", "late", "owners", "redlocks", "sale", "tables", "watchdogs"]
