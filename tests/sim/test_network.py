"""Links and what can happen on them."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.sim import Client, Deadlock, Node, World, parse_schedule
from distlab.sim.faults import schedule_text
from tests.sim.test_faults import faults
from tests.worlds import world_of


@dataclass(frozen=True, slots=True)
class Letter:
    number: int


class Sink(Node):
    def on_letter(self, message, sender):
        pass


class Source(Sink):
    """Sends `count` letters to each of `targets`, one every millisecond."""

    def __init__(self, name, targets, count):
        super().__init__(name)
        self.targets, self.count = targets, count

    async def on_start(self):
        for number in range(self.count):
            for target in self.targets:
                self.send(target, Letter(number))
            await self.sleep(1)


def run(*nodes, faults="", latency_ms=(5, 15), seed=1, until_ms=400, fifo=()):
    world = world_of(*nodes, faults=faults, seed=seed, latency_ms=latency_ms)
    for source, target in fifo:
        world.network.set_latency(source, target, *latency_ms, fifo=True)
    return world.run(until_ms)


def delivered(trace, node="b"):
    """(ms, number) of the letters that arrived at `node`."""
    return [(e.at_us / 1000, e.what.number) for e in trace.of_kind("deliver") if e.node == node]


def fates(trace):
    return Counter(event.why or event.kind for event in trace.of_kind("deliver", "drop"))


def test_latency_is_between_its_bounds_and_varies():
    trace = run(Source("a", ("b",), 200), Sink("b"))
    sent = {event.number: event.at_us for event in trace.of_kind("send")}
    ways = [event.at_us - sent[event.number] for event in trace.of_kind("deliver")]
    assert len(ways) == 200
    assert 5000 <= min(ways) < 5500 < 14_500 < max(ways) <= 15_000


def test_messages_overtake_each_other_unless_the_link_is_fifo():
    free = delivered(run(Source("a", ("b",), 50), Sink("b")))
    ordered = delivered(run(Source("a", ("b",), 50), Sink("b"), fifo=[("a", "b")]))
    assert [number for _, number in free] != sorted(number for _, number in free)
    assert [number for _, number in ordered] == list(range(50))


def test_latency_may_change_under_way():
    class Changes(Source):
        async def on_start(self):
            self.send("b", Letter(0))
            world.network.set_latency("a", "b", 50, 50)
            self.send("b", Letter(1))

    world = world_of(Changes("a", (), 0), Sink("b"), latency_ms=(5, 5))
    assert delivered(world.run(100)) == [(5, 0), (50, 1)]


@pytest.mark.parametrize("latency", [(5, 4), (-1, 4)])
def test_impossible_latencies_are_refused(latency):
    with pytest.raises(BadInput, match="needs 0 <= lowest <= highest"):
        World(latency_ms=latency)


# Faults


def test_a_partition_drops_what_is_sent_and_what_is_under_way():
    nodes = Source("a", ("b", "c"), 40), Source("b", ("a", "c"), 40), Sink("c")
    trace = run(*nodes, faults="partition:a|b@10+10", latency_ms=(3, 3))
    lost = {(e.node, e.peer, e.what.number) for e in trace.of_kind("drop")}
    times = range(8, 20)  # sent from 8 ms on: would arrive at 11; what arrives at 10 meets the cut
    assert lost == {(*pair, n) for pair in (("a", "b"), ("b", "a")) for n in (7, *times)}
    assert fates(trace)["cut"] == len(lost)


def test_a_cut_is_one_way():
    nodes = Source("a", ("b",), 40), Source("b", ("a",), 40)
    trace = run(*nodes, faults="cut:a>b@0")
    assert delivered(trace, "b") == []
    assert len(delivered(trace, "a")) == 40


def test_machines_in_no_group_reach_everybody():
    trace = run(Source("c", ("a", "b"), 5), Sink("a"), Sink("b"), faults="partition:a|b@0")
    assert fates(trace) == {"deliver": 10}


def test_a_partition_may_have_three_groups():
    nodes = [Source(name, tuple({*"abc"} - {name}), 2) for name in "abc"]
    assert fates(run(*nodes, faults="partition:a|b|c@0")) == {"cut": 12}


def test_delay_adds_to_the_latency():
    trace = run(Source("a", ("b",), 4), Sink("b"), faults="delay:a>b@1+2=30", latency_ms=(5, 5))
    assert delivered(trace) == [(5, 0), (8, 3), (36, 1), (37, 2)]


def test_held_messages_arrive_together_in_order():
    trace = run(Source("a", ("b",), 4), Sink("b"), faults="hold:a>b@1+20")
    assert delivered(trace)[1:] == [(21, 1), (21, 2), (21, 3)]


def test_hold_without_an_end_is_for_ever():
    trace = run(Source("a", ("b",), 4), Sink("b"), faults="hold:a>b@0", until_ms=9000)
    assert fates(trace) == {}


def test_waiting_for_a_message_that_is_held_for_ever_is_a_deadlock():
    async def program(self):
        await self.call("b", Letter(0))

    with pytest.raises(Deadlock, match="an answer of b to Letter"):
        run(Client("a", program), Sink("b"), faults="hold:a>b@0")


def test_lose_takes_the_next_message_only():
    trace = run(Source("a", ("b",), 4), Sink("b"), faults="lose:a>b@1;lose:a>b@1")
    assert [event.what.number for event in trace.of_kind("drop")] == [1, 2]
    assert len(trace.of_kind("heal")) == 2


def test_lose_of_any_link_takes_one_message_in_all():
    trace = run(Source("a", ("b", "c"), 4), Sink("b"), Sink("c"), faults="lose:*>*@0")
    assert fates(trace) == {"deliver": 7, "lost": 1}


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (30, 40, 80), (100, 200, 200)])
def test_loss_in_percent(percent, least, most):
    trace = run(Source("a", ("b",), 200), Sink("b"), faults=f"loss:a>b@0={percent}")
    assert least <= fates(trace)["lost"] <= most


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (30, 40, 80), (100, 200, 200)])
def test_duplicates_in_percent(percent, least, most):
    trace = run(Source("a", ("b",), 200), Sink("b"), faults=f"duplicate:a>b@0={percent}")
    twice = list(Counter(event.number for event in trace.of_kind("deliver")).values())
    assert set(twice) <= {1, 2}
    assert least <= twice.count(2) <= most


def test_a_copy_arrives_even_when_there_is_no_latency():
    faults = "duplicate:a>b@0=100"
    trace = run(Source("a", ("b",), 1), Sink("b"), faults=faults, latency_ms=(0, 0))
    assert delivered(trace) == [(0, 0), (0, 0)]


def test_a_fault_ends_and_others_stay():
    faults = "delay:a>b@0+2=100;delay:a>b@0+3=100;delay:a>b@0+3=100"
    trace = run(Source("a", ("b",), 4), Sink("b"), faults=faults, latency_ms=(5, 5))
    assert delivered(trace) == [(8, 3), (207, 2), (305, 0), (306, 1)]


def test_a_fault_of_one_message_strikes_no_other():
    nodes = Source("a", ("b",), 4), Sink("b")
    faults = "lose:#1;delay:#2=30.5;duplicate:#3=100;lose:#99"
    trace = run(*nodes, faults=faults, latency_ms=(5, 5))
    assert delivered(trace) == [(7, 2), (8, 3), (12, 2), (36.5, 1)]
    assert [event.node for event in trace.of_kind("drop")] == ["a"]
    events = [(e.at_us / 1000, e.kind, str(e.what)) for e in trace.of_kind("fault", "heal")]
    assert events == [
        (ms, kind, fault) for ms, fault in enumerate(faults.split(";")[:3])
        for kind in ("fault", "heal")
    ]  # fmt: skip


def test_a_message_to_oneself_crosses_no_network():
    trace = run(Source("a", ("a",), 2), faults="lose:#1;delay:#2=5")
    assert delivered(trace, "a") == [(0, 0), (1, 1)]


def test_faults_are_recorded_with_their_end():
    trace = run(Sink("a"), Sink("b"), faults="cut:a>b@10+5;cut:b>a@12")
    events = [(e.at_us / 1000, e.kind, e.what) for e in trace.of_kind("fault", "heal")]
    first, second = parse_schedule("cut:a>b@10+5;cut:b>a@12")
    assert events == [(10, "fault", first), (12, "fault", second), (15, "heal", first)]


# Laws

ABC = faults("abc", times=st.integers(0, 80), largest=100, messages=70)
SCHEDULES = st.lists(ABC, max_size=6).map(schedule_text)
"""Anything that can happen to three machines and their network."""


def three():
    return [Source(name, tuple(other for other in "abc" if other != name), 30) for name in "abc"]


@given(SCHEDULES)
def test_each_message_has_one_fate(faults):
    """Delivered (twice only if duplicated) or dropped with a reason, or still held or waiting."""
    trace = run(*three(), faults=faults)
    sent = Counter(event.number for event in trace.of_kind("send"))
    arrived = Counter(event.number for event in trace.of_kind("deliver"))
    dropped = Counter(event.number for event in trace.of_kind("drop"))
    copies = 2 if "duplicate" in faults else 1
    assert set(sent.values()) <= {1}
    assert all(arrived[n] + dropped[n] <= copies for n in sent)
    assert set(arrived) | set(dropped) <= set(sent)
    if not any(word in faults for word in ("hold", "pause")):
        assert all(arrived[n] + dropped[n] >= 1 for n in sent)
    assert all(event.why for event in trace.of_kind("drop"))


@given(SCHEDULES)
def test_time_never_goes_back_and_the_same_arguments_give_the_same_run(faults):
    trace = run(*three(), faults=faults)
    times = [event.at_us for event in trace.events]
    assert times == sorted(times)
    assert run(*three(), faults=faults).text() == trace.text()


@given(SCHEDULES)
def test_nothing_happens_on_a_machine_that_is_down_or_paused(faults):
    off = {}
    for event in run(*three(), faults=faults).events:
        if event.kind in ("crash", "pause"):
            off[event.node] = event.kind
        elif event.kind in ("restart", "resume"):
            off.pop(event.node)
        elif event.kind in ("send", "deliver", "timer", "state"):
            assert event.node not in off


@given(st.integers(0, 2**32))
def test_fifo_keeps_the_order(seed):
    faults = "delay:a>b@3+4=40;hold:a>b@10+5;loss:a>b@0=20;pause:b@20+9"
    trace = run(Source("a", ("b",), 40), Sink("b"), faults=faults, seed=seed, fifo=[("a", "b")])
    numbers = [number for _, number in delivered(trace)]
    assert numbers == sorted(numbers)


@given(st.integers(0, 2**32), st.integers(1, 20))
def test_a_message_more_on_one_link_shifts_no_other(seed, more):
    def arrivals(count):
        trace = run(
            Source("a", ("b",), 20), Source("c", ("d",), count), Sink("b"), Sink("d"), seed=seed
        )
        return delivered(trace, "b"), delivered(trace, "d")

    (first, others), (second, more_others) = arrivals(10), arrivals(10 + more)
    assert first == second
    assert len(more_others) == len(others) + more


def test_links_whose_names_run_together_have_streams_of_their_own():
    trace = run(Source("a", ("b-c",), 20), Source("a-b", ("c",), 20), Sink("b-c"), Sink("c"))
    alone = run(Source("a", ("b-c",), 20), Sink("b-c"))
    assert delivered(alone, "b-c") == delivered(trace, "b-c")
