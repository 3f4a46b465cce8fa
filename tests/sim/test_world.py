"""A run as a guest: in a notebook's loop, inside another run, interrupted; and what it leaves."""

import asyncio
import gc
import random
import signal
import threading

import pytest

from distlab.host import BadInput
from distlab.sim import Node
from distlab.sim.randomness import Streams
from distlab.sim.world import no_garbage_collection
from tests.worlds import world_of


class Ping(Node):
    """Sends itself a message every millisecond."""

    def on_start(self):
        self.send(self.name, "ping")

    async def on_str(self, message, sender):
        await self.sleep(1)
        self.send(self.name, message)


class Holder(Node):
    """Has something to do in a finally block."""

    async def on_start(self):
        try:
            await self.sleep(1e6)
        finally:
            self.note("acted")


def test_a_run_inside_a_running_asyncio_loop():
    async def cell():
        return world_of(Ping("a")).run(50).digest()

    assert asyncio.run(cell()) == world_of(Ping("a")).run(50).digest()


def test_a_run_inside_a_handler_of_another_run():
    class Outer(Node):
        def on_start(self):
            self.note(world_of(Ping("a")).run(50).digest())
            assert not gc.isenabled()  # the outer run goes on

    trace = world_of(Outer("a")).run(10)
    assert trace.of_kind("note")[0].what == world_of(Ping("a")).run(50).digest()
    assert gc.isenabled()


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("error", [None, KeyError, KeyboardInterrupt])
def test_a_run_leaves_the_garbage_collector_as_it_was(enabled, error):
    class Fails(Node):
        def on_start(self):
            assert not gc.isenabled()
            if error:
                raise error

    try:
        gc.enable() if enabled else gc.disable()
        if error is None:
            world_of(Fails("a")).run(10)
        else:
            with pytest.raises(error):
                world_of(Fails("a")).run(10)
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_ctrl_c_stops_a_run_at_once():
    class Busy(Node):
        async def on_start(self):
            threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
            while True:
                await self.sleep(0.001)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            world_of(Busy("a")).run(1e9, max_events=10_000_000)
    finally:
        signal.signal(signal.SIGINT, before)
    assert gc.isenabled()


def test_no_global_randomness_is_used_or_touched():
    random.seed(1)
    state = random.getstate()
    first = world_of(Ping("a")).run(50).digest()
    assert random.getstate() == state
    random.seed(2)
    assert world_of(Ping("a")).run(50).digest() == first


def test_streams_are_independent_and_the_same_everywhere():
    streams = Streams(7)
    first = streams.stream("a").random()
    assert Streams(7).stream("a").random() == first == 0.9733080591306875
    assert streams.stream("b").random() != first
    assert Streams(8).stream("a").random() != first
    assert streams.stream("a") is streams.stream("a")


def test_a_nodes_random_numbers_are_its_own():
    class Dice(Node):
        def on_start(self):
            self.note(str(self.random.random()))

    alone = world_of(Dice("a")).run(1).of_kind("note")[0]
    both = world_of(Dice("b"), Dice("a")).run(1).of_kind("note")
    assert alone == both[1]
    assert both[0].what != both[1].what


def test_a_wrong_schedule_is_refused_each_time():
    world = world_of(Ping("a"), faults="crash:b@5")
    for _ in range(2):
        with pytest.raises(BadInput, match="no machine 'b'"):
            world.run(10)


def test_a_world_that_is_forgotten_does_not_write_into_its_trace():
    """The collector closes its coroutines at any time; their finally blocks act for nobody."""
    trace = world_of(*(Holder(f"n{number}") for number in range(20))).run(10)
    before = len(trace)
    gc.collect()
    assert len(trace) == before


def test_a_closed_world_leaves_no_garbage():
    class Caller(Node):
        async def on_start(self):
            try:
                async with self.timeout(5):
                    await self.call("b", "x", timeout_ms=3)
            except TimeoutError:
                self.note("no answer")
            async with self.timeout(1e6):
                await self.sleep(1e6)

        def describe(self):
            return "calling"

    class Answers(Node):
        def on_str(self, message, sender):
            self.send(sender, message)
            self.set_timer(1000, "late")

    gc.collect()
    gc.disable()
    try:
        world = world_of(Caller("a"), Answers("b"), Holder("c"), faults="crash:a@50+10;cut:a>b@2")
        trace = world.run(100)
        world.close()
        del world
        assert gc.collect() == 0
        assert len(trace) > 5
    finally:
        gc.enable()


def run_and_close():
    with no_garbage_collection():
        world = world_of(Ping("a"))
        trace = world.run(500)
        world.close()
        return trace, len(gc.get_objects(0))


def test_the_trace_of_a_closed_world_is_not_searched_for_garbage():
    trace, young = run_and_close()
    assert len(trace) > 900
    assert young < 200


def test_what_others_have_frozen_stays_frozen():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        run_and_close()
        assert gc.get_freeze_count() > frozen - 100
    finally:
        gc.unfreeze()


def test_the_trace_of_a_closed_world_does_not_change():
    world = world_of(Holder("a"))
    trace = world.run(10)
    world.close()
    assert trace.events == ()
