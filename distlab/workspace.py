"""The learner's own copy of the course: how it is made, updated, and opened in JupyterLab.

The notebooks of the repository have outputs. A learner works on a copy without them, so that they
do not spoil a prediction. The copy belongs to the learner: a notebook that was edited or run is
never overwritten. A new version of it arrives beside it:

    01_cap.ipynb          edited by the learner, left alone
    01_cap.new.ipynb      what the course says now

Edited means that the cells or their outputs differ from what was copied. The workspace keeps a
digest of each copy to know that. To open and save a notebook is no edit.
"""

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from distlab.places import PACKAGE, home, shipped

RECORD = ".distlab-copied.json"
FIRST_NOTEBOOK = "00_start_here.ipynb"
SHOWN = "shown-at-first"
"""The tag of a cell whose output stays in the copy, since it spoils nothing."""

Notebook = dict[str, Any]


class Copied(NamedTuple):
    """The result of an update for one notebook of the course."""

    notebook: str
    written: str
    """The written file; empty when the workspace has this version already."""
    edited: bool
    """Whether the learner changed the notebook, so that it stays as it is."""


def default_workspace() -> Path:
    return home() / "workspace"


def update(workspace: Path) -> list[Copied]:
    """Bring `workspace` up to date with the course. Raises `OSError` when it cannot be written."""
    workspace.mkdir(parents=True, exist_ok=True)
    record = _read_record(workspace)
    report = []
    for source in sorted(shipped("notebooks").glob("*.ipynb")):
        notebook = without_outputs(json.loads(source.read_text(encoding="utf-8")))
        report.append(_update_one(workspace, source.stem, notebook, record))
        _write(workspace / RECORD, record)
    return report


def _update_one(workspace: Path, stem: str, notebook: Notebook, record: dict[str, str]) -> Copied:
    version = digest(notebook)
    own = workspace / f"{stem}.ipynb"
    edited = own.exists() and _is_edited(own, record)
    if _has_version(workspace, stem, version, record):
        return Copied(own.name, "", edited)
    copies = _names(workspace, stem)
    target = next(copy for copy in copies if not copy.exists() or not _is_edited(copy, record))
    _write(target, {**notebook, "metadata": _metadata()})
    record[target.name] = version
    return Copied(own.name, target.name, edited)


def _has_version(workspace: Path, stem: str, version: str, record: dict[str, str]) -> bool:
    """Whether a copy, edited or not, began as this version of the notebook."""
    copies = itertools.takewhile(Path.exists, _names(workspace, stem))
    return any(version in (record.get(copy.name), _digest_of_file(copy)) for copy in copies)


def _names(workspace: Path, stem: str) -> Iterator[Path]:
    yield workspace / f"{stem}.ipynb"
    yield workspace / f"{stem}.new.ipynb"
    for number in itertools.count(2):
        yield workspace / f"{stem}.new-{number}.ipynb"


def _is_edited(copy: Path, record: dict[str, str]) -> bool:
    return _digest_of_file(copy) != record.get(copy.name, "never copied")


def without_outputs(notebook: Notebook) -> Notebook:
    """The notebook as a learner first meets it: nothing run yet, no widget state."""
    cells = [
        cell if cell["cell_type"] != "code" else
        {**cell, "execution_count": None,
         "outputs": cell["outputs"] if SHOWN in cell["metadata"].get("tags", ()) else []}
        for cell in notebook["cells"]
    ]  # fmt: skip
    metadata = {key: value for key, value in notebook["metadata"].items() if key != "widgets"}
    return {**notebook, "cells": cells, "metadata": metadata}


def _metadata() -> Notebook:
    """What JupyterLab writes into a notebook that it opens, so that opening is no change."""
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelspec import KERNEL_NAME, get_kernel_dict

    spec = get_kernel_dict()
    kernel = {"name": KERNEL_NAME, **{key: spec[key] for key in ("display_name", "language")}}
    return {"kernelspec": kernel, "language_info": IPythonKernel.language_info}


def digest(notebook: Notebook) -> str:
    """A digest of what a learner may change: the cells and their outputs, not the metadata."""
    cells = [
        (cell["cell_type"], "".join(cell["source"]), cell.get("outputs", []))
        for cell in notebook["cells"]
    ]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def _digest_of_file(path: Path) -> str:
    try:
        return digest(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, LookupError, TypeError, RecursionError):
        return "not a notebook"  # whatever it is, it is the learner's


def _read_record(workspace: Path) -> dict[str, str]:
    """The record. If it is lost, every copy that differs from the course counts as edited."""
    try:
        record = json.loads((workspace / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _write(path: Path, document: Any) -> None:
    """Write in one step: after a full disk or a power cut the old file or the new one is there."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(path)


def jupyterlab_command(workspace: Path, *, port: int | None, browser: bool) -> list[str]:
    """JupyterLab on `workspace`, for this machine only, with a token that JupyterLab makes."""
    command = [
        *(sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"),
        f"--ServerApp.root_dir={workspace}",
        f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}",
        "--LabApp.extension_manager=readonly",  # asks no package registry
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")  # in a container one is root
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    if not browser:
        command.append("--no-browser")
    return command


def jupyterlab_environment() -> dict[str, str]:
    """The environment with our settings before the learner's; ours only turn off the news."""
    folders = filter(None, [str(PACKAGE / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")])
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(folders)}


def start_jupyterlab(command: list[str]) -> int:
    """Become JupyterLab, so that signals to this process reach it; on Windows run it."""
    environment = jupyterlab_environment()
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)
