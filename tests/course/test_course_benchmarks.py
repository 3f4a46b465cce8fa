"""The figures that notebooks compare."""

import pytest

from distlab.course.benchmarks import benchmark
from distlab.host import BadInput


def test_figures_say_when_and_where_they_were_measured():
    assert {"date", "python", "machine"} <= benchmark("ids").keys()


def test_figures_that_nobody_has_measured():
    with pytest.raises(BadInput, match="no benchmark 'id'; did you mean 'ids'"):
        benchmark("id")


def test_what_chapter_5_says_of_speed_has_a_wide_margin():
    speed = benchmark("ids")
    texts = [each["distlab"] for each in speed["ids as text/s"].values()]
    rows = speed["from a row of SQLite/s"]
    assert speed["snowflakes/s"]["distlab"] >= 3 * max(texts)
    assert min(texts) >= 20 * rows["step 1"]
    assert rows["step 1000"] >= 200 * rows["step 1"]
    pages = {kind: each["pages_written"] for kind, each in speed["200000 rows"].items()}
    assert pages["UUID v4"] >= 12 * pages["UUID v7"]
