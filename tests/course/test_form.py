"""Predictions and quizzes are not to be guessed from their form.

A reader who always takes the second answer, the longest one, "it breaks", or the one that claims
the least must not do better than chance. These rules hold for every chapter, also for a new one.
"""

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from distlab.course import prediction, quiz
from distlab.course.content import find, names
from distlab.places import shipped
from distlab.replay import parse_token
from distlab.scenario import GOOD, PRICE
from distlab.sim.faults import parse_schedule

SLACK = 1  # this many right answers above the number that chance gives are allowed
LENGTHS = 2  # the longest answer of a question has at most so many times the shortest one's letters
WORDS = 9  # a feedback of a wrong answer has at least so many: it says why it is wrong

ABSOLUTE = re.compile(r"\b(always|never|impossible|guarantee[ds]?|certainly)\b", re.I)
AGREES = re.compile(
    r"^(true|right|rightly|yes|indeed|almost|also right|that too|it (may|might|can|could|will))\b",
    re.I,
)
CONCEDES = re.compile(
    r"not the point|although|(that|this|it) is (right|true|correct)\b|but (that|it) is wrong", re.I
)


@dataclass(frozen=True)
class Asked:
    """A question with its answers; `right` holds the numbers of the right ones, from 1."""

    id: str
    texts: list[str]
    right: set[int]
    feedback: list[str]

    @property
    def wrong(self) -> list[int]:
        return [n for n in range(1, len(self.texts) + 1) if n not in self.right]


def of_quiz(name: str) -> list[Asked]:
    questions = [*quiz.pretest(name).questions.values(), *quiz.quiz(name).questions.values()]
    return [
        Asked(q.id, [a["text"] for a in q.answers], q.correct, [a["feedback"] for a in q.answers])
        for q in questions
        if q.answers
    ]


def of_predictions(name: str) -> list[Asked]:
    asked = []
    for entry in prediction.read(find("predictions", name)).values():
        run = parse_token(entry.about).run()
        right = {n for n in range(1, len(entry.answers) + 1) if entry.judge(run, n).right}
        asked.append(Asked(entry.id, list(entry.answers), right, []))
    return asked


def same_place(asked: list[Asked]) -> str:
    """No place has more than half of the right answers; a place that many questions have is used.

    Questions with several right answers have no place.
    """
    single = [each for each in asked if len(each.right) == 1]
    places = Counter(min(each.right) for each in single)
    deep = Counter(n for each in single for n in range(1, len(each.texts) + 1))
    crowded = [n for n, count in places.items() if count > (len(single) + 1) // 2]
    unused = [n for n, count in deep.items() if count >= 4 and n not in places]
    return f"crowded {crowded}, unused {unused}" if crowded or unused else ""


def by_length(asked: list[Asked]) -> str:
    """The longest answer, and the shortest one, is right about as often as chance has it."""
    chance = sum(len(each.right) / len(each.texts) for each in asked)
    for name, extreme in (("longest", max), ("shortest", min)):
        found = []
        for each in asked:
            lengths = [len(text) for text in each.texts]
            if lengths.count(extreme(lengths)) == 1:
                found.append(lengths.index(extreme(lengths)) + 1 in each.right)
        if sum(found) > chance + SLACK:
            return f"the {name} is right in {sum(found)} of {len(asked)}; chance: {chance:.1f}"
    return ""


def unlike_lengths(asked: list[Asked]) -> list[str]:
    return [
        each.id for each in asked if max(map(len, each.texts)) > LENGTHS * min(map(len, each.texts))
    ]


def absolutes(asked: list[Asked]) -> str:
    """Words like "always" mark wrong answers no more often than right ones."""

    def share(texts: list[str]) -> float:
        return sum(bool(ABSOLUTE.search(text)) for text in texts) / len(texts)

    right = [each.texts[n - 1] for each in asked for n in each.right]
    wrong = [each.texts[n - 1] for each in asked for n in each.wrong]
    return f"{[t for t in wrong if ABSOLUTE.search(t)]}" if share(wrong) > share(right) else ""


def conceded(asked: list[Asked]) -> list[str]:
    """Wrong answers that take themselves back, or whose feedback agrees with them."""
    return [
        f"{each.id} {n}"
        for each in asked
        for n in each.wrong
        if any(CONCEDES.search(words[n - 1]) for words in (each.texts, each.feedback) if words)
        or (each.feedback and AGREES.search(each.feedback[n - 1]))
    ]


def all_but_one(asked: list[Asked]) -> bool:
    """Whether every question with several right answers has just one wrong answer."""
    several = [each for each in asked if len(each.right) > 1]
    return len(several) > 1 and all(len(each.wrong) == 1 for each in several)


def hasty(asked: list[Asked]) -> list[str]:
    """Wrong answers whose feedback is too short to say why they tempt and why they are wrong."""
    return [
        f"{each.id} {n}"
        for each in asked
        for n in each.wrong
        if each.feedback and len(each.feedback[n - 1].split()) < WORDS
    ]


RULES = (same_place, by_length, unlike_lengths, absolutes, conceded, all_but_one, hasty)


@pytest.mark.parametrize("name", names("quizzes"))
@pytest.mark.parametrize("rule", RULES)
def test_a_quiz_is_not_answered_by_its_form(rule, name):
    assert not rule(of_quiz(name))


@pytest.mark.parametrize("name", names("predictions"))
def test_a_prediction_is_not_answered_by_its_form(name):
    asked = of_predictions(name)
    assert {rule.__name__: found for rule in RULES if (found := rule(asked))} == {}


@pytest.mark.parametrize("name", names("predictions"))
def test_a_quarter_of_the_predictions_end_well(name):
    runs = [parse_token(p.about).run() for p in prediction.read(find("predictions", name)).values()]
    well = sum(run.outcome.tone in (GOOD, PRICE) for run in runs)
    assert len(runs) / 4 <= well < len(runs)


@pytest.mark.parametrize("name", names("predictions"))
def test_a_prediction_stands_in_its_notebook_with_the_faults_that_no_button_brings(name):
    (notebook,) = shipped("notebooks").glob(f"{name}*.ipynb")
    source = notebook.read_text(encoding="utf-8")
    for entry_id, entry in prediction.read(find("predictions", name)).items():
        assert f'prediction(\\"{name}\\", \\"{entry_id}\\")' in source
        asked = parse_token(entry.about)
        usual = asked.faults in ((), parse_schedule(asked.scenario.faults))
        assert usual or f'faults=\\"{entry.about.partition("#")[2]}\\"' in source, entry_id


def asked(*questions, feedback="Tempting, since it looks so, and wrong, since it is another."):
    return [
        Asked(str(number), texts, right, [feedback] * len(texts))
        for number, (texts, right) in enumerate(questions)
    ]


EVEN = asked((["one", "two"], {1}), (["one", "two"], {2}), (["six", "ten"], {1, 2}))
LONG, SHORT = ["a long answer", "a shorter"], ["a shorter", "a long answer"]


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (same_place, asked(*3 * [(["one", "two"], {2})])),
        (same_place, asked(*3 * [(["a", "b", "c"], {1}), (["a", "b", "c"], {2})])),
        (by_length, asked(*2 * [(LONG, {1}), (SHORT, {2})])),
        (by_length, asked(*2 * [(LONG, {2}), (SHORT, {1})])),
        (unlike_lengths, asked((["yes", "no, never so"], {1}))),
        (absolutes, asked((["It may.", "It Never may."], {1}))),
        (conceded, asked((["yes", "no"], {1}), feedback="True, and beside what was asked here.")),
        (conceded, asked((["yes", "no, although that is wrong"], {1}))),
        (all_but_one, asked(*2 * [(["one", "two", "six"], {1, 3})])),
        (hasty, asked((["yes", "no"], {1}), feedback="They do not.")),
    ],
)
def test_each_rule_finds_what_it_is_about(rule, bad):
    assert rule(bad)
    assert not rule(EVEN)
