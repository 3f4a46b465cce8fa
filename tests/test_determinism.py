"""The same arguments give the same run: in every process, on every supported Python.

tests/golden/digests/<chapter>.json holds what each scenario of a chapter gives in its settings;
DISTLAB_REWRITE_GOLDEN=1 pytest tests/test_determinism.py writes it anew.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from distlab.doctor import PYTHONS
from distlab.registry import all_scenarios
from tests import goldens
from tests.digests import digests

SCRIPT = Path(__file__).with_name("digests.py")
CHAPTERS = sorted({scenario.chapter for scenario in all_scenarios()})


def golden(chapter):
    return f"digests/{chapter}.json"


def all_golden():
    return {
        name: runs
        for chapter in CHAPTERS
        for name, runs in json.loads(goldens.read(golden(chapter)) or "{}").items()
    }


def in_a_process(python, hash_seed):
    """What another process finds. A bare interpreter is lent the pure Python packages it lacks."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    if python != sys.executable:
        environment["PYTHONPATH"] = sysconfig.get_path("purelib")
    command = [python, str(SCRIPT)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_digests_are_the_golden_ones(chapter):
    found = {s.id: digests(s) for s in all_scenarios() if s.chapter == chapter}
    goldens.compare(golden(chapter), json.dumps(found, indent=2) + "\n")


@pytest.mark.parametrize("hash_seed", ["0", "1", "4294967295"])
def test_in_a_process_with_another_hash_seed(hash_seed):
    assert in_a_process(sys.executable, hash_seed) == all_golden()


@pytest.mark.parametrize("version", PYTHONS)
def test_on_another_python(require, version):
    found = in_a_process(require(f"python{version}"), "random")
    without_lua = [name for name, runs in found.items() if runs is None]
    assert len(without_lua) < len(found) / 2
    assert found == {**all_golden(), **dict.fromkeys(without_lua)}
