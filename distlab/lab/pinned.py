"""What a press cell shows: the lab's run as the cell left it.

Later changes of the lab do not reach this picture, so the text below it stays true.
"""

from collections.abc import Callable

from distlab.course.controls import Frame, button, html, read_out
from distlab.course.prediction import Guess
from distlab.scenario import Run
from distlab.view.picture import Picture, xml
from distlab.view.still import items
from distlab.view.theme import TONES, stylesheet

COVERED = "This picture waits for your prediction above. You can also skip it."
STYLE = f"<style>{stylesheet(live=True)}</style>"


class Pinned(Frame):
    """A run with its picture. `make_current()` calls `show` with the run, as the button does.

    In the browser it is covered until `guess` is answered or skipped. A still is never covered.
    """

    def __init__(
        self, run: Run, status: str, picture: Picture, show: Callable[[Run], None],
        guess: Guess | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f"A run of {run.scenario.title}")
        self.run, self.status, self.picture = run, status, picture
        self._show, self._guess = show, guess
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
            self._fill(html(read_out(COVERED)))
            return
        picture = f'{STYLE}<div class="dl-wide">{self.picture.svg}</div>'
        shown = html(f"{self._head()}{picture}{self._tail()}")
        self._fill(shown, button("Make it current", self.make_current))

    def _head(self) -> str:
        mark = TONES[self.run.outcome.tone][1]
        return f"<p><b>{mark}</b> {xml(self.status)}</p>"

    def _tail(self) -> str:
        return f"{items(map(str, self.run.verdicts))}<p><code>{xml(self.run.token)}</code></p>"
