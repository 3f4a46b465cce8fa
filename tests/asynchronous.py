"""Coroutines as tests: `@asynchronous async def test_...`."""

import asyncio
from functools import wraps


def asynchronous(test):
    @wraps(test)
    def run(**fixtures):
        asyncio.run(test(**fixtures))

    return run
