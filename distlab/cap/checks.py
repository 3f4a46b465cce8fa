"""The promises of this chapter's experiments, beside linearizability and availability.

`fresh` is the middle ground, weaker than linearizable and just what R + W > N gives: a read returns
the last value that was acknowledged before it began, or a newer one (a *regular* register, Lamport
1986). While a write is under way, two reads in a row may see the new and then the old value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.cap.requests import MaybeStale
from distlab.check.explain import deed, fact, stored
from distlab.check.history import History, Operation
from distlab.check.invariants import Finding, always, invariant
from distlab.sim.trace import Trace


def stale_reads(
    trace: Trace, excused: Callable[[Any], bool] = lambda result: False
) -> Iterator[Finding]:
    """Every read of a value that an acknowledged write had surely replaced before it began."""
    history = History.from_trace(trace)
    for key in history.keys:
        operations = history.for_key(key).operations
        writes = [each for each in operations if stored(each)]
        for read in operations:
            if read.function == "read" and read.outcome == "ok" and not excused(read.result):
                missed = [write for write in writes if _missed(read, write, writes)]
                if missed:
                    write = max(missed, key=lambda each: each.invoked)
                    assert write.completed is not None and read.completed is not None
                    yield Finding(
                        f"{fact(read)} after {deed(write)} was acknowledged.",
                        (write.invoked, write.completed, read.invoked, read.completed),
                    )


def _missed(read: Operation, write: Operation, writes: list[Operation]) -> bool:
    """Whether all that was read is older than `write`, which was over when the read began."""
    values = seen(read.result)
    return (
        write.outcome == "ok"
        and write.before(read)
        and all(each.before(write) for each in writes if each.argument in values)
    )


def seen(result: Any) -> tuple[Any, ...]:
    """The values in the answer to a read: several, when they are siblings."""
    if isinstance(result, MaybeStale):
        return seen(result.value)
    return result if isinstance(result, tuple) else (result,)


FRESH = invariant("fresh", stale_reads, "Every read saw what was acknowledged before it began.")

HONEST = invariant(
    "honest",
    lambda trace: stale_reads(trace, excused=lambda result: isinstance(result, MaybeStale)),
    "No read returned an old value without saying so.",
)


def _not_plain(trace: Trace) -> Iterator[Finding]:
    for position, event in enumerate(trace.events):
        if event.kind == "ok" and isinstance(event.what, MaybeStale | tuple):
            kind = "siblings" if isinstance(event.what, tuple) else "a value that may be old"
            yield Finding(f"{event.node} got {kind}, and has to deal with it.", (position,))


PLAIN = invariant("plain", _not_plain, "Every read returned just a value.")


STEADY = always(
    "steady",
    lambda event: event.kind != "note" or event.node == "n1" or not event.what.startswith("leads"),
    "Nobody but n1 ever led.",
)


def _last_reads_differ(trace: Trace) -> Iterator[Finding]:
    last: dict[tuple[str, str], Operation] = {}
    for each in History.from_trace(trace):
        if each.function == "read" and each.outcome == "ok":
            last[each.key, each.process] = each
    for key in sorted({key for key, _ in last}):
        reads = [each for (of, _), each in last.items() if of == key]
        if any(each.result != reads[0].result for each in reads):
            said = " but ".join(fact(each) for each in reads)
            yield Finding(f"At the end {said}.", tuple(each.invoked for each in reads))


CONVERGED = invariant("converged", _last_reads_differ, "In the end everybody read the same.")
