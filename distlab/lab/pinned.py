"""What a press cell shows: the lab's run as the cell left it.

Later changes of the lab do not reach this picture, so the text below it stays true.
"""

from collections.abc import Callable
from functools import partial

from distlab.course.controls import Frame, button, html, read_out
from distlab.course.prediction import Guess
from distlab.lab.looks import status_of
from distlab.scenario import Run
from distlab.view.picture import Picture, xml
from distlab.view.still import items
from distlab.view.theme import TONES, stylesheet

COVERED = "This picture waits for your prediction above. You can also skip it."
STYLE = f"<style>{stylesheet(live=True)}</style>"


class Pinned(Frame):
    """A run with its picture, covered in the browser until `guess` is answered or skipped.

    A still is never covered. A button calls `show` with the run, if there is one.
    """

    def __init__(
        self, run: Run, picture: Picture, guess: Guess | None = None,
        show: Callable[[Run], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f"A run of {run.scenario.title}")
        self.run, self.picture = run, picture
        self._guess, self._show = guess, show
        self._uncover()
        if guess is not None:
            guess.watchers.append(lambda _: self._uncover())

    def html(self) -> str:
        return f"{self._head()}{self.picture.html()}{self._tail()}"

    def text(self) -> str:
        verdicts = "\n".join(map(str, self.run.verdicts))
        return f"{status_of(self.run)}\n{self.picture.text}\n{verdicts}\n{self.run.token}"

    def __repr__(self) -> str:
        return f"<Pinned {self.run.token}>"

    def _uncover(self) -> None:
        if self._guess is not None and not self._guess.open:
            self._fill(html(read_out(COVERED)))
            return
        picture = f'{STYLE}<div class="dl-wide">{self.picture.svg}</div>'
        shown = html(f"{self._head()}{picture}{self._tail()}")
        go = self._show and button("Make it current", partial(self._show, self.run))
        self._fill(shown, *filter(None, [go]))

    def _head(self) -> str:
        name, tone = self.run.outcome
        words = status_of(self.run).removeprefix(name)
        return f"<p><b>{TONES[tone][1]} {xml(name)}</b>{xml(words)}</p>"

    def _tail(self) -> str:
        return f"{items(map(str, self.run.verdicts))}<p><code>{xml(self.run.token)}</code></p>"
