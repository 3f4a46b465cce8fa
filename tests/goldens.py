"""Golden files: results that a person has read and found right, kept under tests/golden.

`compare("start/lost-answer.txt", text)` fails with the difference when the text is another one.
With DISTLAB_REWRITE_GOLDEN=1 it writes the file instead: read `git diff` before you commit it.
"""

import difflib
import os
from pathlib import Path

from distlab.scenario import Run

FOLDER = Path(__file__).parent / "golden"
REWRITE = os.environ.get("DISTLAB_REWRITE_GOLDEN", "0") not in ("", "0")


def read(name: str) -> str:
    """What the golden file of that name holds; nothing if there is none yet."""
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def compare(name: str, text: str) -> None:
    """Fail unless `text` is what the golden file holds."""
    path, golden = FOLDER / name, read(name)
    if text == golden:
        return
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    lines = difflib.unified_diff(golden.splitlines(), text.splitlines(), name, "now", lineterm="")
    difference = "\n".join(list(lines)[:60]) or "(only the ends of lines differ)"
    raise AssertionError(
        f"not what tests/golden/{name} holds; if the change is understood: "
        f"DISTLAB_REWRITE_GOLDEN=1 pytest ...\n{difference}"
    )


def compare_run(name: str, run: Run) -> None:
    """The same for a run: its token, what is claimed, the verdicts, then the transcript."""
    verdicts = "\n".join(map(str, run.verdicts))
    compare(name, f"{run.token}\n{run.scenario.claim}\n\n{verdicts}\n\n{run.trace.text()}")
