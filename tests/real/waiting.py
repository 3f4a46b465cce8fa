"""For tests that wait until something real has happened."""

import contextlib
import os
import time


def alive(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def becomes(what):
    """Whether it becomes true within ten seconds."""
    until = time.monotonic() + 10
    while not what() and time.monotonic() < until:
        time.sleep(0.01)
    return what()
