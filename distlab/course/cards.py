"""Interview cards: answer first, then compare with what an interviewer listens for.

`data/interview/NN_chapter.yaml` is a list of cards. `lab` is the scenario or the replay token that
proves the point.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from distlab.course.content import NAME, TEXT, chapter, entries, find, record, several
from distlab.host import pick

FOLLOW_UP = record({"question": TEXT, "answer": TEXT})
CARD = record({"id": NAME, "question": TEXT, "points": several(TEXT, 2),
               "follow_ups": several(FOLLOW_UP), "trap": TEXT, "lab": TEXT})  # fmt: skip


@dataclass(frozen=True)
class Card:
    """One interview question. Each of `follow_ups` has a `question` and a short `answer`."""

    id: str
    question: str
    points: list[str]
    follow_ups: list[dict[str, str]]
    trap: str
    lab: str
    chapter: str

    @property
    def key(self) -> str:
        """The name of the card in progress."""
        return f"card/{self.chapter}/{self.id}"


def cards(name: str) -> dict[str, Card]:
    """The cards of `data/interview/<name>.yaml`, by id."""
    return read(find("interview", name))


def card(name: str, card_id: str) -> Card:
    """One card of that file."""
    return pick(cards(name), card_id, "card")


def read(path: Path) -> dict[str, Card]:
    """Raises `content.BadContent` when the file is malformed."""
    return entries(path, CARD, partial(Card, chapter=chapter(path.stem)))
