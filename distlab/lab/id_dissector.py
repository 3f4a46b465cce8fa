"""Paste an id, see its bit fields: a small instrument for chapter 5."""

import ipywidgets

from distlab.course.controls import Frame, wide
from distlab.host import BadInput, pick
from distlab.ids.identify import Reading, id_text, identify
from distlab.ids.services import SERVICES
from distlab.view.bits import BitField, bits
from distlab.view.picture import Picture, xml
from distlab.view.theme import stylesheet

EPOCHS = {"any": None, **{name: name for name in SERVICES}}


class IdDissector(Frame):
    """A field for the id, one for the epoch, and a drawing of the chosen reading.

    `show(text, epoch)` does what typing does. The id may be of any type that `identify` takes.
    Raises `BadInput` for an unknown epoch, and for an id that has no text.
    """

    def __init__(self, text: object, epoch: str = "any") -> None:
        super().__init__("An id, taken apart")
        self._text = ipywidgets.Text(id_text(text), description="Id", continuous_update=False)
        pick(EPOCHS, epoch, "epoch")
        self._epoch = ipywidgets.Dropdown(options=list(EPOCHS), value=epoch, description="Epoch")
        self._choice = ipywidgets.Dropdown(description="Read as")
        self._drawing = ipywidgets.HTML()
        self._status = ipywidgets.HTML()
        self.readings: tuple[Reading, ...] = ()
        self.error = ""
        fields = ipywidgets.HBox([self._text, self._epoch, self._choice])
        self._fill(fields, self._drawing, self._status)
        self._look()
        self._text.observe(lambda _: self._look(), "value")
        self._epoch.observe(lambda _: self._look(), "value")
        self._choice.observe(lambda _: self._draw(), "value")

    @property
    def reading(self) -> Reading | None:
        """The reading that is shown; None while the text is no id."""
        return self.readings[self._choice.index or 0] if self.readings else None

    def show(self, text: object, epoch: str = "any", reading: int = 1) -> str:
        """Take another id apart, in its first reading or a later one, and return its text."""
        pick(EPOCHS, epoch, "epoch")
        plain = id_text(text)
        self._epoch.value, self._text.value = epoch, plain
        if not 1 <= reading <= max(1, len(self.readings)):
            raise BadInput(f"reading {reading}: this id has {len(self.readings)}")
        if self.readings:
            self._choice.index = reading - 1
        return self.text()

    def text(self) -> str:
        return self.reading.text() if self.reading else self.error

    def html(self) -> str:
        picture = self._picture()
        return picture.html() if picture else f"<p>{xml(self.error)}</p>"

    def _look(self) -> None:
        try:
            self.readings = identify(self._text.value, EPOCHS[self._epoch.value])
            self.error = ""
        except BadInput as error:
            self.readings, self.error = (), str(error)
        self._choice.options = [reading.kind for reading in self.readings]
        self._choice.index = 0 if self.readings else None  # by itself it chooses none
        self._draw()

    def _picture(self) -> Picture | None:
        reading = self.reading
        if reading is None:
            return None
        made = f", made {reading.made}" if reading.made else ""
        fields = [
            BitField(each.name, each.bits, each.value, f"{each.shown} {each.meaning}".rstrip())
            for each in reading.fields
        ]
        return bits(f"{self._text.value.strip()}: {reading.kind}{made}", fields)

    def _draw(self) -> None:
        picture = self._picture()
        self._drawing.value = (
            f"<style>{stylesheet(live=True)}</style>{wide(picture.svg)}" if picture else ""
        )
        notes = self.reading.notes if self.reading else (self.error,)
        self._status.value = f'<div role="status">{xml("; ".join(notes))}</div>'

    def __repr__(self) -> str:
        return f"<IdDissector {self._text.value}>"
