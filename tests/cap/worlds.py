"""A world of stores and their clients, run under faults, and how the clients' operations ended."""

from distlab.cap.requests import visits
from distlab.check.history import History
from tests import worlds


def world_of(stores, clients, faults="", until_ms=400, seed=1):
    """The world after `until_ms`. A client is a program, or a tuple of its visits."""
    programs = {name: each if callable(each) else visits(*each) for name, each in clients.items()}
    world = worlds.world_of(*stores, faults=faults, seed=seed, latency_ms=(9, 11), **programs)
    world.run(until_ms)
    return world


def numbered(clients):
    """Clients with the names c0, c1, …"""
    return {f"c{number}": steps for number, steps in enumerate(clients)}


def outcomes(world):
    return [str(each) for each in History.from_trace(world.trace)]
