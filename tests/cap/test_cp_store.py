"""The configuration store, held against the papers that its parts come from."""

from random import Random

import pytest

from distlab.cap.cp_mistakes import AnswersFromOwnCopy, TrustingLeader
from distlab.cap.cp_store import ConfigStore
from distlab.cap.requests import Read, Write
from distlab.cap.rounds import Config, Leads, RequestVote
from distlab.check.history import History
from distlab.check.linearizability import linearizable
from distlab.check.look import notes
from distlab.sim import Node
from tests.cap.worlds import outcomes, world_of

NODES = ("n1", "n2", "n3")


def run(faults="", until_ms=600, seed=1, store=ConfigStore, lease_ms=0, nodes=NODES, **clients):
    stores = [store(name, nodes, lease_ms) for name in nodes]
    return world_of(stores, clients, faults, until_ms, seed)


def node(world, name):
    return world.machine(name).node


def leaders(world):
    """(node, term) of everybody who ever led, in order."""
    return [(node, leads.term) for _, node, leads in notes(world.trace, Leads)]


def test_what_was_written_is_read_through_any_node():
    world = run(a=((40, "n1", Write("x", 1)),), b=((100, "n2", Read("x")),))
    assert outcomes(world) == ["write(x, 1)", "read(x) → 1"]


def test_without_faults_the_first_leader_stays():
    assert leaders(run(until_ms=2000)) == [("n1", 1)]


def test_five_nodes_go_on_with_three():
    names = ("n1", "n2", "n3", "n4", "n5")
    world = run("crash:n4@90;crash:n5@90", nodes=names, a=((100, "n2", Write("x", 1)),))
    assert outcomes(world) == ["write(x, 1)"]


@pytest.mark.parametrize("seed", range(60))
def test_at_most_one_leader_in_a_term(seed):
    """Raft, figure 3: Election Safety. A node that restarts must remember how it voted."""
    chance = Random(seed)
    faults = ";".join(
        f"{chance.choice(('crash', 'pause'))}:{chance.choice(NODES)}"
        f"@{chance.randint(0, 700)}+{chance.randint(20, 200)}"
        for _ in range(5)
    )
    terms = [term for _, term in leaders(run(faults, until_ms=1500, seed=seed))]
    assert len(terms) == len(set(terms))


class Stranger(Node):
    """Asks n1 for its vote in some term at some time; takes whatever it is sent."""

    def __init__(self, name, *asks):
        super().__init__(name)
        self.asks = asks

    async def on_start(self):
        for at_ms, term in self.asks:
            await self.sleep(at_ms - self.monotonic_ms())
            self.send("n1", RequestVote(term))

    def on_request_vote(self, message, sender):
        pass

    def on_vote(self, message, sender):
        self.note(f"voted for in {message.term}")


def test_a_node_votes_once_in_a_term_and_for_no_lower_one():
    """Raft, section 5.2: first come, first served."""
    strangers = Stranger("n2", (200, 5)), Stranger("n3", (230, 5), (260, 4), (290, 6))
    world = world_of((ConfigStore("n1", NODES), *strangers), {}, until_ms=350)
    remarks = [(event.node, event.what) for event in world.trace.of_kind("note")]
    assert remarks == [("n2", "voted for in 5"), ("n3", "voted for in 6")]


def test_two_of_five_elect_nobody():
    world = run("partition:n1,n2|n3,n4,n5@0", nodes=("n1", "n2", "n3", "n4", "n5"))
    assert leaders(world) == [("n3", 1)]


def test_candidates_that_meet_ask_again_in_a_later_term():
    """Raft, section 5.2: a split vote ends without a leader, and the next begins."""
    assert leaders(run("crash:n2@0;pause:n1@0+45")) == [("n1", 2)]


def test_a_message_of_an_old_term_is_ignored():
    world = run("hold:n1>n3@100+300;crash:n1@130", until_ms=401)
    late = world.trace.of_kind("deliver")[-1]
    assert (late.node, late.peer, late.what.term) == ("n3", "n1", 1)
    assert (node(world, "n3").role, node(world, "n3").term) == ("leader", 2)


def test_an_older_version_that_arrives_late_changes_nothing():
    steps = ((30, "n1", Write("x", 1)), (30, "n1", Write("x", 2)))
    world = run("delay:n1>n2@35+10=80", until_ms=135, a=steps)
    late = [e for e in world.trace.of_kind("deliver") if (e.node, e.peer) == ("n2", "n1")][-1]
    assert late.what.config.get("x") == 1
    assert node(world, "n2").config.get("x") == 2


def test_what_was_acknowledged_survives_a_crash_of_all():
    faults = ";".join(f"crash:{name}@100+50" for name in NODES)
    world = run(faults, a=((30, "n1", Write("x", 1)), (450, "n1", Read("x"))))
    assert outcomes(world) == ["write(x, 1)", "read(x) → 1"]


def test_a_new_leader_has_what_was_acknowledged_and_gives_it_its_own_term():
    """Paxos made simple, section 2.2: read a majority, propose the highest-numbered value."""
    world = run("crash:n1@75", a=((30, "n1", Write("x", 1)),), b=((400, "n3", Read("x")),))
    assert outcomes(world) == ["write(x, 1)", "read(x) → 1"]
    assert leaders(world) == [("n1", 1), ("n2", 2)]
    assert node(world, "n3").config == Config(2, 1, (("x", 1),))


def test_the_highest_stamp_among_the_votes_wins():
    """n2 has missed the write. Elected by n3, which has not, it must not undo it."""
    faults = "lose:n1>n2@38;crash:n1@62"
    world = run(faults, a=((30, "n1", Write("x", 1)),), b=((400, "n2", Read("x")),))
    assert leaders(world)[-1] == ("n2", 2)
    assert outcomes(world) == ["write(x, 1)", "read(x) → 1"]


def test_a_write_that_a_cut_off_leader_could_not_finish_is_unknown_not_failed():
    world = run("partition:n1|n2,n3@35+400", a=((30, "n1", Write("x", 1)),))
    assert outcomes(world) == ["write(x, 1) ?"]
    assert node(world, "n1").config.get("x") is None  # and here it did not survive


def test_a_read_needs_a_majority_and_is_refused_without():
    """Raft dissertation, section 6.4, read index."""
    world = run("partition:n1|n2,n3@90+400", a=((100, "n1", Read("x")), (400, "n1", Read("x"))))
    assert outcomes(world) == ["read(x) failed", "read(x) failed"]


def test_a_leader_that_no_majority_answers_steps_down():
    """Raft dissertation, section 6.2."""
    assert node(run("cut:*>n1@100", until_ms=300), "n1").role != "leader"
    assert node(run("cut:*>n1@100", until_ms=300, store=TrustingLeader), "n1").role == "leader"


def test_a_node_that_was_cut_off_does_not_unseat_the_leader():
    """Raft dissertation, sections 4.2.3 and 9.6: it campaigned in vain, and comes back."""
    world = run("partition:n3|n1,n2@60+1000", until_ms=1400)
    assert leaders(world) == [("n1", 1)]
    assert node(world, "n3").leader == "n1"


def test_a_voter_that_crashes_does_not_forget_the_lease_it_granted():
    """Raft dissertation, section 6.4.1: it votes for nobody until that lease must be over."""
    world = run("cut:n1>n2@60;crash:n3@150+31", until_ms=230)
    assert leaders(world) == [("n1", 1)]


def test_a_lease_answers_from_memory_and_ends():
    steps = ((40, "n1", Write("x", 1)), (90, "n1", Read("x")), (300, "n1", Read("x")))
    world = run("partition:n1|n2,n3@130+400", lease_ms=80, a=steps)
    assert outcomes(world) == ["write(x, 1)", "read(x) → 1", "read(x) failed"]
    quick = History.from_trace(world.trace).operations[1]
    assert quick.completed_us - quick.invoked_us <= 22_000  # two hops


def test_a_lease_is_only_as_good_as_its_clock():
    """Raft dissertation, section 6.4.1: n1's clock runs at half speed, so its lease is too long."""
    clients = {
        "east": ((218, "n2", Write("x", 2)),),
        "west": ((40, "n1", Write("x", 1)), (262, "n1", Read("x"))),
    }
    cut = "partition:n1|n2,n3@90"
    right = run(cut, lease_ms=115, **clients)
    wrong = run(f"{cut};drift:n1@0=-500000", lease_ms=115, **clients)
    assert linearizable()(right.trace).ok
    assert not linearizable()(wrong.trace).ok


def test_answering_from_the_own_copy_is_stale():
    clients = {
        "east": ((280, "n2", Write("x", 2)),),
        "west": ((40, "n1", Write("x", 1)), (400, "n1", Read("x"))),
    }
    for store, result in ((ConfigStore, "failed"), (AnswersFromOwnCopy, "→ 1")):
        world = run("partition:n1|n2,n3@100", store=store, **clients)
        assert outcomes(world)[-1] == f"read(x) {result}"


def test_a_duplicate_or_late_message_changes_nothing():
    faults = "duplicate:n1>n2@0=100;duplicate:n2>n1@0=100;delay:n1>n2@45+20=70"
    world = run(faults, a=((30, "n1", Write("x", 1)), (30, "n1", Write("x", 2))))
    assert outcomes(world) == ["write(x, 1)", "write(x, 2)"]
    assert {node(world, name).config for name in NODES} == {Config(1, 2, (("x", 2),))}
