"""Real systems under a partition: what they do by default, and which setting changes it.

The rows are in `data/systems.yaml`. Each names the page of the documentation that it is from.
"""

from dataclasses import dataclass

from distlab.course.content import NAME, TEXT, entries, record
from distlab.host import pick
from distlab.places import shipped
from distlab.view.still import Still, table

COLUMNS = {
    "system": "system", "default": "under a partition, by default",
    "setting": "what moves it", "note": "careful", "source": "source",
}  # fmt: skip
ROW = record({"id": NAME, **dict.fromkeys(COLUMNS, TEXT)})


@dataclass(frozen=True)
class Systems(Still):
    """Rows of the table."""

    rows: tuple[dict[str, str], ...]

    def html(self) -> str:
        return table(COLUMNS.values(), ([row[column] for column in COLUMNS] for row in self.rows))

    def text(self) -> str:
        return "\n\n".join(
            "\n  ".join([row["system"], *(f"{COLUMNS[c]}: {row[c]}" for c in list(COLUMNS)[1:])])
            for row in self.rows
        )


def systems(*ids: str) -> Systems:
    """The rows with these ids, in this order; all of them without any."""
    rows: dict[str, dict[str, str]] = entries(shipped("data") / "systems.yaml", ROW, dict)
    return Systems(tuple(pick(rows, name, "system") for name in ids or rows))
