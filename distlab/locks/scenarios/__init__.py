"""The experiments of chapter 4, in the order in which the chapter tells them."""

from distlab.locks.scenarios import late, owners, sale

__all__ = ["late", "owners", "sale"]
