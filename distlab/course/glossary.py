"""The field's words, with their Chinese equivalents: `data/glossary.yaml`.

`term("linearizability")` in a cell shows the word, with its meaning on hover and in the text. On a
page, Chinese stands only in elements of their own, which a lab hides where no font has Chinese.
"""

from dataclasses import dataclass
from functools import lru_cache

from distlab.course.chapters import chapters, link_to
from distlab.course.content import NAME, TEXT, entries, record
from distlab.host import pick
from distlab.places import shipped
from distlab.view.still import Still, escape, table

TERM = record({"id": NAME, "term": TEXT, "zh": TEXT, "meaning": TEXT, "source": TEXT}, lab=TEXT)


@dataclass(frozen=True)
class Term(Still):
    """A word, its Chinese equivalent, what it means here, and where the meaning is from.

    `lab` is a scenario that shows it; empty if there is none.
    """

    id: str
    term: str
    zh: str
    meaning: str
    source: str
    lab: str = ""

    def __str__(self) -> str:
        return self.term

    def html(self) -> str:
        meaning, chinese = escape(self.meaning), f'<span lang="zh">({escape(self.zh)})</span>'
        return f'<abbr title="{meaning}" tabindex="0">{escape(self.term)}</abbr> {chinese}'

    def text(self) -> str:
        return f"{self.term} ({self.zh}): {self.meaning}"


@dataclass(frozen=True)
class Glossary(Still):
    """Some terms as a table; a lab leads to its chapter."""

    terms: tuple[Term, ...]

    def html(self) -> str:
        rows = ((term.term, term.zh, term.meaning, term.source, term.lab) for term in self.terms)
        shown = table(("term", "中文", "meaning", "source", "lab"), rows)
        for lab in sorted({term.lab for term in self.terms if term.lab}):
            chapter = next(each for each in chapters() if each.id == lab.partition("/")[0])
            shown = shown.replace(f">{lab}<", f">{link_to(f'{chapter.notebook}.ipynb', lab)}<")
        return shown

    def text(self) -> str:
        return "\n".join(term.text() for term in self.terms)


def term(name: str) -> Term:
    """One term by its id, or by the word itself."""
    return pick(_terms(), name.strip().lower().replace(" ", "-"), "term")


def glossary(*names: str) -> Glossary:
    """These terms, or all of them."""
    everything = sorted(_terms().values(), key=lambda term: term.term.lower())
    return Glossary(tuple(map(term, names)) if names else tuple(everything))


@lru_cache
def _terms() -> dict[str, Term]:
    return entries(shipped("data") / "glossary.yaml", TERM, Term)
