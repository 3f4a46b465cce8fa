"""A primary and its replica: when a write is acknowledged, and who is primary."""

import pytest

from distlab.cap.primary_replica import (
    PRIMARY,
    REPLICA,
    Server,
    get_user,
    get_user_current,
    get_user_marked,
)
from distlab.cap.requests import MaybeStale, Read, Write
from distlab.check.history import History
from tests.cap.worlds import numbered, outcomes, world_of


def run(faults="", until_ms=400, synchronous=False, failover=False, clients=()):
    pair = (
        Server("db1", "db2", PRIMARY, synchronous, failover),
        Server("db2", "db1", REPLICA, synchronous, failover),
    )
    return world_of(pair, numbered(clients), faults, until_ms)


def hops(world):
    """How long the first operation took, in messages one after the other."""
    first = History.from_trace(world.trace).operations[0]
    return round((first.completed_us - first.invoked_us) / 10_000)


WRITE = [(10, "db1", Write("x", 1))]


def test_a_synchronous_write_takes_another_round_trip():
    assert hops(run(clients=[WRITE])) == 2
    assert hops(run(clients=[WRITE], synchronous=True)) == 4


def test_a_synchronous_write_without_the_replica_is_unknown():
    assert outcomes(run("crash:db2@0", clients=[WRITE])) == ["write(x, 1)"]
    (unknown,) = run("crash:db2@0", clients=[WRITE], synchronous=True).trace.of_kind("unknown")
    assert unknown.why == "the replica is silent"


def test_a_later_copy_makes_up_for_a_lost_one():
    world = run("lose:db1>db2@15", until_ms=100, clients=[WRITE])
    assert world.machine("db2").node.entries == (("x", 1),)


def test_a_replica_refuses_writes():
    assert outcomes(run(clients=[[(10, "db2", Write("x", 1))]])) == ["write(x, 1) failed"]


def test_the_replica_takes_over_from_a_dead_primary_and_from_a_slow_one():
    for faults, roles in (
        ("crash:db1@60", [None, PRIMARY]),
        ("pause:db1@60+200", [PRIMARY, PRIMARY]),
        ("", [PRIMARY, REPLICA]),
    ):
        world = run(faults, failover=True)
        nodes = [world.machine(name).node for name in ("db1", "db2")]
        assert [getattr(node, "role", None) for node in nodes] == roles


def test_what_was_written_survives_a_restart():
    steps = [*WRITE, (250, "db1", Read("x"))]
    assert outcomes(run("crash:db1@60+100", clients=[steps]))[-1] == "read(x) → 1"


@pytest.mark.parametrize(
    ("function", "answer"),
    [(get_user, 1), (get_user_marked, MaybeStale(1)), (get_user_current, None)],
)
def test_what_a_reader_gets_when_the_primary_is_silent(function, answer):
    got = []

    async def reader(client):
        await client.sleep(100)
        reading = function(client, "db1", "db2", "x")
        got.append(await client.perform("read", "x", None, reading))

    run("crash:db1@60", clients=[WRITE, reader])
    assert got == [answer]
