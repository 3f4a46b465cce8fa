"""A progress bar while a search runs, and nothing afterwards.

A cell keeps only what the search returns. The bar is a widget without a still, so neither a file
nor a comparison of outputs sees it, and it may move as fast as the machine is.
"""

from IPython import get_ipython
from IPython.display import display
from ipywidgets import IntProgress

from distlab.explore.work import OnProgress, quiet, show_progress

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
STEPS = 100
"""The bar moves at most this often, since each move is a message to the browser."""


class Bar:
    """Call it with the runs done and the runs allowed. It goes away when the two are equal."""

    def __init__(self) -> None:
        self.widget = IntProgress(description="searching", max=STEPS)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        display({WIDGET_VIEW: view}, raw=True)  # type: ignore[no-untyped-call]

    def __call__(self, done: int, limit: int) -> None:
        self.widget.value = STEPS * done // limit  # the same value again sends nothing
        if done == limit:
            self.widget.close()


def _bar() -> OnProgress:
    """A bar if this code runs in a notebook."""
    return Bar() if hasattr(get_ipython(), "kernel") else quiet


show_progress(_bar)
