"""The registry: every scenario of every chapter, by its id.

A chapter declares its scenarios in a module `scenarios`, or in the modules of such a package. They
are looked for when somebody asks. `distlab list` shows them all.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

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
    """Every scenario of every chapter, by id."""
    for chapter in _chapters():
        _load(chapter)
    return tuple(_registry[name] for name in sorted(_registry))


def of_chapter(chapter: str) -> tuple[Scenario, ...]:
    """The scenarios of one chapter (`"locks"`), by id. Raises `BadInput` when there is no such."""
    if chapter not in _chapters():
        raise BadInput(f"unknown chapter {chapter!r}{did_you_mean(str(chapter), _chapters())}")
    _load(chapter)
    return tuple(_registry[name] for name in sorted(_registry) if name.startswith(f"{chapter}/"))


@cache
def _load(chapter: str) -> None:
    """Make every scenario known that stands in a module of this chapter's `scenarios`."""
    package = import_module(f"distlab.{chapter}.scenarios")
    inside = iter_modules(getattr(package, "__path__", ()), f"{package.__name__}.")
    for module in (package, *(import_module(each.name) for each in inside)):
        for value in vars(module).values():
            if isinstance(value, Scenario):
                register(value)


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
        _load(chapter)
    if scenario_id not in _registry:
        known = [scenario.id for scenario in all_scenarios()]
        if scenario_id not in known:
            choice = f"`distlab list` shows all {len(known)}"
            hint = did_you_mean(str(scenario_id), known, choice)
            raise BadInput(f"unknown scenario {scenario_id!r}{hint}")
    return _registry[scenario_id]
