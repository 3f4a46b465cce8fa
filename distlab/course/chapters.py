"""The chapters of the course, in their order (`data/chapters.yaml`), and the learner's score."""

from collections.abc import Mapping
from dataclasses import dataclass

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


def live_map(done: Mapping[str, Entry]) -> str:
    """The map for the browser: with the learner's score, and links to the notebooks there are.

    `browser/frame.js` makes a link with `data-notebook` open in JupyterLab.
    """
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("chapter", "question", "time", "you")
    )
    rows = "".join(
        f'<tr{"" if c.written else UNWRITTEN}><th scope="row">{_link(c)}</th>'
        f"<td>{escape(c.question)}</td><td>{c.time}</td><td>{c.score(done)}</td></tr>"
        for c in chapters()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _link(chapter: Chapter) -> str:
    file = f"{chapter.notebook}.ipynb"
    link = f'<a href="{file}" data-notebook="{file}">{chapter.notebook}</a>'
    return link if chapter.written else chapter.notebook


def map_text() -> str:
    """The map in plain text."""
    return "\n".join(f"{c.notebook:17} {c.question} ({c.time})" for c in chapters())
