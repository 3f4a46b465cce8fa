"""Chapter 5: unique numbers, made by machines that do not ask each other.

Each idea is one file: `layout` (what the bits of an id mean), `snowflake` (time, worker, sequence)
with its usual flaws in `snowflake_mistakes`, `lease` (who may use which worker id, and for which
milliseconds) with those in `lease_mistakes`, `segment` (numbers from a database, by the thousand),
`uuids` (random and time-ordered 128-bit ids) and `objectid`. All of them take their time and chance
from a host. `process` is for ordinary programs: threads, and a mark in a file. `fork` is what all
generators ask after a fork. `reality` has a worker on a real Redis. `identify` takes foreign ids
apart, with the facts in `services` and `kinds`; `measured` compares the kinds.
"""
