"""A bar while a search is on, and nothing afterwards.

What a cell leaves behind is what the search returns. The bar is a widget and has no form that a
file or a comparison of outputs could hold, so it may move as fast as the machine is.
"""

from __future__ import annotations

from IPython import get_ipython
from IPython.display import display
from ipywidgets import IntProgress

from distlab.explore import search
from distlab.explore.work import Progress, quiet

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
STEPS = 100
"""How often the bar moves, at most: each move is a message to the browser."""


class Bar:
    """Call it with the runs done and the runs allowed; it goes away when they are the same."""

    def __init__(self) -> None:
        self.widget = IntProgress(description="searching", max=STEPS)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        display({WIDGET_VIEW: view}, raw=True)  # type: ignore[no-untyped-call]

    def __call__(self, done: int, limit: int) -> None:
        self.widget.value = STEPS * done // limit  # the same value again sends nothing
        if done == limit:
            self.widget.close()


def _bar() -> Progress:
    """A bar if this code runs in a notebook."""
    return Bar() if hasattr(get_ipython(), "kernel") else quiet


search.default_progress = _bar
