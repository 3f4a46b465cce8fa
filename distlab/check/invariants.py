"""Promises smaller than linearizability, each judged from the trace alone.

An invariant is a function that goes through a trace and yields a `Finding` for everything that
breaks the promise; the first one becomes the verdict and its witness. Writing a new one takes a
generator and a name::

    def oversold(trace):
        for position, event in enumerate(trace.events):
            if event.kind == "state" and "stock -" in event.what:
                yield Finding(f"{event.node}: {event.what}", (position,))

    never_oversold = invariant("never oversold", oversold, "The stock never fell below zero.")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from distlab.check.explain import deed, fact, found, stored
from distlab.check.history import History, Operation
from distlab.check.verdict import Verdict
from distlab.host import plain

if TYPE_CHECKING:
    from distlab.sim.trace import Event, Trace


class Finding(NamedTuple):
    """What breaks a promise, and the positions that prove it; ``ok=None``: it cannot be judged."""

    explanation: str
    witness: tuple[int, ...] = ()
    ok: bool | None = False


@dataclass(frozen=True, slots=True)
class Invariant:
    """A check made from a function; ``holds`` is what it says when nothing was found."""

    name: str
    function: Callable[[Trace], Iterable[Finding]]
    holds: str

    def __call__(self, trace: Trace) -> Verdict:
        undecided = None
        for finding in self.function(trace):
            if finding.ok is False:
                return Verdict(self.name, False, finding.explanation, finding.witness)
            undecided = undecided or finding
        if undecided:
            return Verdict(self.name, None, undecided.explanation, undecided.witness)
        return Verdict(self.name, True, self.holds)


def invariant(
    name: str, function: Callable[[Trace], Iterable[Finding]], holds: str = "Nothing broke it."
) -> Invariant:
    """The check called ``name`` that every run of ``function`` over a trace finds nothing."""
    return Invariant(name, function, holds)


def always(name: str, fine: Callable[[Event], bool], holds: str = "So it always was.") -> Invariant:
    """Every event is ``fine``; the first that is not breaks the promise."""

    def broken(trace: Trace) -> Iterator[Finding]:
        for position, event in enumerate(trace.events):
            if not fine(event):
                yield Finding(f"At {_ms(event.at_us)}, {event.node}: {event.what}.", (position,))

    return Invariant(name, broken, holds)


def available(
    within_ms: float, clients: Iterable[str] | Mapping[str, str] | None = None
) -> Invariant:
    """Every operation gets a real answer within ``within_ms``.

    This is the A of CAP: "every request received by a non-failing node must result in a response"
    (Gilbert & Lynch 2002, section 2.2). An error is not a response, nor is a time-out. ``clients``
    says whose operations count (all by default); as a mapping from clients to the machines that
    they ask, it leaves out operations during which that machine was down. So are operations of a
    client that crashed meanwhile. A pause is not a crash: a slow machine has to answer, too. An
    operation still open less than ``within_ms`` before the last event may yet be answered in time.
    """
    asks = dict(clients) if isinstance(clients, Mapping) else {}
    counted = None if clients is None else frozenset(clients)

    def unanswered(trace: Trace) -> Iterator[Finding]:
        given_up = {event.number for event in trace.events if event.kind == "unknown"}
        due_us = trace.events[-1].at_us - within_ms * 1000 if len(trace) else 0
        for each in History.from_trace(trace):
            witness = tuple(end for end in (each.invoked, each.completed) if end is not None)
            if counted is not None and each.process not in counted:
                continue
            if _was_down(trace, (each.process, asks.get(each.process, each.process)), each):
                continue
            if each.outcome == "failed":
                assert each.completed is not None, "a failed operation has a completion"
                why = trace.events[each.completed].why
                yield Finding(f"{deed(each)} got an error, not an answer ({why}).", witness)
            elif each.completed_us is None:
                if each.invoked_us > due_us and each.number not in given_up:
                    continue
                yield Finding(f"{deed(each)} got no answer.", witness)
            elif took := _longer_than(within_ms, each):
                late = f"later than {plain(within_ms)} ms is no answer"
                yield Finding(f"{deed(each)} was answered after {took}; {late}.", witness)

    whose = "" if counted is None else f" of {' and '.join(sorted(counted))}"
    return Invariant(
        "available",
        unanswered,
        f"Every operation{whose} was answered within {plain(within_ms)} ms.",
    )


def prompt(within_ms: float, function: str = "") -> Invariant:
    """What is answered is answered within ``within_ms``, be it a yes or a definite no.

    With ``function`` only the operations of that name count. Availability is more: it also asks
    that there be an answer.
    """

    def late(trace: Trace) -> Iterator[Finding]:
        for each in History.from_trace(trace):
            took = _longer_than(within_ms, each)
            if took and function in ("", each.function):
                yield Finding(f"{each.process}'s {each.call} took {took}.", _ends(each))

    return Invariant("prompt", late, f"Every answer came within {plain(within_ms)} ms.")


def _longer_than(within_ms: float, operation: Operation) -> str:
    """How long an operation took if that was longer than so; else empty, as without an end."""
    if operation.completed_us is None:
        return ""
    took_us = operation.completed_us - operation.invoked_us
    return _ms(took_us) if took_us > within_ms * 1000 else ""


def _was_down(trace: Trace, machines: tuple[str, ...], during: Operation) -> bool:
    """Whether one of the machines was down at some time during the operation."""
    end = len(trace.events) if during.completed is None else during.completed
    down = set()
    for position, event in enumerate(trace.events[:end]):
        if event.kind == "crash" and event.node in machines:
            down.add(event.node)
        elif event.kind == "restart" and position < during.invoked:
            down.discard(event.node)
    return bool(down)


def no_lost_acknowledged_writes() -> Invariant:
    """The final read of each key returns no value that an acknowledged write had replaced.

    The final read is the last one that began after every acknowledged write had returned; without
    one the verdict is undecided. It may return the last acknowledged write, one that ran beside
    it, or one of unknown outcome, but nothing older: that write would be lost.
    """

    def lost(trace: Trace) -> Iterator[Finding]:
        history = History.from_trace(trace)
        for key in history.keys:
            operations = history.for_key(key).operations
            writes = [each for each in operations if each.outcome == "ok" and stored(each)]
            reads = [
                each
                for each in operations
                if found(each) and not stored(each) and all(w.before(each) for w in writes)
            ]
            if writes and not reads:
                yield Finding(f"Nobody read {key} after the last acknowledged write.", ok=None)
            for write in reversed(writes) if reads else ():
                if _older(operations, found(reads[-1]), write):
                    explanation = f"{deed(write)} was acknowledged, but at the end"
                    yield Finding(f"{explanation} {fact(reads[-1])}.", _ends(write, reads[-1]))

    return Invariant(
        "no acknowledged write lost", lost, "The final reads lack no acknowledged write."
    )


def read_your_writes() -> Invariant:
    """No client reads a value older than its own acknowledged write (Terry et al. 1994)."""

    def forgotten(trace: Trace) -> Iterator[Finding]:
        for operations, write, read in _sessions(trace):
            if stored(write) and _older(operations, found(read), write):
                yield Finding(
                    f"{deed(write)} was acknowledged, and then {fact(read)}.", _ends(write, read)
                )

    return Invariant("read your writes", forgotten, "Every client saw its own writes.")


def monotonic_reads() -> Invariant:
    """No client reads a value and later an older one (Terry et al. 1994)."""

    def back_in_time(trace: Trace) -> Iterator[Finding]:
        for operations, first, second in _sessions(trace):
            writes = [each for each in operations if found(first) and stored(each) == found(first)]
            if writes and all(_older(operations, found(second), write) for write in writes):
                yield Finding(
                    f"{fact(first)}, and later the older {second.key} = {second.result!r}.",
                    _ends(first, second),
                )

    return Invariant("monotonic reads", back_in_time, "No client saw time run backwards.")


def _sessions(trace: Trace) -> Iterator[tuple[tuple[Operation, ...], Operation, Operation]]:
    """For each pair (an operation, a later read of the same client and key): all on that key."""
    history = History.from_trace(trace)
    for key in history.keys:
        operations = history.for_key(key).operations
        for read in operations:
            for earlier in operations if found(read) and not stored(read) else ():
                if earlier.process == read.process and earlier.before(read):
                    yield operations, earlier, read


def _older(operations: Iterable[Operation], value: tuple[object, ...], write: Operation) -> bool:
    """Whether a value was surely replaced by a write: all its writes were over when that began."""
    return all(each.before(write) for each in operations if stored(each) == value)


def mutual_exclusion(inside: str | None = None) -> Invariant:
    """No two clients hold the same lock at the same time, whatever the lock believes.

    A client holds a lock from the ``ok`` of its ``acquire`` (unless that returned False) until it
    invokes ``release`` or crashes. With ``inside``, a machine is inside as long as its latest
    state holds these words, for code that records no operations.
    """

    def two_holders(trace: Trace) -> Iterator[Finding]:
        held: dict[str, dict[str, int]] = {}  # lock → its holders → since which position
        for position, holder, lock, enters in moves(trace, inside):
            holders = held.setdefault(lock, {})
            if not enters:
                holders.pop(holder, None)
                continue
            holders.setdefault(holder, position)
            if len(holders) > 1:
                (first, since), (second, at) = list(holders.items())[:2]
                yield Finding(
                    f"{second} entered {lock} at {_ms(trace.events[at].at_us)} while {first} "
                    f"was in it, since {_ms(trace.events[since].at_us)}.",
                    (since, at),
                )

    return Invariant("mutual exclusion", two_holders, "Never more than one holder at a time.")


def moves(trace: Trace, inside: str | None = None) -> Iterator[tuple[int, str, str, bool]]:
    """Who enters and leaves which lock: (position, who, lock, whether it enters).

    A crash leaves everything. `inside` is that of `mutual_exclusion`.
    """
    locks: dict[str, None] = {inside: None} if inside else {}
    asked: dict[int, str] = {}  # acquire under way → its lock
    for position, event in enumerate(trace.events):
        if event.kind == "crash":
            yield from ((position, event.node, lock, False) for lock in locks)
        elif inside:
            if event.kind == "state":
                yield position, event.node, inside, inside in str(event.what)
        elif event.kind == "invoke" and event.what.function == "acquire":
            asked[event.number] = event.what.key
        elif event.kind == "invoke" and event.what.function == "release":
            yield position, event.node, event.what.key, False
        elif event.kind == "ok" and event.number in asked and event.what is not False:
            locks[asked[event.number]] = None
            yield position, event.node, asked[event.number], True


def _ends(*operations: Operation) -> tuple[int, ...]:
    ends = (end for each in operations for end in (each.invoked, each.completed))
    return tuple(sorted(end for end in ends if end is not None))


def _ms(us: int) -> str:
    return f"{plain(us / 1000)} ms"
