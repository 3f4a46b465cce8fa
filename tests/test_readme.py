"""The README is true: its example prints what it says, its commands work, its files are there."""

import contextlib
import io
import re
import shlex
import sys
import types
from pathlib import Path

import pytest

from distlab import cli
from distlab.explore import explore
from distlab.lab.experiment import Experiment
from distlab.view.spacetime import spacetime
from distlab.view.strip import strip
from tests import goldens

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands():
    return re.findall(r"^\$ (.*?)(?: +#.*)?$", "".join(blocks("console")), re.MULTILINE)


def test_the_example_prints_what_stands_below_it():
    (code,), (output,) = blocks("python"), blocks("text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    if goldens.REWRITE:
        (ROOT / "README.md").write_text(README.replace(output, printed.getvalue()), "utf-8")
    else:
        assert printed.getvalue() == output


def lab_picture():
    """The diagram of "slow or dead?" and its outcome strip, one above the other."""
    lab = Experiment("start/slow-or-dead")
    points = lab.sweep()
    diagram = spacetime(lab.run, highlight=lab.verdict.witness, selected=0)
    below = strip(points, diagram.layout, (lab.faults[0].at_ms, lab.outcome))
    width, height = diagram.layout.width, diagram.layout.height
    whole = height + below.layout.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {whole:g}" '
        f'width="{width:g}" height="{whole:g}">{diagram.still()}'
        f'<svg y="{height:g}">{below.still()}</svg></svg>\n'
    )


def test_the_picture_at_the_top_is_what_the_lab_draws():
    path = ROOT / "data" / "lab.svg"
    if goldens.REWRITE:
        path.write_text(lab_picture(), encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == lab_picture()


def test_the_example_has_fifteen_lines():
    assert len([line for line in blocks("python")[0].splitlines() if line]) <= 15


def test_the_scenario_that_contributing_shows_keeps_its_word(monkeypatch):
    module = types.ModuleType("demo")
    monkeypatch.setitem(sys.modules, "demo", module)  # where its dataclasses look for their types
    exec("\n".join(blocks("python", CONTRIBUTING)), vars(module))
    scenario = module.deposit
    for seed in range(20):
        for knobs, expected in (
            (scenario.violating, [False, True]),
            (scenario.satisfying, [True, False]),
        ):
            run = scenario.run(seed, **knobs)
            assert [verdict.ok for verdict in run.verdicts] == expected, run.token
    assert explore(scenario, 100)
    assert not explore(scenario, 100, **scenario.satisfying)


def test_set_up_is_two_commands():
    assert [command for command in commands() if "distlab" not in command] == [
        "make lab",
        "make test",
    ]


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("distlab ")])
def test_every_command_works(command, capsys):
    assert cli.main(shlex.split(command)[1:]) in (0, 1)
    printed = capsys.readouterr()
    assert printed.out
    assert not printed.err


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_file_that_is_named_exists(text):
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    paths = re.findall(r"`([\w./]+/[\w./]*)`", text)
    missing = [name for name in {*links, *paths} if not (ROOT / name).exists()]
    assert not [name for name in missing if name not in {".venv/bin/distlab"}]
