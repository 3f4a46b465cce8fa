"""All the labs of a chapter in one place: choose one, and it opens below."""

from distlab.course.controls import Choice, Frame
from distlab.host import pick
from distlab.lab.widget import Lab
from distlab.registry import of_chapter
from distlab.view.still import table


class LabShelf(Frame):
    """The labs of a chapter (`"locks"`) to choose from. `choose(id)` does what a click does.

    A lab that was open before comes back as it was left. The still lists the labs and their claims.
    """

    def __init__(self, chapter: str) -> None:
        self.chapter = chapter
        self.scenarios = {scenario.id: scenario for scenario in of_chapter(chapter)}
        self.labs: dict[str, Lab] = {}
        super().__init__(f"Labs: {chapter}", "dl-shelf")
        options = [f"{each.title} `{each.id}`" for each in self.scenarios.values()]
        self._choice = Choice("Open a lab", options)
        self._fill(self._choice)
        self._choice.observe(lambda change: self._open(change["new"]), "chosen")

    def choose(self, scenario_id: str) -> Lab:
        """Show the lab of that scenario. Raises `BadInput` when the chapter does not have it."""
        pick(self.scenarios, scenario_id, f"{self.chapter} lab")
        if scenario_id not in self.labs:
            self.labs[scenario_id] = Lab(scenario_id)
        self._choice.chosen = [[*self.scenarios].index(scenario_id) + 1]
        self._fill(self._choice, self.labs[scenario_id])
        return self.labs[scenario_id]

    def _open(self, chosen: list[int]) -> None:
        self.choose([*self.scenarios][chosen[0] - 1])

    def html(self) -> str:
        rows = ((each.title, each.id, each.claim) for each in self.scenarios.values())
        return table(("lab", "its name", "what it claims"), rows)

    def text(self) -> str:
        wide = max(map(len, self.scenarios))
        return "\n".join(f"{name:{wide}}  {each.title}" for name, each in self.scenarios.items())

    def __repr__(self) -> str:
        return f"<LabShelf {self.chapter}: {len(self.scenarios)} labs>"
