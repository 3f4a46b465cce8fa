"""What a client writes down: the raw material of histories."""

from distlab.check.history import History
from distlab.host import Refused, Unavailable
from distlab.sim import Call, Client
from tests.worlds import world_of


def run(program, faults=""):
    return world_of(faults=faults, client=program).run(200)


def records(trace):
    events = trace.of_kind("invoke", "ok", "failed", "unknown")
    return [(e.at_us // 1000, e.kind, e.what, e.number, e.why) for e in events]


async def give(value, error=None):
    if error:
        raise error
    return value


def test_each_outcome_is_recorded_and_the_program_goes_on():
    async def program(client: Client):
        results = [
            await client.perform("read", "x", None, give(5)),
            await client.perform("write", "x", 1, give(None, Refused("not the leader"))),
            await client.perform("write", "x", 2, give(None, Unavailable())),
            await client.perform("write", "x", 3, give(None, TimeoutError())),
            await client.perform("write", "x", 4, give(None)),
        ]
        client.note(str(results))

    trace = run(program)
    assert records(trace) == [
        (0, "invoke", Call("read", "x", None), 1, ""),
        (0, "ok", 5, 1, ""),
        (0, "invoke", Call("write", "x", 1), 2, ""),
        (0, "failed", None, 2, "not the leader"),
        (0, "invoke", Call("write", "x", 2), 3, ""),
        (0, "failed", None, 3, "Unavailable"),
        (0, "invoke", Call("write", "x", 3), 4, ""),
        (0, "unknown", None, 4, "no answer"),
        (0, "invoke", Call("write", "x", 4), 5, ""),
        (0, "ok", None, 5, ""),
    ]
    assert trace.of_kind("note")[0].what == "[5, None, None, None, None]"


def test_operations_side_by_side_have_numbers_of_their_own():
    async def program(client: Client):
        async def wait(ms):
            await client.sleep(ms)
            return ms

        for ms in (30, 10):
            client.spawn(client.perform("wait", "", ms, wait(ms)))

    done = [(number, what) for _, kind, what, number, _ in records(run(program)) if kind == "ok"]
    assert done == [(2, 10), (1, 30)]


def test_a_crashed_clients_operation_stays_open():
    """Nobody is there to learn the outcome: unknown, although no event says so."""

    async def program(client: Client):
        await client.perform("wait", "", 50, client.sleep(50))

    trace = run(program, "crash:client@20")
    assert [kind for _, kind, *_ in records(trace)] == ["invoke"]
    (operation,) = History.from_trace(trace).operations
    assert operation.outcome == "unknown"
