"""Real workers on a real Redis: what the notebook prints comes out the same every time."""

import pytest

from distlab.real.processes import ClientProcess
from distlab.real.redis_server import redis_server

WORKER = "distlab.ids.reality:worker"


@pytest.mark.parametrize(
    ("trusts", "answer"),
    [
        ("heartbeat", "makes an id of worker 7"),
        ("lease", "refuses: OutsideWindow"),
        ("lease-and-mark", "refuses: OutsideWindow"),
    ],
)
def test_a_worker_that_was_stopped_past_its_lease(trusts, answer, require):
    require("valkey")
    with redis_server() as server:
        options = {"url": server.url, "prefix": server.key("id"), "trusts": trusts, "ttl_ms": 300}
        with ClientProcess(WORKER, **options) as first:
            assert first.receive() == "has worker id 7"
            first.send("order")
            assert first.receive() == "is in the middle of an order"
            first.pause()
            with ClientProcess(WORKER, **options) as second:
                assert second.receive() == "has worker id 7"
                first.send("go on")
                first.resume()
                assert first.receive() == answer


def test_a_worker_that_was_killed_leaves_its_worker_id_to_the_next(require):
    require("valkey")
    with redis_server() as server:
        options = {"url": server.url, "prefix": server.key("id"), "ttl_ms": 300}
        with ClientProcess(WORKER, trusts="lease-and-mark", **options) as first:
            assert first.receive() == "has worker id 7"
            first.kill()
        with ClientProcess(WORKER, trusts="lease-and-mark", **options) as second:
            assert second.receive() == "has worker id 7"
