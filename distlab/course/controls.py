"""What the course's tools are made of: a card, a question with its options, buttons, lines of text.

They look like the lab, by `browser/course.css`. Buttons and fields are those of ipywidgets. Three
parts bring a small script of their own: `Look` names the card, `Choice` shows beside each option
what is said of it, and `CheckButton` sends the text of its cell.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from distlab.course.progress import progress
from distlab.view.still import Still, coded
from distlab.view.theme import palette

BROWSER = Path(__file__).parent / "browser"
Said = tuple[str, str]
"""What is said of an option: its tone (`view/theme.py`) and words as HTML."""


class Look(anywidget.AnyWidget):
    """Brings the style, and tells a screen reader the `label` of the card."""

    _esm = BROWSER / "frame.js"
    _css = f"{palette()}\n{(BROWSER / 'course.css').read_text('utf-8')}"
    label = traitlets.Unicode().tag(sync=True)


class Frame(Still, ipywidgets.VBox):  # type: ignore[misc]
    """A card with a name; `looks` are classes of the style sheet."""

    def __init__(self, label: str, *looks: str) -> None:
        super().__init__()
        self._named = Look(label=label)
        for name in ("dl-card", "dl-theme", *looks):
            self.add_class(name)

    def _fill(self, *parts: ipywidgets.Widget) -> None:
        self.children = [self._named, *parts]


class Panel(Frame):
    """A tool of the course. Its last line warns when progress cannot be kept."""

    def __init__(self, label: str, *looks: str) -> None:
        super().__init__(label, *looks)
        self.kept = progress()
        self._status, self._warning = html(), html()

    def _fill(self, *parts: ipywidgets.Widget) -> None:
        super()._fill(*parts, self._warning)
        self._warn()

    def _say(self, text: str) -> None:
        self._status.value = read_out(text)

    def _record(self, key: str, **facts: Any) -> None:
        self.kept.record(key, **facts)
        self._warn()

    def _warn(self) -> None:
        self._warning.value = read_out(self.kept.warning and f"⚠ {self.kept.warning}")


class Choice(anywidget.AnyWidget):
    """A question (`legend`, as HTML) of a kind: single, multiple or number.

    `chosen` are the numbers of the chosen options, from 1; `typed` is the text of a number. `said`
    has the tone and the words that stand below an option, by its number.
    """

    _esm = BROWSER / "choice.js"
    kind = traitlets.Unicode("single").tag(sync=True)
    legend = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    typed = traitlets.Unicode().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)

    def __init__(self, question: str, options: Iterable[str], kind: str = "single") -> None:
        super().__init__(legend=coded(question), options=[*map(coded, options)], kind=kind)

    def say(self, said: Mapping[int, Said]) -> None:
        """What stands below the options of these numbers; below all others nothing."""
        self.said = {str(number): each for number, each in said.items()}


class CheckButton(anywidget.AnyWidget):
    """A button that gives `action` the text of the cell that shows `panel`.

    The text is None where the front end does not tell it.
    """

    _esm = BROWSER / "check.js"
    description = traitlets.Unicode("Check").tag(sync=True)
    panel = traitlets.Unicode().tag(sync=True)

    def __init__(self, panel: ipywidgets.Widget, action: Callable[[str | None], Any]) -> None:
        super().__init__(panel=panel.model_id)
        self.on_msg(lambda _, sent, __: action(sent.get("text")))


def html(value: str = "") -> ipywidgets.HTML:
    return ipywidgets.HTML(value)


def read_out(text: str) -> str:
    """A line that a screen reader reads out when it changes."""
    return text and f'<div role="status">{coded(text)}</div>'


def wide(svg: str) -> str:
    """A live picture, to be scrolled where there is less room, with the keyboard as well."""
    return f'<div class="dl-wide" tabindex="0">{svg}</div>'


def button(description: str, action: Callable[[], Any], main: bool = False) -> ipywidgets.Button:
    """A button; `main` is the one that goes on."""
    made = ipywidgets.Button(description=description)
    made.on_click(lambda _: action())
    if main:
        made.add_class("dl-main")
    return made
