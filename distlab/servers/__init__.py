"""Third-party servers in the simulated world: real commands and SQL, virtual time and crashes.

`redis` is a Redis (fakeredis behind a simulated network, with the clock and the disk of its
machine), `sql` a database (SQLite on a machine's disk), `leases` keys that end with a lease.
"""
