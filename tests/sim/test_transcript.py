"""A run in which everything happens that can happen, as a person reads it."""

import re
from dataclasses import dataclass

from distlab.host import Refused
from distlab.sim import Client, Node, parse_schedule
from distlab.sim.faults import KINDS
from distlab.sim.trace import __doc__ as table
from tests import goldens
from tests.worlds import world_of

FAULTS = """
    crash:n1@20+15; wipe:n2@30; restart:n2@50; pause:n1@60+20; partition:client|n1,n2@90+10;
    cut:n2>client@105+10; delay:client>n1@120+10=7; hold:client>*@135+10; loss:*>n1@150+10=60;
    lose:client>n2@165; duplicate:client>n1@180+4=100; jump:n1@185=-3600000; drift:n2@190+5=-500000
"""


KINDS_IN_TABLE = " ".join(re.findall(r"^\| ([a-z, ]+) \|", table, re.MULTILINE)[1:])


@dataclass(frozen=True, slots=True)
class Count:
    by: int


@dataclass(frozen=True, slots=True)
class Counted:
    total: int


@dataclass(frozen=True, slots=True)
class SaveTimer:
    pass


class Counter(Node):
    def on_start(self):
        self.total = self.disk.read("total", 0)
        self.set_timer(40, SaveTimer())

    def on_count(self, message, sender):
        self.total += message.by
        self.send(sender, Counted(self.total))

    def on_save_timer(self, timer):
        self.disk.put("total", self.total)
        self.note(f"saved at {self.now_ms() % 10**8} ms")
        self.set_timer(40, timer)

    def describe(self):
        return f"total {self.total}"


async def program(client: Client):
    async def count(target):
        answer = await client.call(target, Count(1), timeout_ms=9)
        if answer.total == 3:
            raise Refused("three is unlucky")
        return answer.total

    for attempt in range(30):
        target = f"n{attempt % 2 + 1}"
        await client.perform("count", target, 1, count(target))
        await client.sleep(1)


def test_everything():
    counters = Counter("n1"), Counter("n2")
    world = world_of(*counters, faults=FAULTS, seed=1, latency_ms=(1, 3), client=program)
    trace = world.run(200)
    goldens.compare("sim/everything.txt", trace.text())
    assert {fault.kind for fault in parse_schedule(FAULTS)} == set(KINDS)
    assert {event.kind for event in trace.events} == set(re.findall(r"[a-z]+", KINDS_IN_TABLE))
