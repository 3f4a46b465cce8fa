"""What a check may look at: kinds of things, never their words."""

from dataclasses import dataclass

import pytest

from distlab.check import look
from distlab.check.history import History
from distlab.sim import Node, World
from distlab.sim.trace import Call, Note, Trace


@dataclass(frozen=True, slots=True)
class Counted(Note):
    number: int

    def __str__(self) -> str:
        return "counted"


class Other(Counted):
    """Another kind with the same fields and the same caption."""

    __slots__ = ()


def noted(*notes: Note | str) -> Trace:
    return Trace([(1000 * at, "note", "a", "", note, 0, "") for at, note in enumerate(notes)])


def test_notes_of_a_kind_with_position_and_node() -> None:
    trace = noted(Counted(1), "Counted(number=2)", Other(3))
    assert list(look.notes(trace, Counted)) == [(0, "a", Counted(1)), (2, "a", Other(3))]
    assert list(look.notes(trace, Other)) == [(2, "a", Other(3))]


def test_the_transcript_shows_the_caption_and_the_digest_counts_the_fields() -> None:
    one, two, other, text = (noted(each) for each in (Counted(1), Counted(2), Other(1), "counted"))
    assert len({each.text() for each in (one, two, other, text)}) == 1
    assert len({each.digest() for each in (one, two, other, text)}) == 4
    assert one.digest() == noted(Counted(1)).digest()


def test_a_new_caption_changes_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = noted(Counted(1), "a remark")
    digest = before.digest()
    monkeypatch.setattr(Counted, "__str__", lambda self: "the caption,\nin new words")
    after = noted(Counted(1), "a remark")
    assert after.text() != before.text() and after.digest() == digest


def test_a_node_notes_what_checks_can_read() -> None:
    class Counter(Node):
        def on_start(self) -> None:
            self.note(Counted(7))

    world = World(1, (5, 15))
    world.add(Counter("n"))
    assert [note.number for _, _, note in look.notes(world.run(10), Counted)] == [7]


def test_messages_by_what_became_of_them() -> None:
    trace = Trace([
        (0, "send", "a", "b", 1, 1, ""), (0, "send", "a", "b", "x", 2, ""),
        (5, "deliver", "b", "a", 1, 1, ""), (6, "drop", "a", "b", "x", 2, "lost"),
    ])  # fmt: skip
    assert [position for position, _ in look.sent(trace, int)] == [0]
    assert [position for position, _ in look.sent(trace, int, str)] == [0, 1]
    assert [event.node for _, event in look.delivered(trace, int)] == ["b"]
    assert [event.why for _, event in look.dropped(trace, object)] == ["lost"]


def test_outages_last_from_the_crash_to_the_restart_or_the_end() -> None:
    kinds = [("crash", "a"), ("pause", "c"), ("crash", "b"), ("restart", "a"), ("crash", "a")]
    trace = Trace([(at, kind, node, "", None, 0, "") for at, (kind, node) in enumerate(kinds)])
    assert look.outages(trace) == [("a", 0, 3), ("b", 2, 5), ("a", 4, 5)]


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (("ok", "c", 1), 2),
        (("unknown", "c", 1), 2),
        (("crash", "c", 0), 2),
        (("ok", "c", 2), 3),  # another operation
        (("crash", "d", 0), 3),  # another machine
    ],
)
def test_an_operation_is_under_way_until_its_end(end: tuple[str, str, int], last: int) -> None:
    kind, node, number = end
    call = Call("read", "x", None)
    trace = Trace([
        (0, "note", "d", "", "before", 0, ""), (1, "invoke", "c", "", call, 1, ""),
        (2, kind, node, "", None, number, ""), (3, "note", "d", "", "after", 0, ""),
    ])  # fmt: skip
    operations = History.from_events([(1, trace.events[1])]).operations
    assert look.under_way(trace, *operations) == range(1, last + 1)
