"""The doctor finds what is there, and says how to get what is not."""

import json
import os
import subprocess

import pytest

from distlab import cli, doctor
from distlab.host import BadInput


@pytest.fixture
def without(monkeypatch):
    def remove(*names):
        for name in names:
            part = doctor.PARTS[name]._replace(look=lambda: None)
            monkeypatch.setitem(doctor.PARTS, name, part)

    return remove


def test_this_environment_is_complete_enough():
    assert doctor.healthy(doctor.examine())


def test_a_missing_optional_part_is_told_with_its_remedy(without, capsys):
    without("chromium")
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "missing  chromium, for the tests that click in a real browser\n" in out
    assert "to get it: apt-get install chromium" in out
    assert out.endswith("The course can start.\n")


def test_a_missing_required_part_fails(without, capsys):
    without("JupyterLab")
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "MISSING  JupyterLab" in out
    assert out.endswith("The course cannot start yet.\n")


def test_json(without, capsys):
    without("JupyterLab", "postgres")
    assert cli.main(["doctor", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    missing = {part["name"] for part in said["parts"] if not part["found"]}
    assert {"JupyterLab", "postgres"} <= missing
    assert all(part["how"] and part["purpose"] for part in said["parts"])


def test_a_package_is_there_when_all_its_modules_are():
    assert doctor._package("pytest")
    assert doctor._package("pytest", "no_such_module") is None


def test_a_program_is_found_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor._chromium() is None
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    assert doctor._chromium() is None  # not executable
    program.chmod(0o755)
    assert doctor._chromium() == str(program)


def test_an_interpreter_must_answer_with_its_version(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    liar = tmp_path / "python3.99"
    liar.write_text("#!/bin/sh\necho 3.98\n")
    liar.chmod(0o755)
    assert doctor._interpreter("3.99") is None
    liar.write_text("#!/bin/sh\necho 3.99\n")
    assert doctor._interpreter("3.99") == str(liar)


@pytest.mark.parametrize("version", doctor.PYTHONS)
def test_every_supported_interpreter_is_found(require, version):
    python = require(f"python{version}")
    said = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"Python {version}.")


@pytest.mark.parametrize("name", ["valkey", "postgres", "chromium"])
def test_what_is_found_can_be_started(require, name):
    subprocess.run([require(name), "--version"], capture_output=True, check=True)


def test_an_unknown_part_is_wrong_input():
    with pytest.raises(BadInput, match="did you mean 'chromium'"):
        doctor.look_for("chromum")
