"""The wheel is the whole course: without the checkout, it still has notebooks and data."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    run(*build)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed(*arguments)`: the command line of the installed wheel, away from the checkout."""
    site = tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", site, wheel)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    away = {"env": environment, "cwd": site.parent}
    where = run(sys.executable, "-c", "import distlab; print(distlab.__file__)", **away)
    assert Path(where).is_relative_to(site)
    return lambda *arguments: run(sys.executable, "-m", "distlab", *arguments, **away)


def test_it_carries_all_of_the_package_the_notebooks_and_the_data(wheel):
    tracked = run("git", "-C", ROOT, "ls-files", "distlab", "notebooks", "data").splitlines()
    carried = set(zipfile.ZipFile(wheel).namelist())
    for path in tracked:
        inside = path if path.startswith("distlab/") else f"distlab/_course/{path}"
        assert inside in carried
    assert not [path for path in carried if path.startswith(("tests", "notebooks", "data"))]


def test_its_copy_of_the_course_is_complete(installed, tmp_path):
    installed("lab", "--no-start", "--dir", tmp_path)
    shipped = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in tmp_path.glob("*.ipynb")} == shipped


def test_its_commands_work(installed):
    assert json.loads(installed("list", "--json"))
    assert json.loads(installed("doctor", "--json"))["ok"]
