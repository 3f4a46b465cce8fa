"""The course on the command line: a quiz on a terminal, and what was done so far."""

import json

from distlab.course.progress import progress


def test_quiz_lists_the_quizzes(distlab):
    status, out, _ = distlab("quiz")
    assert status == 0
    assert "01_cap" in out.split()


def test_a_quiz_is_asked_marked_and_recorded(distlab):
    status, out, _ = distlab("quiz", "01_cap", "--pretest", typed="3\n2\n2\n")
    assert status == 0
    assert "1/3  What does the C of CAP stand for?\n  1. " in out
    assert out.count("✓ Right.") == 2
    assert "2 of 3 right" in out
    assert progress().get("quiz/cap/what-c-means")["correct"] is True
    assert progress().get("quiz/cap/we-choose-ca")["correct"] is False


def test_a_wrong_answer_is_asked_again_and_the_end_of_input_ends(distlab):
    status, out, _ = distlab("quiz", "01_cap", "--pretest", typed="\nx\n9\nnan\n1 2\n3\n")
    assert status == 0
    assert out.count("Type a number.") == 1
    assert out.count("give a number from 1 to 4") == 4
    assert "1 of 3 right" in out
    assert list(progress().entries()) == ["quiz/cap/what-c-means"]


def test_an_unknown_quiz_is_wrong_input(distlab):
    status, _, error = distlab("quiz", "01_cup")
    assert status == 2
    assert "did you mean '01_cap'" in error


def test_progress_says_what_was_done(distlab):
    assert "Nothing yet" in distlab("progress")[1]
    progress().record("quiz/cap/smallest-r", correct=True)
    progress().record("quiz/cap/pacelc", correct=False)
    progress().record("prediction/cap/inversion", chosen="a", right=True)
    status, out, _ = distlab("progress")
    assert status == 0
    assert [line.split() for line in out.splitlines()] == [
        ["cap", "prediction", "1", "tried,", "1", "right"],
        ["cap", "quiz", "2", "tried,", "1", "right"],
    ]
    assert set(json.loads(distlab("progress", "--json")[1])) == set(progress().entries())


def test_a_damaged_file_is_said(distlab, learner):
    learner.mkdir()
    (learner / "progress.json").write_text("{")
    status, _, error = distlab("progress")
    assert status == 0
    assert "damaged" in error
