"""Instruments: small tables and figures of what there is at one instant, read from the run.

An instrument is a function of a run and an instant. It gives a `Table` or a `Picture`, or None when
it has nothing to show in this run. Those in `EVERYWHERE` read structured state
(`distlab.sim.state`) and the clock events, so a new scenario has them without a line of its own.
Those in `NAMED` are for the scenarios that name them.
"""

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from distlab.check.invariants import moves
from distlab.host import pick, plain
from distlab.scenario import Run
from distlab.sim.clocks import EPOCH_US, Clock
from distlab.sim.faults import Fault
from distlab.sim.state import Kept, State
from distlab.view.picture import Picture
from distlab.view.still import Table
from distlab.view.triangle import triangle

NOTHING = "–"
Instrument = Callable[[Run, float], Table | Picture | None]

REST = ("left by its clock", "by the holder's clock")


def instruments(run: Run, ms: float) -> tuple[Table | Picture, ...]:
    """What every instrument shows at this instant. An unknown name is a `BadInput`."""
    named = (pick(NAMED, name, "instrument") for name in run.scenario.instruments)
    shown = (instrument(run, ms) for instrument in (*named, *EVERYWHERE))
    return tuple(each for each in shown if each is not None)


# The machines' clocks


def clocks(run: Run, ms: float) -> Table | None:
    """The time on each machine's wall clock, if a clock goes wrong at any time in this run."""
    if not run.trace.of_kind("clock"):
        return None
    true_us, rows = round(ms * 1000), []
    for name in run.machines:
        clock = clock_of(run, name, ms)
        shown_us = clock.now_us(true_us) - EPOCH_US
        off_us, ppm, side, speed = shown_us - true_us, clock.drift_ppm, "right", "right"
        if off_us:
            side = f"{plain(abs(off_us) / 1000)} ms {'ahead' if off_us > 0 else 'behind'}"
        if ppm:
            speed = f"{plain(abs(ppm) / 10_000)} % too {'fast' if ppm > 0 else 'slow'}"
        rows.append((name, f"{plain(shown_us / 1000)} ms", side, speed))
    return Table(f"Wall clocks at {plain(ms)} ms", ("machine", "shows", "is", "runs"), tuple(rows))


def clock_of(run: Run, machine: str, ms: float) -> Clock:
    """The clocks of a machine, with everything that happened to them up to this instant."""
    clock, drifting = Clock(), list[Fault]()
    for event in run.trace.of_kind("clock"):
        if event.at_us > ms * 1000:
            break
        if event.node != machine:
            continue
        fault = event.what
        if fault.kind == "jump":
            clock.jump(fault.amount_us)
            continue
        drifting.remove(fault) if event.why else drifting.append(fault)
        now_ppm = drifting[-1].amount if drifting else 0  # what began last counts
        clock.drift(int(now_ppm or 0), event.at_us)
    return clock


# What machines keep, for whom, and for how long


class _Since(NamedTuple):
    """Something kept at a machine, since an instant of true time."""

    at: str
    kept: Kept
    since_us: int


def kept(run: Run, ms: float) -> Table | None:
    """Keys, locks and leases: their owners, and the time that is left by two clocks: that of the
    machine that keeps them and that of the holder.

    A holder counts from the grant with its monotonic clock, so a jump of another clock does not
    reach it. A client that acquired a lock and did not release it believes that it holds the lock.
    It has a row of its own when no machine keeps the lock for it any more.
    """
    if not any(isinstance(event.what, State) for event in run.trace.of_kind("state")):
        return None
    now, latest = _kept_at(run, ms)
    rows: list[tuple[str, ...]] = [_row(run, each, ms) for each in now]
    held = {(each.kept.by, each.kept.what) for each in now}
    for (holder, lock), value in _believers(run, ms).items():
        if (holder, lock) not in held:
            left = _left_by_holder(run, latest.get((holder, lock)), ms)
            rows.append((holder, lock, value, f"{holder} believes", NOTHING, left))
    head: tuple[str, ...] = ("at", "what", "value", "by", *REST)
    if all(row[4:] == (NOTHING, NOTHING) for row in rows):
        head, rows = head[:4], [row[:4] for row in rows]
    return Table(f"Keys, locks and tokens at {plain(ms)} ms", head, tuple(rows)) if rows else None


def _kept_at(run: Run, ms: float) -> tuple[list[_Since], dict[tuple[str, str], _Since]]:
    """What is kept now, machine by machine, and the last that was kept for each (by, what)."""
    now: dict[str, dict[Kept, _Since]] = {name: {} for name in run.machines}
    latest: dict[tuple[str, str], _Since] = {}
    written: dict[tuple[str, str], str] = {}  # a copy has the writer of the first
    for event in run.trace.of_kind("state", "crash"):
        if event.at_us > ms * 1000:
            break
        before, after = now[event.node], dict[Kept, _Since]()
        for each in getattr(event.what, "kept", ()):
            by = each.by or written.get((each.what, each.value), "")
            known = each._replace(by=by)
            written[each.what, each.value] = by
            latest[by, each.what] = after[known] = before.get(known) or _Since(
                event.node, known, event.at_us
            )
        now[event.node] = after
    return [since for stays in now.values() for since in stays.values()], latest


def _believers(run: Run, ms: float) -> dict[tuple[str, str], str]:
    """The tokens of all clients that acquired a lock and did not release it, by (client, lock)."""
    inside: dict[tuple[str, str], str] = {}
    for position, who, lock, enters in moves(run.trace):
        event = run.trace.events[position]
        if event.at_us > ms * 1000:
            break
        if enters:
            inside[who, lock] = f"token {event.what}" if type(event.what) is int else ""
        else:
            inside.pop((who, lock), None)
    return inside


def _row(run: Run, since: _Since, ms: float) -> tuple[str, ...]:
    at, (what, value, by, until_ms), _ = since
    left = NOTHING
    if until_ms is not None:
        left = _left(until_ms * 1000 - clock_of(run, at, ms).now_us(round(ms * 1000)))
    holders = _left_by_holder(run, since, ms) if by != at else NOTHING
    return at, what, value, by or NOTHING, left, holders


def _left_by_holder(run: Run, since: _Since | None, ms: float) -> str:
    if since is None or since.kept.until_ms is None or since.kept.by not in run.machines:
        return NOTHING
    then_ms, holder = since.since_us / 1000, since.kept.by
    keeper_us = clock_of(run, since.at, then_ms).now_us(since.since_us)
    then_us = clock_of(run, holder, then_ms).monotonic_us(since.since_us)
    now_us = clock_of(run, holder, ms).monotonic_us(round(ms * 1000))
    return _left(since.kept.until_ms * 1000 - keeper_us - (now_us - then_us))


def _left(us: int) -> str:
    return f"{ceil(us / 1000)} ms" if us > 0 else f"over for {-us // 1000} ms"


NAMED: dict[str, Instrument] = {"triangle": triangle}
EVERYWHERE: tuple[Instrument, ...] = (clocks, kept)
