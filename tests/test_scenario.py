"""Scenarios: declarations, pure runs, tokens."""

import gc
from dataclasses import dataclass, replace

import pytest

from distlab.check.verdict import Verdict
from distlab.host import BadInput
from distlab.knobs import Choice, Integer, Switch, Way, Ways
from distlab.registry import get, register
from distlab.scenario import BAD, GOOD, PRICE, UNKNOWN, Outcome, Scenario, Variant
from distlab.sim import Node

EXAMPLE = "start/lost-answer"


class Speaker(Node):
    def __init__(self, name, word):
        super().__init__(name)
        self.word = word

    def on_start(self):
        self.note(self.word)


@dataclass(frozen=True)
class Says:
    """Whether somebody said a word; undecided when somebody shrugged."""

    word: str

    @property
    def name(self):
        return self.word

    def __call__(self, trace):
        said = [event.what for event in trace.of_kind("note")]
        return Verdict(self.word, None if "shrug" in said else self.word in said, "", judged=1)


def build(world, word="yes", count=1, loud=False, speaker=Speaker):
    for number in range(count):
        world.add(speaker(f"n{number + 1}", word.upper() if loud else word))


KNOBS = (
    Choice("word", ("yes", "no", "shrug"), "yes", ""),
    Integer("count", 1, 3, 1, ""),
    Switch("loud", False, ""),
)
DEMO = Scenario(
    id="demo/says",
    title="",
    claim="",
    build=build,
    checks=(Says("yes"), Says("no")),
    property="yes",
    price="no",
    knobs=KNOBS,
    horizon_ms=100,
)


# Declarations

HOW = Ways(
    "word",
    Way("no", "no", "says no", mistake="it says no", source="a book"),
    Way("yes", "yes", "says yes", role="right"),
    Way("perhaps", "maybe", "says maybe", mistake="it wavers", source="a talk", property="no"),
    Way("mumbled", "hm", "says nothing", role="control"),
    about="what is said",
)


async def wait(world, word, count, loud): ...


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": "demo"}, "scenario id 'demo' is not of the form chapter/name-in-words"),
        ({"id": "Demo/says"}, "is not of the form"),
        ({"property": "yess"}, "property 'yess' is the name of no check; did you mean 'yes'"),
        ({"price": "maybe"}, "price 'maybe' is the name of no check"),
        ({"violating": {"wrd": "no"}}, "has no knob 'wrd'; did you mean 'word'"),
        ({"satisfying": {"count": 9}}, "count: 9 is out of range"),
        ({"mistakes": (Variant({"wrd": "no"}, "", ""),)}, "has no knob 'wrd'"),
        ({"mistakes": (Variant({}, "", "", "yess"),)}, "property 'yess' is the name of no check"),
        ({"faults": "crsh:n1@5"}, "did you mean 'crash'"),
        ({"knobs": (Integer("counts", 1, 3, 1, ""),)}, "build takes no argument 'counts'"),
        ({"knobs": (KNOBS[1], KNOBS[1])}, "the knob name 'count' is taken"),
        ({"knobs": (Integer("count", 1, 3, 0, ""),)}, "count: 0 is out of range"),
        ({"knobs": (Integer("count", 1, 3, 0, ""),), "violating": {"count": 1},
          "satisfying": {"count": 2}},
         r"count: 0 is out of range \(allowed: 1 to 3\)"),
        ({"knobs": (Integer("count", 3, 1, 2, ""),)}, r"2 is out of range \(allowed: 3 to 1\)"),
        ({"knobs": (Choice("word", ("yes", "no"), "perhaps", ""),)}, "word: 'perhaps' is not"),
        ({"knobs": (Integer("count", 1, 3, 1, ""), Switch("count", True, "")),
          "violating": {"count": 1}}, "demo/says: the knob name 'count' is taken"),
        ({"knobs": (Switch("my knob", True, ""),)}, "build takes no argument 'my knob'"),
        ({"knobs": KNOBS[0]}, r"demo/says: knobs: Choice\(.* is no tuple; .* is written \(X,\)"),
        ({"knobs": (HOW, Ways("loud", *HOW.ways))}, r"knobs \['word', 'loud'\] are all Ways"),
        ({"checks": ()}, r"demo/says: checks: \(\) is empty; the first check is the property"),
        ({"checks": Says("yes")}, r"demo/says: checks: Says\(word='yes'\) is no tuple"),
        ({"checks": (Says("yes"), build)}, "check <function build .* has no name; `invariant`"),
        ({"checks": (Says("yes"), Says("no"), Says("no"))}, r"\['yes', 'no', 'no'\] need"),
        ({"checks": (Says("yes"), Says("progress"))}, "different names, none of them 'progress'"),
        ({"outcomes": ("said no",)}, r"outcomes: \('said no',\) is allowed to be two words only"),
        ({"outcomes": "no"}, "demo/says: outcomes: 'no' is no tuple"),
        ({"outcomes": (1, 2)}, r"outcomes: \(1, 2\) is allowed"),
        ({"others": {"yess": Outcome("odd", BAD)}}, "others 'yess' is the name of no check"),
        ({"build": wait}, "demo/says: build: <function wait .* is async; it must be a plain"),
        ({"build": lambda world, seed: None, "knobs": (Integer("seed", 1, 3, 1, ""),)},
         "the knob name 'seed' is taken"),
    ],
)  # fmt: skip
def test_a_declaration_that_contradicts_itself_is_refused(change, complaint):
    with pytest.raises(BadInput, match=complaint):
        replace(DEMO, **change)


# Ways

WAYS = Scenario("demo/ways", "", "", (Says("yes"), Says("no")), build, knobs=(HOW,))


def test_ways_say_what_violates_what_repairs_and_what_is_in_the_catalogue():
    assert (WAYS.property, WAYS.price) == ("yes", "no")
    assert (WAYS.violating, WAYS.satisfying) == ({"word": "no"}, {"word": "yes"})
    assert (WAYS.mistake, WAYS.source) == ("it says no", "a book")
    assert WAYS.mistakes == (Variant({"word": "perhaps"}, "it wavers", "a talk", "no"),)
    assert HOW.default == "no"
    assert HOW.meaning == "what is said: says no; says yes; says maybe; says nothing"


def test_build_gets_the_value_of_a_way_and_the_run_keeps_its_name():
    run = WAYS.run(word="perhaps")
    assert [event.what for event in run.trace.of_kind("note")] == ["maybe"]
    assert run.knobs == {"word": "perhaps"}
    assert "?word=perhaps&seed=1#" in run.token


@pytest.mark.parametrize(
    "ways",
    [
        (),
        (Way("a", 1, "", role="right"),),
        (Way("a", 1, ""),),
        (Way("a", 1, ""), Way("b", 2, "", role="control")),
        (Way("a", 1, ""), Way("a", 2, "", role="right")),
    ],
)
def test_ways_need_different_names_and_a_wrong_and_a_right_one(ways):
    with pytest.raises(BadInput, match=r"knob word: ways .* need different names, one right,"):
        Ways("word", *ways)


def ways_that_violate(name):
    return (Ways("word", Way("no", 1, "", property=name), Way("yes", 2, "", role="right")),)


def test_the_first_wrong_way_names_the_property():
    named = Scenario("demo/ways", "", "", WAYS.checks, build, knobs=ways_that_violate("no"))
    assert (named.property, named.price) == ("no", "yes")


@pytest.mark.parametrize(
    ("way", "given", "complaint"),
    [
        ("yess", "", "demo/ways: property 'yess' is the name of no check; did you mean 'yes'"),
        ("no", "yes", "demo/ways: way no violates 'no', not the property 'yes'"),
    ],
)
def test_the_first_wrong_way_violates_the_property(way, given, complaint):
    with pytest.raises(BadInput, match=complaint):
        Scenario(
            "demo/ways", "", "", WAYS.checks, build, property=given, knobs=ways_that_violate(way)
        )


def test_a_way_of_an_unknown_role_is_refused():
    with pytest.raises(BadInput, match=r"way a: role 'good' is unknown .*'right'"):
        Way("a", 1, "", role="good")


# The registry


def test_ids_are_unique_in_the_registry():
    with pytest.raises(BadInput, match=f"there are two scenarios '{EXAMPLE}'"):
        register(replace(DEMO, id=EXAMPLE))
    assert register(get(EXAMPLE)) is get(EXAMPLE)


def test_an_unknown_scenario_gets_the_nearest_one():
    with pytest.raises(BadInput, match=f"'start/lost-anser'; did you mean '{EXAMPLE}'") as refusal:
        get("start/lost-anser")
    assert "(`distlab list` shows all " in str(refusal.value)  # they are too many to be read here


def test_parts_can_be_replaced():
    class Shouter(Speaker):
        def on_start(self):
            self.note("no")

    run = DEMO.using(speaker=Shouter).run()
    assert [verdict.ok for verdict in run.verdicts] == [False, True]
    assert run.scenario.id == DEMO.id


@pytest.mark.parametrize("part", ["speker", "word", "world"])
def test_only_parts_can_be_replaced(part):
    with pytest.raises(BadInput, match=f"demo/says has no part '{part}'.*allowed: speaker"):
        DEMO.using(**{part: Speaker})


# Runs


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"seed": -1}, r"seed: -1 is not a whole number from 0 to 2\^63 - 1"),
        ({"seed": 1 << 63}, "seed"),
        ({"seed": True}, "seed: True"),
        ({"seed": "7"}, "seed: '7'"),
        ({"word": "mayb"}, "word: 'mayb' is not allowed"),
        ({"cnt": 1}, "has no knob 'cnt'; did you mean 'count'"),
        ({"faults": "crash:n9@5"}, "no machine 'n9'"),
        ({"faults": "crash:n1@101"}, "beyond the end of the run"),
        ({"faults": "crash:n1@-1"}, "at_ms is -1,"),
    ],
)
def test_wrong_arguments_are_refused_in_words(arguments, complaint):
    with pytest.raises(BadInput, match=complaint):
        DEMO.run(**arguments)


@pytest.mark.parametrize(
    ("word", "loud", "outcome"),
    [
        ("yes", False, Outcome("not no", PRICE)),
        ("no", False, Outcome("not yes", BAD)),
        ("shrug", False, Outcome("undecided", UNKNOWN)),
        ("yes", True, Outcome("not yes", BAD)),
    ],
)
def test_the_outcome_is_the_first_verdict_that_fails(word, loud, outcome):
    assert DEMO.run(word=word, loud=loud).outcome == outcome


def test_all_is_well_when_every_verdict_holds():
    run = replace(DEMO, checks=(Says("yes"),), price="").run()
    assert run.outcome == Outcome("holds", GOOD)
    assert run.ok


def test_a_scenario_may_call_its_failures_by_name():
    named = replace(DEMO, outcomes=("said no", "whispered"))
    assert named.run(word="no").outcome == Outcome("said no", BAD)
    assert named.run(word="yes", loud=False).outcome == Outcome("whispered", PRICE)


def test_a_run_that_fails_any_other_check_is_not_called_fine():
    other = replace(DEMO, checks=(Says("no"), Says("yes"), Says("maybe")))
    assert other.run(word="no").outcome == Outcome("not yes", BAD)
    assert other.run(word="yes").outcome == Outcome("not no", PRICE)
    agreed = replace(other, checks=(Says("yes"), Says("maybe")), price="yes")
    assert agreed.run(word="yes").outcome == Outcome("not maybe", PRICE)
    named = replace(agreed, others={"maybe": Outcome("too sure", BAD)})
    assert named.run(word="yes").outcome == Outcome("too sure", BAD)


@dataclass(frozen=True)
class Misnamed(Says):
    answer: object

    def __call__(self, trace):
        return self.answer


@pytest.mark.parametrize("answer", [Verdict("no", True, "", judged=1), True, None])
def test_a_check_gives_a_verdict_of_its_own_name(answer):
    with pytest.raises(BadInput, match=r"demo/says: check 'yes' gave .*, not a Verdict of its"):
        replace(DEMO, checks=(Misnamed("yes", answer), Says("no"))).run()


def test_a_scenario_without_a_function_cannot_run():
    with pytest.raises(BadInput, match=r"demo/bare: no build: put @Scenario.* above a"):
        Scenario("demo/bare", "", "", (Says("yes"),)).run()


def test_a_run_that_gets_stuck_is_a_result():
    class Waits(Speaker):
        async def on_start(self):
            await self.future("Godot")

    run = DEMO.using(speaker=Waits).run()
    assert run.outcome == Outcome("stuck", BAD)
    assert not run.ok
    assert "n1 (on_start) waits for Godot" in run.verdict("progress").explanation


def test_a_run_without_end_is_a_result():
    class Busy(Speaker):
        async def on_start(self):
            while True:
                await self.sleep(0)

    run = DEMO.using(speaker=Busy).run()
    assert run.outcome == Outcome("stuck", BAD)
    assert "more than 200000 events by 0 ms" in run.verdict("progress").explanation


def test_a_bug_is_no_result_but_an_exception():
    class Broken(Speaker):
        def on_start(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        DEMO.using(speaker=Broken).run()
    assert gc.isenabled()


def test_metrics_count_events_and_what_the_scenario_measures():
    measured = replace(get(EXAMPLE), measure=lambda trace: {"pages": len(trace.of_kind("note"))})
    run = measured.run(retries=2)
    assert run.metrics == {
        "messages": 10,
        "delivered": 9,
        "dropped": 1,
        "ok": 4,
        "failed": 0,
        "unknown": 0,
        "pages": 5,
    }


def test_a_run_introduces_itself_by_its_token():
    run = get(EXAMPLE).run()
    assert repr(run) == f"<Run {run.token}: not answered>"


def test_a_verdict_is_found_by_its_name():
    run = DEMO.run()
    assert run.verdict("yes").ok
    with pytest.raises(BadInput, match="no demo/says verdict 'yess'; did you mean 'yes'"):
        run.verdict("yess")


def test_a_run_leaves_no_garbage_and_the_collector_on():
    scenario = get(EXAMPLE)
    scenario.run()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)  # what threads of other tests leave behind is not ours
    try:
        run = scenario.run()
        gc.collect()
        assert not [left for left in gc.garbage if "distlab" in type(left).__module__]
        assert not gc.isenabled()
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert run.trace.events
