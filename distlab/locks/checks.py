"""The promises of this chapter's experiments: what a lock is for, and what its tokens are for.

They are judged from what the shop answered and what the buyers recorded, whatever any lock
believes. The pieces in stock are numbered by the stock that was there before the sale: the last
piece is number 1. Mutual exclusion itself is `distlab.check.invariants.mutual_exclusion`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import permutations

from distlab.check.history import History, Operation
from distlab.check.invariants import Finding, Invariant, invariant
from distlab.locks.fencing import StaleToken
from distlab.servers.service import Refusal
from distlab.shop.stock import Sold, SoldOut, Stock
from distlab.sim.trace import Event, Trace


def _answers(trace: Trace, kind: type) -> Iterator[tuple[int, Event]]:
    for position, event in enumerate(trace.events):
        if event.kind == "send" and type(event.what) is kind:
            yield position, event


def _sold_twice(trace: Trace) -> Iterator[Finding]:
    sales: dict[int, tuple[int, Event]] = {}
    for position, event in _answers(trace, Sold):
        first, before = sales.setdefault(event.what.left, (position, event))
        if before.peer != event.peer:  # a message that came twice sells nothing
            left = event.what.left
            piece = f"piece {left + 1}" if left else "the last piece"
            said = f"{event.node} sold {piece} to {before.peer}, and to {event.peer}."
            yield Finding(said, (first, position))


NEVER_OVERSOLD = invariant("never oversold", _sold_twice, "No piece was sold twice.")


def _out_of_order(trace: Trace) -> Iterator[Finding]:
    latest: tuple[int, Event] | None = None
    for position, event in _answers(trace, Sold):
        if event.what.token is None:
            continue
        if latest and event.what.token < latest[1].what.token:
            said = f"{event.node} took token {event.what.token} after {latest[1].what.token}."
            yield Finding(said, (latest[0], position))
        if latest is None or event.what.token > latest[1].what.token:
            latest = position, event


FENCING_ORDER = invariant(
    "fencing order", _out_of_order, "The shop took no token after a later one."
)


def _not_ascending(trace: Trace) -> Iterator[Finding]:
    given = [
        each
        for each in History.from_trace(trace)
        if each.function == "acquire" and each.outcome == "ok" and type(each.result) is int
    ]
    for first, second in permutations(given, 2):
        lower = first.before(second) and first.result > second.result
        if lower or first.result == second.result:
            said = f"{first.process} got token {first.result}, and then {second.process} "
            yield Finding(f"{said}{second.result}.", _ends(first, second))


TOKENS_ASCEND = invariant(
    "tokens ascend", _not_ascending, "Every holder's token was higher than all before it."
)


def _broken_word(trace: Trace) -> Iterator[Finding]:
    shown: dict[str, int] = {}
    for position, event in enumerate(trace.events):
        if event.kind == "send":
            if isinstance(event.what, Stock) and event.what.pieces:
                shown[event.peer] = position
            elif isinstance(event.what, SoldOut) and event.peer in shown:
                said = f"{event.peer} saw a piece in stock, and was refused at the till."
                yield Finding(said, (shown[event.peer], position))


AS_SHOWN = invariant("as shown", _broken_word, "Whoever saw a piece in stock could buy one.")


def _refused(trace: Trace) -> Iterator[Finding]:
    for position, event in _answers(trace, Refusal):
        if isinstance(event.what.body, StaleToken):
            yield Finding(f"{event.node} refused {event.peer}: {event.what}.", (position,))


NOTHING_REFUSED = invariant("nothing refused", _refused, "The shop did all that it was asked for.")


def _never_failed(name: str, function: str, holds: str) -> Invariant:
    def failed(trace: Trace) -> Iterator[Finding]:
        for each in History.from_trace(trace):
            if each.function == function and each.outcome == "failed":
                assert each.completed is not None, "a failed operation has a completion"
                why = trace.events[each.completed].why
                said = f"{each.process}'s {each.call} came to nothing: {why}."
                yield Finding(said, (each.invoked, each.completed))

    return invariant(name, failed, holds)


FINISHED = _never_failed("finished", "buy", "Every purchase that was begun came to its end.")
SERVED = _never_failed("served", "acquire", "Nobody who asked for the lock was sent away.")


def _unheard(trace: Trace) -> Iterator[Finding]:
    drops = [(p, event) for p, event in enumerate(trace.events) if event.kind == "drop"]
    for each in History.from_trace(trace):
        if each.function == "release" and each.outcome == "ok" and each.completed is not None:
            for position, event in drops:
                if event.node == each.process and each.invoked < position < each.completed:
                    said = (
                        f"{each.process}'s release came to a good end; {event.peer} never heard it."
                    )
                    yield Finding(said, (position, each.completed))


ALL_HEARD = invariant("all heard", _unheard, "What was said to be released is, on every server.")


def _woken(trace: Trace) -> Iterator[Finding]:
    lost = {event.number for event in trace.of_kind("drop") if event.why != "down"}
    doing: dict[str, int] = {}  # what each machine does just now, as a position
    woken: dict[int, dict[str, int]] = defaultdict(dict)
    for position, event in enumerate(trace.events):
        if event.kind in ("deliver", "timer"):
            doing[event.node] = position
        elif event.kind == "send" and event.what == "deleted" and event.number not in lost:
            woken[doing[event.node]][event.peer] = position
    for at_once in woken.values():
        if len(at_once) > 1:
            *names, last = at_once
            said = f"One release woke {', '.join(names)} and {last}."
            yield Finding(said, tuple(at_once.values()))


NO_HERD = invariant("no herd", _woken, "A release woke one waiter at most.")


def few_messages(to_acquire: int) -> Invariant:
    """Nobody sends more than so many messages before a lock is acquired."""

    def many(trace: Trace) -> Iterator[Finding]:
        for each in History.from_trace(trace):
            if each.function == "acquire" and each.completed is not None:
                sent = [
                    position
                    for position in range(each.invoked, each.completed)
                    if trace.events[position][1:3] == ("send", each.process)
                ]
                if len(sent) > to_acquire:
                    said = f"{each.process} sent {len(sent)} messages to acquire {each.key}."
                    yield Finding(said, tuple(sent))

    return invariant("few messages", many, f"At most {to_acquire} messages to acquire a lock.")


def _ends(*operations: Operation) -> tuple[int, ...]:
    return tuple(sorted(each.completed for each in operations if each.completed is not None))
