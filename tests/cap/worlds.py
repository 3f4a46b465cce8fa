"""A world of stores and their clients, run under faults, and how the clients' operations ended."""

from distlab.cap.requests import visits
from distlab.check.history import History
from distlab.sim import World, parse_schedule


def world_of(stores, clients, faults="", until_ms=400, seed=1):
    """The world after `until_ms`. A client is a program, or a tuple of its visits."""
    world = World(seed, latency_ms=(9, 11))
    for store in stores:
        world.add(store)
    for name, steps in clients.items():
        world.client(name, steps if callable(steps) else visits(*steps))
    world.inject(parse_schedule(faults))
    world.run(until_ms)
    return world


def numbered(clients):
    """Clients with the names c0, c1, …"""
    return {f"c{number}": steps for number, steps in enumerate(clients)}


def outcomes(world):
    return [str(each) for each in History.from_trace(world.trace)]
