"""A test that cannot run says so; in CI it fails."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NEEDS = """
import pytest

def test_needs(require, monkeypatch):
    from distlab import doctor
    part = doctor.PARTS["chromium"]._replace(look=lambda: None)
    monkeypatch.setitem(doctor.PARTS, "chromium", part)
    require("chromium")
"""

MODULE_SKIPS = "import pytest; pytest.importorskip('no_such_module')"
MARKED = "import pytest\n@pytest.mark.skip(reason='not today')\ndef test_marked(): pass"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_wrong(): assert False"


@pytest.fixture
def run(pytester, monkeypatch):
    def run_test(text, require_all):
        monkeypatch.setenv("DISTLAB_REQUIRE_ALL", require_all)
        pytester.makeconftest((ROOT / "conftest.py").read_text(encoding="utf-8"))
        pytester.makepyfile(text)
        unused = ("-p", "no:nbval", "-p", "no:valkey", "-p", "no:detangle", "-p", "no:anyio")
        return pytester.runpytest_subprocess(*unused)  # a third of a second instead of three

    return run_test


def test_a_missing_part_is_reported_with_the_way_to_get_it(run):
    result = run(NEEDS, "")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*= NOT RUN (DISTLAB_REQUIRE_ALL=1 *",
            "NOT RUN: chromium — apt-get install chromium*(1 test)",
        ]
    )
    assert result.ret == 0


def test_in_ci_it_fails(run):
    result = run(NEEDS, "1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*NOT RUN: chromium — apt-get install chromium*"])
    assert result.ret == 1


@pytest.mark.parametrize("text", [MODULE_SKIPS, MARKED])
def test_any_other_skip_is_reported_and_fails_in_ci(run, text):
    run(text, "0").stdout.fnmatch_lines(["NOT RUN: *"])
    in_ci = run(text, "1").parseoutcomes()
    assert "skipped" not in in_ci
    assert in_ci.get("failed", 0) + in_ci.get("errors", 0) + in_ci.get("error", 0) == 1


def test_an_expected_failure_is_no_skip(run):
    assert run(EXPECTED_FAILURE, "1").ret == 0


def test_a_part_that_is_there_is_handed_over(require):
    assert require("Python 3.11 or later").startswith("3.")


def test_tests_do_not_see_the_learners_folder():
    from distlab.places import home

    assert home().parent.name.startswith("distlab-tests-")
