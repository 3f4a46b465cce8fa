"""The course map: links to what exists, and word of new versions beside edited copies."""

import re

import pytest

from distlab.course.chapters import chapters, map_html, map_text
from distlab.course.progress import progress
from distlab.course.widgets import CourseMap

WRITTEN = [chapter.notebook for chapter in chapters() if chapter.written]


def shown(course_map):
    return course_map._table.value


@pytest.fixture(autouse=True)
def learner(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_map_has_a_link_to_each_notebook_that_exists_and_to_no_other():
    assert {"00_start_here", "01_cap"} <= set(WRITTEN)
    html = shown(CourseMap())
    assert re.findall('<a href="([^"]+).ipynb" data-notebook', html) == WRITTEN
    assert all(chapter.notebook in html for chapter in chapters())


def test_the_map_in_the_browser_shows_progress_and_its_still_does_not():
    course_map = CourseMap()
    still = course_map.html()
    progress().record("quiz/cap/smallest-r", correct=True)
    course_map.refresh()
    assert "1 tried, 1 right" in shown(course_map)
    assert course_map.html() == still == map_html()
    assert course_map.text() == map_text()


def test_the_newest_version_beside_an_edited_copy_is_told(learner):
    course_map = CourseMap()
    assert "new version" not in shown(course_map)
    for name in ("01_cap", "01_cap.new", "01_cap.new-2", "01_cap.new-10", "my 04_locks.new"):
        (learner / f"{name}.ipynb").write_text("{}")
    course_map.refresh()
    told = shown(course_map)
    assert told.count("new version") == 1
    assert 'data-notebook="01_cap.new-10.ipynb">01_cap.new-10.ipynb</a>' in told
    assert "new version" not in course_map.html()
