"""Promises smaller than linearizability, each judged from the trace alone.

An invariant is a generator over a trace. It yields once for each thing that it judges: None when
that thing is fine, a `Finding` when it breaks the promise. How often it yielded is what the verdict
has judged; the first finding is the verdict and its witness. A new one takes a generator and a
name::

    def oversold(trace):
        for position, event in look.sent(trace, Stock):
            below = event.what.pieces < 0
            yield Finding(f"{event.node} has {event.what.pieces}.", (position,)) if below else None

    NEVER_NEGATIVE = invariant("never negative", oversold, "The stock never fell below zero.",
                               judges="answers about the stock")

Yield once for each thing that broke the promise or could have. Skip all else. So a run in which
nothing was put to the test says so: *nothing to judge*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from distlab.check import look
from distlab.check.explain import deed, fact, found, stored
from distlab.check.history import History, Operation
from distlab.check.look import ends
from distlab.check.verdict import Verdict
from distlab.host import BadInput, is_number, plain, shown

if TYPE_CHECKING:
    from distlab.sim.trace import Trace


class Finding(NamedTuple):
    """What breaks a promise, and the positions that prove it. With ``ok=None`` it is in doubt."""

    explanation: str
    witness: tuple[int, ...] = ()
    ok: bool | None = False


Judge = Callable[["Trace"], Iterable[Finding | None]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A check: the promise that `judge` finds nothing that breaks it.

    `holds` is what it says when nothing broke the promise, `judges` the plural of what it counts.
    Calling it raises `TypeError` when the judge yields anything else than None or a `Finding`.
    """

    name: str
    judge: Judge
    holds: str = "Nothing broke it."
    judges: str = "operations"

    def __call__(self, trace: Trace) -> Verdict:
        judged = list(self.judge(trace))
        for each in judged:
            if not isinstance(each, Finding | None):
                raise TypeError(f"{self.name} yielded {each!r}; it should be None or a Finding")
        if not judged:
            return Verdict(self.name, None, f"There were no {self.judges}.", judged=0)
        findings = [finding for finding in judged if finding]
        fine = Finding(self.holds, ok=True)
        said, witness, ok = min(findings, key=lambda finding: finding.ok is None, default=fine)
        return Verdict(self.name, ok, said, witness, judged=len(judged))


invariant = Invariant


def available(
    within_ms: float, clients: Iterable[str] | Mapping[str, str] | None = None
) -> Invariant:
    """Every operation gets a real answer within ``within_ms``.

    This is the A of CAP: "every request received by a non-failing node must result in a response"
    (Gilbert & Lynch 2002, section 2.2). Here an error is read as no response, and so is a time-out.

    ``clients`` says whose operations count (all by default). As a mapping from clients to the
    machines that they ask, it leaves out operations during which that machine was down. Operations
    of a client that crashed meanwhile are left out, too. A pause is not a crash: a slow machine has
    to answer. An operation that is open less than ``within_ms`` before the last event may yet be
    answered in time: it is not judged.
    """
    asks = dict(clients) if isinstance(clients, Mapping) else {}
    counted = None if clients is None else frozenset(clients)

    def answered(trace: Trace) -> Iterator[Finding | None]:
        given_up = {event.number for event in trace.events if event.kind == "unknown"}
        due_us = trace.events[-1].at_us - within_ms * 1000 if len(trace) else 0
        outages = look.outages(trace)
        for each in History.from_trace(trace):
            machines = (each.process, asks.get(each.process))
            down = (o for o in outages if o.machine in machines and each.invoked < o.end)
            if (counted is not None and each.process not in counted) or any(
                each.completed is None or o.crash < each.completed for o in down
            ):
                continue
            if each.outcome == "failed":
                assert each.completed is not None, "a failed operation has a completion"
                why = trace.events[each.completed].why
                yield Finding(f"{deed(each)} got an error, not an answer ({why}).", ends(each))
            elif each.completed_us is None:
                if each.number in given_up or each.invoked_us <= due_us:
                    yield Finding(f"{deed(each)} got no answer.", ends(each))
            elif took := _longer_than(within_ms, each):
                late = f"later than {plain(within_ms)} ms is no answer"
                yield Finding(f"{deed(each)} was answered after {took}; {late}.", ends(each))
            else:
                yield None

    whose = "" if counted is None else f" of {' and '.join(sorted(counted))}"
    holds = f"Every operation{whose} was answered within {plain(within_ms)} ms."
    return Invariant("available", answered, holds, f"operations{whose} that were due")


def prompt(within_ms: float, function: str = "") -> Invariant:
    """Every answer comes within ``within_ms``, be it yes or a definite no.

    With ``function`` only the operations of that name count. Availability is more: it also asks
    that there be an answer.
    """
    if not is_number(within_ms) or within_ms > 10**12:
        raise BadInput(f"within_ms: {shown(within_ms)} is not a number of milliseconds")

    def in_time(trace: Trace) -> Iterator[Finding | None]:
        for each in History.from_trace(trace):
            if each.completed is not None and function in ("", each.function):
                took = _longer_than(within_ms, each)
                said = f"{each.process}'s {each.call} took {took}."
                yield Finding(said, ends(each)) if took else None

    which = f"Every answered {function} took at most" if function else "Every answer came within"
    holds = f"{which} {plain(within_ms)} ms."
    return Invariant("prompt", in_time, holds, f"answers to {function}" if function else "answers")


def _longer_than(within_ms: float, operation: Operation) -> str:
    """How long an operation took, if that is longer; else empty, as for one without an end."""
    if operation.completed_us is None:
        return ""
    took_us = operation.completed_us - operation.invoked_us
    return _ms(took_us) if took_us > within_ms * 1000 else ""


def no_lost_acknowledged_writes() -> Invariant:
    """The final read of each key returns no value that an acknowledged write had replaced.

    The final read is the last one that began after every acknowledged write had returned; a key
    without one is not judged. It may return the last acknowledged write, one that ran beside it,
    or one of unknown outcome, but nothing older: that write would be lost.
    """

    def kept(trace: Trace) -> Iterator[Finding | None]:
        for history in History.from_trace(trace).by_key():
            operations = history.operations
            writes = [each for each in operations if each.outcome == "ok" and stored(each)]
            reads = [each for each in operations if found(each) and not stored(each)]
            final = [read for read in reads if all(write.before(read) for write in writes)]
            if writes and final:
                read = final[-1]
                lost = [write for write in writes if _older(operations, found(read), write)]
                at_the_end = f"was acknowledged, but at the end {fact(read)}."
                broken = (Finding(f"{deed(w)} {at_the_end}", ends(w, read)) for w in reversed(lost))
                yield next(broken, None)

    holds = "The final reads lack no acknowledged write."
    judges = "reads after the last acknowledged write"
    return Invariant("no acknowledged write lost", kept, holds, judges)


def read_your_writes() -> Invariant:
    """No client reads a value older than its own acknowledged write (Terry et al. 1994)."""

    def remembered(trace: Trace) -> Iterator[Finding | None]:
        for operations, write, read in _sessions(trace):
            if stored(write):
                said = f"{deed(write)} was acknowledged, and then {fact(read)}."
                older = _older(operations, found(read), write)
                yield Finding(said, ends(write, read)) if older else None

    judges = "reads after an acknowledged write of the same client"
    return Invariant("read your writes", remembered, "Every client saw its own writes.", judges)


def monotonic_reads() -> Invariant:
    """No client reads a value and later an older one (Terry et al. 1994)."""

    def forwards(trace: Trace) -> Iterator[Finding | None]:
        for operations, first, second in _sessions(trace):
            if found(first):
                writes = [each for each in operations if stored(each) == found(first)]
                older = all(_older(operations, found(second), write) for write in writes)
                said = f"{fact(first)}, and later the older {second.key} = {second.result!r}."
                yield Finding(said, ends(first, second)) if writes and older else None

    holds = "No client saw time run backwards."
    return Invariant("monotonic reads", forwards, holds, "clients that read twice")


def _sessions(trace: Trace) -> Iterator[tuple[tuple[Operation, ...], Operation, Operation]]:
    """For each pair (an operation, a later read of the same client and key): all on that key."""
    for history in History.from_trace(trace).by_key():
        operations = history.operations
        for read in operations:
            for earlier in operations if found(read) and not stored(read) else ():
                if earlier.process == read.process and earlier.before(read):
                    yield operations, earlier, read


def _older(operations: Iterable[Operation], value: tuple[object, ...], write: Operation) -> bool:
    """Whether a value was surely replaced by a write: all its writes were over when that began."""
    return all(each.before(write) for each in operations if stored(each) == value)


def mutual_exclusion() -> Invariant:
    """No two clients hold the same lock at the same time, whatever the lock believes.

    A client holds a lock from the ``ok`` of its ``acquire`` (unless that returned False) until it
    invokes ``release`` or crashes.
    """

    def alone(trace: Trace) -> Iterator[Finding | None]:
        held: dict[str, dict[str, int]] = {}  # lock → its holders → since which position
        for position, holder, lock, enters in moves(trace):
            holders = held.setdefault(lock, {})
            if not enters:
                holders.pop(holder, None)
                continue
            holders.setdefault(holder, position)
            if len(holders) == 1:
                yield None
                continue
            (first, since), (second, at) = list(holders.items())[:2]
            entered, began = (_ms(trace.events[position].at_us) for position in (at, since))
            said = f"{second} entered {lock} at {entered} while {first} was in it, since {began}."
            yield Finding(said, (since, at))

    holds = "Never more than one holder at a time."
    return Invariant("mutual exclusion", alone, holds, "acquisitions")


def moves(trace: Trace) -> Iterator[tuple[int, str, str, bool]]:
    """Each entry into a lock and each exit: (position, client, lock, whether it enters).

    A crash leaves everything.
    """
    locks: dict[str, None] = {}
    asked: dict[int, str] = {}  # acquire under way → its lock
    for position, event in enumerate(trace.events):
        if event.kind == "crash":
            yield from ((position, event.node, lock, False) for lock in locks)
        elif event.kind == "invoke" and event.what.function == "acquire":
            asked[event.number] = event.what.key
        elif event.kind == "invoke" and event.what.function == "release":
            yield position, event.node, event.what.key, False
        elif event.kind == "ok" and event.number in asked and event.what is not False:
            locks[asked[event.number]] = None
            yield position, event.node, asked[event.number], True


def _ms(us: int) -> str:
    return f"{plain(us / 1000)} ms"
