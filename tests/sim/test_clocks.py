"""Wrong clocks, and timers that run on them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.sim import Node
from distlab.sim.clocks import EPOCH_US, Clock
from tests.worlds import notes, world_of

TIMES = st.integers(0, 10**10)
DRIFTS = st.integers(-500_000, 500_000)


@st.composite
def clocks(draw):
    """A clock after a few changes of drift, and the time of the last one."""
    clock, now_us = Clock(drift_ppm=draw(DRIFTS)), 0
    for ppm, later_us in draw(st.lists(st.tuples(DRIFTS, st.integers(0, 10**7)), max_size=4)):
        now_us += later_us
        clock.drift(ppm, now_us)
    return clock, now_us


@given(clocks(), TIMES)
def test_when_is_the_first_instant_that_shows_a_reading(clock_and_now, wait_us):
    clock, now_us = clock_and_now
    reading = clock.monotonic_us(now_us) + wait_us
    when = clock.when_us(reading)
    assert when >= now_us
    assert clock.monotonic_us(when) >= reading
    assert when == now_us or clock.monotonic_us(when - 1) < reading


@given(clocks(), st.lists(TIMES, min_size=2))
def test_monotonic_time_never_goes_back(clock_and_now, times):
    clock, now_us = clock_and_now
    readings = [clock.monotonic_us(now_us + us) for us in sorted(times)]
    assert readings == sorted(readings)


@given(clocks(), DRIFTS, st.integers(-(10**9), 10**9))
def test_a_change_of_drift_is_no_jump_and_a_jump_no_change_of_the_monotonic_clock(
    clock_and_now, ppm, by_us
):
    clock, now_us = clock_and_now
    monotonic_us, wall_us = clock.monotonic_us(now_us), clock.now_us(now_us)
    clock.drift(ppm, now_us)
    assert (clock.monotonic_us(now_us), clock.now_us(now_us)) == (monotonic_us, wall_us)
    clock.jump(by_us)
    assert (clock.monotonic_us(now_us), clock.now_us(now_us)) == (monotonic_us, wall_us + by_us)


def test_a_right_clock_begins_with_2026():
    assert Clock().now_us(0) == EPOCH_US
    assert Clock().now_us(1_500_000) == EPOCH_US + 1_500_000


def test_the_time_that_a_machine_has_been_on_shows_on_the_monotonic_clock_only():
    clock = Clock(uptime_us=7_000_000)
    assert clock.monotonic_us(500) == 7_000_500
    assert clock.now_us(500) == EPOCH_US + 500
    assert clock.when_us(7_000_500) == 500


def test_drift_in_millionths():
    assert Clock(drift_ppm=200).monotonic_us(10_000_000) == 10_002_000
    assert Clock(drift_ppm=-200).monotonic_us(10_000_000) == 9_998_000


# On machines


class Stopwatch(Node):
    """Says what its clocks show after every 100 ms of its own time."""

    async def on_start(self):
        while True:
            before_ms = self.monotonic_ms()
            await self.sleep(100)
            self.note(f"{self.monotonic_ms() - before_ms}")


def watch(faults, until_ms=700):
    found = notes(world_of(Stopwatch("a"), faults=faults).run(until_ms))
    assert {shown for _, shown in found} == {"100"}
    return [at_ms for at_ms, _ in found]


@pytest.mark.parametrize(
    ("faults", "rings"),
    [
        ("", [100, 200, 300, 400, 500, 600, 700]),
        ("drift:a@0=-500000", [200, 400, 600]),
        ("drift:a@50=-500000", [150, 350, 550]),  # 50 at full speed, 50 at half speed
        ("drift:a@50=500000", [83.334, 150.001, 216.668, 283.335, 350.002, 416.669, 483.336,
                               550.003, 616.67, 683.337]),
        ("drift:a@50+100=-500000", [150, 250, 350, 450, 550, 650]),
        # overlapping: the one that began last counts, and its end gives the other one back
        ("drift:a@50+200=-500000;drift:a@150+50=500000",
         [150, 250, 350, 450, 550, 650]),
        ("jump:a@50=-86400000", [100, 200, 300, 400, 500, 600, 700]),
    ],
)  # fmt: skip
def test_timers_run_on_the_machines_own_clock(faults, rings):
    assert watch(faults) == rings


def test_jumps_move_the_wall_clock_only():
    class Reader(Node):
        async def on_start(self):
            for _ in range(3):
                self.note(f"{self.now_ms() - EPOCH_US // 1000} {self.monotonic_ms()}")
                await self.sleep(10)

    trace = world_of(Reader("a"), faults="jump:a@0=250;jump:a@15=-5000").run(100)
    assert [shown for _, shown in notes(trace)] == ["250 0", "260 10", "-4730 20"]


def test_clock_faults_are_in_the_trace_with_their_end():
    trace = world_of(Node("a"), faults="drift:a@10+5=100;jump:a@12=7").run(100)
    events = [(e.at_us // 1000, str(e.what), e.why) for e in trace.of_kind("clock")]
    drift = "drift:a@10+5=100"
    assert events == [(10, drift, ""), (12, "jump:a@12=7", ""), (15, drift, "over")]


def test_no_time_at_all_is_a_wait_on_a_slow_clock_too():
    class Slow(Node):
        async def on_str(self, message, sender):
            await self.sleep(0)
            self.note("waited")

    async def program(client):
        for _ in range(20):
            client.send("slow", "wait")

    world = world_of(Slow("slow"), faults="drift:slow@0=-287048", seed=1, client=program)
    assert len(notes(world.run(20))) == 20
