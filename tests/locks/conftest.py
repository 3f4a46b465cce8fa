"""The places where a test that is marked `sites.everywhere` runs."""

import pytest

from tests.locks.sites import PLACES, place


@pytest.fixture(params=PLACES, scope="module")
def run(request, require):
    """Runs a program, with as many servers as the module says in `SERVERS`, or one."""
    with place(request.param, require, getattr(request.module, "SERVERS", 1)) as run:
        yield run
