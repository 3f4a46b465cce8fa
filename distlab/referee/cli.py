"""`distlab check FILE --model …`: the referee on the command line."""

import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from distlab.check.history import Operation
from distlab.check.linearizability import LinearizabilityResult, completed, counted, judge
from distlab.check.models import MODELS
from distlab.check.verdict import NOTHING
from distlab.command import as_json, parser
from distlab.host import BadInput
from distlab.referee.formats import READERS, Recording, read
from distlab.view.history import history as picture

BUDGET = 500_000
SHOWN = 12  # so many operations of a witness are printed
WORDS = {True: "linearizable", False: "not linearizable", None: "undecided"}
STATUS = {True: 0, False: 1, None: 3}
EPILOG = (
    "exit status: 0 linearizable, 1 not linearizable, 2 wrong input, "
    "3 undecided within the budget, or nothing to judge, 4 a failure of distlab itself"
)


def run_check(arguments: list[str]) -> int:
    """Judge the history in a file. An error of our own must not look like a verdict."""
    try:
        return _run_check(arguments)
    except (BadInput, BrokenPipeError):
        raise
    except Exception:
        traceback.print_exc()
        return 4


def _run_check(arguments: list[str]) -> int:
    options = parser("check", epilog=EPILOG)
    options.add_argument("file", metavar="FILE", type=Path, help="a history; see --format")
    options.add_argument("--model", required=True, choices=MODELS, help="what it is a history of")
    options.add_argument(
        "--format", default="auto", choices=("auto", *READERS),
        help="Jepsen's log or history.txt, EDN or JSON lines: see `pydoc distlab.referee.formats`",
    )  # fmt: skip
    options.add_argument(
        "--skip-others", action="store_true",
        help="leave out the operations that the model has no function for, and say how many",
    )  # fmt: skip
    options.add_argument(
        "--budget", type=int, default=BUDGET, metavar="N",
        help=f"give up after N configurations ({BUDGET:,}), each of a kilobyte at most",
    )  # fmt: skip
    options.add_argument("--svg", type=Path, metavar="OUT", help="draw the history into this file")
    given = options.parse_args(arguments)
    if given.budget < 1:
        raise BadInput(f"--budget {given.budget}: at least 1")
    model = MODELS[given.model]()
    try:
        text = given.file.read_text("utf-8")
        recording = read(text, model, given.format, given.skip_others)
        result = judge(recording.history, model, budget=given.budget, long=0)
        if given.svg:
            drawn = replace(result, proof=result.proof[-SHOWN:])
            given.svg.write_text(picture(recording.history, drawn).still(), "utf-8")
    except OSError as error:
        raise BadInput(f"{error.filename}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{given.file}: not text in UTF-8 (byte {error.start})") from None
    except BadInput as error:
        raise BadInput(f"{given.file}: {error}") from None
    if given.json:
        print(as_json(_as_dict(given.file, given.model, recording, result)))
    else:
        print(_as_text(given.file, given.model, recording, result))
    return STATUS[result.ok]


def _as_text(file: Path, model: str, recording: Recording, result: LinearizabilityResult) -> str:
    operations, unknown = counted(recording.history), recording.unknown
    outcome = f"{operations}, {unknown:,} without an answer" if unknown else operations
    lines = [f"{file} ({recording.form}): {outcome}{recording.lacks}"]
    lines.append(f"{_word(result)} as a {model}: {result.explanation}")
    rows = [(_place(each, recording), each) for each in result.proof[-SHOWN:]]
    width = max((len(place) for place, _ in rows), default=0)
    if len(result.proof) > SHOWN:
        lines.append(f"  … and {len(result.proof) - SHOWN:,} operations before these (see --json)")
    lines += [f"  {place:{width}}  {each.process}  {each}" for place, each in rows]
    return "\n".join(lines)


def _word(result: LinearizabilityResult) -> str:
    return WORDS[result.ok] if completed(result.history) else NOTHING


def _place(each: Operation, recording: Recording) -> str:
    lines = _lines(each, recording)
    return f"line {lines[0]}, {lines[1]}:" if len(lines) > 1 else f"line {lines[0]}:"


def _as_dict(
    file: Path, model: str, recording: Recording, result: LinearizabilityResult
) -> dict[str, Any]:
    """The verdict as data; an order is given by the lines of the invocations."""
    refused = result.refused
    return {
        "file": str(file), "format": recording.form, "model": model,
        "operations": len(recording.history), "unknown": recording.unknown,
        "left_out": dict(recording.left_out),
        "verdict": _word(result), "explanation": result.explanation, "states": result.states,
        "witness": [_described(each, recording) for each in result.proof],
        "order": [_lines(each, recording)[0] for each in result.order],
        "refused": _described(refused, recording) if refused else None,
        "state": result.state or None,
    }  # fmt: skip


def _described(each: Operation, recording: Recording) -> dict[str, Any]:
    return {"process": each.process, "operation": str(each), "lines": _lines(each, recording)}


def _lines(each: Operation, recording: Recording) -> list[int]:
    """The lines of an operation's invocation and of its answer, if it got one."""
    ends = (each.invoked, each.completed)
    return [recording.lines[end] for end in ends if end is not None]
