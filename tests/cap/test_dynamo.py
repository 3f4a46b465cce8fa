"""The quorum store, section by section of the Dynamo paper, and ABD."""

from functools import partial

import pytest

from distlab.cap.abd import AtomicReplica
from distlab.cap.dynamo import BACKGROUND, HINT, SLOPPY, Get, Put, Replica
from distlab.cap.versions import KeepSiblings
from tests.cap.worlds import numbered, outcomes, world_of

NODES = ("n1", "n2", "n3")


def run(faults="", until_ms=400, replica=Replica, nodes=NODES, clients=(), **options):
    replicas = [replica(name, nodes, **options) for name in nodes]
    return world_of(replicas, numbered(clients), faults, until_ms)


def values(world, *names):
    """What these nodes hold under x."""
    held = (world.machine(name).node.data.get("x", ()) for name in names)
    return [tuple(version.value for version in versions) for versions in held]


def sent(world, kind):
    return [each for each in world.trace.of_kind("send") if type(each.what).__name__ == kind]


@pytest.mark.parametrize("w", [1, 2, 3])
def test_a_write_waits_for_w_replicas_of_n(w):
    """Section 4.5. One that got fewer is unknown: those that have it keep it."""
    two_silent = run("crash:n2@0;crash:n3@0", clients=[[(10, "n1", Put("x", 1, w))]])
    assert outcomes(two_silent) == ["write(x, 1)" if w == 1 else "write(x, 1) ?"]
    assert values(two_silent, "n1") == [(1,)]


@pytest.mark.parametrize("r", [1, 2, 3])
def test_a_read_waits_for_r_replicas_and_else_is_refused(r):
    world = run("crash:n2@0;crash:n3@0", clients=[[(10, "n1", Get("x", r))]])
    assert outcomes(world) == ["read(x) → None" if r == 1 else "read(x) failed"]


def test_a_node_that_is_no_home_replica_coordinates_as_well():
    nodes = (*NODES, "n4")
    steps = [(10, "n4", Put("x", 1, 2)), (80, "n4", Get("x", 2))]
    world = run(nodes=nodes, clients=[steps])
    assert outcomes(world) == ["write(x, 1)", "read(x) → 1"]
    assert values(world, *nodes) == [(1,), (1,), (1,), ()]


def test_a_read_repairs_the_replicas_that_lacked_the_newest():
    """Section 5, "read repair"."""
    steps = [(10, "n1", Put("x", 1, 2)), (100, "n3", Get("x", 3))]
    assert values(run("lose:n1>n3@15", clients=[steps]), "n3") == [()]
    repaired = run("lose:n1>n3@15", clients=[steps], read_repair=BACKGROUND)
    assert values(repaired, "n3") == [(1,)]


def test_a_hint_is_handed_off_when_the_replica_is_back():
    """Section 4.6. In a strict quorum it does not count: the write is not acknowledged."""
    nodes = (*NODES, "n4")
    put = [(10, "n4", Put("x", 1, 3))]
    for handoff, outcome in ((HINT, "write(x, 1) ?"), (SLOPPY, "write(x, 1)")):
        world = run("crash:n3@0+150", nodes=nodes, clients=[put], handoff=handoff)
        assert outcomes(world) == [outcome]
        assert values(world, "n3") == [(1,)]
        assert world.machine("n4").node.hints == ()


def test_a_stand_in_counts_once_however_many_it_stands_in_for():
    """Section 4.6: N different nodes, else three copies could sit on one machine."""
    nodes = (*NODES, "n4")
    put = [(10, "n4", Put("x", 1, 2))]
    world = run("crash:n2@0;crash:n3@0", nodes=nodes, clients=[put], handoff=SLOPPY)
    assert outcomes(world) == ["write(x, 1)"]
    world = run("crash:n1@0;crash:n2@0;crash:n3@0", nodes=nodes, clients=[put], handoff=SLOPPY)
    assert outcomes(world) == ["write(x, 1) ?"]


def test_hints_and_data_survive_a_crash():
    nodes = (*NODES, "n4")
    faults = "crash:n3@0+300;crash:n4@90+50;crash:n1@90+50"
    world = run(faults, 500, nodes=nodes, clients=[[(10, "n4", Put("x", 1, 2))]], handoff=HINT)
    assert values(world, *NODES) == [(1,), (1,), (1,)]


def test_anti_entropy_makes_all_replicas_the_same():
    """Section 4.7."""
    clients = [[(100, "n1", Put("x", 1, 1))], [(120, "n3", Put("x", 2, 1))]]
    cut = "partition:n1|n2|n3@50+150"
    assert values(run(cut, clients=clients), *NODES) == [(1,), (), (2,)]
    healed = run(cut, 500, clients=clients, exchange_ms=50)
    assert values(healed, *NODES) == [(2,), (2,), (2,)]


def test_concurrent_writes_become_siblings_and_a_write_with_their_context_ends_them():
    """Section 4.4."""
    answers = []

    async def merge(client):
        await client.sleep(300)
        answers.append(await client.call("n2", Get("x", 3)))
        answers.append(await client.call("n2", Put("x", 3, 3, answers[0].context)))
        answers.append(await client.call("n1", Get("x", 3)))

    clients = [[(60, "n1", Put("x", 1, 1))], [(60, "n3", Put("x", 2, 1))], merge]
    faults, options = "partition:n1|n2|n3@50+100", {"versioning": KeepSiblings()}
    run(faults, 600, clients=clients, exchange_ms=60, **options)
    assert answers[0].value == (1, 2)
    assert answers[2].value == 3


@pytest.mark.parametrize(
    ("fault", "held"), [("crash:n1@60+20", ("b",)), ("wipe:n1@60+20", ("a", "b"))]
)
def test_a_node_counts_its_writes_on_its_disk(fault, held):
    """When the disk is lost, two writes have the same stamp: both stay."""
    writes = [(10, "n1", Put("x", "a", 3)), (120, "n1", Put("x", "b", 3))]
    world = run(fault, clients=[writes], versioning=KeepSiblings())
    assert outcomes(world) == ["write(x, 'a')", "write(x, 'b')"]
    assert values(world, "n2", "n3") == [held, held]


# ABD


def test_the_next_stamp_is_higher_than_any_that_was_acknowledged():
    """Lynch & Shvartsman 1997: the first phase of a write. Clocks do not matter."""
    clients = [[(10, "n2", Put("x", 1, 2)), (100, "n1", Put("x", 2, 2)), (200, "n3", Get("x", 2))]]
    for replica, result in ((Replica, 1), (AtomicReplica, 2)):
        world = run("jump:n1@0=-9000", replica=replica, clients=clients)
        assert outcomes(world)[-1] == f"read(x) → {result}"


def test_a_write_without_a_majority_for_its_first_phase_did_not_happen():
    world = run(
        "partition:n1|n2,n3@0", replica=AtomicReplica, clients=[[(10, "n1", Put("x", 1, 2))]]
    )
    assert outcomes(world) == ["write(x, 1) failed"]
    assert values(world, *NODES) == [(), (), ()]


def test_a_read_writes_back_before_it_answers_and_only_if_need_be():
    """Attiya, Bar-Noy & Dolev 1995: the second phase of a read."""
    get, put = partial(Get, r=2), partial(Put, w=2)
    agreed = run(replica=AtomicReplica, clients=[[(10, "n1", put("x", 1)), (100, "n1", get("x"))]])
    assert len(sent(agreed, "Store")) == 2  # those of the write
    steps = [(10, "n1", Put("x", 1, 1)), (100, "n3", get("x"))]
    faults = "lose:n1>n2@36;lose:n1>n3@36;delay:n2>n3@0=30"  # only n1 has it
    apart = run(faults, replica=AtomicReplica, clients=[steps])
    assert outcomes(apart) == ["write(x, 1)", "read(x) → 1"]
    assert len(values(apart, "n3")[0]) == 1
    answer = next(e.at_us for e in apart.trace.of_kind("ok") if e.what == 1)
    assert all(event.at_us < answer for event in sent(apart, "Store"))


def test_a_read_that_cannot_write_back_is_refused():
    steps = [(10, "n1", Put("x", 1, 1)), (100, "n1", Get("x", 1))]
    world = run("partition:n1|n2,n3@32", replica=AtomicReplica, clients=[steps])
    assert outcomes(world)[-1] == "read(x) failed"
