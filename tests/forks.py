"""A child of this process."""

import json
import os
import select
import signal
from warnings import catch_warnings

import pytest

WAIT_S = 20

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_a_child(program):
    """The result of `program()` in a child of this process, which may not hang."""
    here, there = os.pipe()
    with catch_warnings(action="ignore", category=DeprecationWarning):  # other threads may run
        child = os.fork()
    if child == 0:
        try:
            os.write(there, json.dumps(program()).encode())
        finally:
            os._exit(0)
    os.close(there)
    ready, _, _ = select.select([here], [], [], WAIT_S)
    if not ready:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(here, "rb") as answer:
        assert ready, "the child hangs"
        return json.loads(answer.read())
