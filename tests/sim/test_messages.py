"""Nodes and their messages: handlers, calls and answers; names, and what they may keep."""

from collections import deque
from contextlib import suppress

import pytest

from distlab.host import BadInput
from distlab.sim import Node, World
from tests.sim.nodes import (
    Answer,
    Ask,
    Echo,
    Tick,
    ask_and_wait,
    client,
    client_notes,
    notes_of,
    world,
)
from tests.worlds import notes

# Messages and calls


def test_a_message_reaches_its_handler():
    class Sender(Node):
        def on_start(self):
            self.send("echo", Ask("hello"))

        def on_answer(self, message, sender):
            self.note(f"{sender}: {message.text}")

    assert notes(world(Sender("a"), Echo("echo")).run(100)) == [(10, "echo: hello 1")]


class Slow(Node):
    async def on_ask(self, message, sender):
        await self.sleep(float(message.text))
        self.send(sender, Answer(message.text))


@client_notes((20, "10"), (30, "20"), (40, "30"), node=Slow("slow"))
async def test_a_call_waits_for_its_own_answer(self):
    async def ask_slow(text):
        self.note((await self.call("slow", Ask(text))).text)

    for text in ("30", "10", "20"):
        self.spawn(ask_slow(text))


@client_notes((8, "nothing within 8 ms"), drops=["late"])
async def test_an_answer_after_the_timeout_is_late(self):
    try:
        await self.call("echo", Ask("x"), timeout_ms=8)
    except TimeoutError as error:
        self.note(str(error))


def test_a_caller_that_gives_up_hangs_up():
    class Listening(Node):
        def on_ask(self, message, sender):
            self.asked = sender

        def on_tick(self, message, sender):
            self.note(str(sender == self.asked))

    async def program(self):
        with suppress(TimeoutError):
            await self.call("silent", Ask("x"), timeout_ms=8, farewell=Tick())
        await self.call("echo", Ask("x"), farewell=Tick())  # Echo knows no Tick

    assert notes_of(client(program), Listening("silent"), Echo("echo")) == [(13, "True")]


class Twice(Echo):
    def on_ask(self, message, sender):
        super().on_ask(message, sender)
        super().on_ask(message, sender)


test_the_second_answer_to_a_call_is_late = client_notes(
    (10, "x 1"), node=Twice("echo"), drops=["late"]
)(ask_and_wait)

# The mailbox numbers of a client go on after a restart: old answers find no new call.
test_an_answer_to_an_earlier_life_is_late = client_notes(
    (17, "x 2"), faults="crash:client@6+1", drops=["late"]
)(ask_and_wait)


def test_another_node_may_answer():
    class Forwarder(Node):
        def on_ask(self, message, sender):
            self.send("direct", (message, sender))

    class Direct(Node):
        def on_tuple(self, message, sender):
            question, asker = message
            self.send(asker, Answer(question.text))

    nodes = client(ask_and_wait), Forwarder("echo"), Direct("direct")
    assert notes_of(*nodes) == [(15, "x")]


def test_a_machine_may_send_to_itself():
    class Selfish(Node):
        def on_start(self):
            self.send(self.name, Ask("x"))

        def on_ask(self, message, sender):
            self.note(sender)

    faults = "loss:*>*@0=100;partition:a|b@0"  # no network in between, so no network fault
    assert notes(world(Selfish("a"), Node("b"), faults=faults).run(10)) == [(0, "a")]


class Sender(Node):
    def __init__(self, target, message):
        super().__init__("a")
        self.target, self.message = target, message

    def on_start(self):
        self.send(self.target, self.message)


class Wrong(Echo):
    def on_ask(self, message, sender):
        return True


@pytest.mark.parametrize(
    ("nodes", "error", "complaint"),
    [
        ([Sender("eho", Ask("")), Echo("echo")], BadInput, "no machine 'eho'; did you mean 'echo'"),
        ([client(ask_and_wait), Echo("eco")], BadInput, "no machine 'echo'; did you mean 'eco'"),
        ([Sender("b", Tick()), Echo("b")], TypeError, "b .Echo. received a Tick, .* no method on_"),
        ([Sender("b", Ask("")), Wrong("b")], TypeError, "b .handling Ask.: expected a coroutine"),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_handled_is_an_error(nodes, error, complaint):
    with pytest.raises(error, match=complaint):
        world(*nodes).run(10)


def test_an_async_handler_acts_at_once():
    class Counter(Node):
        def on_start(self):
            self.count = 0

        async def on_ask(self, message, sender):
            self.count += 1
            await self.sleep(50)

        def on_tick(self, message, sender):
            self.note(str(self.count))

    async def program(self):
        self.send("b", Ask("x"))
        self.send("b", Tick())

    assert notes_of(client(program), Counter("b")) == [(5, "1")]


# Names, memory


@pytest.mark.parametrize("name", ["", "1st", "a b", "a>b", "a,b", "a|b", "a@b", "ä", "*", "a#1"])
def test_names_that_could_not_stand_in_a_fault_are_refused(name):
    with pytest.raises(BadInput, match="allowed are letters"):
        Node(name)


@pytest.mark.parametrize("memory", [[], {}, set(), deque(), bytearray()])
def test_memory_made_in_init_is_refused(memory):
    class Wrong(Node):
        def __init__(self, name):
            super().__init__(name)
            self.log = memory

    with pytest.raises(BadInput, match=r"Wrong\.__init__ makes log, .* would survive a crash"):
        World().add(Wrong("a"))


def test_names_are_unique():
    with pytest.raises(BadInput, match="there is a node 'a' already"):
        world(Node("a"), Node("a"))


def test_a_node_is_for_one_world():
    node = Node("a")
    world(node)
    with pytest.raises(BadInput, match="a is on a machine already"):
        world(node)


def test_a_node_without_a_machine_says_so():
    with pytest.raises(RuntimeError, match=r"world\.add\(node\) comes first"):
        Echo("a").send("b", Tick())


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError):
        Node("a").hurd  # noqa: B018
