"""The promises of chapter 0's experiments."""

from collections import defaultdict
from collections.abc import Iterator

from distlab.check.history import History
from distlab.check.invariants import Finding, Invariant, invariant
from distlab.check.look import dropped, ends, notes, outages, under_way
from distlab.sim.trace import Trace
from distlab.start.detector import Opinion, Suspects
from distlab.start.requests import PagePrinted, Print, Printed

Copy = tuple[str, int]
"""A printer and a page."""


def _answered(trace: Trace) -> Iterator[Finding | None]:
    """Every operation of a client ends with an answer."""
    for each in History.from_trace(trace):
        if each.outcome == "ok":
            said = f"{each.process} asked for page {each.argument} and was told of {each.result}."
            yield None if each.result == each.argument else Finding(said, ends(each))
            continue
        during, page = under_way(trace, each), each.argument
        lost = [at for at in _losses(trace, page) if at in during]
        silence = [during[-1]] if trace.events[during[-1]].kind == "unknown" else []
        said = f"{each.process} asked for page {page} and never learnt whether it was printed."
        yield Finding(said, (each.invoked, *lost, *silence))


def _losses(trace: Trace, page: int) -> list[int]:
    """Where a request for this page was lost, or its answer."""
    lost = dropped(trace, Print, Printed)
    return [position for position, event in lost if event.what.page == page]


ANSWERED = invariant(
    "answered", _answered, "The client got an answer to everything it asked.", judges="requests"
)


def _printed_once(trace: Trace) -> Iterator[Finding | None]:
    """As many copies as there are orders, and one for each order that was answered."""
    ordered: defaultdict[Copy, set[int]] = defaultdict(set)  # the requests that came for it
    answered: defaultdict[Copy, set[int]] = defaultdict(set)
    copies: defaultdict[Copy, list[int]] = defaultdict(list)  # where they were printed
    asked: dict[str, tuple[int, Copy, int]] = {}  # client → its last request: where, what, number
    for position, (_, kind, machine, peer, what, _, _) in enumerate(trace.events):
        if isinstance(what, Print) and kind == "send":
            asked[machine] = position, (peer, what.page), what.request
        elif isinstance(what, Print) and kind == "deliver":
            ordered[machine, what.page].add(what.request)
        elif isinstance(what, PagePrinted):
            printed = copies[machine, what.page]
            printed.append(position)
            orders = len(ordered[machine, what.page])
            lost = [at for at in _losses(trace, what.page) if at < position]
            said = f"{machine} {what} a second time: the same request came twice."
            if not orders:
                said = f"{machine} {what}, which nobody had ordered."
            elif orders > 1:
                said = f"{machine} {what} {len(printed)} times; {orders} copies were ordered."
            witness = (*sorted({*printed[-2:-1], *lost}), position)
            yield Finding(said, witness) if len(printed) > orders else None
        elif kind == "ok" and machine in asked:
            sent, copy, request = asked[machine]
            answered[copy].add(request)
            found, due, (printer, page) = len(copies[copy]), len(answered[copy]), copy
            said = (
                f"{printer} answered that page {page} is printed, but made {found} of {due} copies."
            )
            if found < due:
                yield Finding(said, (sent, position))


PRINTED_ONCE = invariant(
    "printed once", _printed_once, "No order was printed twice.", judges="printed pages"
)


def _accurate(trace: Trace) -> Iterator[Finding | None]:
    """Nobody is suspected who has not crashed (Chandra & Toueg's strong accuracy)."""
    down = outages(trace)
    for position, monitor, suspects in notes(trace, Suspects):
        machine = suspects.machine
        if any(each.machine == machine and each.crash < position < each.end for each in down):
            yield None
            continue
        pauses = [
            at
            for at, event in enumerate(trace.events[:position])
            if event.kind == "pause" and event.node == machine
        ]
        said = f"{monitor} {suspects}, which has not crashed: it was only slow to answer."
        yield Finding(said, (*pauses[-1:], position))


ACCURATE = invariant(
    "accurate", _accurate, "Nobody was suspected who had not crashed.", judges="suspicions"
)


def noticed(within_ms: int) -> Invariant:
    """A crash that lasts is noticed within `within_ms` (completeness, with a deadline).

    Not judged: crashes that were over before, and those of a machine that was suspected already.
    """

    def in_time(trace: Trace) -> Iterator[Finding | None]:
        opinions = list(notes(trace, Opinion))
        for machine, crash, end in outages(trace):
            about = [(at, note) for at, _, note in opinions if note.machine == machine]
            before = [note for at, note in about if at < crash]
            after = [at for at, note in about if at > crash and isinstance(note, Suspects)]
            due_us = trace.events[crash].at_us + 1000 * within_ms
            if before and isinstance(before[-1], Suspects):
                continue
            if after and after[0] < end and trace.events[after[0]].at_us <= due_us:
                yield None
            elif trace.events[min(end, len(trace) - 1)].at_us > due_us:
                said = f"{machine} was dead for more than {within_ms} ms before anybody noticed."
                yield Finding(said, (crash, *after[:1]))

    holds = f"Every crash was noticed within {within_ms} ms."
    return invariant("prompt", in_time, holds, judges=f"crashes that lasted {within_ms} ms")
