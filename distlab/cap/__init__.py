"""Chapter 1, CAP: what a replicated store can promise while the network is cut.

Three systems, which answer the same `requests`:

1. `cp_store`: a leader with a majority behind it; cut off, a node refuses. `rounds` holds its
   messages, `cp_mistakes` what is often left out.
2. `dynamo`: replicas that answer with as many as a request asks for. `versions` says which of two
   values is newer; `abd` makes the quorums linearizable.
3. `primary_replica`: a primary, a replica, a failover, and the fallback read one often meets.

`checks` holds the promises they are judged by, `scenarios` the experiments, `measured` the price of
each R and W, `exercises` what the learner builds.
"""
