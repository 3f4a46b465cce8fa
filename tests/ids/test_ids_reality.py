"""Real workers on a real Redis: what the notebook prints comes out the same every time."""

import pytest

from distlab.real.redis_server import redis_server
from distlab.real.stories import Story


@pytest.fixture
def story(require):
    require("valkey")
    with redis_server() as server:
        options = {"url": server.url, "prefix": server.key("id"), "ttl_ms": 300}
        with Story("distlab.ids.reality:worker", **options) as story:
            yield story


WORKING = "has worker id 7, and is in the middle of an order"


@pytest.mark.parametrize(
    ("trusts", "answer"),
    [
        ("heartbeat", "makes an id of worker 7"),
        ("lease", "refuses: OutsideWindow"),
        ("lease-and-mark", "refuses: OutsideWindow"),
    ],
)
def test_a_worker_that_was_stopped_past_its_lease(story, trusts, answer):
    first = story.start("worker-1", trusts=trusts)
    first.pause()
    story.start("worker-2", trusts=trusts)
    first.go_on()
    assert story.lines == [
        f"worker-1 {WORKING}",
        "worker-1 is stopped (SIGSTOP)",
        f"worker-2 {WORKING}",
        f"worker-1 {answer}",
    ]


def test_a_worker_that_was_killed_leaves_its_worker_id_to_the_next(story):
    story.start("worker-1", trusts="lease-and-mark").kill()
    story.start("worker-2", trusts="lease-and-mark")
    assert story.lines[1:] == ["worker-1 is killed (SIGKILL)", f"worker-2 {WORKING}"]
