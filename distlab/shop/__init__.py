"""The running shop of the course: chapters 2, 3, 4 and 7 sell its pieces.

* `tables`: what it keeps, in the SQL that SQLite and PostgreSQL share;
* `stock`: requests about the stock, each one transaction on a `distlab.host.Database`, and their
  answers. The simulated shop and the real one both run these;
* `service`: its machines in the simulated world, each with a database of its own;
* `invariants`: what has to hold whatever fails.
"""
