"""Verdicts, not stories: checkers that judge a run and name the few events that prove it.

Read in this order:

1. ``verdict``: what every check answers: holds, violated (with a witness) or undecided.
2. ``history``: the operations of the clients, each with an outcome: ok, failed or unknown.
3. ``models``: what one machine would have done: register, key-value store, mutex, queue.
4. ``linearizability``: is there an order in which one machine could have given these answers?
5. ``invariants``: smaller promises: availability, no lost write, one holder, session guarantees.

Nothing here runs a simulation or draws: checks read traces, whoever made them.
"""
