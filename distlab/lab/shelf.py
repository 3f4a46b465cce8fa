"""All the labs of a chapter in one place: choose one, and it opens below."""

import ipywidgets

from distlab.host import pick
from distlab.lab.widget import Lab
from distlab.registry import of_chapter
from distlab.view.still import Still, table


class LabShelf(Still, ipywidgets.VBox):  # type: ignore[misc]
    """The labs of a chapter (`"locks"`) to choose from. `choose(id)` does what a click does.

    A lab that was open before comes back as it was left. The still lists the labs and their claims.
    """

    def __init__(self, chapter: str) -> None:
        self.chapter = chapter
        self.scenarios = {scenario.id: scenario for scenario in of_chapter(chapter)}
        self.labs: dict[str, Lab] = {}
        options = [(f"{each.title} · {each.id}", each.id) for each in self.scenarios.values()]
        wide = {"width": "auto", "max_width": "40rem"}
        self._choice = ipywidgets.Select(
            options=options, value=None, rows=len(options), description="Open a lab", layout=wide
        )
        super().__init__([self._choice])
        self._choice.observe(lambda change: self.choose(change["new"]), "value")

    def choose(self, scenario_id: str) -> Lab:
        """Show the lab of that scenario. Raises `BadInput` when the chapter does not have it."""
        pick(self.scenarios, scenario_id, f"{self.chapter} lab")
        if scenario_id not in self.labs:
            self.labs[scenario_id] = Lab(scenario_id)
        self._choice.value = scenario_id
        self.children = [self._choice, self.labs[scenario_id]]
        return self.labs[scenario_id]

    def html(self) -> str:
        rows = ((each.title, each.id, each.claim) for each in self.scenarios.values())
        return table(("lab", "its name", "what it claims"), rows)

    def text(self) -> str:
        wide = max(map(len, self.scenarios))
        return "\n".join(f"{name:{wide}}  {each.title}" for name, each in self.scenarios.items())

    def __repr__(self) -> str:
        return f"<LabShelf {self.chapter}: {len(self.scenarios)} labs>"
