"""Virtual time, futures, tasks: without machines, as the kernel knows none."""

import asyncio
import itertools
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput, Refused
from distlab.sim.kernel import Cancelled, Deadlock, Future, Kernel, Runaway, Timeout
from tests.sim.bench import Bench, heard


@pytest.fixture
def bench():
    return Bench()


PLANS = st.recursive(
    st.just(()), lambda plans: st.lists(st.tuples(st.integers(0, 3), plans)), max_leaves=20
)


@given(PLANS)
def test_any_entries_run_in_order_of_time_then_of_scheduling(plan):
    """A plan says what is scheduled, how much later, and what that schedules in its turn."""
    kernel, ran, expected, waiting = Kernel(), [], [], []

    def act(planned):
        name, later = planned
        ran.append((kernel.now_us, name))
        for number, (delay_us, more) in enumerate(later):
            kernel.at(kernel.now_us + delay_us, act, ((*name, number), more))

    kernel.at(0, act, ((), plan))
    kernel.run(100)

    waiting.append((0, (), plan))
    while waiting:
        first = min(waiting, key=lambda entry: entry[0])  # of equals, the one scheduled first
        waiting.remove(first)
        time_us, name, later = first
        expected.append((time_us, name))
        waiting += [(time_us + us, (*name, n), more) for n, (us, more) in enumerate(later)]
    assert ran == expected


def test_an_entry_at_the_last_instant_runs_and_one_after_it_waits(bench):
    bench.kernel.at(10, bench.note, "last")
    bench.kernel.at(11, bench.note, "later")
    assert bench.run(10) == [(10, "last")]
    assert bench.run(11)[1:] == [(11, "later")]


def test_scheduling_between_two_runs(bench):
    bench.run(10)
    bench.kernel.at(15, bench.note, "second")
    bench.kernel.at(12, bench.note, "first")
    assert bench.run(20) == [(12, "first"), (15, "second")]


def test_no_entry_and_no_run_goes_back_in_time(bench):
    for _ in range(2):
        bench.run(10)
    with pytest.raises(ValueError, match="cannot schedule at 9 µs: it is 10 µs already"):
        bench.kernel.at(9, bench.note, "")
    with pytest.raises(BadInput, match="cannot run until 9 µs"):
        bench.run(9)


def test_a_run_inside_itself_is_refused(bench):
    bench.kernel.at(1, lambda _: bench.run(5))
    with pytest.raises(RuntimeError, match="this world is running"):
        bench.run()


def test_after_an_error_a_run_does_not_go_on(bench):
    bench.kernel.at(1, lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bench.run()
    with pytest.raises(RuntimeError, match="an error has ended its run"):
        bench.run()


def test_a_runaway_names_who_waits_for_what(bench):
    def again(_):
        bench.kernel.at(bench.kernel.now_us, again)

    async def wait():
        await Future(bench.kernel, "Godot")

    bench.spawn(wait(), "Vladimir")
    bench.kernel.at(7, again)
    with pytest.raises(
        Runaway, match=r"more than 50 events by 0\.007 ms.*Vladimir waits for Godot"
    ):
        bench.run(max_events=50)


def test_a_runaway_of_handlers_says_so(bench):
    def again(_):
        bench.kernel.at(bench.kernel.now_us + 1, again)

    again(None)
    with pytest.raises(Runaway, match="nobody waits"):
        bench.run(max_events=50)


def test_a_deadlock_names_everybody_who_waits(bench):
    async def wait(what):
        await Future(bench.kernel, what)

    bench.spawn(wait("the left fork"), "Plato")
    bench.spawn(wait("the right fork"), "Kant")
    bench.spawn(wait("food"), "the cat", background=True)
    with pytest.raises(Deadlock) as caught:
        bench.run()
    assert str(caught.value) == (
        "at 1 ms nothing is left to do, yet Plato waits for the left fork; "
        "Kant waits for the right fork"
    )


@heard((10, 3))
async def test_a_task_gives_its_result(bench):
    async def add(a, b):
        await bench.sleep(10)
        return a + b

    bench.note(await bench.spawn(add(1, 2)))


@pytest.mark.parametrize("error", [Refused("no"), TimeoutError("silence")])
def test_an_outcome_reaches_whoever_awaits_the_task(error):
    async def fail():
        raise error

    @heard((0, error))
    async def test(bench):
        try:
            await bench.spawn(fail())
        except type(error) as caught:
            bench.note(caught)

    test()


def test_an_outcome_that_nobody_awaits_is_told_to_the_owner(bench):
    async def fail():
        raise Refused("no")

    bench.spawn(fail(), "renewal")
    bench.run()
    ((label, error),) = bench.owner.unheard_errors
    assert (label, str(error)) == ("renewal", "no")


def test_any_other_exception_is_a_bug_and_ends_the_run(bench):
    async def fail():
        raise KeyError("typo")

    bench.spawn(fail())
    with pytest.raises(KeyError, match="typo"):
        bench.run()


def test_only_futures_can_be_awaited(bench):
    class Foreign:
        def __await__(self):
            yield 42

    async def main():
        await Foreign()

    bench.spawn(main(), "stranger")
    with pytest.raises(TypeError, match="stranger awaited int"):
        bench.run()


def test_the_first_result_counts(bench):
    future = Future(bench.kernel, "answer")
    future.resolve(1)
    future.resolve(2)
    future.reject(Refused("no"))
    assert future.result() == 1


def test_a_callback_that_comes_too_late_is_called_at_once(bench):
    future = Future(bench.kernel, "answer")
    future.when_done(lambda: bench.note("waited"))
    future.resolve()
    future.when_done(lambda: bench.note("late"))
    assert [text for _, text in bench.log] == ["waited", "late"]


@heard((30, "cancelled"), (50, "tidied up"), cancelled_at_us=30)
async def test_cancel_raises_where_the_task_waits(bench):
    try:
        await bench.sleep(100)
    except Cancelled:
        bench.note("cancelled")
        await bench.sleep(20)
        bench.note("tidied up")


@heard(cancelled_at_us=30)
async def test_a_cancelled_task_is_over_and_not_unheard(bench):
    await bench.sleep(100)
    bench.note("goes on")


def test_cancel_before_the_first_step(bench):
    async def work():
        bench.note("started")

    task = bench.spawn(work())
    task.cancel()
    assert bench.run() == []
    assert task.done


@heard((130, "full wait"), cancelled_at_us=30)
async def test_a_stale_wake_up_does_not_end_a_later_wait(bench):
    """Cancelled and woken at one instant: the second of the two finds the task waiting anew."""
    try:
        await bench.sleep(30)
    except Cancelled:
        await bench.sleep(100)
        bench.note("full wait")


@pytest.mark.parametrize(("outer", "inner", "first"), [(50, 80, "outer"), (80, 50, "inner")])
def test_of_nested_timeouts_the_shorter_one_is_heard(outer, inner, first):
    @heard((50, first), (250, "goes on"))
    async def test(bench):
        try:
            async with bench.timeout(outer):
                try:
                    async with bench.timeout(inner):
                        await bench.sleep(500)
                except TimeoutError:
                    bench.note("inner")
        except TimeoutError:
            bench.note("outer")
        await bench.sleep(200)
        bench.note("goes on")

    test()


ENDINGS = [
    order
    for count in (1, 2, 3)
    for order in itertools.permutations(["outer", "inner", "outside", "outside again"], count)
]


async def ended_by(outer, inner, sleep, cancelled, log, insists):
    """A task within two time-outs. It notes what it hears; it may insist on going on."""
    try:
        async with outer:
            try:
                async with inner:
                    try:
                        await sleep()
                    except cancelled:
                        log.append("cancelled")
                        if not insists:
                            raise
                    await sleep()
                    log.append("insisted")
            except TimeoutError:
                log.append("inner")
            await sleep()
            log.append("between")
    except TimeoutError:
        log.append("outer")
    await sleep()
    log.append("end")


def in_virtual_time(order, insists):
    bench, log, expire = Bench(), [], {}

    def timeout(name):
        def start(callback):
            expire[name] = callback
            return lambda: None

        return Timeout(bench.kernel, start, 1)

    def strike(_):
        for name in order:
            expire.get(name, task.cancel)()

    outer, inner = timeout("outer"), timeout("inner")
    program = ended_by(outer, inner, lambda: bench.sleep(10), Cancelled, log, insists)
    task = bench.spawn(program)
    bench.kernel.at(5, strike)
    bench.run()
    return log


def in_asyncio(order, insists):
    log = []

    async def main():
        loop = asyncio.get_running_loop()
        timeouts = {name: asyncio.timeout(None) for name in ("outer", "inner")}
        sleep = partial(asyncio.sleep, 0.002)
        program = ended_by(*timeouts.values(), sleep, asyncio.CancelledError, log, insists)
        task = asyncio.create_task(program)
        await asyncio.sleep(0)
        for name in order:
            if name in timeouts:
                timeouts[name].reschedule(loop.time() - 1)
            else:
                loop.call_soon(task.cancel)
        await asyncio.wait([task])

    asyncio.run(main())
    return log


@pytest.mark.parametrize("insists", [False, True])
@pytest.mark.parametrize("order", ENDINGS, ids="-".join)
def test_several_that_end_a_task_at_one_instant(order, insists):
    """Time-outs and cancellations in any order: the task hears what it would hear in asyncio."""
    assert in_virtual_time(order, insists) == in_asyncio(order, insists)


def test_a_timeout_needs_a_coroutine(bench):
    timeout = bench.timeout(5)
    with pytest.raises(RuntimeError, match="set_timer"):
        timeout.__aenter__().send(None)


def test_close_runs_finally_blocks_and_forgives_what_they_do(bench):
    async def work(insist):
        try:
            await bench.sleep(5000)
        finally:
            bench.note("closed")
            if insist:
                await bench.sleep(1)

    for insist in (False, True):
        bench.spawn(work(insist))
    bench.run(10)
    bench.kernel.close()
    assert [text for _, text in bench.log] == ["closed", "closed"]
    assert not bench.kernel.tasks
    assert not bench.kernel.queue
