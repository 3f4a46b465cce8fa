"""The bar: it is shown while a search is on, and leaves nothing that a comparison could meet."""

import json

import nbclient
import nbformat
import pytest

from distlab.explore import explore
from distlab.explore.work import quiet
from distlab.lab import search_bar
from tests.notebooks.normalise import WIDGET_VIEW, normalised
from tests.notebooks.test_strict import validate

CELLS = (
    "from distlab.explore import explore\nfrom distlab.lab import Lab",
    "explore('start/slow-or-dead')",
    "explore('start/slow-or-dead', runs=30, patience_ms=250)",
)


def test_a_notebook_shows_it_and_passes_the_strict_comparison(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    for cell in notebook.cells[1:]:
        shown = [sorted(output.get("data", {})) for output in cell.outputs]
        assert shown == [[WIDGET_VIEW], ["text/html", "text/plain"]]
    path = tmp_path / "search.ipynb"
    nbformat.write(nbformat.from_dict(normalised(notebook)), path)
    assert WIDGET_VIEW not in path.read_text(encoding="utf-8")
    assert [len(cell["outputs"]) for cell in json.loads(path.read_text())["cells"]] == [0, 1, 1]
    result = validate(path)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def bar(monkeypatch):
    monkeypatch.setattr(search_bar, "display", lambda *_, **__: None)
    return search_bar.Bar()


def test_it_follows_the_search_and_goes_away(bar):
    moves = []
    bar.widget.observe(lambda change: moves.append(change["new"]), "value")
    found = explore("start/slow-or-dead", runs=500, patience_ms=250, progress=bar)
    assert found.runs == 500
    assert moves == list(range(1, 101))
    assert bar.widget.comm is None


def test_it_goes_away_with_a_finding(bar):
    explore("start/slow-or-dead", progress=bar)
    assert bar.widget.comm is None


def test_there_is_none_outside_a_notebook():
    assert search_bar._bar() is quiet
