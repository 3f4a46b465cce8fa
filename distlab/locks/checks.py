"""The promises of this chapter's experiments: what a lock is for, and what its tokens are for.

They are judged from what the shop answered and what the buyers recorded, whatever any lock
believes. The pieces in stock are numbered by the stock that was there before the sale: the last
piece is number 1. Mutual exclusion itself is `distlab.check.invariants.mutual_exclusion`.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from distlab.check.history import History
from distlab.check.invariants import Finding, Invariant, invariant
from distlab.check.look import completions, dropped, ends, sent
from distlab.host import plain
from distlab.locks.fencing import StaleToken
from distlab.servers.leases import Deleted
from distlab.servers.service import Refusal
from distlab.shop.stock import Sold, SoldOut, Stock
from distlab.sim.trace import Trace


def _in_order(trace: Trace) -> Iterator[Finding | None]:
    latest: tuple[int, int] | None = None  # the highest token so far, and where it was taken
    for position, event in sent(trace, Sold, Refusal):
        if isinstance(event.what, Refusal):
            if isinstance(event.what.body, StaleToken):
                yield None  # it was not taken
            continue
        token = event.what.token
        if token is None:
            continue
        if latest:
            said = f"{event.node} took token {token} after {latest[0]}."
            yield Finding(said, (latest[1], position)) if token < latest[0] else None
        if not latest or token > latest[0]:
            latest = token, position


FENCING_ORDER = invariant("fencing order", _in_order, "The shop took no token after a later one.",
                          "writes that came after another one")  # fmt: skip


def _ascending(trace: Trace) -> Iterator[Finding | None]:
    given = [
        each
        for each in History.from_trace(trace)
        if each.function == "acquire" and each.outcome == "ok" and type(each.result) is int
    ]
    for first, second in combinations(given, 2):
        lower = first.before(second) and first.result > second.result
        said = f"{first.process} got token {first.result}, and then {second.process} "
        proof = Finding(f"{said}{second.result}.", completions(first, second))
        yield proof if lower or first.result == second.result else None


TOKENS_ASCEND = invariant("tokens ascend", _ascending,
                          "Every holder's token was higher than all before it.",
                          "two tokens to compare")  # fmt: skip


def _as_shown(trace: Trace) -> Iterator[Finding | None]:
    shown: dict[str, int] = {}
    for position, event in sent(trace, Stock, Sold, SoldOut):
        if isinstance(event.what, Stock):
            if event.what.pieces:
                shown[event.peer] = position
        elif event.peer in shown:
            said = f"{event.peer} saw a piece in stock, and was refused at the till."
            refused = isinstance(event.what, SoldOut)
            yield Finding(said, (shown[event.peer], position)) if refused else None


AS_SHOWN = invariant("as shown", _as_shown, "Whoever saw a piece in stock could buy one.",
                     "buyers who saw a piece and came to the till")  # fmt: skip


def _not_refused(trace: Trace) -> Iterator[Finding | None]:
    for position, event in sent(trace, Stock, Sold, SoldOut, Refusal):
        if not isinstance(event.what, Refusal):
            yield None
        elif isinstance(event.what.body, StaleToken):
            yield Finding(f"{event.node} refused {event.peer}: {event.what}.", (position,))


NOTHING_REFUSED = invariant("nothing refused", _not_refused,
                            "The shop did all that it was asked for.",
                            "answers of the shop")  # fmt: skip


def _never_failed(name: str, function: str, holds: str) -> Invariant:
    def ended_well(trace: Trace) -> Iterator[Finding | None]:
        for each in History.from_trace(trace):
            if each.function == function and each.completed is not None:
                why = trace.events[each.completed].why
                said = f"{each.process}'s {each.call} came to nothing: {why}."
                yield Finding(said, ends(each)) if each.outcome == "failed" else None

    return invariant(name, ended_well, holds, f"answers to {function}")


FINISHED = _never_failed("finished", "buy", "Every purchase that was begun came to its end.")
SERVED = _never_failed("served", "acquire", "Nobody who asked for the lock was sent away.")


def granted(within_ms: float) -> Invariant:
    """Whoever asks for a lock gets it within `within_ms`. A client that crashes is left out."""

    def in_time(trace: Trace) -> Iterator[Finding | None]:
        end_us = trace.events[-1].at_us if len(trace) else 0
        crashed = {event.node for event in trace.of_kind("crash")}
        for each in History.from_trace(trace):
            if each.function != "acquire" or each.process in crashed:
                continue
            until_us = end_us if each.completed_us is None else each.completed_us
            late = until_us - each.invoked_us > within_ms * 1000
            gave_up = any(e.number == each.number for e in trace.of_kind("unknown"))
            if each.outcome == "ok" or late or gave_up or each.completed is not None:
                said = f"{each.process} asked for {each.key} and did not get it"
                said = f"{said} within {plain(within_ms)} ms." if late else f"{said}."
                fine = each.outcome == "ok" and not late
                yield None if fine else Finding(said, ends(each))

    holds = f"Whoever asked for the lock got it within {plain(within_ms)} ms."
    return invariant("granted", in_time, holds, "requests for the lock that were due")


def _all_heard(trace: Trace) -> Iterator[Finding | None]:
    drops = list(dropped(trace, object))
    for each in History.from_trace(trace):
        if each.function == "release" and each.outcome == "ok" and each.completed is not None:
            unheard = [
                (position, event.peer)
                for position, event in drops
                if event.node == each.process and each.invoked < position < each.completed
            ]
            for position, server in unheard[:1]:
                said = f"{each.process}'s release came to a good end; {server} never heard it."
                yield Finding(said, (position, each.completed))
            if not unheard:
                yield None


ALL_HEARD = invariant(
    "all heard", _all_heard, "What was said to be released is, on every server.", "releases"
)


def _no_herd(trace: Trace) -> Iterator[Finding | None]:
    lost = {event.number for event in trace.of_kind("drop") if event.why != "down"}
    doing: dict[str, int] = {}  # machine → the position of what it is doing
    woken: dict[int, dict[str, int]] = defaultdict(dict)
    for position, event in enumerate(trace.events):
        if event.kind in ("deliver", "timer"):
            doing[event.node] = position
        elif event.kind == "send" and isinstance(event.what, Deleted) and event.number not in lost:
            woken[doing[event.node]][event.peer] = position
    for at_once in woken.values():
        *names, last = at_once
        said = f"One release woke {', '.join(names)} and {last}."
        yield Finding(said, tuple(at_once.values())) if names else None


NO_HERD = invariant(
    "no herd", _no_herd, "A release woke one waiter at most.", "releases that woke a waiter"
)


def few_messages(to_acquire: int) -> Invariant:
    """No client sends more than `to_acquire` messages to acquire a lock."""

    def few(trace: Trace) -> Iterator[Finding | None]:
        for each in History.from_trace(trace):
            if each.function == "acquire" and each.completed is not None:
                asked = [
                    position
                    for position in range(each.invoked, each.completed)
                    if trace.events[position][1:3] == ("send", each.process)
                ]
                said = f"{each.process} sent {len(asked)} messages to acquire {each.key}."
                yield Finding(said, tuple(asked)) if len(asked) > to_acquire else None

    holds = f"At most {to_acquire} messages to acquire a lock."
    return invariant("few messages", few, holds, "answers to acquire")
