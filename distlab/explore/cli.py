"""The search and the catalogue on the command line: `distlab explore` and `distlab bugs`."""

import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from distlab import bugs
from distlab.check.verdict import NOTHING
from distlab.command import as_json, parser, turned
from distlab.explore.everywhere import EVERYWHERE, LIMIT, Census, everywhere
from distlab.explore.search import RUNS, Discovery, explore
from distlab.host import BadInput
from distlab.registry import get


def run_explore(arguments: list[str]) -> int:
    """Search for a failure."""
    status = "exit status: 0 nothing found, 1 a failure, 2 wrong input, 3 no run had an answer"
    options = parser("explore", knobs=True, epilog=status)
    options.add_argument("scenario", metavar="ID", help="as `distlab list` names them")
    options.add_argument("--runs", type=int, help=f"at most so many ({RUNS}; everywhere {LIMIT})")
    options.add_argument("--seed", type=int, help="another search; everywhere: seed of the runs")
    options.add_argument("--nemesis", help="what may go wrong: 'crash:n1+9..300; lose; at most 2'")
    options.add_argument("--verdict", help="what must fail; the scenario's property unless given")
    options.add_argument(
        "--everywhere", nargs="?", type=int, const=1, metavar="K",
        help=f"instead: K faults (1) at every place, of {EVERYWHERE!r} unless there is a nemesis",
    )  # fmt: skip
    options.add_argument("--start", type=int, help="everywhere: go on at this run")
    options.add_argument("--workers", type=int, default=1, help="processes that do the runs")
    given = options.parse_args(arguments)
    if ":" in given.scenario:
        raise BadInput(f"{given.scenario!r} is a token; a search takes the id of a scenario")
    if given.start is not None and given.everywhere is None:
        raise BadInput("--start goes with --everywhere; another search has another --seed")
    scenario = get(given.scenario)
    limit = "runs" if given.everywhere is None else "limit"
    asked: dict[str, Any] = {limit: given.runs}
    asked |= {name: getattr(given, name) for name in ("nemesis", "verdict", "seed", "start")}
    asked = {name: value for name, value in asked.items() if value is not None}
    asked |= {"progress": _line, **turned(scenario, given.set)}
    found: Census | Discovery
    with _workers(given.workers) as asked["executor"]:
        if given.everywhere is None:
            found = explore(scenario, **asked)
        else:
            found = everywhere(scenario, given.everywhere, **asked)
    failing = found.run.as_dict() if found.run else None
    words = {"undecided": found.words["undecided"], "nothing_to_judge": found.words[NOTHING]}
    print(as_json({"runs": found.runs, **words, "found": failing}) if given.json else found.text())
    return 1 if failing else 0 if found.words.decided else 3


def run_bugs(arguments: list[str]) -> int:
    """Print the catalogue, or prove it anew."""
    status = "exit status: 0 all caught and repaired, 1 not so or not proved, 2 wrong input"
    options = parser("bugs", epilog=status)
    options.add_argument("id", nargs="*", help="only these; the beginning of an id is enough")
    options.add_argument("--prove", type=int, metavar="N", help="anew, with N runs of each repair")
    options.add_argument("--write", action="store_true", help="with --prove: record the proof")
    options.add_argument("--workers", type=int, default=1, help="processes that do the runs")
    given = options.parse_args(arguments)
    chosen = [bug for bug in bugs.bugs() if bug.id.startswith(tuple(given.id or [""]))]
    if not chosen:
        raise BadInput(f"no bug's id begins with {' or '.join(given.id)}")
    if given.prove is not None and given.prove < 1:
        raise BadInput(f"--prove: {given.prove} runs are not allowed (allowed: 1 and more)")
    if given.write and given.prove is None:
        raise BadInput("--write records what --prove has shown: give both")
    old: list[str] = []
    if given.prove is not None:
        with _workers(given.workers) as executor:
            rows = []
            for bug in chosen:
                rows.append(bugs.prove(bug, given.prove, executor))
                print(f"{len(rows)} of {len(chosen)}: {bug.id}", file=sys.stderr)
        if given.write:
            bugs.write(rows)
    else:
        known = bugs.recorded()
        rows = [known[bug.id] for bug in chosen if bug.id in known]
        old = bugs.outdated(chosen, known)
        if old:
            print(
                f"the code has changed; `make soak` proves anew: {', '.join(old)}", file=sys.stderr
            )
    if given.json:
        print(as_json([row.as_dict() for row in rows]))
    elif rows:
        print("\n".join(row.text() for row in rows))
    return 1 if old or not all(row.ok for row in rows) else 0


def _workers(count: int) -> AbstractContextManager[Executor | None]:
    if count < 1:
        raise BadInput(f"--workers: {count} is not allowed (allowed: 1 and more)")
    return nullcontext() if count == 1 else ProcessPoolExecutor(count)


def _line(done: int, limit: int) -> None:
    """Show how far the search is, in a line that the next one overwrites."""
    if sys.stderr.isatty() and (done % 10 == 0 or done == limit):
        print(f"\r{done} of {limit} runs", end="\n" if done == limit else "", file=sys.stderr)
