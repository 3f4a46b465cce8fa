"""A world of some machines, and programs of clients that are played in it."""

from distlab.sim import World, parse_schedule


def world_of(*nodes, faults="", seed=0, latency_ms=(5, 15), **clients):
    """A world that is ready to run. `clients` are programs by the names of their machines."""
    world = World(seed, latency_ms)
    for node in nodes:
        world.add(node)
    for name, program in clients.items():
        world.client(name, program)
    world.inject(parse_schedule(faults))
    return world


def notes(trace):
    """(ms, what) of everything noted."""
    return [(event.at_us / 1000, event.what) for event in trace.of_kind("note")]


def play(programs, *nodes, until_ms=60_000, **settings):
    """What each `await program(client)` returns, by its client's name, and the trace.

    An error of a program is raised here, be it a refusal or no answer, as in a test of its own.
    """
    results, errors = {}, []

    def as_client(name, program):
        async def main(client):
            try:
                results[name] = await program(client)
            except Exception as error:
                errors.append(error)

        return main

    clients = {name: as_client(name, program) for name, program in programs.items()}
    world = world_of(*nodes, **settings, **clients)
    try:
        trace = world.run(until_ms)
    finally:
        world.close()
    for error in errors:
        raise error
    return results, trace
