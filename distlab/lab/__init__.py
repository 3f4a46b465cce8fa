"""The lab: one scenario in a notebook cell, to be broken by hand.

`experiment` is the lab without a screen: what may be done, and what comes of it. `actions` lists
the buttons. `widget` shows an experiment in the browser (`browser/`) and in a still.
"""

from distlab.lab import search_bar as _search_bar  # noqa: F401  (searches show a bar from now on)
from distlab.lab.widget import Lab

__all__ = ["Lab"]
