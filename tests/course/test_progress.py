"""Progress: not lost, and not in the way of a lesson, when its file or folder is odd."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest.mock import Mock

import pytest

from distlab.course import quiz
from distlab.course.progress import TYPES, Progress, progress
from distlab.course.widgets import CourseMap, ExercisePanel, PredictionWidget, QuizWidget
from distlab.lab.widget import Lab
from distlab.replay import parse_token
from tests.course.test_exercise import EXERCISE
from tests.course.test_prediction import PREDICTION
from tests.stopping import PACKAGE, some_stops

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


def test_threads_that_write_at_once_lose_nothing(learner, monkeypatch):
    kept, write = Progress(learner), Progress._write

    def slowly(self, entries):
        write(self, entries)
        time.sleep(0.003)  # now another thread may come

    monkeypatch.setattr(Progress, "_write", slowly)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda n: kept.record(f"quiz/cap/{n % 5}"), range(40)))
    assert not any(answers)
    tries = {key: entry["tries"] for key, entry in Progress(learner).entries().items()}
    assert tries == {f"quiz/cap/{n}": 8 for n in range(5)}


def test_what_another_notebook_did_at_the_last_moment_counts(learner, monkeypatch):
    panel, change = ExercisePanel(EXERCISE), Progress.change

    def late(self, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(Progress, "change", change)
            Progress(learner).record(EXERCISE.key, correct=True)
        return change(self, *arguments)

    monkeypatch.setattr(Progress, "change", late)
    panel.check(EXERCISE.stub, record=True)
    assert Progress(learner).get(EXERCISE.key)["correct"] is True


@pytest.mark.parametrize("value", [None, True, 2, 2.5, 1e999, "yes", [1], {"a": 1}], ids=repr)
@pytest.mark.parametrize("name", TYPES)
def test_a_field_of_the_wrong_type_counts_as_absent(distlab, learner, name, value):
    learner.mkdir()
    keys = [KEY, f"prediction/{PREDICTION.id}", EXERCISE.key]
    entry = {name: value, "given": [1, {"mine": None}]}
    (learner / "progress.json").write_text(json.dumps(dict.fromkeys(keys, entry)))
    kept = progress()
    sound = type(value) is TYPES[name]
    assert (name in kept.get(KEY)) is sound
    assert distlab("progress")[0] == distlab("progress", "--json")[0] == 0
    panels = [PredictionWidget(PREDICTION), QuizWidget(quiz.quiz("01_cap")), CourseMap()]
    assert panels[0].guess.open is (sound and name == "skipped")
    assert ("solved" in ExercisePanel(EXERCISE)._status.value) is (sound and name == "correct")
    for key in keys:
        assert kept.record(key, correct=False) == ""
        again = Progress(learner).get(key)
        assert again["tries"] == (value if sound and name == "tries" else 0) + 1
        assert again["given"] == entry["given"]


HALF = "half of a character: \ud83d"


def test_half_a_character_is_kept_and_printed(distlab, learner):
    assert progress().record(f"quiz/cap/{HALF}", given=HALF, more={HALF: object}) == ""
    assert Progress(learner).get(f"quiz/cap/{HALF}")["given"] == HALF
    assert json.loads(distlab("progress", "--json")[1]) == progress().entries()
    progress().record(f"quiz/{HALF}/one")
    assert distlab("progress")[0] == 0


def no_home(learner, monkeypatch):
    for name in ("DISTLAB_HOME", "HOME", "XDG_DATA_HOME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", Mock(side_effect=KeyError))


def nobodys_home(learner, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", "~nobody-at-all/distlab")


def a_file(learner, monkeypatch):
    learner.write_text("I am no folder")


def below_a_file(learner, monkeypatch):
    learner.write_text("I am no folder")
    monkeypatch.setenv("DISTLAB_HOME", str(learner / "distlab"))


def read_only(learner, monkeypatch):
    learner.mkdir()
    for place in ("os.replace", "distlab.workspace._write"):
        monkeypatch.setattr(place, Mock(side_effect=PermissionError(13, "Permission denied")))


def a_folder_for_a_file(name):
    def make(learner, monkeypatch):
        (learner / name).mkdir(parents=True)

    make.__name__ = f"a folder {name}"
    return make


ODD = [no_home, nobodys_home, a_file, below_a_file, read_only,
       *map(a_folder_for_a_file, ("progress.json", "progress.lock"))]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.__name__)
def test_where_nothing_can_be_written_the_lesson_goes_on(
    distlab, learner, tmp_path, monkeypatch, odd
):
    monkeypatch.chdir(tmp_path)
    odd(learner, monkeypatch)
    progress().entries()
    warning = progress().record(KEY, correct=True)
    assert "cannot be kept" in warning and "DISTLAB_HOME" in warning
    assert progress().get(KEY)["correct"]

    questions, prediction = QuizWidget(quiz.quiz("01_cap")), PredictionWidget(PREDICTION)
    assert "cannot be kept" in questions._warning.value
    lab = Lab(parse_token(PREDICTION.about).scenario, prediction=prediction)
    assert lab._state()["gate"]
    prediction.choose(1, record=True)
    assert not lab._state()["gate"]
    assert progress().get(f"prediction/{PREDICTION.id}")["chosen"] == PREDICTION.answers[0]
    assert CourseMap()._table.value

    status, _, error = distlab("quiz", "01_cap", "--pretest", typed="3\n2\n2\n")
    assert (status, "cannot be kept" in error) == (0, True)
    assert "cap" in distlab("progress")[1]
    assert not list(tmp_path.glob("~*"))


@pytest.mark.parametrize("odd", [no_home, nobodys_home, below_a_file], ids=lambda odd: odd.__name__)
def test_the_commands_need_no_home(distlab, learner, tmp_path, monkeypatch, odd):
    monkeypatch.chdir(tmp_path)
    odd(learner, monkeypatch)
    assert distlab("doctor")[0] == 0
    status, _, error = distlab("lab", "--no-start")
    assert (status, "give a folder that can be written" in error) == (2, True)
    assert distlab("lab", "--no-start", "--dir", "mine")[0] == 0
    assert not list(tmp_path.glob("~*"))


def test_what_could_not_be_saved_is_saved_later(learner, monkeypatch):
    kept = Progress(learner)
    kept.record("quiz/cap/before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", Mock(side_effect=PermissionError(13, "Permission denied")))
        assert "Permission denied" in kept.record(KEY, correct=True)
        assert kept.get(KEY)["correct"]
        assert KEY not in Progress(learner).entries()
        assert not list(learner.glob("*.tmp"))
    assert kept.record("quiz/cap/after") == ""
    assert set(Progress(learner).entries()) == {"quiz/cap/before", KEY, "quiz/cap/after"}


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
        patch.setattr(os, "fsync", Mock(side_effect=KeyboardInterrupt))
        kept.record(KEY)
    assert (learner / "progress.json").read_bytes() == whole
    assert not list(learner.glob("*.tmp"))


CLICKS = {
    "quiz": lambda: partial(QuizWidget(quiz.quiz("01_cap")).answer, "smallest-r", 1),
    "prediction": lambda: partial(PredictionWidget(PREDICTION).choose, 1),
    "skip": lambda: PredictionWidget(PREDICTION).skip,
}


@pytest.mark.parametrize("panel", CLICKS.values(), ids=CLICKS)
def test_a_click_that_is_stopped_can_be_made_again(learner, panel):
    def check(click):
        click(record=True)
        assert not progress().warning
        ((_, entry),) = Progress(learner).entries().items()
        assert {"correct", "chosen", "skipped"} & {*entry}
        assert {path.name for path in learner.iterdir()} <= {"progress.json", "progress.lock"}
        (learner / "progress.json").unlink()

    course = f"{PACKAGE}/course"
    but = ("_locked", "_warns")
    some_stops(25, panel, lambda click: click(record=True), check, within=course, but=but)
