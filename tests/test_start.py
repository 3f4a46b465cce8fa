"""Chapter 0: a client that asks, a monitor that judges silence."""

import pytest

from distlab.check.look import notes
from distlab.explore import FaultSpace, everywhere
from distlab.registry import get
from distlab.sim import Trace
from distlab.sim.faults import parse_schedule
from distlab.start.checks import ACCURATE, noticed
from distlab.start.detector import Suspects, Trusts
from distlab.start.requests import PagePrinted, Printer

LOST, SLOW = get("start/lost-answer"), get("start/slow-or-dead")


# A lost answer


def printed(run):
    return [note.page for _, _, note in notes(run.trace, PagePrinted)]


@pytest.mark.parametrize("lost", ["client>printer", "printer>client"])
def test_from_the_client_a_lost_request_and_a_lost_answer_look_the_same(lost):
    run = LOST.run(faults=f"lose:{lost}@0")
    unknown = run.trace.of_kind("unknown")
    assert [(event.at_us, event.why) for event in unknown] == [(50_000, "nothing within 50 ms")]
    assert (1 in printed(run)) is (lost == "printer>client")


def test_a_retry_of_a_lost_request_prints_once():
    run = LOST.run(faults="lose:client>printer@0", retries=1)
    assert run.ok
    assert printed(run) == [1, 2, 3, 4]


def test_a_retry_of_a_lost_answer_prints_twice():
    run = LOST.run(faults="lose:printer>client@0", retries=1)
    assert printed(run)[:2] == [1, 1]
    assert run.outcome.name == "not printed once"


def test_the_witness_of_a_lost_answer_is_its_question_its_loss_and_the_silence():
    run = LOST.run()
    witness = [run.trace.events[position] for position in run.verdict("answered").witness]
    assert [event.kind for event in witness] == ["invoke", "drop", "unknown"]
    assert witness[0].what.argument == witness[1].what.page == 2


def test_after_a_crash_of_the_client_the_witness_still_speaks_of_the_page():
    """The client begins again at page 1, while its operations are numbered on."""
    run = LOST.run(faults="crash:client@30+5;lose:printer>client@40")
    witness = [run.trace.events[at] for at in run.verdict("answered").witness]
    asked = next(event for event in witness if event.kind == "invoke")
    pages = {event.what.page for event in witness if event.kind == "drop"}
    assert asked.number != asked.what.argument and pages == {asked.what.argument}


def test_the_witness_leaves_out_what_was_lost_when_the_page_was_asked_for_again():
    run = LOST.run(faults="lose:printer>client@0;crash:client@80+5;lose:printer>client@85")
    lost = [event for event in run.trace.of_kind("drop") if event.what.page == 1]
    witness = [run.trace.events[at] for at in run.verdict("answered").witness]
    assert len(lost) == 2
    assert [event for event in witness if event.kind == "drop"] == lost[:1]


class Lazy(Printer):
    def print_page(self, page):
        """No ink."""


class Twice(Printer):
    def print_page(self, page):
        super().print_page(page)
        super().print_page(page)


@pytest.mark.parametrize(
    ("printer", "pages", "faults", "retries", "said"),
    [
        (Printer, (1, 2, 2), "", 0, ""),  # a second copy was ordered
        (Printer, (1, 2), "lose:printer>client@0", 0, ""),  # nobody was told that it is printed
        (Printer, (1, 1), "lose:printer>client@0", 1, "page 1 a second time: the same request"),
        (Printer, (1, 1), "lose:printer>client@45", 1, "page 1 3 times; 2 copies were ordered."),
        (Lazy, (1,), "", 0, "answered that page 1 is printed, but made 0 of 1 copies."),
        (Twice, (2,), "", 0, "printed page 2 a second time"),
    ],
)
def test_every_order_is_one_copy(printer, pages, faults, retries, said):
    run = LOST.using(solution=printer, pages=pages).run(faults=faults, retries=retries)
    verdict = run.verdict("printed once")
    assert verdict.word == ("violated" if said else "holds")
    assert said in verdict.explanation


def test_when_the_power_fails_the_first_answer_is_the_last_thing_done():
    printer = LOST.using(power_fails=True)
    dead = [e.kind for e in printer.run(faults="").trace.events if e.node == "printer"]
    assert dead.count("send") == 1
    assert printer.run(faults="crash:printer@45+10", retries=3).ok


def test_retries_come_to_an_end():
    run = LOST.run(faults="crash:printer@0", retries=3)
    assert len(run.trace.of_kind("send")) == 8  # two pages asked for four times each in 400 ms
    assert run.outcome.name == "not answered"


# Slow or dead


def event(at_ms, kind, name="a"):
    return (at_ms * 1000, kind, name, "", None, 0, "")


def note(at_ms, what):
    return (at_ms * 1000, "note", "monitor", "", what, 0, "")


A, B = Suspects("a"), Suspects("b")


@pytest.mark.parametrize(
    ("events", "word", "witness"),
    [
        ([event(10, "crash"), note(160, A)], "holds", ()),
        ([event(10, "crash"), note(161, A)], "violated", (0, 1)),
        ([event(10, "crash"), note(500, B)], "violated", (0,)),
        ([event(10, "crash"), note(100, B)], "nothing to judge", ()),  # the run ends too early
        ([event(10, "crash"), event(100, "restart"), note(500, B)], "nothing to judge", ()),
        ([event(10, "crash"), event(200, "restart"), note(210, A)], "violated", (0, 2)),
        ([note(5, A), event(10, "crash"), note(500, B)], "nothing to judge", ()),
        ([note(5, A), note(6, Trusts("a")), event(10, "crash"), note(500, B)], "violated", (2,)),
        ([event(10, "crash", "b"), note(100, A), note(500, A)], "violated", (0,)),
        ([note(20, "suspects a")], "nothing to judge", ()),  # a caption is no fact
    ],
)
def test_noticed(events, word, witness):
    verdict = noticed(150)(Trace(events))
    assert (verdict.word, verdict.witness) == (word, witness)


@pytest.mark.parametrize(
    ("events", "word", "witness"),
    [
        ([event(10, "crash"), note(20, A)], "holds", ()),
        ([event(10, "pause"), note(20, A)], "violated", (0, 1)),
        ([note(20, A)], "violated", (0,)),
        ([event(10, "crash", "b"), note(20, A)], "violated", (1,)),
        ([event(10, "crash"), event(15, "restart"), note(20, A)], "violated", (2,)),
        ([note(20, Trusts("a"))], "nothing to judge", ()),
        ([note(20, "suspects a")], "nothing to judge", ()),
    ],
)
def test_accurate(events, word, witness):
    verdict = ACCURATE(Trace(events))
    assert (verdict.word, verdict.witness) == (word, witness)


@pytest.mark.parametrize("patience_ms", [60, 120, 250])
def test_no_patience_is_right_for_slow_and_dead(patience_ms):
    """Fischer, Lynch & Paterson 1985; Chandra & Toueg 1996: accuracy against completeness."""
    paused = SLOW.run(faults="pause:server-a@120+200", patience_ms=patience_ms)
    crashed = SLOW.run(faults="crash:server-a@120", patience_ms=patience_ms)
    assert not (paused.verdict("accurate").ok and crashed.verdict("prompt").ok)


def test_a_long_patience_covers_one_pause_of_a_server_not_the_monitors_own_as_well():
    space = FaultSpace.of(SLOW)
    ours, theirs = "pause:server-a@0+111", "pause:server-a@0+111;pause:monitor@101+150"
    assert parse_schedule(ours) in space and parse_schedule(theirs) not in space
    assert SLOW.run(faults=ours, **SLOW.satisfying).verdict("accurate").ok is not False
    assert SLOW.run(faults=theirs, **SLOW.satisfying).verdict("accurate").ok is False


def test_no_fault_of_the_nemesis_refutes_the_long_patience():
    assert not everywhere(SLOW, nemesis=None, **SLOW.satisfying).failing


def test_a_crash_at_any_instant_is_noticed_in_time_by_a_short_patience():
    for at_ms in range(0, 550, 7):  # later, the run ends before it is due
        assert SLOW.run(faults=f"crash:server-b@{at_ms}").verdict("prompt").ok, at_ms


def test_one_way_silence_is_silence():
    run = SLOW.run(faults="cut:server-a>monitor@100+200")
    opinions = [event.what for event in run.trace.of_kind("note")]
    assert opinions[:2] == [Suspects("server-a"), Trusts("server-a")]
