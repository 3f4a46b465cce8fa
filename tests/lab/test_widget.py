"""What the browser asks, and what it gets; what readers without a browser see."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape

import pytest

from distlab.course.prediction import Guess, Prediction
from distlab.course.widgets import PredictionWidget
from distlab.host import BadInput
from distlab.knobs import Way, Ways
from distlab.lab import Lab
from distlab.lab.actions import HAPPEN
from distlab.lab.widget import UNTOUCHED, WAITING
from distlab.registry import get
from distlab.sim import Node
from distlab.start.requests import Printer

SCENARIO = "start/slow-or-dead"
RIGHT = "✓ As you predicted: It is suspected."


class Browser:
    """The other side: sends requests as lab.js does, keeps what comes back."""

    def __init__(self, lab, view="v"):
        self.lab, self.view, self.number, self.heard = lab, view, 0, []
        lab.send = self.heard.append

    def ask(self, command="", *, picture=0, width=900, want=(), matching="", proof="", **arguments):
        self.number += 1
        request = {
            "view": self.view, "number": self.number, "command": command, "arguments": arguments,
            "picture": picture, "width": width, "want": want, "matching": matching, "proof": proof,
        }  # fmt: skip
        self.lab._handle_custom_msg(json.loads(json.dumps(request)), [])
        answer = json.loads(json.dumps([m for m in self.heard if m["type"] == "answer"][-1]))
        assert (answer["view"], answer["number"]) == (self.view, self.number)
        return answer


@pytest.fixture
def lab():
    return Lab(SCENARIO)


@pytest.fixture
def browser(lab):
    return Browser(lab)


def test_a_first_look_shows_everything(browser):
    answer = browser.ask()
    state = answer["state"]
    assert answer["svg"].startswith("<svg")
    assert state["title"] == "Slow or dead?"
    assert state["outcome"] == {"name": "not accurate", "tone": "bad", "mark": "✕"}
    assert [fault["text"] for fault in state["faults"]][1] == "crash:server-b@300"
    assert [(v["name"], v["word"], v["role"]) for v in state["verdicts"]] == [
        ("accurate", "violated", "property"),
        ("prompt", "holds", "price"),
    ]
    assert state["targets"][:4] == ["monitor", "server-a", "server-b", "monitor>server-a"]


def test_a_verdict_has_the_tone_that_the_outcome_would_have():
    lab = Lab(SCENARIO, patience_ms=250)
    state = Browser(lab).ask()["state"]
    assert (state["outcome"]["name"], state["outcome"]["tone"]) == ("not prompt", "price")
    assert [card["tone"] for card in state["verdicts"]] == ["good", "price"]


def test_every_button_keeps_its_place(browser, lab):
    def places():
        state = browser.ask()["state"]
        verbs = [[each["label"] for each in group] for group in state["verbs"]]
        return [each["name"] for each in state["buttons"]], verbs

    before = places()
    assert HAPPEN in before[0] and not possible(browser, HAPPEN)
    for command in ("remove", "remove", "undo"):
        browser.ask(command, fault=0) if command == "remove" else browser.ask("press", name="undo")
        assert possible(browser, HAPPEN)
        assert places() == before
    lab.press("crash monitor")
    assert places() == before
    lab.aim("server-a>monitor")
    assert places() == (before[0], before[1][::-1])


def possible(browser, name):
    state = browser.ask()["state"]
    buttons = [*state["buttons"], *state["verbs"][0]]
    return not next(each for each in buttons if each["name"] == name)["disabled"]


def test_what_cannot_happen_now_is_disabled(browser, lab):
    assert possible(browser, "crash monitor") and not possible(browser, "restart monitor")
    lab.press("crash monitor")
    assert not possible(browser, "crash monitor") and possible(browser, "restart monitor")


def test_a_lab_has_one_lane_more_than_it_needs_at_first(browser, lab):
    top = browser.ask()["layout"]["top"]
    lab.press("crash monitor")
    assert browser.ask()["layout"]["top"] == top
    lab.press("pause server-a")
    assert browser.ask()["layout"]["top"] > top
    calm = Lab(SCENARIO, faults="")
    assert Browser(calm).ask()["layout"]["top"] == top  # the declared faults can come at one press


def test_the_browser_can_tell_every_state_at_every_instant(browser, lab):
    lab.press("wipe monitor")
    story = browser.ask()["story"]
    for ms in range(0, 700, 35):
        now = {name: ["up", ""] for name in lab.run.machines}
        now |= {machine: state for at_ms, machine, *state in story if at_ms <= ms}
        lab.scrub(ms)
        assert [tuple(state) for state in lab.states] == [(n, *now[n]) for n in lab.run.machines]


def test_ways_are_sent_as_choices():
    ways = Ways("way", Way("slow", object(), "slowly"), Way("fast", object(), "fast", role="right"))
    own = {"build": lambda world, way: world.add(Node("n")), "faults": "", "knobs": (ways,)}
    scenario = replace(get(SCENARIO), **own, violating={}, satisfying={})
    knob = Browser(Lab(scenario)).ask()["state"]["knobs"][0]
    assert (knob["choices"], knob["value"]) == (["slow", "fast"], "slow")


def test_a_button_in_the_browser_is_press(browser, lab):
    twin = Lab(SCENARIO)
    state = browser.ask(command="aim", target="server-a>monitor")["state"]
    for button in [*state["verbs"][0], *state["buttons"]]:
        if button["disabled"]:
            continue
        browser.ask("press", name=button["name"])
        twin.press(button["name"])
    assert lab.token == twin.token


def test_a_lab_may_offer_a_few_faults_under_names_of_their_own():
    lab = Lab(SCENARIO, faults="", offers={"crash server-b": "Pull the plug"})
    browser = Browser(lab)
    for target in ("monitor", "server-b", "monitor>server-a"):
        state = browser.ask("aim", target=target)["state"]
        (verbs,) = state["verbs"]
        assert [(v["name"], v["label"], v["target"]) for v in verbs] == [
            ("crash server-b", "Pull the plug", target)
        ]
        assert not verbs[0]["disabled"]
    assert "violate" in {each["name"] for each in state["buttons"]}
    assert HAPPEN not in {each["name"] for each in state["buttons"]}
    browser.ask("press", name="crash server-b")
    assert str(lab.faults[0]).startswith("crash:server-b@")
    lab.press("pause server-a")  # code is not limited
    offers = {HAPPEN: "Go", "crash server-b": "Pull the plug"}
    state = Browser(Lab(SCENARIO, faults="", offers=offers)).ask()["state"]
    assert HAPPEN in {each["name"] for each in state["buttons"]}
    with pytest.raises(BadInput, match="did you mean 'crash server-b'"):
        Lab(SCENARIO, offers={"crash server-c": "Pull the plug"})


def test_the_picture_is_sent_when_it_is_another_one(browser):
    first = browser.ask()
    assert "svg" not in browser.ask(picture=first["picture"])
    assert "svg" not in browser.ask("scrub", ms=20, picture=first["picture"])
    moved = browser.ask("drag", fault=0, to_ms=10, picture=first["picture"])
    assert moved["svg"] != first["svg"]
    assert "svg" in browser.ask(picture=first["picture"], width=700)


def test_the_operations_that_decide_the_outcome_have_words_before_one_asks_for_the_proof():
    lab = Lab("ids/sequence-reset")
    lab.zoom(20, 75)
    assert "order(30 ms) → (30·w1·1, 30·w1·2)</text>" in Browser(lab).ask()["svg"]


def test_what_costs_more_is_sent_when_it_is_wanted(browser, lab):
    assert not {"token", "text", "lines"} & set(browser.ask())
    answer = browser.ask(want=["token", "text", "lines"])
    assert answer["token"] == lab.token
    assert "suspects server-a" in answer["text"]
    assert answer["found"] == len(answer["lines"]) == len(lab.run.trace)
    few = browser.ask(want=["lines"], matching="NOTE")
    assert few["found"] == len(few["lines"]) == 3


def test_a_long_log_is_cut(lab):
    browser = Browser(Lab(replace(get(SCENARIO), horizon_ms=4000)))
    answer = browser.ask(want=["lines"])
    assert (len(answer["lines"]), answer["found"] > 600) == (300, True)


def test_the_log_is_that_of_the_window(browser):
    answer = browser.ask("zoom", from_ms=100, to_ms=140)
    lines = browser.ask(want=["lines"])["lines"]
    assert all(100 <= float(line.split()[0]) <= 140 for line in lines)
    assert answer["layout"]["from_ms"] == 100


def test_the_strip_comes_when_it_is_asked_for(browser, lab):
    assert browser.ask()["strip"] == ""
    while not browser.ask("sweep")["state"]["swept"]:
        pass
    answer = browser.ask()
    assert answer["strip"].startswith("<svg")
    assert len(lab.strip.points) == 101


def test_the_strip_shows_how_the_run_itself_has_ended():
    lab = Lab("ids/sequence-exhausted")  # not prompt with the jump between 30 and 31 ms only
    lab.sweep()
    assert " 30.5–31 ms not prompt " in lab._strip_under(lab.picture).text


def test_the_strip_ends_where_the_faults_do(browser):
    browser.ask("remove", fault=0)
    answer = browser.ask("remove", fault=0)
    assert answer["strip"] == ""
    assert answer["state"]["swept"]
    assert "error" not in browser.ask("sweep")


def test_knobs_are_turned_with_text(browser, lab):
    browser.ask("turn", name="patience_ms", text="250")
    browser.ask("turn", name="seed", text="12")
    assert (lab.run.knobs["patience_ms"], lab.run.seed) == (250, 12)


@pytest.mark.parametrize(
    ("command", "arguments", "reason"),
    [
        ("turn", {"name": "patience_ms", "text": "9999"}, "out of range"),
        ("turn", {"name": "seed", "text": "x"}, "seed 'x' is not a whole number"),
        ("turn", {"name": "patience", "text": "3"}, "has no knob 'patience'; did you mean"),
        ("paste", {"token": "7"}, "must begin with d1:"),
        ("close", {}, "no command 'close'"),
        ("drag", {"to": 3}, "TypeError"),
    ],
)
def test_what_is_wrong_is_said_in_the_lab_and_changes_nothing(
    browser, lab, command, arguments, reason
):
    before = lab.token
    assert reason in browser.ask(command, **arguments)["error"]
    assert lab.token == before
    assert "error" not in browser.ask()


def test_a_learners_own_mistake_does_not_break_the_lab():
    class Broken(Printer):
        def on_print(self, message, sender):
            raise KeyError("tray")

    lab = Lab(get("start/lost-answer"))
    browser = Browser(lab)
    lab.run = replace(lab.run, scenario=get("start/lost-answer").using(solution=Broken))
    answer = browser.ask("press", name="next seed")
    assert answer["error"] == "KeyError: 'tray'"
    assert answer["state"]["knobs"][-1]["value"] == 1


def test_a_cell_that_changes_the_lab_tells_the_browser(browser, lab):
    seen = browser.ask()["changes"]
    lab.press("crash monitor")
    told = browser.heard[-1]
    assert (told["type"], told["changes"] > seen) == ("changed", True)
    before = len(browser.heard)
    browser.ask("press", name="crash monitor")
    assert len(browser.heard) == before + 1  # an answer, and no more


def test_cells_and_the_browser_take_turns(browser, lab):
    def looks():
        return [browser.ask("sweep", want=["token"]) for _ in range(200)]

    with ThreadPoolExecutor(1) as subshell:
        answers = subshell.submit(looks)
        while not answers.done():
            lab.add("crash:monitor@500")
            lab.undo()
    for answer in answers.result():
        state = answer["state"]
        assert "error" not in answer
        assert state["selected"] < len(state["faults"])
        assert ";".join(fault["text"] for fault in state["faults"]) in answer["token"]


def test_each_view_gets_the_picture_it_lacks(browser, lab):
    other = Browser(lab, "w")
    lab.send = browser.heard.append
    first = browser.ask()
    lab.send = other.heard.append
    assert other.ask(width=500)["layout"]["width"] == 500
    lab.send = browser.heard.append
    assert browser.ask(picture=first["picture"])["layout"]["width"] == 900


# Predictions

PREDICTION = Prediction(
    "p",
    "What now?",
    {"It is suspected.": "accurate=violated", "No.": "accurate=holds"},
    about=get(SCENARIO).run().token,
)


@pytest.fixture(autouse=True)
def learner(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path))


@pytest.fixture
def gated():
    guess = Guess(PREDICTION)
    lab = Lab(SCENARIO, faults="", prediction=guess)
    return lab, guess, Browser(lab)


def test_the_browser_waits_for_a_prediction_and_code_does_not(gated):
    lab, _, browser = gated
    state = browser.ask()["state"]
    assert state["gate"] == f"Not predicted yet. {UNTOUCHED}"
    open_now = {each["name"] for each in state["buttons"] if not each["disabled"]}
    assert open_now == {"reset"}
    lab.press("pause server-a")
    assert len(lab.faults) == 1


def test_whatever_cells_do_the_browser_shows_how_the_lab_began_until_it_is_answered(gated):
    lab, guess, browser = gated
    everything = {"want": ["token", "text", "lines"], "proof": "accurate"}
    before = browser.ask(**everything)
    lab.press(HAPPEN)
    lab.set(patience_ms=250, seed=3)
    lab.sweep()
    waiting = browser.ask(**everything)
    for answer in (before, waiting):
        answer["state"]["buttons"] = None  # Undo waits for nobody
        del answer["number"], answer["changes"], answer["picture"]
    assert waiting | {"state": before["state"]} == before
    assert waiting["state"] == before["state"]
    guess.skip()
    assert browser.ask(want=["token"])["token"] == lab.token


def test_the_answer_opens_the_gate_and_is_judged(gated):
    _, guess, browser = gated
    guess.choose(1)
    assert browser.heard[-1]["type"] == "changed"
    assert browser.ask()["state"]["gate"] == ""
    state = browser.ask("press", name=HAPPEN)["state"]
    assert state["judgement"] == RIGHT


def test_only_the_run_that_was_asked_about_judges(gated):
    _, guess, browser = gated
    guess.choose(2, record=True)
    for change in ({"name": "satisfy"}, {"name": "next seed"}, {"name": "pause monitor"}):
        state = browser.ask("press", **change)["state"]
        assert "The question is about the run with" in state["judgement"]
    assert "right" not in guess.progress.get("prediction/p")
    browser.ask("press", name=HAPPEN)
    state = browser.ask("press", name="violate")["state"]
    assert state["judgement"].startswith("✗ You predicted: No.")
    assert guess.progress.get("prediction/p")["right"] is False


@pytest.mark.parametrize("name", ["satisfy", "crash monitor"])
def test_a_judgement_goes_when_a_cell_changes_the_run_and_comes_back_with_it(gated, name):
    lab, guess, browser = gated
    guess.choose(1)
    browser.ask("press", name=HAPPEN)
    lab.press(name)
    assert browser.ask()["state"]["judgement"] == ""
    lab.undo()
    assert browser.ask()["state"]["judgement"] == RIGHT


def test_a_cell_lets_the_prediction_be_judged_and_records_nothing():
    widget = PredictionWidget(PREDICTION)
    lab = Lab(SCENARIO, faults="", prediction=widget)
    widget.choose(1)
    lab.press(HAPPEN)
    said = widget._options.said
    assert "As you predicted" in said["1"][1]
    lab.press("satisfy")
    assert widget._options.said == said, "it stays beside the question"
    assert widget.guess.progress.entries() == {}


def test_what_tells_the_answer_is_shown_once_the_gate_is_open(gated):
    lab, guess, browser = gated
    lab.press("pause server-a")
    lab.sweep()
    assert browser.ask()["state"]["claim"] == WAITING
    assert browser.ask()["strip"] == ""
    guess.choose(1)
    assert browser.ask()["state"]["claim"] == lab.scenario.claim
    assert "svg" in browser.ask()["strip"]


# Stills


def test_a_cell_carries_a_widget_and_a_still(lab):
    data, _ = lab._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    html, text = data["text/html"], data["text/plain"]
    assert '<img alt="Space-time diagram of start/slow-or-dead' in html
    assert "<script" not in html and "<svg" not in html
    for shown in (lab.token, "accurate violated: monitor suspects server-a"):
        assert shown in unescape(html)
        assert shown in text


def test_stills_are_the_same_every_time_and_name_no_object(lab):
    other = Lab(SCENARIO)
    assert (lab.html(), lab.text()) == (other.html(), other.text())
    assert repr(lab) == "<Lab start/slow-or-dead: not accurate>"
    assert " at 0x" not in lab.html() + lab.text()


def test_a_swept_strip_is_part_of_the_still(lab):
    images = lab.html().count("<img")
    lab.sweep()
    assert lab.html().count("<img") == images + 1


def test_the_still_of_a_small_lab_is_its_picture():
    lab = Lab(SCENARIO, small=True)
    assert lab.html() == f"<p><b>Slow or dead?</b></p>{lab.picture.html()}"


def test_a_still_does_not_spoil_a_prediction(gated):
    lab, guess, _ = gated
    claim = lab.scenario.claim
    waiting = lab.html()
    assert claim not in unescape(waiting)
    assert waiting == Lab(SCENARIO, faults="").html().replace(claim, WAITING)
    guess.choose(1)
    assert lab.html() == waiting
