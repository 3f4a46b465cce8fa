"""Progress: never lost, never in the way, whatever happens to its file."""

import json
import os
import subprocess
import sys
import time
from unittest.mock import Mock

import pytest

from distlab.course.progress import Progress, progress

KEY = "quiz/cap/smallest-r"


def test_an_entry_is_kept_and_read_by_another_process(learner):
    assert progress().record(KEY, given=3, correct=True) == ""
    entry = Progress(learner).get(KEY)
    assert (entry["given"], entry["correct"], entry["tries"]) == (3, True, 1)
    assert entry["at"].startswith("20")


def test_trying_again_counts_and_keeps_what_is_not_said_anew(learner):
    kept = Progress(learner)
    kept.record(KEY, given=2, correct=False)
    kept.record(KEY, given=3)
    assert kept.get(KEY) | {"at": ""} == {"given": 3, "correct": False, "tries": 2, "at": ""}


def test_an_unknown_key_is_empty_and_makes_no_file(learner):
    assert progress().get("quiz/cap/none") == {}
    assert not learner.exists()


def test_the_home_variable_names_the_folder(learner, tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path / "elsewhere"))
    progress().record(KEY)
    assert (tmp_path / "elsewhere" / "progress.json").is_file()
    assert not learner.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"quiz/cap/q": ', b"[]", b'{"quiz/cap/q": 3}', b"\xff\xfe\x00", b"[" * 100_000],
)
def test_a_damaged_file_is_set_aside_and_said(learner, content):
    learner.mkdir()
    (learner / "progress.json").write_bytes(content)
    kept = Progress(learner)
    assert kept.entries() == {}
    (aside,) = learner.glob("progress.damaged-20*.json")
    assert aside.read_bytes() == content
    assert "damaged" in kept.warning
    assert str(aside) in kept.warning
    kept.record(KEY, correct=True)
    assert Progress(learner).get(KEY)["correct"]
    assert "damaged" in kept.warning  # still to be read by the learner


def test_damage_between_two_records_loses_no_later_entry(learner):
    kept = Progress(learner)
    kept.record("quiz/cap/first")
    (learner / "progress.json").write_text("not JSON")
    kept.record("quiz/cap/second")
    assert list(Progress(learner).entries()) == ["quiz/cap/second"]
    assert len(list(learner.glob("progress.damaged-*"))) == 1


def test_processes_that_write_at_once_lose_nothing(learner):
    code = (
        "import sys; from distlab.course.progress import progress\n"
        "for n in range(40):\n"
        "    progress().record(f'quiz/{sys.argv[1]}/{n}')\n"
        "    progress().record('quiz/shared/counter')\n"
        "sys.exit(bool(progress().warning))"
    )
    environment = {**os.environ, "DISTLAB_HOME": str(learner)}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, name], env=environment) for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    entries = Progress(learner).entries()
    assert len(entries) == 3 * 40 + 1
    assert entries["quiz/shared/counter"]["tries"] == 3 * 40
    assert sorted(path.name for path in learner.iterdir()) == ["progress.json", "progress.lock"]


def test_a_read_only_folder_warns_and_the_session_goes_on(learner, monkeypatch):
    kept = Progress(learner)
    kept.record("quiz/cap/before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", Mock(side_effect=PermissionError(13, "Permission denied")))
        warning = kept.record(KEY, correct=True)
        assert "Permission denied" in warning
        assert "DISTLAB_HOME" in warning
        assert kept.get(KEY)["correct"]
        assert KEY not in Progress(learner).entries()
        assert not list(learner.glob("*.tmp"))
    assert kept.record("quiz/cap/after") == ""  # what could not be saved is saved now
    assert set(Progress(learner).entries()) == {"quiz/cap/before", KEY, "quiz/cap/after"}


def test_a_file_in_the_folders_place_warns(learner):
    learner.write_text("I am no folder")
    kept = Progress(learner)
    assert kept.entries() == {}
    assert "cannot be kept" in kept.record(KEY, correct=True)
    assert kept.get(KEY)["correct"]
    assert learner.read_text() == "I am no folder"


def test_a_notebook_that_hangs_while_it_writes_does_not_hang_the_others(learner):
    kept = Progress(learner, wait_s=0.1)
    began = time.monotonic()
    with Progress(learner)._locked():
        assert "another notebook" in kept.record(KEY)
    assert time.monotonic() - began < 2
    assert kept.record(KEY) == ""
    assert Progress(learner).get(KEY)["tries"] == 2


def test_a_crash_while_writing_leaves_the_old_file(learner, monkeypatch):
    kept = Progress(learner)
    kept.record("quiz/cap/before")
    whole = (learner / "progress.json").read_bytes()

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(json, "dump", Mock(side_effect=KeyboardInterrupt))
        kept.record(KEY)
    assert (learner / "progress.json").read_bytes() == whole
    assert not list(learner.glob("*.tmp"))
