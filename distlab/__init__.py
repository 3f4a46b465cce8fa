"""distlab: distributed systems, learnt by breaking them.

This is the front door. Importing it imports nothing else, so take what you need from where it is:

    from distlab.registry import get
    run = get("start/lost-answer").run(seed=1, faults="lose:printer>client@30")
    print(run.outcome.name, run.token)
    print(run.trace.text())

A tour, from the world up to the page:

* `distlab.host`       what protocol code may ask of its machine; the errors that everyone shares
* `distlab.sim`        simulated machines, clocks, disks, a network and faults, in virtual time
* `distlab.shop`       the shop that chapters 2, 3, 4 and 7 sell from: tables, services, invariants
* `distlab.start` …    one package a chapter: its systems, `scenarios`, `exercises`
* `distlab.scenario`   named experiments; a run is a pure function of seed, faults and knobs
* `distlab.registry`   all of them by id; `distlab.replay`: a run as a token, and back
* `distlab.check`      verdicts on a run, with the few events that prove them
* `distlab.view`       pictures and texts of a run
* `distlab.lab`        the widget: `Lab("start/lost-answer")` in a notebook cell
* `distlab.course`     predictions, quizzes, exercises, progress
* `distlab.cli`        the same from a shell: `distlab list`, `distlab run`, `distlab lab`
"""

__version__ = "0.1.0"
