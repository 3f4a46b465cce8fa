"""The oracle of chapter 4: never two holders at once, and no piece sold twice."""

from itertools import pairwise

from distlab.check.invariants import mutual_exclusion
from distlab.course.exercise import texts
from distlab.course.oracle import ALWAYS, Arms, Oracle
from distlab.course.plain import PlainEvent, PlainHistory, PlainTrace, Witness
from distlab.shop.invariants import NEVER_OVERSOLD
from distlab.shop.stock import Sold


def holds(history: PlainHistory, trace: PlainTrace) -> bool | Witness:
    """A holder is in from the yes to its acquire until it asks for the release, or crashes."""
    moves: list[tuple[int, str, bool]] = []  # (position, client, whether it goes in)
    for each in history:
        if each.function == "release":
            moves.append((each.invoked, each.process, False))
        elif each.outcome == "ok" and each.function == "acquire" and each.completed is not None:
            moves.append((each.completed, each.process, True))
    moves += [(each.position, each.node, False) for each in trace if each.kind == "crash"]
    inside: dict[str, int] = {}  # client → since which position
    for position, client, enters in sorted(moves):
        if not enters:
            inside.pop(client, None)
        elif inside:
            return Witness(*inside.values(), position)
        else:
            inside[client] = position
    sold: dict[int, PlainEvent] = {}  # pieces left → the sale
    for event in trace:
        if event.kind == "send" and event.what == "Sold":
            if event.value in sold:
                return Witness(sold[event.value], event)
            sold[event.value] = event
    return True


def _overlap(spans: list[tuple[int, int]]) -> bool:
    spans.sort()
    return any(first[1] > second[0] for first, second in pairwise(spans))


def _spans(history: PlainHistory, trace: PlainTrace, begin: str, end: str) -> list[tuple[int, int]]:
    """From where to where each holder was in the lock, as wrong oracles may see it."""
    spans = []
    for each in history:
        if each.function == "acquire" and each.outcome == "ok":
            outs = [getattr(other, end) for other in history if other.function == "release"
                    and other.process == each.process]  # fmt: skip
            crashes = [event.position for event in trace
                       if event.kind == "crash" and event.node == each.process]  # fmt: skip
            since = getattr(each, begin)
            later = [out for out in (*outs, *crashes) if out is not None and out > since]
            spans.append((since, min(later, default=10**9)))
    return spans


def _sold_once(trace: PlainTrace) -> bool:
    sold = [event.value for event in trace if event.kind == "send" and event.what == "Sold"]
    return len(sold) == len(set(sold))


def only_the_lock(history: PlainHistory, trace: PlainTrace) -> bool:
    return not _overlap(_spans(history, trace, "completed", "invoked"))


def only_the_sales(history: PlainHistory, trace: PlainTrace) -> bool:
    return _sold_once(trace)


def from_the_call(history: PlainHistory, trace: PlainTrace) -> bool:
    """Takes a client for a holder while it still asks."""
    return not _overlap(_spans(history, trace, "invoked", "invoked")) and _sold_once(trace)


def to_the_answer(history: PlainHistory, trace: PlainTrace) -> bool:
    """Takes a client for a holder until its release is answered; some never are."""
    return not _overlap(_spans(history, trace, "completed", "completed")) and _sold_once(trace)


def forgets_crashes(history: PlainHistory, trace: PlainTrace) -> bool:
    """A holder that crashed is in for ever."""
    return not _overlap(_spans(history, (), "completed", "invoked")) and _sold_once(trace)


ONE_AT_A_TIME = Oracle(
    texts("locks/oracle-of-locks"),
    arms=(
        Arms(
            "locks/foreign-release",
            "hold:alice>redis@38..52+60..90; crash:alice@20..60+end; crash+1..60; at most 2",
        ),
        Arms(
            "locks/oversell",
            "hold:bob>shop@0..15+30..60; hold:carol>shop@0..18+80..110; crash:bob+1..60; at most 4",
            ("read-then-write", "conditional-update"),
        ),
        Arms(
            "locks/paused-holder",
            "pause:alice@25..45+60..140; pause:bob+1..60; lose; crash+1..40; at most 2",
        ),
    ),
    checks=(mutual_exclusion(), NEVER_OVERSOLD),
    tells={Sold: "left"},
    reference=holds,
    mistakes={
        **ALWAYS,
        "only the lock": only_the_lock,
        "only the sales": only_the_sales,
        "from the call": from_the_call,
        "to the answer": to_the_answer,
        "forgets crashes": forgets_crashes,
    },
)
