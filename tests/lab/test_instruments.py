"""Instruments: what each of them reads from a trace, and that labs show it."""

from dataclasses import replace

import pytest

from distlab.check.invariants import invariant
from distlab.host import BadInput
from distlab.lab import Lab
from distlab.lab.experiment import Experiment
from distlab.lab.instruments import clocks, instruments, kept
from distlab.registry import all_scenarios
from distlab.scenario import Scenario
from distlab.servers.redis import RedisServer, SimulatedRedis
from distlab.sim import Node
from distlab.sim.clocks import EPOCH_US
from distlab.sim.state import Kept, State
from distlab.view.picture import Picture
from distlab.view.still import Table

START_MS = EPOCH_US // 1000


class Server(Node):
    """Keeps a lock for alice for 50 ms of its own clock, from 10 ms on; a second server has it."""

    def on_start(self):
        self.kept = ()
        self.set_timer(10, "grant")

    def on_str(self, timer):
        until_ms = self.now_ms() + 50
        self.kept = (Kept("lock", "A", "alice", until_ms), Kept("last token", "7", "bob"))

    def describe(self):
        return State(" ".join(each.what for each in self.kept), self.kept)


async def alice(client):
    async def acquire():
        await client.sleep(12)
        return 7

    async def release():
        await client.sleep(1)

    await client.perform("acquire", "lock", None, acquire())
    await client.sleep(68)
    await client.perform("release", "lock", None, release())


def build(world, servers=1):
    for number in range(servers):
        world.add(Server(f"server-{number + 1}"))
    world.client("alice", alice)


SCENARIO = Scenario(
    id="demo/kept",
    title="Kept",
    claim="A lock is kept.",
    build=build,
    checks=(invariant("fine", lambda trace: [None]),),
    property="fine",
    horizon_ms=100,
)


def rows(instrument, ms, faults=""):
    table = instrument(SCENARIO.run(faults=faults), ms)
    return table and list(table.rows)


@pytest.mark.parametrize(
    ("faults", "ms", "expected"),
    [
        ("jump:alice@20=-500", 19, ("19 ms", "right", "right")),
        ("jump:alice@20=-500", 20, ("-480 ms", "500 ms behind", "right")),
        ("jump:alice@20=30;jump:alice@30=40", 40, ("110 ms", "70 ms ahead", "right")),
        ("drift:alice@20+40=500000", 40, ("50 ms", "10 ms ahead", "50 % too fast")),
        ("drift:alice@20+40=500000", 80, ("100 ms", "20 ms ahead", "right")),
        ("drift:alice@20+40=200000;drift:alice@40+40=-500000", 100,
         ("84 ms", "16 ms behind", "right")),
        ("drift:alice@0=-200000;drift:alice@50+10=200000", 55, ("46 ms", "9 ms behind",
                                                                 "20 % too fast")),
        ("drift:alice@0=-200000;drift:alice@50+10=200000", 70, ("60 ms", "10 ms behind",
                                                                 "20 % too slow")),
    ],
)  # fmt: skip
def test_a_clock_is_shown_with_what_it_is_off(faults, ms, expected):
    right = ("server-1", f"{ms} ms", "right", "right")
    assert rows(clocks, ms, faults) == [right, ("alice", *expected)]
    assert rows(clocks, ms) is None


def test_an_entry_has_an_owner_and_the_time_left_by_both_clocks():
    assert rows(kept, 9) is None
    assert rows(kept, 30) == [
        ("server-1", "lock", "A", "alice", "30 ms", "30 ms"),
        ("server-1", "last token", "7", "bob", "–", "–"),
    ]
    assert rows(kept, 70)[0][4:] == ("over for 10 ms", "over for 10 ms")


@pytest.mark.parametrize(
    ("faults", "by_server", "by_alice"),
    [
        ("jump:server-1@20=40", "over for 10 ms", "30 ms"),
        ("jump:server-1@5=40", "30 ms", "30 ms"),  # before the grant: it is counted from there
        ("jump:alice@20=40", "30 ms", "30 ms"),  # a holder counts with its monotonic clock
        ("drift:alice@10=500000", "30 ms", "20 ms"),
        ("drift:server-1@10=-500000", "40 ms", "30 ms"),
        ("pause:alice@20+70", "30 ms", "30 ms"),
    ],
)
def test_the_clocks_need_not_agree(faults, by_server, by_alice):
    assert rows(kept, 30, faults)[0][4:] == (by_server, by_alice)


def test_a_client_that_has_not_released_a_lock_believes_that_it_holds_it():
    crash = "crash:server-1@20"
    assert rows(kept, 30, crash) == [("alice", "lock", "token 7", "alice believes", "–", "30 ms")]
    assert rows(kept, 11, "crash:server-1@11") is None  # she has not heard yet
    assert rows(kept, 85, crash) is None  # she has let go
    assert rows(kept, 35, f"{crash};crash:alice@33") is None


def test_a_copy_was_written_by_whom_the_first_was_written_by():
    class Replica(Node):
        def on_start(self):
            self.kept = ()
            self.set_timer(20, "copy")

        def on_str(self, timer):
            self.kept = (Kept("lock", "A", until_ms=START_MS + 60),)

        def describe(self):
            return State("copy", self.kept)

    def with_copy(world):
        build(world)
        world.add(Replica("replica"))

    run = replace(SCENARIO, build=with_copy).run()
    assert kept(run, 30).rows[-1] == ("replica", "lock", "A", "alice", "30 ms", "30 ms")


def test_without_an_end_there_are_no_columns_for_the_rest():
    class Register(Server):
        def on_str(self, timer):
            self.kept = (Kept("last token", "7", "bob"),)

    run = replace(SCENARIO, build=lambda world: world.add(Register("shop"))).run()
    assert kept(run, 50) == Table(
        "Keys, locks and tokens at 50 ms",
        ("at", "what", "value", "by"),
        (("shop", "last token", "7", "bob"),),
    )


def test_a_lab_shows_its_instruments_at_the_cursor():
    lab = Lab(SCENARIO, faults="jump:server-1@20=40")
    lab.scrub(30)
    assert [table.title for table in lab.instruments] == [
        "Wall clocks at 30 ms",
        "Keys, locks and tokens at 30 ms",
    ]
    assert "<b>Keys, locks and tokens at 30 ms</b>" in lab.html()
    assert "lock        A      alice  over for 10 ms     30 ms" in lab.text()
    lab.scrub(5)
    assert [table.title for table in lab.instruments] == ["Wall clocks at 5 ms"]


def test_a_lab_about_c_against_a_shows_the_triangle():
    lab = Lab("cap/triangle")
    (triangle,) = lab.instruments
    assert "linearizable: violated" in triangle.text
    assert triangle.text in lab.text() and triangle.html() in lab.html()
    lab.set(system="leader")
    assert "available: violated" in lab.instruments[0].text


def test_the_instruments_that_scenarios_name_can_be_shown():
    for scenario in all_scenarios():
        if scenario.instruments:
            named = instruments(scenario.run(), 0)[: len(scenario.instruments)]
            assert all(isinstance(each, Picture) for each in named)


def test_an_unknown_instrument_is_named():
    with pytest.raises(BadInput, match="no instrument 'triangel'; did you mean 'triangle'"):
        instruments(replace(SCENARIO, instruments=("triangel",)).run(), 0)


def test_a_redis_shows_its_keys_with_whose_they_are():
    async def take(client):
        redis = SimulatedRedis(client, "redis")
        await redis.set("lock", "4f3a" * 5, px=50, nx=True)
        await redis.incr("fencing")

    def with_redis(world):
        world.add(RedisServer("redis"))
        world.client("alice", take)

    scenario = replace(SCENARIO, build=with_redis, latency_ms=(10, 10))
    table = kept(scenario.run(faults="jump:redis@30=20"), 35)
    assert set(table.rows) == {
        ("redis", "lock", "4f3a…", "alice", "5 ms", "25 ms"),
        ("redis", "fencing", "1", "alice", "–", "–"),
    }


def test_a_lock_table_shows_whose_its_rows_are():
    lab = Experiment("locks/database-lock")
    assert kept(lab.run, 80).rows[0] == ("database", "lock", "4711", "alice")
    lab.press("satisfy")
    rows = {ms: kept(lab.run, ms).rows for ms in (125, 200, 215)}
    assert rows[125][0] == ("database", "lock", "bob/52…", "bob", "65 ms", "65 ms")
    assert rows[200][0][4:] == ("over for 10 ms", "over for 10 ms")
    assert [row[0] for row in rows[215] if "believes" in row[3]] == ["bob"]
