"""Chapter 0: two machines, one network, and everything that can come between them.

`requests` is a client that asks a server, with or without retries; `detector` a monitor that must
decide whether a silent machine is dead; `scenarios` turns both into experiments.
"""
