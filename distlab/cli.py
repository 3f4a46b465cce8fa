"""The command line: `distlab COMMAND`, or `python -m distlab COMMAND`.

A command is a function from its arguments to an exit status: 0 it went well, 1 the answer is no
(a verdict fails, something is missing), 2 the input is wrong, which one line on stderr explains, 3
there is no answer (undecided, or nothing to judge). The table of commands is in `distlab.command`.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import distlab
from distlab.command import COMMANDS, as_json, parser, turned
from distlab.host import BadInput, pick
from distlab.knobs import knobs_text

if TYPE_CHECKING:
    from distlab.scenario import Run, Scenario


EPILOG = "exit status: 0 it holds, 1 a check fails, 2 wrong input, 3 undecided or nothing to judge"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status; `--help` and wrong options leave by SystemExit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(_overview())
        return 0 if given else 2
    if given[0] == "--version":
        print(distlab.__version__)
        return 0
    name, *rest = given
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may lack signs, and text be damaged
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        module, _, function = pick(COMMANDS, name, "command")[1].partition(":")
        status: int = getattr(importlib.import_module(module), function)(rest)
        sys.stdout.flush()
        return status
    except BadInput as error:
        print(f"distlab: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # 128 + SIGPIPE, as a shell says it; 1 would be a verdict
    except KeyboardInterrupt:
        return 130


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {what}" for name, (what, _) in COMMANDS.items()]
    return "\n".join(["usage: distlab COMMAND …      distlab COMMAND --help says more", "", *lines])


def lab(arguments: list[str]) -> int:
    from distlab import doctor, workspace

    options = parser("lab", as_json=False)
    options.add_argument("--dir", type=Path, help="where your copy is, or is to be made")
    options.add_argument("--port", type=_port, help="the port of JupyterLab (default: a free one)")
    options.add_argument("--no-browser", action="store_true", help="only print the address")
    options.add_argument("--no-start", action="store_true", help="only bring your copy up to date")
    given = options.parse_args(arguments)
    folder: Path = given.dir or workspace.default_workspace()
    try:
        folder = folder.expanduser().resolve()
        copied = workspace.update(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home directory
        why = getattr(error, "strerror", None) or error
        raise BadInput(f"--dir {folder}: {why}; give a folder that can be written") from None
    print(f"Your copy of the course: {folder}")
    for copy in copied:
        if copy.written and copy.edited:
            print(f"  {copy.notebook}: you changed it; the new version is {copy.written}")
        elif copy.written:
            print(f"  {copy.notebook}: copied")
    if given.no_start:
        return 0
    if not doctor.look_for("JupyterLab").found:
        print(f"JupyterLab is missing: {doctor.PARTS['JupyterLab'].how}", file=sys.stderr)
        return 1
    command = workspace.jupyterlab_command(folder, port=given.port, browser=not given.no_browser)
    return workspace.start_jupyterlab(command)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 65535")
    return int(text)


def doctor(arguments: list[str]) -> int:
    from distlab.doctor import as_data, as_text, examine, healthy

    options = parser("doctor")
    given = options.parse_args(arguments)
    findings = examine()
    print(as_json(as_data(findings)) if given.json else as_text(findings))
    return 0 if healthy(findings) else 1


def list_scenarios(arguments: list[str]) -> int:
    from distlab.registry import all_scenarios

    options = parser("list")
    given = options.parse_args(arguments)
    if given.json:
        print(as_json([scenario.as_dict() for scenario in all_scenarios()]))
    else:
        print("\n\n".join(map(_described, all_scenarios())))
    return 0


def _described(scenario: Scenario) -> str:
    lines = [scenario.id, f"  {scenario.claim}"]
    lines.append(f"  property: {scenario.property}; price: {scenario.price or 'none'}")
    lines.append(f"  faults: {scenario.faults or 'none'}")
    for knob in scenario.knobs:
        default = knobs_text({knob.name: knob.default})
        lines.append(f"  --set {default} ({knob.allowed}): {knob.meaning}")
    return "\n".join(lines)


def run(arguments: list[str]) -> int:
    from distlab.referee.formats import write
    from distlab.registry import get
    from distlab.replay import parse_token
    from distlab.scenario import GOOD, UNKNOWN, Token
    from distlab.sim.faults import parse_schedule

    options = parser("run", as_json=False, knobs=True, epilog=EPILOG)
    options.add_argument("scenario", metavar="ID_OR_TOKEN", help="as `distlab list` names them")
    options.add_argument("--seed", type=int, help="another seed")
    options.add_argument(
        "--faults", help="another schedule, as in: 'crash:n1@120+300; loss:*>*@0=10'"
    )
    options.add_argument(
        "--history", type=Path, metavar="FILE.edn|.jsonl",
        help="write what the clients saw, for Knossos, Porcupine or `distlab check`",
    )  # fmt: skip
    form = options.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, for programs")
    form.add_argument("--text", action="store_true", help="print the transcript as well")
    given = options.parse_args(arguments)

    if ":" in given.scenario:
        token = parse_token(given.scenario)
    else:
        scenario = get(given.scenario)
        token = Token(scenario, scenario.seed, parse_schedule(scenario.faults), {})
    knobs = {**token.knobs, **turned(token.scenario, given.set)}
    seed = token.seed if given.seed is None else given.seed
    faults = token.faults if given.faults is None else given.faults
    finished = token.scenario.run(seed, faults, **knobs)
    if given.history:
        write(finished.history, given.history)

    difference = token.difference(finished)
    if difference and finished.setup == token._replace(digest=""):  # not if anything was turned
        print(f"distlab: {difference}", file=sys.stderr)
    if given.json:
        print(as_json(finished.as_dict()))
    else:
        print((finished.trace.text() + "\n" if given.text else "") + _summary(finished))
    return {GOOD: 0, UNKNOWN: 3}.get(finished.outcome.tone, 1)


def _summary(finished: Run) -> str:
    lines = [f"{finished.scenario.id}: {finished.scenario.claim}", ""]
    wide = max(9, *(len(verdict.word) for verdict in finished.verdicts))
    for verdict in finished.verdicts:
        explanation = verdict.explanation.replace("\n", "\n" + " " * (wide + 4))
        lines.append(f"  {verdict.word:{wide}}  {verdict.name}: {explanation}")
    counts = ", ".join(f"{count} {name}" for name, count in finished.metrics.items())
    lines += ["", f"outcome: {finished.outcome.name} ({counts})", f"token:   {finished.token}"]
    return "\n".join(lines)
