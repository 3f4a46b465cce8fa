"""Coroutines as tests: `@asynchronous async def test_...`."""

import asyncio
from functools import wraps

import pytest

from tests.locks.sites import in_simulation, on_asyncio


def asynchronous(test):
    @wraps(test)
    def run(**fixtures):
        asyncio.run(test(**fixtures))

    return run


def on_both_hosts(*values):
    """Run `test(host)`, or `test(host, value)` for each value, in simulation and on asyncio."""

    given = [(value,) for value in values] or [()]

    def decorate(test):
        @pytest.mark.parametrize("world", [in_simulation, on_asyncio])
        @pytest.mark.parametrize("value", given, ids=lambda each: str(*each))
        def run(world, value):
            world(lambda site: test(site.host, *value))

        return run

    return decorate
