"""The registry: every scenario of every chapter, by its id.

A chapter package with a module or package `scenarios` registers its own when that is imported, and
it is imported when somebody asks. `distlab list` shows them all.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import distlab
from distlab.host import BadInput, did_you_mean
from distlab.scenario import Scenario

_registry: dict[str, Scenario] = {}


def register(scenario: Scenario) -> Scenario:
    """Make a scenario known under its id. Raises `BadInput` when the id is taken."""
    if _registry.get(scenario.id, scenario) is not scenario:
        raise BadInput(f"there are two scenarios {scenario.id!r}")
    _registry[scenario.id] = scenario
    return scenario


def all_scenarios() -> tuple[Scenario, ...]:
    """Every scenario of every chapter package that has a module `scenarios`, by id."""
    for chapter in _chapters():
        importlib.import_module(f"distlab.{chapter}.scenarios")
    return tuple(_registry[name] for name in sorted(_registry))


def of_chapter(chapter: str) -> tuple[Scenario, ...]:
    """The scenarios of one chapter (`"locks"`), by id. Raises `BadInput` when there is no such."""
    if chapter not in _chapters():
        raise BadInput(f"unknown chapter {chapter!r}{did_you_mean(str(chapter), _chapters())}")
    importlib.import_module(f"distlab.{chapter}.scenarios")
    return tuple(_registry[name] for name in sorted(_registry) if name.startswith(f"{chapter}/"))


def _chapters() -> list[str]:
    """The packages with a module `scenarios`."""
    folders = map(Path, distlab.__path__)
    packages = sorted(package for folder in folders for package in folder.iterdir())
    return [  # by their files: looking must not import the widgets
        package.name
        for package in packages
        if (package / "scenarios.py").exists() or (package / "scenarios").is_dir()
    ]


def get(scenario_id: str) -> Scenario:
    """The scenario of that id. Raises `BadInput`, with the nearest one, when there is none."""
    chapter = str(scenario_id).partition("/")[0]
    if scenario_id not in _registry and chapter in _chapters():  # the others may take long to load
        importlib.import_module(f"distlab.{chapter}.scenarios")
    if scenario_id not in _registry:
        known = [scenario.id for scenario in all_scenarios()]
        if scenario_id not in known:
            choice = f"`distlab list` shows all {len(known)}"
            hint = did_you_mean(str(scenario_id), known, choice)
            raise BadInput(f"unknown scenario {scenario_id!r}{hint}")
    return _registry[scenario_id]
