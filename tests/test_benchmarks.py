"""The benchmarks themselves are run by `make bench`; here they are only kept from rotting."""

import datetime
import json
import re

import pytest

from tests.benchmarks import kernel
from tests.benchmarks.__main__ import FIGURES, NAMES

KNOWN = json.loads(FIGURES.read_text(encoding="utf-8"))


def test_every_benchmark_has_figures_with_a_date():
    assert sorted(KNOWN) == NAMES
    for figures in KNOWN.values():
        assert datetime.date.fromisoformat(figures["date"]) >= datetime.date(2026, 1, 1)
        assert re.fullmatch(r"CPython 3\.\d+\.\d+", figures["python"])


def test_figures_name_no_path():
    assert not re.search(r'"[^"]*(/home/|/root|/tmp|\\\\)', FIGURES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", kernel.CONTENDERS)
def test_every_contender_delivers(name):
    run, _ = kernel.CONTENDERS[name]
    assert run(messages=300) > 0
