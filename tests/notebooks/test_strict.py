"""The comparison of notebooks is strict: what `make notebooks` writes passes, and any change of an
output fails, with the options that this project's pytest always has."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.normalise import WIDGET_VIEW, execute

ROOT = Path(__file__).parents[2]

CELLS = (
    "print('on stdout')",
    "'a value'",
    "from IPython.display import HTML, SVG, display\nHTML('<b>markup</b>')",
    """SVG('<svg xmlns="http://www.w3.org/2000/svg"><title>picture</title></svg>')""",
    "import ipywidgets\nipywidgets.IntSlider(description='speed')",
    "raise ValueError('a refusal')",
    "for i in range(3):\n    print(i, flush=True)",
)
ALTERED = (
    ("on stdout", "on STDOUT"),
    ("a value", "another value"),
    ("markup", "other markup"),
    ("picture", "other picture"),
    ("speed", "other speed"),
    ("a refusal", "another refusal"),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A notebook with every kind of output that nbval compares, as `make notebooks` writes it."""
    path = tmp_path_factory.mktemp("written") / "sample.ipynb"
    new = nbformat.v4
    cells = [new.new_code_cell(source) for source in CELLS]
    cells[5].metadata["tags"] = ["raises-exception"]
    nbformat.write(new.new_notebook(cells=cells), path)
    assert execute(path)
    return path


def validate(path):
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), str(path)]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)


def test_a_notebook_as_written_passes(written):
    result = validate(written)
    assert result.returncode == 0, result.stdout
    assert f"{len(CELLS)} passed" in result.stdout


def test_each_altered_output_fails(written, tmp_path):
    notebook = nbformat.read(written, as_version=4)
    for cell, (here, elsewhere) in zip(notebook.cells, ALTERED, strict=False):
        output = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
        assert here in output
        (changed,) = nbformat.reads(output.replace(here, elsewhere), as_version=4).cells
        cell.outputs = changed.outputs
    notebook.cells[6].outputs = []
    altered = tmp_path / "altered.ipynb"
    nbformat.write(notebook, altered)

    result = validate(altered)
    assert result.returncode == 1
    assert f"{len(CELLS)} failed" in result.stdout, result.stdout


def test_a_written_notebook_holds_stills_and_no_widgets(written):
    text = written.read_text(encoding="utf-8")
    assert "IntSlider(value=0, description='speed')" in text
    assert WIDGET_VIEW not in text
    assert '"widgets"' not in text


def test_a_written_notebook_holds_one_output_a_stream(written):
    (stream,) = nbformat.read(written, as_version=4).cells[6].outputs
    assert stream.text == "0\n1\n2\n"


def test_writing_again_changes_nothing(written):
    assert not execute(written)
