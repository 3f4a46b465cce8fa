"""The lab in a notebook cell: an experiment that the browser shows and changes.

The browser sends one request at a time: a command (a method of `Lab`, most of them inherited from
`Experiment`, with its arguments) and a list of what it wants to see. The answer carries the number
of the request, the whole state (it is small), and the picture if the browser does not have it yet.
All work happens in the request's callback. There is no timer, whose prints would end up in the
output of a later cell. An error is shown in the lab, in the words that a notebook cell would get;
the kernel's Stop is shown as well.

JupyterLab runs requests beside cells (in a subshell, a thread of the kernel), so a lab answers
while a cell is busy. A lock per lab lets only one of the two work at a time.
"""

import functools
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget

from distlab.check.verdict import Verdict
from distlab.course.prediction import Guess, Judgement
from distlab.host import BadInput, pick
from distlab.knobs import parse_knobs
from distlab.lab.actions import EXPERIMENT, HAPPEN, VARIANTS
from distlab.lab.experiment import Experiment
from distlab.lab.looks import changes_of, lines_of
from distlab.lab.pinned import Pinned
from distlab.replay import parse_seed
from distlab.scenario import Run, Scenario
from distlab.sim.faults import Schedule
from distlab.view.picture import Picture, xml
from distlab.view.spacetime import spacetime
from distlab.view.still import Still
from distlab.view.strip import strip
from distlab.view.theme import TONES, fault_words, stylesheet

BROWSER = Path(__file__).parent / "browser"
PARTS = (
    "elements.js", "requests.js", "kernel.js", "picture.js", "scrubber.js", "hands.js", "panel.js",
    "lab.js", "letters.js",
)  # fmt: skip
"""The parts of the module that anywidget gives to the browser, in this order."""
MARKUP = re.sub(
    "<!--.*?-->|(?<=>)\\s+(?=<)", "", (BROWSER / "lab.html").read_text("utf-8"), flags=re.S
)
LOOKS = ("scrub", "zoom", "select", "aim")
CHANGES = ("press", "add", "drag", "edit", "remove", "turn", "paste", "cancel")
"""Commands of the browser: methods of the lab. Only a change records how a prediction did."""
SLICE_S = 0.03
"""The outcome strip is computed for this long; then the browser gets its answer."""
KNOB = ("name", "meaning", "choices", "low", "high")
"""What the browser shows of a knob, if the knob has it."""
WIDTHS = (420, 1600)
HIGH = 380
"""The picture is no taller than this if its life lines can move together."""
WAITING = "Predict first; the claim is shown afterwards."
UNTOUCHED = "The lab waits for your prediction above. You can also skip it."
STOPPED = "Stopped."


class Lab(Experiment, Still, anywidget.AnyWidget):
    """`Lab("start/slow-or-dead")` in a cell shows the lab; its methods do what its buttons do.

    Takes a scenario or its id, and the `seed`, `faults` and knobs of the first run. With a
    `prediction`, the buttons in the browser wait until it is answered or skipped; methods called
    from a cell never wait. The claim and the outcome strip would give the answer away, so they are
    shown after the prediction only. Until then the browser shows how the lab began, whatever cells
    have done to it. A still never shows the claim of such a lab.

    `offers` names the only faults that have a button, with their labels: `{"crash server-a": "Pull
    the plug"}`; `let it happen` may be among them. A `small` lab shows no knobs and no verdicts.
    """

    _esm = "\n".join([f"const MARKUP = {json.dumps(MARKUP)};",
                      *((BROWSER / part).read_text("utf-8") for part in PARTS)])  # fmt: skip
    _css = stylesheet(live=True) + (BROWSER / "lab.css").read_text("utf-8")

    def __init__(
        self,
        scenario: Scenario | str,
        *,
        seed: int | None = None,
        faults: Schedule | str | None = None,
        prediction: Any = None,
        offers: Mapping[str, str] | None = None,
        small: bool = False,
        **knobs: Any,
    ) -> None:
        anywidget.AnyWidget.__init__(self)
        self._lock = threading.RLock()
        self._drawn: tuple[Any, ...] = ()
        self._picture: Picture | None = None
        self._pictures = 0
        self._changes = 0
        self._answering = False
        self._prediction = prediction
        self._guess: Guess | None = getattr(prediction, "guess", prediction)
        self._beginning: Experiment | None = None
        self._offers, self._small = dict(offers or {}), small
        Experiment.__init__(self, scenario, seed=seed, faults=faults, **knobs)
        for name in self._offers:
            pick(dict.fromkeys((*self.actions, HAPPEN)), name, "action")
        self.on_msg(self._on_request)
        if self._guess is not None:
            self._guess.watchers.append(lambda _: self.changed())

    def changed(self) -> None:
        """Tell every view in the browser; the one that asked for the change gets an answer."""
        self._changes += 1
        if not self._answering:
            self.send({"type": "changed", "changes": self._changes})
        self._judge()

    def here(self) -> Pinned:
        """The run as it is now, with its picture: what a cell shows that has changed the lab."""
        return Pinned(self.run, self.picture, self._guess, self.show)

    def show(self, run: Run) -> None:
        """Go to this run, and bring the lab into sight."""
        super().show(run)
        self.send({"type": "arrive"})

    def turn(self, name: str, text: str, gesture: str = "") -> None:
        """Set one knob, or the seed, from its text."""
        turned: dict[str, Any] = (
            {"seed": parse_seed(text.strip())}
            if name == "seed"
            else parse_knobs(self.scenario.knobs, {name: text}, self.scenario.id)
        )
        self.set(gesture=gesture, **turned)

    # Requests

    def _on_request(self, _: Any, request: dict[str, Any], __: Any) -> None:
        answer = {"type": "answer", "view": request.get("view"), "number": request.get("number")}
        self._answering = True
        for part in (self._carry_out, self._view):
            try:
                answer |= part(request)
            except BadInput as error:
                answer["error"] = str(error)
            except KeyboardInterrupt:
                answer["error"] = STOPPED
            except Exception as error:  # of the learner's own code, for instance
                answer["error"] = f"{type(error).__name__}: {error}"
        self._answering = False
        self.send(answer)
        if answer.get("error") == STOPPED:
            self.send({"type": "changed", "changes": self._changes})  # look again

    def _carry_out(self, request: dict[str, Any]) -> dict[str, Any]:
        command = request.get("command", "")
        if command == "sweep":
            self._sweep_for_a_while()
        elif command:
            if command not in (*LOOKS, *CHANGES):
                raise BadInput(f"no command {command!r}")
            getattr(self, command)(**request.get("arguments", {}))
            self._judge(record=command in CHANGES)
        return {}

    def _judge(self, record: bool = False) -> str:
        """How the prediction did, if it is about the present run."""
        if self._guess is None or not self._guess.open:
            return ""
        judgement: Judgement = self._prediction.judge(self.run, record)
        return judgement.text

    def _sweep_for_a_while(self) -> None:
        until = time.monotonic() + SLICE_S
        while self.strip and not self.strip.done and time.monotonic() < until:
            self.strip.advance(1)

    def _view(self, request: dict[str, Any]) -> dict[str, Any]:
        """Everything that the browser shows now and does not have yet."""
        experiment = self._shown
        picture = self._draw(experiment, request.get("width", 960), request.get("proof", ""))
        shown = {"changes": self._changes, "state": self._state(), "picture": self._pictures}
        if request.get("picture") != self._pictures:
            shown |= {"svg": picture.svg, "layout": asdict(picture.layout)}
            shown["story"] = [(ms, *seen) for ms, seen in changes_of(experiment.run)]
        drawn = None if self._gate else self._strip_under(picture)
        shown["strip"] = drawn.svg if drawn else ""
        wanted = request.get("want", ())
        if "token" in wanted:
            shown["token"] = experiment.token
        if "text" in wanted:
            shown["text"] = picture.text
        if "lines" in wanted:
            matching = shown["matching"] = str(request.get("matching", ""))
            found = lines_of(experiment.run, self.window, matching)
            shown["lines"], shown["found"] = found
        return shown

    def _draw(self, shown: Experiment, width: float, proof: str) -> Picture:
        width, run = min(max(round(width), WIDTHS[0]), WIDTHS[1]), shown.run
        witness = next((v.witness for v in run.verdicts if v.name == proof), ())
        about = (run, self.window, width, shown.selected, witness, run.deciding.witness)
        same = self._drawn and self._drawn[0] is run and self._drawn[1:] == about[1:]
        if self._picture is None or not same:
            self._drawn = ()  # until the new picture is complete
            self._picture = spacetime(
                run, window=self.window, width=width, highlight=witness,
                first=run.deciding.witness, selected=shown.selected,
                lanes=max(self._lanes, len(shown.faults)), high=HIGH,
            )  # fmt: skip
            self._pictures += 1
            self._drawn = about
        return self._picture

    @property
    def _lanes(self) -> int:
        """Lanes for faults: one more than this lab needs at its beginning, and after one press."""
        return 1 + max(len(self._began.faults), len(self.declared))

    @property
    def _gate(self) -> str:
        """Why the buttons wait; empty when they do not."""
        if self._guess is None or self._guess.open:
            return ""
        return f"{self._guess.text} {UNTOUCHED}"

    @property
    def _shown(self) -> Experiment:
        """What the browser sees: this experiment, or how it began while the buttons wait."""
        if not self._gate or self.run.setup == self._began:
            return self
        if self._beginning is None:
            scenario, seed, faults, knobs, _ = self._began
            self._beginning = Experiment(scenario, seed=seed, faults=faults, **knobs)
        self._beginning.cursor_ms, self._beginning.target = self.cursor_ms, self.target
        return self._beginning

    def _strip_under(self, picture: Picture) -> Picture | None:
        """The outcome strip so far, on the picture's axis of time."""
        if self.strip is None or self.selected is None or not self.strip.points:
            return None
        here = self.faults[self.selected].at_ms, self.outcome
        return strip(self.strip.points, picture.layout, here)

    def _state(self) -> dict[str, Any]:
        gate, shown = self._gate, self._shown
        return {
            "title": self.scenario.title,
            "claim": WAITING if gate else self.scenario.claim,
            "horizon": self.horizon_ms, "window": self.window, "cursor": self.cursor_ms,
            "outcome": {**shown.outcome._asdict(), "mark": TONES[shown.outcome.tone][1]},
            "status": shown.status, "notice": self.notice, "judgement": self._judge(),
            "gate": gate, "asked": self._guess is not None, "lanes": self._lanes,
            "offers": [*self._offers], "small": self._small,
            "faults": [{"text": str(f), "title": fault_words(f), "at": f.at_ms, "for": f.for_ms,
                        "lasts": f.lasts, "machines": f.machines}
                       for f in shown.faults],
            "selected": shown.selected,
            "swept": bool(gate) or self.strip is None or self.strip.done,
            "target": self.target, "targets": shown.targets,
            "buttons": self._buttons(), "verbs": self._verbs(),
            "instruments": [{"svg": each.svg} if isinstance(each, Picture) else each._asdict()
                            for each in shown.instruments],
            "verdicts": [self._card(verdict) for verdict in shown.verdicts],
            "knobs": [*({field: getattr(knob, field) for field in KNOB if hasattr(knob, field)}
                        | {"value": shown.run.knobs[knob.name]} for knob in self.scenario.knobs),
                      {"name": "seed", "value": shown.run.seed,
                       "meaning": "which latencies and which chance"}],
        }  # fmt: skip

    def _buttons(self) -> list[dict[str, Any]]:
        """The experiment's own buttons. Those that change the run wait for the prediction."""
        waits, possible = bool(self._gate), self.possible
        shown = {*possible, "undo", *([HAPPEN] if self.declared else ())}
        shown -= {HAPPEN} - set(self._offers or [HAPPEN])
        return [
            {"name": name, "label": label, "meaning": meaning, "place": place,
             "disabled": name not in possible or (waits and place != "history"),
             **({"pressed": name == self.variant} if name in VARIANTS else {})}
            for name, (label, meaning, place) in EXPERIMENT.items() if name in shown
        ]  # fmt: skip

    def _verbs(self) -> list[list[dict[str, Any]]]:
        """The buttons of faults, of the target and of one of the other sort: a machine or a link.

        The browser reserves room for both. A lab that `offers` some has these, whatever the target.
        """
        is_link, waits = ">" in self.target, bool(self._gate)
        if self._offers:
            every = [each for target in self.targets for each in self.buttons(target)]
            return [
                [{**each._asdict(), "label": self._offers[each.name], "target": self.target,
                  "disabled": waits or not each.possible}
                 for each in every if each.name in self._offers]
            ]  # fmt: skip
        other = next(each for each in self.targets if (">" in each) != is_link)
        return [
            [{**each._asdict(), "disabled": waits or not each.possible}
             for each in self.buttons(target)]
            for target in (self.target, other)
        ]  # fmt: skip

    def _card(self, verdict: Verdict) -> dict[str, Any]:
        roles = {self.scenario.property: "property", self.scenario.price: "price"}
        tone = self.scenario.outcome_of(verdict).tone
        return {"name": verdict.name, "word": verdict.word, "tone": tone, "mark": TONES[tone][1],
                "explanation": verdict.explanation, "role": roles.get(verdict.name, ""),
                "events": len(verdict.witness)}  # fmt: skip

    # Stills

    def html(self) -> str:
        """The still for pages without widgets, such as GitHub or an untrusted notebook."""
        picture = self.picture
        rows = "".join(f"<li>{xml(str(verdict))}</li>" for verdict in self.verdicts)
        claim = xml(self.scenario.claim if self._guess is None else WAITING)
        if self._small:
            return f"<p><b>{xml(self.scenario.title)}</b></p>{picture.html()}"
        parts = [f"<p><b>{xml(self.scenario.title)}</b> {claim}</p>", picture.html()]
        drawn = (self._strip_under(picture), *self.instruments)
        parts += [each.html() for each in drawn if each]
        return "".join([*parts, f"<ul>{rows}</ul><p><code>{xml(self.token)}</code></p>"])

    def text(self) -> str:
        """The same in plain text."""
        verdicts = "\n".join(map(str, self.verdicts))
        texts = (
            each.text if isinstance(each, Picture) else each.text() for each in self.instruments
        )
        tables = "".join(f"\n{text}\n" for text in texts)
        return f"{self.scenario.title}\n{self.picture.text}\n{tables}\n{verdicts}\n{self.token}"

    @property
    def picture(self) -> Picture:
        """The diagram, with the events that decide the outcome."""
        return spacetime(self.run, window=self.window, highlight=self.run.deciding.witness,
                         selected=self.selected)  # fmt: skip

    def __repr__(self) -> str:
        return f"<Lab {self.scenario.id}: {self.outcome.name}>"


def _one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def locked(self: Lab, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


for _name in ("_on_request", "changed", "set", "undo", "reset", "show", "sweep", *LOOKS, *CHANGES):
    setattr(Lab, _name, _one_at_a_time(getattr(Lab, _name)))
