"""The chapters of the course, in their order (`data/chapters.yaml`), and the learner's score."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from distlab.course.content import NAME, TEXT, entries, record
from distlab.course.progress import Entry
from distlab.places import shipped
from distlab.view.still import escape, table

NOTEBOOK = {"type": "string", "pattern": r"^\d\d_[a-z_]+$"}
MINUTES = {"type": "integer", "minimum": 1}
CHAPTER = record({"id": NAME, "notebook": NOTEBOOK, "title": TEXT, "question": TEXT,
                  "minutes": MINUTES})  # fmt: skip


UNWRITTEN = ' class="dl-unwritten"'


@dataclass(frozen=True, slots=True)
class Chapter:
    """One notebook: the question that it answers, and the time that it takes."""

    id: str
    notebook: str
    title: str
    question: str
    minutes: int

    @property
    def written(self) -> bool:
        """Whether this version of the course has the notebook."""
        return (shipped("notebooks") / f"{self.notebook}.ipynb").is_file()

    @property
    def time(self) -> str:
        return f"{self.minutes} min" if self.written else "not yet written"

    @property
    def link(self) -> str:
        """The notebook's name, as a link if there is one."""
        return link_to(f"{self.notebook}.ipynb", self.notebook) if self.written else self.notebook

    def newer(self, folder: Path) -> str:
        """The newest version beside the learner's edited copy (see `workspace.py`), if any."""
        beside = (path.name for path in folder.glob(f"{self.notebook}.new*.ipynb"))
        return max(beside, key=lambda name: (len(name), name), default="")

    def score(self, done: Mapping[str, Entry]) -> str:
        """The learner's score in this chapter: `7 tried, 5 right`; empty when nothing was tried."""
        own = [entry for key, entry in done.items() if key.split("/")[1:2] == [self.id]]
        right = sum(bool(entry.get("correct") or entry.get("right")) for entry in own)
        return f"{len(own)} tried, {right} right" if own else ""


def chapters() -> tuple[Chapter, ...]:
    """All chapters, in the order of the course."""
    return tuple(entries(shipped("data") / "chapters.yaml", CHAPTER, Chapter).values())


def map_html() -> str:
    """The map as a table."""
    head = ("chapter", "the question", "time")
    return table(head, ((c.notebook, c.question, c.time) for c in chapters()))


def live_map(done: Mapping[str, Entry], folder: Path) -> str:
    """The map for the browser: with the learner's score, and links to the notebooks there are.

    Below it the learner reads of new versions beside edited copies in `folder`.
    `browser/frame.js` makes a link with `data-notebook` open in JupyterLab.
    """
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("chapter", "question", "time", "you")
    )
    rows = "".join(
        f'<tr{"" if c.written else UNWRITTEN}><th scope="row">{c.link}</th>'
        f"<td>{escape(c.question)}</td><td>{c.time}</td><td>{c.score(done)}</td></tr>"
        for c in chapters()
    )
    news = "".join(
        f"<p>The course has a new version of {c.notebook}. Yours stays as it is; the new one is "
        f"{link_to(newer, newer)}.</p>"
        for c in chapters()
        if (newer := c.newer(folder))
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{news}"


def link_to(file: str, text: str) -> str:
    """A link to a notebook of the same folder."""
    return f'<a href="{file}" data-notebook="{file}">{text}</a>'


def map_text() -> str:
    """The map in plain text."""
    return "\n".join(f"{c.notebook:17} {c.question} ({c.time})" for c in chapters())
