"""Each rule of the lint: a notebook that it accepts, and one that it refuses for that reason."""

import json

import nbformat
import pytest

from distlab.places import shipped
from tests.notebooks import lint
from tests.notebooks.normalise import WIDGET_VIEW, normalised


def a_good_notebook():
    new = nbformat.v4
    cells = [new.new_markdown_cell("# Title", id="title")]
    cells += [new.new_markdown_cell(f"## {n}\n```\n# no heading\n```", id=f"h{n}") for n in "abcde"]
    cells += [
        new.new_code_cell(
            "print(1)", id="one", execution_count=1, outputs=[new.new_output("stream", text="1\n")]
        ),
        new.new_code_cell("x = 2", id="two", execution_count=2),
    ]
    return normalised(json.loads(json.dumps(new.new_notebook(cells=cells))))


def problems(notebook):
    return lint.problems(json.dumps(notebook))


def test_a_good_notebook_has_no_problems():
    assert problems(a_good_notebook()) == []


ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "1", "traceback": []}


def shows(data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


CHANGES = {
    "is None, not 1": lambda nb, cell: cell.update(execution_count=None, outputs=[]),
    "is 3, not 1": lambda nb, cell: cell.update(execution_count=3),
    "ends in KeyError": lambda nb, cell: cell.update(outputs=[ERROR]),
    "names a path": lambda nb, cell: cell.update(
        outputs=[shows({"text/plain": "in\n/home/ann/x"})]
    ),
    "widget views": lambda nb, cell: cell.update(outputs=[shows({WIDGET_VIEW: {}})]),
    "widget state": lambda nb, cell: nb["metadata"].update(widgets={}),
    "or times": lambda nb, cell: cell["metadata"].update(execution={"iopub.execute_input": "12"}),
    "tag 'nbval-skip'": lambda nb, cell: cell["metadata"].update(tags=["nbval-skip"]),
    "tag 'nbval-ignore": lambda nb, cell: cell["metadata"].update(tags=["nbval-ignore-output"]),
    "a comment changes": lambda nb, cell: cell.update(source="# NBVAL_IGNORE_OUTPUT\nprint(1)"),
    "is empty": lambda nb, cell: cell.update(source=""),
    "61 lines": lambda nb, cell: cell.update(source="\n".join("x" * 61)),
    "a line of 101": lambda nb, cell: cell.update(source="x" * 101),
    "installs": lambda nb, cell: cell.update(source="%pip install distlab"),
    "or runs a shell": lambda nb, cell: cell.update(source="!ls"),
    "plays with paths": lambda nb, cell: cell.update(source="import sys; sys.path.append('..')"),
    "one H1": lambda nb, cell: nb["cells"][1].update(source="# Another\n## a"),
    "4 H2": lambda nb, cell: nb["cells"][1].update(source="no heading"),
    "10 H2": lambda nb, cell: nb["cells"][1].update(source="## x\n" * 6),
    "skips a level": lambda nb, cell: nb["cells"][2].update(source="## b\n#### c"),
    "752,0": lambda nb, cell: nb["cells"][1].update(source="## a\n" + "x" * 751_000),
    "no notebook": lambda nb, cell: cell.pop("outputs"),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_each_fault_is_named(reason):
    notebook = a_good_notebook()
    first_code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    CHANGES[reason](notebook, first_code)
    found = problems(notebook)
    assert len(found) == 1
    assert reason in found[0]


def test_an_output_that_is_only_a_widget_goes():
    notebook = a_good_notebook()
    notebook["cells"][-1].update(outputs=[shows({WIDGET_VIEW: {}}), shows({"text/plain": "x"})])
    assert normalised(notebook)["cells"][-1]["outputs"] == [shows({"text/plain": "x"})]


def test_an_error_that_is_meant_is_tagged():
    notebook = a_good_notebook()
    notebook["cells"][-1].update(outputs=[ERROR], metadata={"tags": ["raises-exception"]})
    assert problems(notebook) == []


def test_every_notebook_of_the_course_is_fit_to_publish():
    found = {
        path.name: lint.problems(path.read_text(encoding="utf-8"))
        for path in sorted(shipped("notebooks").glob("*.ipynb"))
    }
    assert not {name: faults for name, faults in found.items() if faults}
