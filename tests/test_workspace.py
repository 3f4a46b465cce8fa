"""The learner's copy: brought up to date, and never at the cost of what the learner did."""

import copy
import json
from unittest.mock import Mock

import pytest

from distlab import places, workspace

OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
CELL = {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1}
TITLE = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# CAP — 一致性"]}
NOTEBOOK = {
    "cells": [TITLE, {**CELL, "source": ["print(1)"], "outputs": [OUTPUT]}],
    "metadata": {"kernelspec": {"name": "python3"}, "widgets": {"state": {}}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
NEW = "01_cap.new.ipynb"
NAME = "01_cap.ipynb"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """`course(text)` publishes a version of the one notebook, whose first cell holds `text`."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(workspace, "shipped", lambda name: folder)

    def publish(text):
        notebook = copy.deepcopy(NOTEBOOK)
        notebook["cells"][0]["source"] = [text]
        (folder / NAME).write_text(json.dumps(notebook), encoding="utf-8")

    publish("version 1")
    return publish


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "mine"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def first_cell(path):
    return "".join(read(path)["cells"][0]["source"])


def edit(path, text):
    notebook = read(path)
    notebook["cells"][0]["source"] = [text]
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def edited(course, mine):
    """A copy of version 1 that the learner has edited."""
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    return mine


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_copy_has_no_outputs_and_no_widget_state(course, mine):
    assert workspace.update(mine) == [(NAME, NAME, False)]
    cells = read(mine / NAME)["cells"]
    assert (cells[1]["outputs"], cells[1]["execution_count"]) == ([], None)
    assert cells[1]["source"] == ["print(1)"]
    assert "widgets" not in (mine / NAME).read_text(encoding="utf-8")


def test_an_output_that_spoils_nothing_may_stay_in_the_copy():
    tagged = {**NOTEBOOK["cells"][1], "metadata": {"tags": [workspace.SHOWN]}}
    notebook = workspace.without_outputs({**NOTEBOOK, "cells": [tagged, NOTEBOOK["cells"][1]]})
    assert [cell["outputs"] for cell in notebook["cells"]] == [[OUTPUT], []]
    assert [cell["execution_count"] for cell in notebook["cells"]] == [None, None]


def test_a_second_update_changes_nothing(course, mine):
    workspace.update(mine)
    before = (mine / NAME).read_bytes()
    assert workspace.update(mine) == [(NAME, "", False)]
    assert (mine / NAME).read_bytes() == before


def test_an_untouched_copy_becomes_the_new_version(course, mine):
    workspace.update(mine)
    course("version 2")
    assert workspace.update(mine) == [(NAME, NAME, False)]
    assert first_cell(mine / NAME) == "version 2"


def test_an_edited_copy_of_the_current_version_is_left_in_peace(edited):
    assert workspace.update(edited) == [(NAME, "", True)]
    assert names(edited) == [NAME]


def test_an_edited_copy_stays_and_the_new_version_arrives_beside_it_once(course, edited):
    course("version 2")
    assert workspace.update(edited) == [(NAME, NEW, True)]
    assert workspace.update(edited) == [(NAME, "", True)]
    assert [first_cell(edited / name) for name in (NAME, NEW)] == ["my notes", "version 2"]
    assert names(edited) == [NAME, NEW]


def test_an_untouched_new_version_makes_room_for_the_next_and_an_edited_one_stays(course, edited):
    for version in ("version 2", "version 3"):
        course(version)
        workspace.update(edited)
    assert first_cell(edited / NEW) == "version 3"
    assert names(edited) == [NAME, NEW]
    edit(edited / NEW, "more notes")
    course("version 4")
    assert workspace.update(edited) == [(NAME, "01_cap.new-2.ipynb", True)]
    assert first_cell(edited / NEW) == "more notes"
    assert first_cell(edited / "01_cap.new-2.ipynb") == "version 4"


def test_a_run_counts_as_an_edit(course, mine):
    workspace.update(mine)
    notebook = read(mine / NAME)
    notebook["cells"][1]["outputs"] = [OUTPUT]
    (mine / NAME).write_text(json.dumps(notebook), encoding="utf-8")
    course("version 2")
    assert workspace.update(mine) == [(NAME, NEW, True)]


def test_opening_and_saving_is_no_edit(course, mine):
    workspace.update(mine)
    notebook = read(mine / NAME)
    notebook["metadata"]["language_info"] = {"version": "3.11.7"}
    notebook["cells"][0]["source"] = "version 1"  # the same, in nbformat's other spelling
    (mine / NAME).write_text(json.dumps(notebook, indent=4), encoding="utf-8")
    course("version 2")
    assert workspace.update(mine) == [(NAME, NAME, False)]


def test_a_deleted_copy_comes_back_fresh(edited):
    workspace.update(edited)
    (edited / NAME).unlink()
    assert workspace.update(edited) == [(NAME, NAME, False)]
    assert first_cell(edited / NAME) == "version 1"


@pytest.mark.parametrize("damage", ["", "{", "[]", "\x00"])
def test_with_a_damaged_record_nothing_is_overwritten(course, edited, damage):
    (edited / workspace.RECORD).write_text(damage)
    course("version 2")
    assert workspace.update(edited) == [(NAME, NEW, True)]
    assert first_cell(edited / NAME) == "my notes"


THEIRS = [b"", b"not JSON", b"[]", b"{}", b'{"cells": [1]}', b'{"cells": 1}', b"\xff\xfe\x00"]


@pytest.mark.parametrize("theirs", THEIRS)
def test_a_file_that_is_no_notebook_is_left_alone(course, mine, theirs):
    mine.mkdir()
    (mine / NAME).write_bytes(theirs)
    assert workspace.update(mine) == [(NAME, NEW, True)]
    assert (mine / NAME).read_bytes() == theirs


def test_nothing_unfinished_is_left_behind(course, mine):
    workspace.update(mine)
    assert sorted(path.name for path in mine.iterdir()) == [workspace.RECORD, NAME]


def test_a_failed_write_leaves_the_old_file(course, mine, monkeypatch):
    workspace.update(mine)
    course("version 2")
    monkeypatch.setattr(workspace.Path, "replace", Mock(side_effect=OSError("full")))
    with pytest.raises(OSError, match="full"):
        workspace.update(mine)
    assert first_cell(mine / NAME) == "version 1"


def test_the_courses_own_notebooks_can_be_copied(mine):
    copied = workspace.update(mine)
    assert [entry.notebook for entry in copied] == [entry.written for entry in copied]
    assert len(copied) == len(list(places.shipped("notebooks").glob("*.ipynb")))


def test_the_learners_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path))
    assert workspace.default_workspace() == tmp_path / "workspace"
    monkeypatch.setenv("DISTLAB_HOME", "~/course")
    assert places.home() == places.Path.home() / "course"


def test_without_a_choice_it_is_the_systems_place(monkeypatch):
    monkeypatch.delenv("DISTLAB_HOME")
    assert places.home().name == "distlab"
    assert places.home().is_absolute()


def test_jupyterlab_keeps_the_learners_settings_behind_ours(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/theirs")
    ours, theirs = workspace.jupyterlab_environment()["JUPYTER_CONFIG_PATH"].split(":")
    assert theirs == "/theirs"
    overrides = places.Path(ours) / "labconfig" / "default_setting_overrides.json"
    (settings,) = json.loads(overrides.read_text()).values()
    assert settings["fetchNews"] == "false"
