"""The doctor finds what is there, and says how to get what is not."""

import json
import os
import subprocess

import pytest

from distlab import doctor
from distlab.host import BadInput
from distlab.real.redis_server import redis_server


def test_this_environment_is_complete_enough():
    assert doctor.healthy(doctor.examine())


@pytest.mark.parametrize(
    ("part", "status", "lines"),
    [
        ("chromium", 0, ("missing  chromium, for the tests that click in a real browser\n",
                         "to get it: apt-get install chromium", "The course can start.\n")),
        ("JupyterLab", 1, ("MISSING  JupyterLab", "The course cannot start yet.\n")),
    ],
)  # fmt: skip
def test_a_missing_part_is_named_with_its_remedy(without, distlab, part, status, lines):
    without(part)
    said = distlab("doctor")
    assert said[0] == status
    assert all(line in said[1] for line in lines)


def test_json(without, distlab):
    without("JupyterLab", "postgres")
    status, out, _ = distlab("doctor", "--json")
    said = json.loads(out)
    assert (status, said["ok"]) == (1, False)
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


@pytest.mark.parametrize(
    ("policy", "limit", "said"),
    [
        ("allkeys-lru", "100mb", ["may evict any key (maxmemory-policy allkeys-lru)"]),
        ("allkeys-lru", "0", []),
        ("volatile-lru", "100mb", []),
        ("noeviction", "100mb", []),
    ],
)
def test_a_redis_that_may_evict_a_count_of_tokens_is_warned_of(monkeypatch, policy, limit, said):
    with redis_server() as server, server.client() as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", limit)
        monkeypatch.setenv("DISTLAB_REDIS_URL", server.url)
        warnings = doctor.warnings()
        assert len(warnings) == len(said)
        assert all(words in warning for words, warning in zip(said, warnings, strict=True))
        text = doctor.as_text([])
        assert all(f"warning  {warning}\n" in text for warning in warnings)
        assert doctor.as_data([])["warnings"] == warnings


@pytest.mark.parametrize("url", ["redis://user:secret@127.0.0.1:1", "no address: secret", ""])
def test_a_redis_that_does_not_answer_is_warned_of_without_its_password(monkeypatch, url):
    monkeypatch.setenv("DISTLAB_REDIS_URL", url)
    warnings = doctor.warnings()
    assert len(warnings) == bool(url) and "secret" not in str(warnings)
    assert all("DISTLAB_REDIS_URL does not answer" in warning for warning in warnings)
