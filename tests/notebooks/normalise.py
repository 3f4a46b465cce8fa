"""Run notebooks again and write them as they are committed: `make notebooks`.

What goes: widget views, which no reader of a file can show (the still beside them stays), widget
state, times of execution, the version of the interpreter. What remains is what nbval compares.
"""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from distlab.places import shipped

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Notebook = dict[str, Any]


def normalised(notebook: Notebook) -> Notebook:
    """The notebook in its committed form, outputs and counts as they are."""
    return {
        **notebook,
        "cells": [_normalised_cell(cell) for cell in notebook["cells"]],
        "metadata": copy.deepcopy(METADATA),
    }


def _normalised_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in cell["metadata"].items() if key in ("tags", "jupyter")}
    cell = {**cell, "metadata": kept}
    if cell["cell_type"] == "code":
        outputs = map(_without_widget_view, cell["outputs"])
        cell["outputs"] = [output for output in outputs if output.get("data") != {}]
    return cell


def _without_widget_view(output: dict[str, Any]) -> dict[str, Any]:
    if "data" not in output:
        return output
    data = {kind: value for kind, value in output["data"].items() if kind != WIDGET_VIEW}
    return {**output, "data": data, "metadata": {}}


def execute(path: Path) -> bool:
    """Run the notebook in its folder and write it. Returns whether the file has changed."""
    import nbclient
    import nbformat

    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    after = nbformat.writes(nbformat.from_dict(normalised(notebook))) + "\n"
    path.write_text(after, encoding="utf-8", newline="\n")
    return after != before


def main(names: list[str]) -> None:
    paths = [Path(name) for name in names] or sorted(shipped("notebooks").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DISTLAB_HOME"] = f"{folder}/distlab"
        os.environ["IPYTHONDIR"] = f"{folder}/ipython"
        for path in paths:
            print(f"{path.name}: {'changed' if execute(path) else 'unchanged'}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
