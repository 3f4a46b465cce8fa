"""Verdicts, not stories: checks judge a run and name the few events that prove it.

Read in this order:

1. ``verdict``: what every check answers: holds, violated (with a witness), undecided, or that
   there was nothing to judge.
2. ``history``: the operations of the clients, each with an outcome: ok, failed or unknown.
3. ``models``: what one machine would have done: register, key-value store, mutex, queue.
4. ``search``: is there an order in which one machine could have given these answers?
5. ``explain``: why there is none, in words; ``linearizability`` puts 2 to 5 together.
6. ``look``: how a check looks at a trace; ``invariants``: smaller promises, and how to write one.

``fast`` is another room: the same answers for long histories.

Nothing here runs a simulation or draws: checks read traces, wherever they come from.
"""
