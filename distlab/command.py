"""The common part of all commands: their table, their parsers, `--set`, and how they print JSON."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from distlab.host import BadInput
from distlab.knobs import Value, parse_knobs

if TYPE_CHECKING:
    from distlab.scenario import Scenario

COMMANDS = {
    "lab": ("open the course in JupyterLab, on your own copy", "distlab.cli:lab"),
    "doctor": ("say what this machine lacks, and how to get it", "distlab.cli:doctor"),
    "list": ("list the scenarios", "distlab.cli:list_scenarios"),
    "run": ("run a scenario or a replay token, and judge it", "distlab.cli:run"),
    "explore": ("search for a failure, and make it small", "distlab.explore.cli:run_explore"),
    "check": ("judge a history of another system", "distlab.referee.cli:run_check"),
    "bugs": ("every bug caught, every repair proved", "distlab.explore.cli:run_bugs"),
    "id": ("say what an id is, and take it apart", "distlab.ids.cli:run_id"),
    "quiz": ("answer a chapter's questions", "distlab.course.cli:run_quiz"),
    "progress": ("show what you have done so far", "distlab.course.cli:run_progress"),
}
"""What each command does, and its function. The module is imported when the command is used."""


def parser(
    name: str, *, as_json: bool = True, knobs: bool = False, **options: Any
) -> argparse.ArgumentParser:
    """A command's parser, with the options `--json` and `--set` if the command has them."""
    made = argparse.ArgumentParser(f"distlab {name}", allow_abbrev=False, **options)
    made.description = COMMANDS[name][0]
    if as_json:
        made.add_argument("--json", action="store_true", help="print JSON, for programs")
    if knobs:
        made.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE",
                          help="set a knob; repeatable")  # fmt: skip
    return made


def turned(scenario: Scenario, given: list[str]) -> dict[str, Value]:
    """The knobs that `--set KNOB=VALUE` sets."""
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"--set {text!r} is not of the form KNOB=VALUE")
        values[name] = value
    return parse_knobs(scenario.knobs, values, scenario.id)


def as_json(document: object) -> str:
    """A document as JSON, as every command prints it."""
    return json.dumps(document, indent=2, ensure_ascii=False)
