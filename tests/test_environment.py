"""One description of the environment: what is said twice is held together here."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from distlab import doctor

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONSTRAINTS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
]


def requirements():
    return map(Requirement, [*PROJECT["dependencies"], *(r for e in EXTRAS.values() for r in e)])


def pins(name, python):
    """The versions of a package that the constraints pin for this Python on Linux."""
    environment = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
    }
    return [
        str(pin.specifier).removeprefix("==")
        for pin in CONSTRAINTS
        if pin.name.lower() == name.lower() and (not pin.marker or pin.marker.evaluate(environment))
    ]


@pytest.mark.parametrize("python", doctor.PYTHONS)
def test_every_requirement_is_pinned_to_one_version_that_it_allows(python):
    for requirement in requirements():
        (version,) = pins(requirement.name, python)
        assert requirement.specifier.contains(version), requirement


def test_every_constraint_is_an_exact_pin_from_a_package_index():
    for pin in CONSTRAINTS:
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        assert pin.url is None


def test_conda_and_binder_get_what_pyproject_says():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    python = Requirement(conda[0])
    assert (python.name, conda[1:]) == ("python", ["pip"])
    lowest = SpecifierSet(PROJECT["requires-python"])
    for minor in range(9, 20):
        supported = f"3.{minor}" in doctor.PYTHONS
        assert python.specifier.contains(f"3.{minor}.4") == supported
        assert not supported or lowest.contains(f"3.{minor}.4")

    constraints, project = pip["pip"]
    assert constraints == "-c constraints.txt"
    extras = re.fullmatch(r"-e \.\[([\w,]+)\]", project)[1].split(",")
    assert set(extras) <= EXTRAS.keys()
    assert {"lab", "real"} <= set(extras)


def test_the_supported_interpreters_are_the_same_everywhere():
    classified = [
        line.rpartition(" ")[2]
        for line in PROJECT["classifiers"]
        if re.search(r"Python :: 3\.\d+$", line)
    ]
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["everything"]["strategy"]["matrix"]["python"]
    assert tuple(classified) == tuple(matrix) == doctor.PYTHONS


def test_make_installs_every_extra():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"-e '\.\[([\w,]+)\]'", makefile)
    assert installs
    assert {tuple(sorted(extras.split(","))) for extras in installs} == {tuple(sorted(EXTRAS))}


def test_make_lists_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[1].split()
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^(\w+) +\w", listed, re.MULTILINE) == targets


def test_fakeredis_is_the_version_whose_clock_seam_is_tested():
    (fakeredis,) = [r for r in requirements() if r.name == "fakeredis"]
    assert str(fakeredis.specifier) == "==2.40.*"
