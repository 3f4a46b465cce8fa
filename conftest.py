"""For all tests and notebooks: nothing of the learner's is touched, nothing silently left out.

A test that needs what a machine may lack asks for it: `chromium = require("chromium")`. Without it
the test is reported as NOT RUN together with the way to get it; with DISTLAB_REQUIRE_ALL=1, which
CI sets, that is a failure, as is every other skip.
"""

import io
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator

import hypothesis
import pytest

from distlab import cli, doctor

pytest_plugins = ["pytester"]

REQUIRE_ALL = os.environ.get("DISTLAB_REQUIRE_ALL", "0") not in ("", "0")
learner = pytest.StashKey[tempfile.TemporaryDirectory[str]]()

# Two slow cores make no law false, and CI judges the same examples each time.
hypothesis.settings.register_profile("distlab", deadline=None, derandomize=REQUIRE_ALL)
hypothesis.settings.load_profile("distlab")


def pytest_configure(config: pytest.Config) -> None:
    """Kernels, command lines and servers that tests start inherit an empty learner's folder."""
    folder = config.stash[learner] = tempfile.TemporaryDirectory(prefix="distlab-tests-")
    os.environ["DISTLAB_HOME"] = f"{folder.name}/distlab"
    os.environ["IPYTHONDIR"] = f"{folder.name}/ipython"


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[learner].cleanup()


@pytest.fixture(scope="session")
def require() -> Callable[[str], str]:
    """A function that finds a part which `distlab.doctor` knows, and says where it is."""

    def find(name: str) -> str:
        finding = doctor.look_for(name)
        if finding.found is None:
            pytest.skip(f"NOT RUN: {name} — {finding.how}")
        return finding.found

    return find


@pytest.fixture
def distlab(capsys, monkeypatch):
    """Runs one command in this process, with these lines typed: (exit status, stdout, stderr)."""

    def run(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        try:
            status = cli.main([*map(str, arguments)])
        except SystemExit as leaving:
            status = leaving.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def postgres(require):
    """A real PostgreSQL for the tests of one module."""
    require("postgres")
    from distlab.real.postgres_server import postgres_server

    with postgres_server() as server:
        yield server


@pytest.fixture
def without(monkeypatch):
    """Takes parts away from what `distlab.doctor` finds on this machine."""

    def remove(*names):
        for name in names:
            part = doctor.PARTS[name]._replace(look=lambda: None)
            monkeypatch.setitem(doctor.PARTS, name, part)

    return remove


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return _forbid_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return _forbid_skips((yield))


def _forbid_skips(report):
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", _reason(report)
    return report


def _reason(report) -> str:
    return report.longrepr[2].removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(map(_reason, terminalreporter.getreports("skipped")))
    if reasons:
        terminalreporter.section("NOT RUN (DISTLAB_REQUIRE_ALL=1 makes these failures)")
    for reason, count in sorted(reasons.items()):
        line = reason if reason.startswith("NOT RUN: ") else f"NOT RUN: {reason}"
        terminalreporter.line(f"{line} ({count} test{'s' * (count > 1)})")
