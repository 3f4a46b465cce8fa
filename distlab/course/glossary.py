"""The field's words, with their Chinese equivalents: `data/glossary.yaml`.

`term("linearizability")` in a cell shows the word, with its meaning on hover and in the text. On a
page, Chinese stands only in elements of their own, which a lab hides where no font has Chinese.
"""

import re
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
        chinese = f'<span lang="zh">({escape(self.zh)})</span>'
        return f"{self.on_hover(escape(self.term))} {chinese}"

    def on_hover(self, words: str) -> str:
        """These words, which are HTML, with the meaning on hover."""
        return f'<abbr title="{escape(self.meaning)}" tabindex="0">{words}</abbr>'

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


def explained(html: str) -> str:
    """The HTML with the meaning of each term on hover where it is first met.

    Short terms, such as pause, are everyday words as well: they are left alone.
    """
    new = {each.term.lower(): each for each in _terms().values() if len(each.term) > 8}
    longest_first = "|".join(sorted(map(re.escape, new), key=len, reverse=True))

    def explain(found: re.Match[str]) -> str:
        word = new.pop((found[1] or "").lower(), None)
        return word.on_hover(found[0]) if word else found[0]

    return re.sub(rf"<code>.*?</code>|<[^>]*>|\b({longest_first})\b", explain, html, flags=re.I)


@lru_cache
def _terms() -> dict[str, Term]:
    return entries(shipped("data") / "glossary.yaml", TERM, Term)
