"""Machines and the programs on them: timers, crash, restart, pause, states."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.sim import Client, Node, parse_schedule
from distlab.sim.trace import Note
from tests.sim.nodes import (
    Ask,
    Echo,
    Tick,
    Ticker,
    ask,
    ask_and_wait,
    client,
    client_notes,
    lines,
    notes_of,
    world,
)
from tests.worlds import notes

# Notes


@dataclass
class Loose(Note):
    word: str


@dataclass(frozen=True)
class NoNote:
    word: str


class Bare(Note): ...


@pytest.mark.parametrize("wrong", [3, None, ("a",), Loose("a"), NoNote("a"), Bare(), Loose])
def test_a_note_is_text_or_a_frozen_note(wrong):
    async def program(self):
        self.note(wrong)

    said = rf"client: note {re.escape(repr(wrong))} is neither text nor a frozen Note"
    with pytest.raises(BadInput, match=said):
        world(client(program)).run(10)


# Timers


def test_timers_carry_a_value_and_ring_once():
    trace = world(Ticker("a")).run(25)
    assert lines(trace, "timer") == [(10, "a", Tick()), (20, "a", Tick())]


def test_a_cancelled_timer_does_not_ring():
    class Cancels(Ticker):
        def on_start(self):
            self.set_timer(10, Tick()).cancel()
            self.set_timer(15, Tick())

    assert notes(world(Cancels("a")).run(20)) == [(15, "tick")]


@pytest.mark.parametrize("wait", ["set_timer", "sleep", "timeout"])
def test_no_duration_is_negative(wait):
    async def program(self):
        if wait == "set_timer":
            self.set_timer(-1, Tick())
        elif wait == "sleep":
            await self.sleep(-1)
        else:
            async with self.timeout(-1):
                pass

    with pytest.raises(ValueError, match="-1 ms on client: it cannot be negative"):
        world(client(program)).run(10)


def test_a_callback_comes_after_its_time_and_not_after_a_crash():
    class Calls(Node):
        def on_start(self):
            self.after(10, lambda: self.note("called"))
            self.after(5, lambda: self.note("cancelled")).cancel()

    assert notes(world(Calls("a")).run(30)) == [(10, "called")]
    assert notes(world(Calls("a"), faults="crash:a@8").run(30)) == []


# Crash and restart


def test_a_crash_loses_memory_and_keeps_configuration():
    async def program(self):
        for _ in range(4):
            await self.sleep(20)
            self.send("echo", Ask("x"))
        self.note(echo.tag)

    class Tagged(Echo):
        def __init__(self, name):
            super().__init__(name)
            self.tag = "configured"

    class Listener(Client):
        def on_answer(self, message, sender):
            self.note(message.text)

    echo = Tagged("echo")
    trace = world(Listener("client", program), echo, faults="crash:echo@50+5").run(100)
    assert [text for _, text in notes(trace)] == ["x 1", "x 2", "x 1", "configured", "x 2"]


def test_a_crash_leaves_nothing_that_the_program_has_made():
    class Forgetful(Node):
        def on_start(self):
            self.note(str(hasattr(self, "promise")))
            self.set_timer(5, Tick())

        def on_tick(self, timer):
            self.promise = 1

    trace = world(Forgetful("a"), faults="crash:a@10+5").run(17)
    assert notes(trace) == [(0, "False"), (15, "False")]


@pytest.mark.parametrize(
    ("faults", "lost"),
    [
        ("crash:echo@3", [(5, "down")]),
        # what waited at a machine that crashed never comes back
        ("pause:echo@1+100;crash:echo@20+10;pause:echo@40+10", [(20, "down")]),
        ("pause:echo@1+50;crash:echo@20", [(20, "down")]),
        # what waits at a paused machine has arrived: only the answer meets the partition
        ("pause:echo@1+50;partition:client|echo@20", [(51, "cut")]),
        ("pause:echo@1+50;partition:client|echo@2+10", [(5, "cut")]),
    ],
)
def test_what_does_not_arrive_is_dropped(faults, lost):
    trace = world(client(ask), Echo("echo"), faults=faults).run(200)
    assert [(e.at_us / 1000, e.why) for e in trace.of_kind("drop")] == lost


def test_timers_do_not_survive_a_crash():
    ticks = notes_of(Ticker("a"), faults="crash:a@12+3", until_ms=40)
    assert ticks == [(10, "tick"), (25, "tick"), (35, "tick")]


def test_finally_blocks_of_a_crashed_node_do_not_act():
    async def program(self):
        try:
            await self.sleep(1000)
        finally:
            self.note("released")
            self.send("echo", Ask("release"))

    died = world(client(program), Echo("echo"), faults="crash:client@10+20")
    trace = died.run(100)
    died.close()
    assert notes(trace) == []
    assert trace.of_kind("send") == []


@client_notes((45, "awake"), faults="crash:client@10+5")
async def test_a_coroutine_of_an_earlier_life_does_not_go_on(self):
    await self.sleep(30)
    self.note("awake")


def test_a_crashed_client_is_no_deadlock():
    world(client(ask_and_wait), Echo("echo"), faults="crash:client@3").run(100)


def test_faults_of_the_first_instant_strike_before_the_machines_boot():
    class Speaker(Node):
        def on_start(self):
            self.note("boots")

    trace = world(Speaker("a"), Speaker("b"), faults="crash:a@0+10;pause:b@0+20").run(50)
    assert lines(trace, "note") == [(10, "a", "boots"), (20, "b", "boots")]


class Lazy(Echo):
    async def on_start(self):
        self.heard = 0
        await self.sleep(1)


test_what_arrives_at_the_instant_of_a_restart_finds_memory = client_notes(
    (25, "x 1"), node=Lazy("echo"), faults="crash:echo@1+19;hold:client>echo@0+20"
)(ask_and_wait)


# Pause


def test_what_comes_to_a_paused_machine_waits_in_order():
    class Log(Node):
        def on_start(self):
            self.set_timer(12, Tick())

        def on_ask(self, message, sender):
            self.note(message.text)

        def on_tick(self, timer):
            self.note("tick")

    async def program(self):
        for text in ("a", "b", "c"):
            self.send("log", Ask(text))
            await self.sleep(5)

    trace = world(client(program), Log("log"), faults="pause:log@6+50").run(100)
    assert notes(trace) == [(5, "a"), (56, "b"), (56, "tick"), (56, "c")]


@client_notes((508, "nothing within 100 ms"), (538, "lives on"), faults="pause:client@8+500")
async def test_a_pause_longer_than_its_timeouts(self):
    """Both time-outs are over when the client comes back; the answer, too, is there. It hears
    the outer time-out once, as in asyncio, and nothing ends it later."""
    try:
        async with self.timeout(100):
            await self.call("echo", Ask("x"), timeout_ms=50)
    except TimeoutError as error:
        self.note(str(error))
    await self.sleep(30)
    self.note("lives on")


@client_notes((105, str(100 + 5)), faults="pause:client@5+100")
async def test_the_clock_goes_on_during_a_pause(self):
    """The lease hazard: a check before the pause says nothing about the time after it."""
    before = self.monotonic_ms()
    await self.sleep(10)
    self.note(str(self.monotonic_ms() - before))


# Faults that overlap


OUTAGES = """
    crash:a@10+100;crash:a@50+10                  110 restart
    crash:a@10;crash:a@50+10
    crash:a@10+10;crash:a@50+10                   20 restart, 60 restart
    crash:a@10+100;crash:a@50
    crash:a@10+100;restart:a@50                   50 restart
    crash:a@10;restart:a@50                       50 restart
    crash:a@10+100;restart:a@50;crash:a@60        50 restart
    crash:a@10+100;restart:a@50;crash:a@60+100    50 restart, 160 restart
    restart:a@50
    pause:a@10+100;pause:a@50+10                  110 resume
    pause:a@10+50;pause:a@50+100                  150 resume
    pause:a@10;pause:a@50+10
    pause:a@10+50;pause:a@50
    pause:a@10+0                                  10 resume
    pause:a@10+100;crash:a@50+10                  60 restart
    pause:a@10+100;crash:a@50
    pause:a@10+100;crash:a@50+10;pause:a@80+200   60 restart, 280 resume
    crash:a@10+100;pause:a@50+10                  110 restart
"""
BOOTS = """
    crash:a@0;restart:a@0                               0
    crash:a@0;restart:a@0;restart:a@0                   0
    restart:a@0;crash:a@0
    wipe:a@0;restart:a@0;crash:a@0
    wipe:a@0+0                                          0
    crash:a@0+5                                         5
    pause:a@0+5;crash:a@0;restart:a@0                   0
    crash:a@0;pause:a@0+5;restart:a@0                   0
    crash:a@0;restart:a@0;pause:a@0+5                   5
    crash:a@10;restart:a@10                             0 10
    restart:a@10;crash:a@10                             0
    crash:a@10;wipe:a@10;restart:a@10;restart:a@10      0 10
    crash:a@10+0;restart:a@10                           0 10
    pause:a@10+5;crash:a@10;restart:a@10                0 10
    crash:a@10;restart:a@10;crash:a@10+5                0 10 15
"""


def table(text):
    return [line.strip().partition(" ")[::2] for line in text.strip().splitlines()]


@pytest.mark.parametrize(("faults", "expected"), table(OUTAGES))
def test_overlapping_outages(faults, expected):
    trace = world(Ticker("a"), faults=faults).run(400)
    events = trace.of_kind("restart", "resume")
    assert ", ".join(f"{e.at_us // 1000} {e.kind}" for e in events) == expected.strip()


class Booter(Node):
    def on_start(self):
        self.note(f"boot {self.boots}")


@pytest.mark.parametrize(("faults", "expected"), table(BOOTS))
def test_faults_of_one_instant_strike_in_their_order(faults, expected):
    boots = [(int(ms), f"boot {number}") for number, ms in enumerate(expected.split())]
    assert notes_of(Booter("a"), faults=faults) == boots


INSTANTS = st.builds(
    "{}:a@{}{}".format,
    st.sampled_from(["crash", "wipe", "pause", "restart"]),
    st.sampled_from([0, 10]),
    st.sampled_from(["", "+0", "+10"]),
).filter(lambda text: "restart" not in text or "+" not in text)


@given(st.lists(INSTANTS, max_size=6))
def test_a_machine_boots_once_in_each_life(faults):
    trace = world(Booter("a"), faults=";".join(faults)).run(100)
    lives = [event.what for event in trace.of_kind("note")]
    assert lives == [f"boot {number}" for number in range(len(lives))]
    kinds = " ".join(event.kind for event in trace.of_kind("crash", "note"))
    assert "note note" not in kinds


# Refusals


def test_the_world_is_complete_when_it_starts():
    begun = world(Ticker("a"))
    begun.run(10)
    with pytest.raises(RuntimeError, match=r"add\(\) after run\(\)"):
        begun.add(Node("b"))
    with pytest.raises(RuntimeError, match=r"inject\(\) after run\(\)"):
        begun.inject(parse_schedule("crash:a@20"))


def test_a_run_in_two_parts_is_the_same_run():
    whole, parts = (world(Ticker("a"), faults="pause:a@15+20") for _ in range(2))
    parts.run(35)
    assert parts.run(100).text() == whole.run(100).text()


# State


class Counting(Echo):
    def describe(self):
        return f"heard {self.heard}"


class CountingTicks(Ticker):
    def on_start(self):
        super().on_start()
        self.ticks = 0

    def on_tick(self, timer):
        self.ticks += 1

    def describe(self):
        return f"{self.ticks} ticks"


class Constant(Node):
    def describe(self):
        return "ready"


class Waking(Node):
    async def on_start(self):
        self.phase = "waking"
        await self.sleep(5)
        self.phase = "awake"

    def describe(self):
        return self.phase


@pytest.mark.parametrize(
    ("kind", "faults", "states"),
    [
        (
            Counting,
            "lose:echo>client@0;crash:echo@8+2",
            [(0, "heard 0"), (5, "heard 1"), (10, "heard 0")],
        ),
        (CountingTicks, "lose:client>echo@0", [(0, "0 ticks"), (10, "1 ticks")]),
        (Constant, "lose:client>echo@0;crash:echo@5+5", [(0, "ready"), (10, "ready")]),
        (Waking, "lose:client>echo@0", [(0, "waking"), (5, "awake")]),
    ],
)
def test_a_state_is_recorded_when_it_changes_and_after_a_restart(kind, faults, states):
    trace = world(client(ask), kind("echo"), faults=faults).run(30)
    found = [(e.at_us / 1000, e.what) for e in trace.of_kind("state")]
    assert found == states
