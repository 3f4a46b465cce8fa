"""The learner's copy: brought up to date, and never at the cost of what the learner did."""

import copy
import json

import pytest

from distlab import places, workspace

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# CAP — 一致性"]},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "execution_count": 1,
            "source": ["print(1)"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}],
        },
    ],
    "metadata": {"kernelspec": {"name": "python3"}, "widgets": {"state": {}}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
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


def first_cell(path):
    return "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])


def edit(path, text):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = [text]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_copy_has_no_outputs_and_no_widget_state(course, mine):
    assert workspace.update(mine) == [(NAME, NAME, False)]
    cells = json.loads((mine / NAME).read_text(encoding="utf-8"))["cells"]
    assert (cells[1]["outputs"], cells[1]["execution_count"]) == ([], None)
    assert cells[1]["source"] == ["print(1)"]
    assert "widgets" not in (mine / NAME).read_text(encoding="utf-8")


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


def test_an_edited_copy_stays_and_the_new_version_arrives_beside_it(course, mine):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    course("version 2")
    assert workspace.update(mine) == [(NAME, "01_cap.new.ipynb", True)]
    assert first_cell(mine / NAME) == "my notes"
    assert first_cell(mine / "01_cap.new.ipynb") == "version 2"


def test_an_edited_copy_of_the_current_version_is_left_in_peace(course, mine):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    assert workspace.update(mine) == [(NAME, "", True)]
    assert names(mine) == [NAME]


def test_a_new_version_arrives_once(course, mine):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    course("version 2")
    workspace.update(mine)
    assert workspace.update(mine) == [(NAME, "", True)]
    assert names(mine) == ["01_cap.ipynb", "01_cap.new.ipynb"]


def test_an_untouched_new_version_makes_room_for_the_next(course, mine):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    for version in ("version 2", "version 3"):
        course(version)
        workspace.update(mine)
    assert first_cell(mine / "01_cap.new.ipynb") == "version 3"
    assert names(mine) == ["01_cap.ipynb", "01_cap.new.ipynb"]


def test_an_edited_new_version_stays_too(course, mine):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    course("version 2")
    workspace.update(mine)
    edit(mine / "01_cap.new.ipynb", "more notes")
    course("version 3")
    assert workspace.update(mine) == [(NAME, "01_cap.new-2.ipynb", True)]
    assert first_cell(mine / "01_cap.new.ipynb") == "more notes"
    assert first_cell(mine / "01_cap.new-2.ipynb") == "version 3"


def test_a_run_counts_as_an_edit(course, mine):
    workspace.update(mine)
    notebook = json.loads((mine / NAME).read_text(encoding="utf-8"))
    notebook["cells"][1]["outputs"] = NOTEBOOK["cells"][1]["outputs"]
    (mine / NAME).write_text(json.dumps(notebook), encoding="utf-8")
    course("version 2")
    assert workspace.update(mine) == [(NAME, "01_cap.new.ipynb", True)]


def test_opening_and_saving_is_no_edit(course, mine):
    workspace.update(mine)
    notebook = json.loads((mine / NAME).read_text(encoding="utf-8"))
    notebook["metadata"]["language_info"] = {"version": "3.11.7"}
    notebook["cells"][0]["source"] = "version 1"  # the same, in nbformat's other spelling
    (mine / NAME).write_text(json.dumps(notebook, indent=4), encoding="utf-8")
    course("version 2")
    assert workspace.update(mine) == [(NAME, NAME, False)]


def test_a_deleted_copy_comes_back_fresh(course, mine):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    workspace.update(mine)
    (mine / NAME).unlink()
    assert workspace.update(mine) == [(NAME, NAME, False)]
    assert first_cell(mine / NAME) == "version 1"


@pytest.mark.parametrize("damage", ["", "{", "[]", "\x00"])
def test_with_a_damaged_record_nothing_is_overwritten(course, mine, damage):
    workspace.update(mine)
    edit(mine / NAME, "my notes")
    (mine / workspace.RECORD).write_text(damage)
    course("version 2")
    assert workspace.update(mine) == [(NAME, "01_cap.new.ipynb", True)]
    assert first_cell(mine / NAME) == "my notes"


@pytest.mark.parametrize("theirs", ["", "not JSON", "[]", "{}", '{"cells": [1]}', '{"cells": 1}'])
def test_a_file_that_is_no_notebook_is_left_alone(course, mine, theirs):
    mine.mkdir()
    (mine / NAME).write_text(theirs)
    assert workspace.update(mine) == [(NAME, "01_cap.new.ipynb", True)]
    assert (mine / NAME).read_text() == theirs


def test_bytes_that_are_no_text_are_left_alone(course, mine):
    mine.mkdir()
    (mine / NAME).write_bytes(b"\xff\xfe\x00")
    assert workspace.update(mine) == [(NAME, "01_cap.new.ipynb", True)]


def test_nothing_unfinished_is_left_behind(course, mine):
    workspace.update(mine)
    assert sorted(path.name for path in mine.iterdir()) == [workspace.RECORD, NAME]


def test_a_failed_write_leaves_the_old_file(course, mine, monkeypatch):
    workspace.update(mine)
    course("version 2")
    monkeypatch.setattr(
        workspace.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full"))
    )
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
