"""What a press cell shows: the lab's run as the cell left it.

Later changes of the lab do not reach this picture, so the text below it stays true.
"""

from collections.abc import Callable

import ipywidgets

from distlab.course.prediction import Guess
from distlab.scenario import Run
from distlab.view.picture import Picture, xml
from distlab.view.still import Still, items
from distlab.view.theme import TONES, stylesheet

COVERED = "This picture waits for your prediction above. You can also skip it."
STYLE = f"""<style>{stylesheet(live=True)}
.dl-pinned {{ padding: 6px 14px; border-left: 3px solid var(--dl-edge); }}
.dl-pinned .widget-html-content {{ line-height: 1.4; overflow-x: auto; }}
.dl-pinned .widget-button {{ width: auto; align-self: flex-start; }}
</style>"""


class Pinned(Still, ipywidgets.VBox):  # type: ignore[misc]
    """A run with its picture. `make_current()` calls `show` with the run, as the button does.

    In the browser it is covered until `guess` is answered or skipped. A still is never covered.
    """

    def __init__(
        self, run: Run, status: str, picture: Picture, show: Callable[[Run], None],
        guess: Guess | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.run, self.status, self.picture = run, status, picture
        self._show, self._guess = show, guess
        for name in ("dl-pinned", "dl-theme"):
            self.add_class(name)
        self._uncover()
        if guess is not None:
            guess.watchers.append(lambda _: self._uncover())

    def make_current(self) -> None:
        """Take the lab to this run."""
        self._show(self.run)

    def html(self) -> str:
        return f"{self._head()}{self.picture.html()}{self._tail()}"

    def text(self) -> str:
        verdicts = "\n".join(map(str, self.run.verdicts))
        return f"{self.status}\n{self.picture.text}\n{verdicts}\n{self.run.token}"

    def __repr__(self) -> str:
        return f"<Pinned {self.run.token}>"

    def _uncover(self) -> None:
        if self._guess is not None and not self._guess.open:
            self.children = [ipywidgets.HTML(f"{STYLE}<i>{COVERED}</i>")]
            return
        button = ipywidgets.Button(
            description="Make it current", tooltip="Show this run in the lab"
        )
        button.on_click(lambda _: self.make_current())
        shown = f"{STYLE}{self._head()}{self.picture.svg}{self._tail()}"
        self.children = [ipywidgets.HTML(shown), button]

    def _head(self) -> str:
        mark = TONES[self.run.outcome.tone][1]
        return f"<p><b>{mark}</b> {xml(self.status)}</p>"

    def _tail(self) -> str:
        return f"{items(map(str, self.run.verdicts))}<p><code>{xml(self.run.token)}</code></p>"
