import os
from pathlib import Path

import pytest


@pytest.fixture(scope="module")  # its event loop would stand in the way of asyncio in later tests
def browser(require):
    executable = require("chromium")
    from tests.browser.jupyter import chromium

    with chromium(executable) as started:
        yield started


@pytest.fixture(scope="module")
def lab_server(browser, tmp_path_factory):
    from tests.browser.jupyter import jupyterlab

    with jupyterlab(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def page(browser):
    """A page that fails the test when a script of ours fails in it."""
    from tests.browser.jupyter import errors_of_widgets

    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    errors = errors_of_widgets(page)
    yield page
    context.close()
    assert not errors


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory):
    """A folder for pictures to look at; DISTLAB_SCREENSHOTS keeps them."""
    kept = os.environ.get("DISTLAB_SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
