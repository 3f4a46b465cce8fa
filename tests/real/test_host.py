"""An asyncio program is a host."""

import asyncio
import gc
import os

import pytest

from distlab.host import Host, Refused, ended
from distlab.real.host import THIS_PROCESS, AsyncioHost
from tests.asynchronous import asynchronous
from tests.locks.sites import on_hosts


def test_it_has_all_that_the_port_asks_for():
    port = {name for name in vars(Host) if not name.startswith("_")}
    assert port <= set(dir(AsyncioHost()))


@asynchronous
async def test_time_passes_on_its_clocks_while_it_sleeps():
    host = AsyncioHost()
    wall, monotonic = host.now_ms(), host.monotonic_ms()
    await host.sleep(30)
    assert host.now_ms() - wall >= 29
    assert host.monotonic_ms() - monotonic >= 29
    assert wall > 1_700_000_000_000


@asynchronous
async def test_a_timeout_raises_the_built_in_error():
    host = AsyncioHost()
    with pytest.raises(TimeoutError):
        async with host.timeout(5):
            await host.sleep(60_000)
    async with host.timeout(60_000):
        await host.sleep(1)


def test_names():
    assert AsyncioHost("a").name == "a"
    assert AsyncioHost().name.endswith(f"-{os.getpid()}")


def test_one_host_serves_loop_after_loop():
    async def main():
        return await THIS_PROCESS.spawn(answer())

    async def answer():
        return 42

    assert [asyncio.run(main()) for _ in range(2)] == [42, 42]


@on_hosts
async def test_a_waiter_that_gives_up_does_not_end_what_others_wait_for(host):
    gate = []
    slow = host.spawn(opened(host, gate))
    others = [host.spawn(told(slow)) for _ in range(2)]
    gone = host.spawn(told(slow))
    with pytest.raises(TimeoutError):
        async with host.timeout(5):
            await slow
    gone.cancel()
    assert (await gone).startswith("Cancelled")
    assert not ended(slow)
    gate.append(42)
    assert [await other for other in others] == [42, 42]
    assert ended(slow) and await slow == 42


@on_hosts
async def test_a_task_that_nobody_waits_for_any_longer_goes_on(host):
    gate = []
    task = host.spawn(opened(host, gate))
    with pytest.raises(TimeoutError):
        async with host.timeout(5):
            await task
    gate.append(42)
    async with host.timeout(60_000):
        while not ended(task):
            await host.sleep(1)
    assert not gate


@on_hosts
async def test_a_waiter_for_a_task_that_is_cancelled_is_cancelled(host):
    task = host.spawn(opened(host, []))
    waiters = [host.spawn(told(task)) for _ in range(2)]
    await host.sleep(0)
    task.cancel()
    said = [await waiter for waiter in waiters]
    assert all(each.startswith("Cancelled") for each in said)
    assert ended(task)


@on_hosts
async def test_an_error_reaches_all_who_wait(host):
    async def refuse():
        await host.sleep(1)
        raise Refused("no")

    task = host.spawn(refuse())
    waiters = [host.spawn(told(task)) for _ in range(2)]
    assert [await waiter for waiter in waiters] == ["Refused"] * 2
    assert await told(task) == "Refused"


@on_hosts
async def test_each_task_is_its_own(host):
    async def me():
        return host.this_task()

    task = host.spawn(me())
    assert await task is task
    assert host.this_task() is host.this_task() is not task


@on_hosts
async def test_a_cancellation_that_was_swallowed_is_raised_and_no_other(host):
    async def swallowing(then):
        with host.keeping_cancellation():
            await told(host.spawn(host.sleep(60_000)))
            return await then()

    async def refuse():
        raise Refused("no")

    async def fine():
        return 42

    with host.keeping_cancellation():
        assert await fine() == 42
    with pytest.raises(Refused), host.keeping_cancellation():
        await refuse()
    for then in (fine, refuse):
        task = host.spawn(swallowing(then))
        await host.sleep(1)
        task.cancel()
        assert (await told(task)).startswith("Cancelled")
        with pytest.raises(TimeoutError):
            async with host.timeout(5):
                await swallowing(then)
        with host.keeping_cancellation():  # one from before is none of this block
            assert await fine() == 42


async def opened(host, gate):
    """Wait until the gate holds something, and take it out."""
    while not gate:
        await host.sleep(1)
    return gate.pop()


async def told(task):
    """Its answer, or the name of what was raised instead."""
    try:
        return await task
    except BaseException as error:
        return type(error).__name__


@asynchronous
async def test_a_spawned_task_is_kept_although_only_a_cycle_holds_what_it_waits_for():
    host, ended = AsyncioHost(), []

    async def wait():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    host.spawn(wait())
    await host.sleep(0)
    gc.collect()
    assert not ended
    await host.close()


def test_an_error_that_nobody_awaits_is_reported():
    async def main():
        host, told = AsyncioHost(), []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
        host.spawn(fail())
        await host.sleep(1)
        gc.collect()
        return [repr(about["exception"]) for about in told]

    assert asyncio.run(main()) == ["ZeroDivisionError('by nobody')"]


async def fail():
    raise ZeroDivisionError("by nobody")


@asynchronous
async def test_close_ends_what_was_spawned_even_a_task_that_swallows_its_first_cancellation():
    log = []

    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            log.append("swallowed")
        try:
            await asyncio.sleep(60)
        finally:
            log.append("ended")

    async with AsyncioHost() as host:
        task = host.spawn(stubborn())
        await host.sleep(0)
    assert task.cancelled()
    assert log == ["swallowed", "ended"]


@asynchronous
async def test_close_tells_what_went_wrong_at_the_end():
    async def clumsy():
        try:
            await asyncio.sleep(60)
        finally:
            await fail()

    host = AsyncioHost("h")
    host.spawn(clumsy())
    await host.sleep(0)
    with pytest.raises(ExceptionGroup, match="h: tasks failed") as group:
        await host.close()
    assert [type(error) for error in group.value.exceptions] == [ZeroDivisionError]


@asynchronous
async def test_a_task_may_close_its_own_host():
    host = AsyncioHost()
    other = host.spawn(asyncio.sleep(60))
    await host.spawn(host.close())
    assert other.cancelled()
