"""Knobs: the parameters of a scenario that a learner may turn.

Each knob knows its default, what is allowed and what it means, and reads itself from text, so that
the lab, tokens, the command line and Python calls all accept and refuse the same values.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from distlab.host import BadInput, did_you_mean, is_whole, shown

Value = str | int | bool
Role = Literal["wrong", "right", "control"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words (letters, digits, `-`, `_` and `.`, so that they can stand in a token)."""

    name: str
    choices: tuple[str, ...]
    default: str
    meaning: str

    def __post_init__(self) -> None:
        for word in self.choices:
            if not (isinstance(word, str) and re.fullmatch(r"[\w.-]+", word, re.ASCII)):
                raise BadInput(f"knob {self.name}: choice {word!r} could not stand in a token")

    @property
    def allowed(self) -> str:
        return " | ".join(self.choices)

    def check(self, value: Any) -> Value:
        if value not in self.choices:
            hint = did_you_mean(str(value), self.choices)
            raise BadInput(f"knob {self.name}: {value!r} is not allowed{hint}")
        return str(value)

    def parse(self, text: str) -> Value:
        return self.check(text)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do something: `name` stands in tokens, `value` is what `build` gets.

    `meaning` says in a phrase what this way does. A "wrong" way makes `mistake`, described in
    `source`, and violates `property` (unless given, the scenario's). A "right" way keeps the
    property. A "control" has everything but the repair, so that it shows what the repair itself is
    worth.
    """

    name: str
    value: Any
    meaning: str
    role: Role = "wrong"
    mistake: str = ""
    source: str = ""
    property: str = ""

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise BadInput(
                f"way {self.name}: role {self.role!r} is unknown (allowed: {get_args(Role)})"
            )


@dataclass(frozen=True, slots=True, init=False)
class Ways(Choice):
    """The main knob of a scenario: several ways to do one thing, some wrong and some right.

    The first wrong way is the default. `about` says what all the ways are about.
    """

    ways: tuple[Way, ...]

    def __init__(self, name: str, *ways: Way, about: str = "") -> None:
        names = tuple(way.name for way in ways)
        wrong = [way.name for way in ways if way.role == "wrong"]
        right = any(way.role == "right" for way in ways)
        if not (wrong and right and len(set(names)) == len(names)):
            raise BadInput(f"knob {name}: ways {names} need different names, one right, one wrong")
        meaning = about + ": " * bool(about) + "; ".join(way.meaning for way in ways)
        Choice.__init__(self, name, names, wrong[0], meaning)
        object.__setattr__(self, "ways", ways)

    def of_role(self, role: Role) -> list[Way]:
        """The ways that play this role, in order."""
        return [way for way in self.ways if way.role == role]

    def __getitem__(self, name: Value) -> Any:
        """The value of the way of that name."""
        return next(way.value for way in self.ways if way.name == name)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    default: int
    meaning: str

    @property
    def allowed(self) -> str:
        return f"{self.low} to {self.high}"

    def check(self, value: Any) -> Value:
        if not is_whole(value):
            raise BadInput(
                f"knob {self.name}: {value!r} is not a whole number (allowed: {self.allowed})"
            )
        if not self.low <= value <= self.high:
            raise BadInput(
                f"knob {self.name}: {shown(value)} is out of range (allowed: {self.allowed})"
            )
        return value

    def parse(self, text: str) -> Value:
        return self.check(int(text) if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) else text)


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    name: str
    default: bool
    meaning: str

    @property
    def allowed(self) -> str:
        return "0 | 1"

    def check(self, value: Any) -> Value:
        if not isinstance(value, bool):
            raise BadInput(f"knob {self.name}: {value!r} is neither True nor False")
        return value

    def parse(self, text: str) -> Value:
        words = {"0": False, "1": True, "off": False, "on": True, "false": False, "true": True}
        if text.lower() not in words:
            raise BadInput(f"knob {self.name}: {text!r} is not allowed (allowed: {self.allowed})")
        return words[text.lower()]


Knob = Choice | Integer | Switch


def check_knobs(knobs: Sequence[Knob], given: Mapping[str, Any], of: str) -> dict[str, Value]:
    """Every knob with its value, given or default, in the declared order.

    Raises `BadInput` for a name that `of` does not have, or a value that is not allowed.
    """
    names = [knob.name for knob in knobs]
    for name in given:
        if name not in names:
            raise BadInput(f"{of} has no knob {name!r}{did_you_mean(name, names)}")
    return {knob.name: knob.check(given.get(knob.name, knob.default)) for knob in knobs}


def parse_knobs(knobs: Sequence[Knob], given: Mapping[str, str], of: str) -> dict[str, Value]:
    """The same, with the values as text; only the given knobs are in the result."""
    by_name = {knob.name: knob for knob in knobs}
    for name in given:
        if name not in by_name:
            raise BadInput(f"{of} has no knob {name!r}{did_you_mean(name, by_name)}")
    return {name: by_name[name].parse(text) for name, text in given.items()}


def arguments(knobs: Sequence[Knob], settings: Mapping[str, Value]) -> dict[str, Any]:
    """The arguments of `build`: the value of a way, the setting of any other knob."""
    return {
        knob.name: knob[settings[knob.name]] if isinstance(knob, Ways) else settings[knob.name]
        for knob in knobs
    }


def knobs_text(knobs: Mapping[str, Value]) -> str:
    """`name=value` pairs joined by `&`, as they stand in a replay token."""
    return "&".join(
        f"{name}={int(value) if isinstance(value, bool) else value}"
        for name, value in knobs.items()
    )


def check_seed(seed: Any) -> int:
    """The seed itself. Raises `BadInput` for anything but a seed."""
    if not is_whole(seed) or not 0 <= seed < 1 << 63:
        raise BadInput(f"seed: {shown(seed)} is not a whole number from 0 to 2^63 - 1")
    return seed
