"""The oracle of chapter 1: does every read see what was acknowledged before it began?"""

from distlab.cap.checks import FRESH
from distlab.course.exercise import texts
from distlab.course.oracle import ALWAYS, Arms, Oracle
from distlab.course.plain import PlainHistory, PlainOperation, PlainTrace, Witness


def holds(history: PlainHistory, trace: PlainTrace) -> bool | Witness:
    """A write that may have happened is over when its answer came: an unknown one never is."""

    def over(write: PlainOperation, other: PlainOperation) -> bool:
        return write.completed is not None and write.completed < other.invoked

    writes = [each for each in history if each.function == "write" and each.outcome != "failed"]
    for read in history:
        if read.function == "read" and read.outcome == "ok":
            sources = [each for each in writes if each.argument == read.result]
            for write in writes:
                if over(write, read) and all(over(source, write) for source in sources):
                    return Witness(write, read)
    return True


def latest_only(history: PlainHistory, trace: PlainTrace) -> bool:
    """Knows one right value at each time: the last one that was acknowledged."""
    ends = sorted(
        (each for each in history if each.outcome == "ok"), key=lambda each: each.completed or 0
    )
    latest = None
    for each in ends:
        if each.function == "write":
            latest = each.argument
        elif each.result != latest:
            return False
    return True


def from_the_call(history: PlainHistory, trace: PlainTrace) -> bool:
    """Takes a write for done from its invocation on."""
    done = [
        each._replace(completed=each.invoked)
        if (each.function, each.outcome) == ("write", "ok") else each
        for each in history
    ]  # fmt: skip
    return holds(tuple(done), trace) is True


def unknown_is_done(history: PlainHistory, trace: PlainTrace) -> bool:
    """Takes a write without an answer for an acknowledged one, done when it was asked for."""
    done = [
        each._replace(outcome="ok", completed=each.invoked) if each.outcome == "unknown" else each
        for each in history
    ]
    return holds(tuple(done), trace) is True


def unknown_is_failed(history: PlainHistory, trace: PlainTrace) -> bool:
    """Leaves out writes without an answer."""
    known = tuple(each for each in history if each.outcome != "unknown")
    found = [each.result for each in known if each.function == "read" and each.outcome == "ok"]
    written = [None, *(each.argument for each in known if each.function == "write")]
    return holds(known, trace) is True and all(value in written for value in found)


def never_back(history: PlainHistory, trace: PlainTrace) -> bool:
    """Asks for more: no read may find what an earlier read has found replaced."""
    reads = [each for each in history if each.function == "read" and each.outcome == "ok"]
    order = [None, *(each.argument for each in history if each.function == "write")]
    for later in reads:
        for earlier in reads:
            done = earlier.completed is not None and earlier.completed < later.invoked
            if done and order.index(later.result) < order.index(earlier.result):
                return False
    return holds(history, trace) is True


FRESH_READS = Oracle(
    texts("cap/oracle-of-reads"),
    arms=(
        Arms(
            "cap/both-sides-accept",
            "partition:n1,n2,n3@40..150+100..300; crash:n1,n2,n3+20..200; "
            "delay:n1>n2,n1>n3,n2>n1,n3>n1=10..150; at most 2",
        ),
        Arms("cap/sloppy-quorum"),
        Arms("cap/failover"),
        Arms(
            "cap/new-old-inversion",
            "delay:n1>n2@80..95+10..30=100..180; delay:n1>n3@80..95+100..200=100..180; at most 2",
            ("off", "blocking"),
        ),
    ),
    checks=(FRESH,),
    reference=holds,
    mistakes={
        **ALWAYS,
        "only the latest": latest_only,
        "from the call": from_the_call,
        "unknown is done": unknown_is_done,
        "unknown is failed": unknown_is_failed,
        "never back": never_back,
    },
)
