"""An experiment: a scenario, and what has been done to it so far.

This is the whole lab without a screen. Notebooks call these methods, and so does the browser: a
click on a button calls `press` with the button's name. After every change the run is computed again
from its beginning, because a run is a function of scenario, seed, faults and knobs. A change that
cannot be made raises `BadInput` and leaves everything as it was. So does a change that is stopped
in the middle, by an error of the learner's own code or by the kernel's Stop.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from distlab.check.verdict import Verdict
from distlab.explore.sweep import Sweep, spread
from distlab.host import BadInput, did_you_mean, is_number, is_whole, plain, shown
from distlab.knobs import check_seed
from distlab.lab.actions import EXPERIMENT, HAPPEN, VARIANTS, Button, fault_actions, make_fault
from distlab.lab.instruments import instruments
from distlab.lab.looks import Seen, busy_until, states_at, status_of, targets_of
from distlab.registry import get
from distlab.replay import parse_token
from distlab.scenario import Outcome, Run, Scenario, Token
from distlab.sim.faults import ANY, Fault, Schedule, parse_fault, parse_schedule, to_the_microsecond
from distlab.view.picture import Picture
from distlab.view.still import Table


class Experiment:
    """One scenario with its faults, knobs and seed, and the run that they give.

    `cursor_ms` is the instant that the learner looks at; pressed faults begin there. `target` is
    the machine or link that the buttons are for. `selected` is the fault that the strip moves.
    `window` is the stretch of time in the picture: unless it is zoomed, the time in which something
    happens. Raises `BadInput` for a name or value that the scenario does not have.
    """

    run: Run
    cursor_ms: float
    target: str
    selected: int | None
    window: tuple[float, float]

    def __init__(
        self,
        scenario: Scenario | str,
        *,
        seed: int | None = None,
        faults: Schedule | str | None = None,
        **knobs: Any,
    ) -> None:
        found = scenario if isinstance(scenario, Scenario) else get(scenario)
        self._open(found.run(seed, faults, **knobs))
        self._began = self.run.setup
        self._past: tuple[Token, ...] = ()
        self._gesture = ""
        self._sweep: tuple[tuple[Any, ...], Sweep] | None = None  # what it is about, and it
        self.notice = ""

    # To look at

    @property
    def scenario(self) -> Scenario:
        return self.run.scenario

    @property
    def declared(self) -> Schedule:
        """The faults that the scenario is about."""
        return parse_schedule(self.scenario.faults)

    @property
    def faults(self) -> Schedule:
        return self.run.faults

    @property
    def horizon_ms(self) -> int:
        return self.run.scenario.horizon_ms

    @property
    def outcome(self) -> Outcome:
        return self.run.outcome

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return self.run.verdicts

    @property
    def verdict(self) -> Verdict:
        """The verdict on the scenario's property."""
        return self.run.verdict(self.scenario.property)

    @property
    def token(self) -> str:
        """The replay token of the run as it stands."""
        return self.run.token

    @property
    def status(self) -> str:
        """One line: how the run ended, why, and which faults happened."""
        return status_of(self.run)

    @property
    def states(self) -> tuple[Seen, ...]:
        """Every machine at the cursor's instant."""
        return states_at(self.run, self.cursor_ms)

    @property
    def instruments(self) -> tuple[Table | Picture, ...]:
        """What the instruments show at the cursor's instant."""
        return instruments(self.run, self.cursor_ms)

    @property
    def targets(self) -> tuple[str, ...]:
        """Possible targets of a fault: each machine, each link that the run used, all links."""
        return targets_of(self.run)

    @property
    def variant(self) -> str:
        """The variant that the knobs are set to: `violate`, `satisfy`, or empty."""
        return next((name for name, variant in VARIANTS.items()
                     if (knobs := getattr(self.scenario, variant))
                     and knobs.items() <= self.run.knobs.items()), "")  # fmt: skip

    def buttons(self, target: str) -> list[Button]:
        """The buttons of the faults that can strike this target, now or at another instant."""
        down = [state.machine for state in self.states if state.power == "down"]
        return fault_actions(target, self.run.machines, down)

    @property
    def possible(self) -> tuple[str, ...]:
        """The actions on the whole experiment that `press` can do now."""
        needs = {HAPPEN: self.declared and self.faults != self.declared, "undo": self._past}
        needs |= {name: getattr(self.scenario, variant) for name, variant in VARIANTS.items()}
        return tuple(name for name in EXPERIMENT if needs.get(name, True))

    @property
    def actions(self) -> tuple[str, ...]:
        """The names that `press` takes now."""
        buttons = (each for target in self.targets for each in self.buttons(target))
        return (*(each.name for each in buttons if each.possible), *self.possible)

    # To do

    def press(self, name: str) -> None:
        """Do what the button of this name does. A fault (`crash server-a`) begins at the cursor."""
        kind, _, target = _text(name, "name").strip().partition(" ")
        if name == HAPPEN:
            if not self.declared:
                raise BadInput(f"{self.scenario.id} is about no fault")
            self._apply(faults=self.declared, selected=0)
        elif name in VARIANTS:
            knobs = getattr(self.scenario, VARIANTS[name])
            if not knobs:
                raise BadInput(f"{self.scenario.id} declares no {VARIANTS[name]} variant")
            self.set(**knobs)
        elif name == "next seed":
            self.set(seed=self.run.seed + 1)
        elif name in ("undo", "reset"):
            getattr(self, name)()
        else:
            at_ms = self.cursor_ms
            if kind == "restart" and any(
                f.target == target and f.at_ms == at_ms for f in self.faults
            ):
                at_ms = min(at_ms + self.horizon_ms // 5, self.horizon_ms)  # down for a while first
            self._add(make_fault(kind, target, at_ms, self.run.machines, self.horizon_ms))

    def add(self, fault_text: str) -> None:
        """Add a fault: `lab.add("crash:server-a@120+300")`."""
        self._add(parse_fault(_text(fault_text, "fault_text")))

    def _add(self, fault: Fault) -> None:
        self._apply(faults=(*self.faults, fault), selected=len(self.faults))

    def drag(
        self, fault: int | str, to_ms: float, for_ms: float | None = None, gesture: str = ""
    ) -> None:
        """Move a fault to another instant; `for_ms` changes how long it lasts.

        `fault` is its index or the beginning of its text (`pause:server-a`). A time outside the run
        is moved to the nearest edge; `for_ms=math.inf` lasts to the end. One `undo` takes back all
        changes that carry the same `gesture`.
        """
        index = self._index(fault)
        moved = replace(self.faults[index], at_ms=self._instant(to_ms, "to_ms"))
        if for_ms is not None:
            for_ms = max(0, _number(for_ms, "for_ms"))
            moved = replace(moved, for_ms=None if for_ms == math.inf else for_ms)
        self._replace(index, moved, gesture)

    def edit(self, fault: int | str, fault_text: str) -> None:
        """Replace a fault by another one."""
        self._replace(self._index(fault), parse_fault(_text(fault_text, "fault_text")), "")

    def remove(self, fault: int | str) -> None:
        """Remove a fault."""
        index = self._index(fault)
        left = self.faults[:index] + self.faults[index + 1 :]
        self._apply(faults=left, selected=min(index, len(left) - 1))

    def set(self, *, seed: int | None = None, gesture: str = "", **knobs: Any) -> None:
        """Set knobs and the seed: `lab.set(patience_ms=250, seed=3)`."""
        seed = self.run.seed if seed is None else check_seed(seed)
        settings = self.scenario.settings({**self.run.knobs, **knobs})
        self._apply(gesture, seed=seed, knobs=settings)

    def paste(self, token: str) -> None:
        """Go to the run that a replay token names, of this scenario or of another one."""
        parsed = parse_token(_text(token, "token"))
        own = parsed.scenario.id == self.scenario.id
        scenario = self.scenario if own else parsed.scenario
        self._apply(scenario=scenario, seed=parsed.seed, faults=parsed.faults, knobs=parsed.knobs)
        self.notice = parsed.difference(self.run)

    def undo(self) -> None:
        """Take back the last change. Raises `BadInput` when there is none."""
        if not self._past:
            raise BadInput("nothing to undo: nothing has been changed")
        with self._whole():
            self._go_to(self._past[-1])
            self._past = self._past[:-1]
            self._gesture = self.notice = ""
        self.changed()

    def cancel(self, gesture: str) -> None:
        """Take back the changes of this gesture, if it made any."""
        if gesture and gesture == self._gesture:
            self.undo()

    def reset(self) -> None:
        """Go back to the lab's first run, and show all of it."""
        self._apply(reopen=True, **self._began._asdict())

    def show(self, run: Run) -> None:
        """Go to a run that this lab, or another one, had."""
        self._apply(**run.setup._asdict())

    def scrub(self, ms: float) -> None:
        """Look at another instant: `states` show it, and pressed faults begin there."""
        self.cursor_ms = self._instant(ms, "ms")
        self.changed()

    def zoom(self, from_ms: float = 0, to_ms: float = math.inf) -> None:
        """Show a stretch of time; the whole run unless given."""
        window = self._instant(from_ms, "from_ms"), self._instant(to_ms, "to_ms")
        if window[1] - window[0] < 1:
            raise BadInput(f"zoom from {plain(window[0])} to {plain(window[1])} ms: needs at least "
                           f"1 ms within 0 to {self.horizon_ms} ms")  # fmt: skip
        self.window, self._zoomed = window, True
        self.changed()

    def select(self, fault: int | str | None) -> None:
        """Choose the fault that the outcome strip moves; None for no strip."""
        self.selected = None if fault is None else self._index(fault)
        self.changed()

    def aim(self, target: str) -> None:
        """Choose the machine or link (`a>b`) that the buttons are for."""
        ends = _text(target, "target").split(">")
        is_link = len(ends) == 2 and set(ends) <= {ANY, *self.run.machines}
        if target not in self.run.machines and not is_link:
            raise BadInput(f"no machine or link {target!r}{did_you_mean(target, self.targets)}")
        self.target = target
        self.changed()

    def sweep(self) -> tuple[tuple[float, Outcome], ...]:
        """Compute the outcome strip: the run's outcome with the selected fault at other instants.

        The instants lie in the window. Raises `BadInput` when no fault is selected.
        """
        if self.strip is None:
            raise BadInput("sweep: there is no fault to move; add or select one")
        self.strip.advance()
        return self.strip.points

    @property
    def strip(self) -> Sweep | None:
        """The outcome strip, as far as it is computed; None when no fault is selected.

        The strip of a fault does not depend on where the fault is now, so a drag keeps it. It is
        computed in slices: the widget asks for more when there is time.
        """
        if self.selected is None or self.faults[self.selected].message is not None:
            return None
        about = self.run.setup.with_fault_at(self.selected, 0), self.selected, self.window
        if self._sweep is None or self._sweep[0] != about:
            self._sweep = about, Sweep(self.run, self.selected, spread(*self.window))
        return self._sweep[1]

    def changed(self) -> None:
        """Called after every change. A widget overrides it to show the experiment again."""

    # Helpers

    def _replace(self, index: int, fault: Fault, gesture: str) -> None:
        changed = self.run.setup.with_fault(index, fault).faults
        self._apply(gesture, faults=changed, selected=index)

    def _apply(
        self, gesture: str = "", selected: int | None = None, reopen: bool = False, **setup: Any
    ) -> None:
        """Change parts of the setup, run it, and remember the setup before for `undo`."""
        before = self.run.setup
        after = before._replace(**setup)
        with self._whole():
            if after != before:
                self._go_to(after)
                if not gesture and not self._zoomed:
                    self.window = (0, max(self.window[1], self._end_of(self.run)))
                if not gesture or gesture != self._gesture:
                    self._past += (before,)
                self._gesture = gesture
            if reopen:
                self._open(self.run)
            elif selected is not None:
                self.selected = selected if selected >= 0 else None
            self.notice = ""
        self.changed()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Take back what the block has changed when something stops it."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).update(before)  # in one step: no second Stop comes between
            raise

    def _go_to(self, setup: Token) -> None:
        run = setup.run()
        if setup.scenario is self.scenario:
            self.run = run
            if self.selected is None or self.selected >= len(run.faults):
                self.selected = len(run.faults) - 1 if run.faults else None
        else:
            self._open(run)

    def _open(self, run: Run) -> None:
        """Show a run from the start: all of it, with its first fault and first machine chosen."""
        self.run = run
        self.selected = 0 if run.faults else None
        self.cursor_ms = self.horizon_ms // 4
        self.target = run.machines[0]
        self.window, self._zoomed = (0, self._usual_end()), False

    def _usual_end(self) -> float:
        """The end of the axis for this run and those that the first buttons lead to. A run that is
        more than twice as long makes the axis longer when it comes.
        """
        own_end = end = self._end_of(self.run)
        setup = self.run.setup._replace(faults=self.declared)
        for variant in VARIANTS.values():
            with suppress(Exception):  # of the learner's own code; its button will say so
                knobs = setup.knobs | getattr(self.scenario, variant)
                other_end = self._end_of(setup._replace(knobs=knobs).run())
                end = max(end, other_end) if other_end <= 2 * own_end else end
        return end

    def _end_of(self, run: Run) -> float:
        """Where the axis of time ends: with the run, or earlier if its last fifth is idle."""
        end = 1.08 * max(busy_until(run), self.cursor_ms)
        return self.horizon_ms if end > 0.8 * self.horizon_ms else math.ceil(end)

    def _index(self, fault: int | str) -> int:
        texts = [str(each) for each in self.faults]
        if isinstance(fault, str):
            found = [index for index, text in enumerate(texts) if text.startswith(fault)]
            if fault in texts or len(found) == 1:
                return texts.index(fault) if fault in texts else found[0]
            which = "several faults begin" if found else "no fault begins"
            raise BadInput(f"{which} with {fault!r} (there are: {'; '.join(texts) or 'none'})")
        if not is_whole(fault) or not 0 <= fault < len(texts):
            raise BadInput(f"no fault {shown(fault)}: there are {len(texts)}, counted from 0")
        return fault

    def _instant(self, ms: float, name: str) -> float:
        return to_the_microsecond(min(max(0, _number(ms, name)), self.horizon_ms))


def _number(value: Any, name: str) -> float:
    if not is_number(value):
        raise BadInput(f"{name}: {value!r} is not a number of milliseconds")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name}: {value!r} is not a text")
    return value
