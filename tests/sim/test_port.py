"""Handler nodes ask their machine for little, so they run unchanged on another one."""

from pathlib import Path

import pytest

import distlab
from distlab.cap.cp_store import LEADER, ConfigStore
from distlab.cap.requests import No, Read, Value, Write, Written
from distlab.registry import of_chapter
from distlab.sim import Node, World
from distlab.start.detector import Monitor, ProbeTimer, Server
from tests.sim.loop import Loop, LoopMachine, from_wire, to_wire

STORES = ("n1", "n2", "n3")


class Caller(Node):
    """Asks every store, again and again, until one has answered."""

    def __init__(self, request):
        super().__init__("caller")
        self.request, self.answer = request, None

    def on_start(self):
        for store in STORES:
            self.send(store, self.request)
        self.set_timer(200, ProbeTimer())

    def on_probe_timer(self, timer):
        if self.answer is None:
            self.on_start()

    def on_written(self, message, sender):
        self.answer = message

    on_value = on_written

    def on_no(self, message, sender):
        pass


def answer_to(request, loop):
    """What a new caller is told within two seconds."""
    caller = Caller(request)
    LoopMachine(loop, caller)
    loop.run(loop.now_ms + 2000)
    return caller.answer


@pytest.mark.parametrize("seed", range(20))
def test_a_store_keeps_its_word_when_its_leader_stops(seed):
    loop = Loop(seed)
    machines = [LoopMachine(loop, ConfigStore(name, STORES)) for name in STORES]
    assert answer_to(Write("x", 1), loop) == Written()
    (leader, *_) = [machine for machine in machines if machine.node.role == LEADER]
    leader.on = False
    assert answer_to(Read("x"), loop) == Value(1)
    others = [machine for machine in machines if machine is not leader]
    assert any(text.startswith("leads term") for each in others for _, text in each.notes)


def test_a_disk_that_fails_stops_its_node():
    loop = Loop(1)
    stores = [LoopMachine(loop, ConfigStore(name, STORES)) for name in STORES]
    for store in stores[:2]:
        store.disk.broken = True
    assert answer_to(Write("x", 1), loop) is None
    assert [store.on for store in stores] == [False, False, True]


def test_a_detector_suspects_the_machine_that_is_off():
    loop = Loop(3)
    monitor = LoopMachine(loop, Monitor("monitor", ("a", "b"), 20, 100))
    _, b = LoopMachine(loop, Server("a")), LoopMachine(loop, Server("b"))
    loop.run(500)
    b.on = False
    loop.run(700)
    assert monitor.node.suspected == ("b",)


def test_parts_of_the_simulation_are_refused_elsewhere():
    node = Node("a")
    machine = LoopMachine(Loop(1), node)
    assert (node.random, node.disk) == (machine.random, machine.disk)
    assert node.now_ms() - node.monotonic_ms() == machine.now_ms()
    for ask in (node.now_us, lambda: node.future("answer"), lambda: node.timeout(5)):
        with pytest.raises(TypeError, match="a is not on a simulated machine"):
            ask()
    with pytest.raises(ValueError, match="a is on a machine already"):
        World().add(node)


@pytest.mark.parametrize("message", [Write("x", (1, (None, "é"))), Value(2.5), No("why"), Read("")])
def test_messages_survive_the_wire(message):
    assert from_wire(to_wire(message)) == message


@pytest.mark.parametrize(
    "scenario", of_chapter("start") + of_chapter("cap"), ids=lambda each: each.id
)
def test_every_message_between_nodes_of_handlers_is_a_dataclass(scenario):
    sent = {event.what for event in scenario.run().trace.of_kind("send")}
    assert sent and all(from_wire(to_wire(message)) == message for message in sent)


def test_nobody_reaches_past_a_node_for_its_machine():
    package = Path(distlab.__file__).parent
    sources = [path for path in package.rglob("*.py") if path.parent.name != "sim"]
    assert len(sources) > 100
    assert [path for path in sources if "._machine" in path.read_text(encoding="utf-8")] == []
