"""Quizzes: every answer is answered, and a malformed file says what is wrong with it."""

import copy

import pytest
import yaml

from distlab.course import quiz
from distlab.course.content import BadContent, names
from distlab.host import BadInput

SINGLE, MULTIPLE, NUMBER = yaml.safe_load("""
- id: one
  kind: single
  question: Which?
  answers:
  - {text: this, correct: true, feedback: Because.}
  - {text: that, feedback: Tempting.}
- id: many
  kind: multiple
  question: Which ones?
  answers:
  - {text: a, correct: true, feedback: A is.}
  - {text: b, correct: true, feedback: B is.}
  - {text: "one two three four five, six", feedback: C is not.}
- id: how-many
  kind: number
  question: How many?
  value: 3
  unit: replicas
  feedback: Three.
  otherwise: Count again.
  tempting: [{value: 2, feedback: That is R + W = N.}]
""")
A, B, C = "✓ “a”: A is.", "✓ “b”: B is.", "✗ “one two three four five…”: C is not."


def written(tmp_path, *questions, name="07_sample"):
    path = tmp_path / "quizzes" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(list(questions), sort_keys=False))
    return path


@pytest.fixture
def sample(tmp_path):
    return quiz.read(written(tmp_path, SINGLE, MULTIPLE, NUMBER))


@pytest.mark.parametrize(
    ("question", "given", "correct", "reason"),
    [
        ("one", 1, True, "Because."),
        ("one", 2, False, "Tempting."),
        ("many", [1, 2], True, f"{A}\n{B}"),
        ("many", (2, 1), True, f"{A}\n{B}"),
        ("many", [1], False, f"{A}\nRight so far; 1 more to find."),
        ("many", [1, 2, 3], False, f"{A}\n{B}\n{C}"),
        ("many", [1, 3], False, f"{A}\n{C}\n1 more to find."),
        ("many", 3, False, f"{C}\n2 more to find."),
        ("how-many", 3, True, "Three."),
        ("how-many", 3.0, True, "Three."),
        ("how-many", 2, False, "That is R + W = N."),
        ("how-many", 17, False, "Count again."),
    ],
)
def test_every_answer_is_answered(sample, question, given, correct, reason):
    feedback = sample[question].mark(given)
    assert (feedback.correct, feedback.reason) == (correct, reason)
    assert feedback.text().startswith("✓" if correct else "✗")


@pytest.mark.parametrize(
    ("question", "given"),
    [
        *(("one", given) for given in (0, 3, -1, "1", None, True, 1.0, [], [1])),
        *(("many", given) for given in (0, 4, [], [1, 1], [1, 4], [1, "2"], "12", None)),
        *(("how-many", given) for given in ("3", None, True, [3])),
    ],
)
def test_what_is_no_answer_is_refused(sample, question, given):
    with pytest.raises(BadInput, match=question):
        sample[question].mark(given)


def test_an_unknown_question_or_quiz_is_named_with_the_nearest(sample):
    with pytest.raises(BadInput, match="no question 'onne'; did you mean 'one'"):
        sample["onne"]
    with pytest.raises(BadInput, match="no '01_cup'; did you mean '01_cap'"):
        quiz.quiz("01_cup")


def test_the_pretest_is_kept_apart(tmp_path):
    path = written(tmp_path, {**SINGLE, "pretest": True}, NUMBER)
    assert list(quiz.read(path).questions) == ["how-many"]
    assert list(quiz.read(path, pretest=True).questions) == ["one"]


def test_the_solution_names_the_right_answers(sample):
    assert sample["one"].solution() == "(1) Because."
    assert sample["many"].solution() == "(1) A is. (2) B is."
    assert sample["how-many"].solution() == "3 replicas: Three."


def changed(question, *path, to):
    """A copy of the question with one thing changed; `to=None` takes it away."""
    inner = question = copy.deepcopy(question)
    *steps, last = path
    for step in steps:
        inner = inner[step]
    inner[last] = to
    if to is None:
        del inner[last]
    return question


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        (changed(SINGLE, "kind", to="singel"), "'one', kind: 'singel' is not allowed.*'single'"),
        (changed(SINGLE, "question", to=None), "'one': missing: question"),
        (changed(SINGLE, "question", to=7), "'one', question: 7 should be of type string"),
        (changed(SINGLE, "hint", to="x"), "'one': unknown key 'hint'.*question"),
        (changed(SINGLE, "answers", 1, "fedback", to="x"), "answers 2: unknown key 'fedback'; did"),
        (changed(SINGLE, "answers", 0, "feedback", to=None), "answers 1: missing: feedback"),
        (changed(SINGLE, "answers", to=SINGLE["answers"][:1]), "'one', answers: at least 2"),
        (changed(SINGLE, "answers", to=None), "'one': missing: answers"),
        (changed(SINGLE, "answers", 0, "correct", to=None), "'one': a single.*not 0"),
        (changed(SINGLE, "answers", 1, "correct", to=True), "'one': a single.*not 2"),
        (changed(SINGLE, "value", to=3), "'one': 'value' does not belong"),
        (changed(MULTIPLE, "answers", 2, "correct", to=True), "'many': a multiple choice has"),
        (changed(NUMBER, "value", to="three"), "value: 'three' should be of type number"),
        (changed(NUMBER, "otherwise", to=None), "'how-many': missing: otherwise"),
        (changed(NUMBER, "answers", to=SINGLE["answers"]), "'answers' does not belong"),
        (changed(NUMBER, "id", to="Not an id"), "does not match"),
    ],
)
def test_a_malformed_question_is_refused(tmp_path, question, complaint):
    with pytest.raises(BadContent, match=f"^quizzes/07_sample.yaml,.*{complaint}"):
        quiz.read(written(tmp_path, question))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- id: [", "line 1: "),
        ("- {id: a, id: b}", "line 1: a key stands twice"),
        ("just text", "'just text' should be of type array"),
        ("", "None should be of type array"),
        ("[]", "at least 1 are needed"),
        ("- \x07", "not YAML"),
        ("- 3", " 1: 3 should be of type object"),
    ],
)
def test_a_file_that_is_no_list_of_questions_is_refused(tmp_path, text, complaint):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(BadContent, match=f"broken.yaml.*{complaint}"):
        quiz.read(path)


def test_an_id_used_twice_is_refused(tmp_path):
    with pytest.raises(BadContent, match="'one' is used twice"):
        quiz.read(written(tmp_path, SINGLE, SINGLE))


@pytest.mark.parametrize("name", names("quizzes"))
def test_the_courses_quizzes_are_well_formed(name):
    assert len(quiz.pretest(name).questions) >= 3
    assert len(quiz.quiz(name).questions) >= 5
    everything = [*quiz.pretest(name).questions.values(), *quiz.quiz(name).questions.values()]
    choices = [question for question in everything if question.kind == "single"]
    first = sum(question.correct == {1} for question in choices)
    assert 0 < first < len(choices), "the right answer is not always in one place"
