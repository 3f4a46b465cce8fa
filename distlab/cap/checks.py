"""The promises of this chapter's experiments, beside linearizability and availability.

`fresh` is the middle ground, weaker than linearizable and just what R + W > N gives: a read returns
the last value that was acknowledged before it began, or a newer one (a *regular* register, Lamport
1986). While a write is under way, two reads in a row may see the new and then the old value.
"""

from collections.abc import Callable, Iterator
from typing import Any

from distlab.cap.requests import MaybeStale
from distlab.cap.rounds import Leads
from distlab.check.explain import deed, fact, stored
from distlab.check.history import History, Operation
from distlab.check.invariants import Finding, invariant
from distlab.check.look import ends, notes
from distlab.host import plain
from distlab.sim.trace import Trace


def stale_reads(
    trace: Trace, excused: Callable[[Any], bool] = lambda result: False
) -> Iterator[Finding | None]:
    """Judge each read that began after a write was acknowledged: is what it found older?"""
    for history in History.from_trace(trace).by_key():
        writes = [each for each in history if stored(each)]
        for read in history:
            over = [write for write in writes if write.before(read)]
            if read.function != "read" or read.outcome != "ok" or excused(read.result) or not over:
                continue
            values = seen(read.result)
            sources = [write for write in writes if write.argument in values]
            missed = [write for write in over if all(each.before(write) for each in sources)]
            if not missed:
                yield None
                continue
            write = missed[-1]
            said = f"{fact(read)} after {deed(write)} was acknowledged."
            yield Finding(said, ends(write, read))


def seen(result: Any) -> tuple[Any, ...]:
    """The values in the answer to a read: several, when they are siblings."""
    if isinstance(result, MaybeStale):
        return seen(result.value)
    return result if isinstance(result, tuple) else (result,)


JUDGES = "reads after an acknowledged write"

FRESH = invariant(
    "fresh", stale_reads, "Every read saw what was acknowledged before it began.", JUDGES
)

HONEST = invariant(
    "honest",
    lambda trace: stale_reads(trace, excused=lambda result: isinstance(result, MaybeStale)),
    "No read returned an old value without saying so.", f"plain {JUDGES}",
)  # fmt: skip


def _plain(trace: Trace) -> Iterator[Finding | None]:
    for each in History.from_trace(trace):
        if each.function == "read" and each.outcome == "ok":
            kind = "siblings" if isinstance(each.result, tuple) else "a value that may be old"
            said = f"{each.process} got {kind}, and has to deal with it."
            as_it_is = not isinstance(each.result, MaybeStale | tuple)
            yield None if as_it_is else Finding(said, ends(each)[1:])


PLAIN = invariant("plain", _plain, "Every read returned just a value.", "answered reads")


def _steady(trace: Trace) -> Iterator[Finding | None]:
    for position, node, leads in notes(trace, Leads):
        at_ms = plain(trace.events[position].at_us / 1000)
        yield None if node == "n1" else Finding(f"At {at_ms} ms {node} {leads}.", (position,))


STEADY = invariant("steady", _steady, "Nobody but n1 ever led.", "leaders")


def _converged(trace: Trace) -> Iterator[Finding | None]:
    last: dict[tuple[str, str], Operation] = {}
    for each in History.from_trace(trace):
        if each.function == "read" and each.outcome == "ok":
            last[each.key, each.process] = each
    for key in sorted({key for key, _ in last}):
        reads = [each for (of, _), each in last.items() if of == key]
        differ = any(each.result != reads[0].result for each in reads)
        said = f"At the end {' but '.join(map(fact, reads))}."
        if len(reads) > 1:
            yield Finding(said, tuple(each.invoked for each in reads)) if differ else None


CONVERGED = invariant(
    "converged", _converged, "In the end everybody read the same.", "keys that two clients read"
)
