"""What a committed notebook must be, beyond what nbval compares.

nbval passes a cell that was never run, and obeys tags and comments that switch it off; so both are
refused here. The rest keeps a notebook readable: one title, a few sections, short cells.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat

from tests.notebooks.normalise import normalised

LARGEST_BYTES = 750_000
LONGEST_LINE = 100
LONGEST_CELL = 60
SECTIONS = range(5, 10)

MAY_RAISE = "raises-exception"
SWITCHES_NBVAL_OFF = re.compile(r"^\s*#\s*(NBVAL_|PYTEST_VALIDATE_)", re.MULTILINE)
INSTALLS = re.compile(r"^\s*(!|%%(bash|sh)\b)|\b(pip3?|conda|mamba|uv)\s+install\b", re.MULTILINE)
PATH_TRICK = re.compile(r"\bsys\.path\b|\bPYTHONPATH\b|\bos\.chdir\b|^\s*%cd\b", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w./])/(home|root|Users|tmp|var)/\w")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+)\s", re.MULTILINE)

Notebook = dict[str, Any]


def problems(text: str) -> list[str]:
    """Everything that is wrong with the notebook whose file holds `text`."""
    notebook = json.loads(text)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [f"no notebook: {str(error).splitlines()[0]}"]
    found = [*_of_cells(notebook), *_of_headings(notebook)]
    if normalised(notebook) != notebook:
        found.append("not as `make notebooks` writes it: widget views, widget state or times")
    if len(text.encode()) > LARGEST_BYTES:
        found.append(f"{len(text.encode()):,} bytes; at most {LARGEST_BYTES:,}")
    return found


def _of_cells(notebook: Notebook) -> Iterator[str]:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, start=1):
        tags = cell["metadata"].get("tags", [])
        for problem in (*_of_execution(cell, count, tags), *_of_source("".join(cell["source"]))):
            yield f"code cell {count}: {problem}"
        for tag in tags:
            if tag.startswith("nbval-"):
                yield f"code cell {count}: tag {tag!r} changes what nbval compares"


def _of_execution(cell: dict[str, Any], count: int, tags: list[str]) -> Iterator[str]:
    if cell["execution_count"] != count:
        yield f"execution count is {cell['execution_count']}, not {count}: run all cells in order"
    for output in cell["outputs"]:
        if output["output_type"] == "error" and MAY_RAISE not in tags:
            yield f"ends in {output['ename']}; the tag {MAY_RAISE!r} says that this is meant"
        if MACHINE_PATH.search(json.dumps(output).replace("\\n", " ")):
            yield "an output names a path of the machine that ran it"


def _of_source(source: str) -> Iterator[str]:
    lines = source.splitlines()
    if not lines:
        yield "is empty"
    if len(lines) > LONGEST_CELL:
        yield f"{len(lines)} lines; at most {LONGEST_CELL}"
    if max(map(len, lines), default=0) > LONGEST_LINE:
        yield f"a line of {max(map(len, lines))} characters; at most {LONGEST_LINE}"
    if SWITCHES_NBVAL_OFF.search(source):
        yield "a comment changes what nbval compares"
    if INSTALLS.search(source):
        yield "installs or runs a shell; the environment is made by `make env`"
    if PATH_TRICK.search(source):
        yield "plays with paths; distlab is installed"


def _of_headings(notebook: Notebook) -> Iterator[str]:
    texts = [
        CODE_BLOCK.sub("", "".join(cell["source"]))
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
    ]
    levels = [len(marks) for text in texts for marks in HEADING.findall(text)]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield "begins with one H1 and has no other"
    if levels.count(2) not in SECTIONS:
        yield f"{levels.count(2)} H2; from {SECTIONS[0]} to {SECTIONS[-1]}"
    if any(below > above + 1 for above, below in itertools.pairwise(levels)):
        yield "a heading skips a level"
