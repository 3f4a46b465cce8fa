"""Nobody, two processes or a Dask cluster may do the runs: the answer is the same."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from distlab.explore import everywhere, explore, sweep
from distlab.explore.work import AHEAD, CHUNK, results, travels
from distlab.host import BadInput
from distlab.registry import get
from distlab.scenario import Token
from distlab.start.requests import Printer
from tests.explore.planted import ONE

SCENARIO = get("start/slow-or-dead")
RARE = {"nemesis": "lose:printer>client; jump; at most 3", "retries": 2, "seed": 3}
"""Three lost messages must meet in one request: the search goes on for some chunks."""


@contextmanager
def processes(_: object) -> Iterator[Executor]:
    with ProcessPoolExecutor(2) as executor:
        yield executor


@contextmanager
def dask_cluster(require: Callable[[str], str]) -> Iterator[Executor]:
    require("dask")
    import distributed

    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client.get_executor()


@pytest.fixture(scope="module", params=[processes, dask_cluster])
def workers(request, require):
    with request.param(require) as executor:
        yield executor


def test_the_same_finding_token_for_token(workers):
    alone, together = (
        explore("start/lost-answer", executor=executor, **RARE) for executor in (None, workers)
    )
    assert alone.runs > 5 * CHUNK
    assert together.first.token == alone.first.token
    assert together.token == alone.token
    assert together.text() == alone.text()


def test_the_same_census(workers):
    alone, together = (
        everywhere(SCENARIO, 2, nemesis="crash:server-a", limit=300, executor=executor)
        for executor in (None, workers)
    )
    assert (together.text(), together.failing) == (alone.text(), alone.failing)


def test_the_same_sweep(workers):
    alone, together = (
        sweep(SCENARIO, "pause:server-a@0+90", executor=executor) for executor in (None, workers)
    )
    assert together.points == alone.points


class Recorder(Executor):
    """Does the work at once, in this process, and remembers what it was given."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.futures, self.submitted, self.fails_at = [], [], fails_at

    def submit(self, function, /, *arguments, **options):
        future = Future()
        if len(self.futures) == self.fails_at:
            future.set_exception(KeyboardInterrupt())
        elif self.fails_at is None or len(self.futures) < self.fails_at:
            future.set_result(function(*arguments, **options))
        self.futures.append(future)
        self.submitted += arguments
        return future


def test_workers_receive_tokens_in_chunks():
    recorder = Recorder()
    found = explore("start/lost-answer", executor=recorder, **RARE)
    assert {len(chunk) for chunk in recorder.submitted} <= {CHUNK, 500 % CHUNK}
    token = recorder.submitted[0][0]
    assert isinstance(token, str) and token.startswith("d1:start/lost-answer?retries=2&")
    assert found


def test_no_more_than_so_many_chunks_are_ahead():
    recorder = Recorder()
    trial = Token(SCENARIO, 1, (), SCENARIO.settings({}), "")
    endless = results(SCENARIO, iter(lambda: trial, None), recorder)
    next(endless)
    assert len(recorder.futures) == AHEAD
    endless.close()


def test_an_interrupt_cancels_what_is_under_way():
    recorder = Recorder(fails_at=2)
    with pytest.raises(KeyboardInterrupt):
        explore(SCENARIO, nemesis="", executor=recorder)
    assert len(recorder.futures) == 32  # 500 runs
    assert all(future.cancelled() for future in recorder.futures[3:])


def test_a_finding_cancels_what_is_under_way():
    recorder = Recorder()
    recorder.submit = lambda *work, submit=recorder.submit: (
        submit(*work)
        if len(recorder.futures) < 4
        else recorder.futures.append(Future()) or recorder.futures[-1]
    )
    assert explore(SCENARIO, nemesis="pause:server-a+90..200", executor=recorder).runs <= CHUNK
    assert all(future.cancelled() for future in recorder.futures[4:])


class Nobody(Executor):
    def submit(self, function, /, *arguments, **options):
        raise AssertionError("this work cannot be done elsewhere")


def test_code_of_a_notebook_stays_in_its_process():
    class Mine(Printer):
        def on_print(self, message, sender):
            pass

    changed = get("start/lost-answer").using(solution=Mine)
    assert explore(changed, nemesis="", executor=Nobody()).runs == 1
    assert travels(SCENARIO)
    for other in (
        ONE,
        replace(SCENARIO, horizon_ms=300),
        replace(SCENARIO, id="start/of-a-notebook"),
    ):
        assert not travels(other)


def test_an_error_in_a_worker_is_raised_here():
    with pytest.raises(BadInput, match="beyond the end of the run"):
        sweep(SCENARIO, "crash:server-a@0", instants=[1, 9999], executor=Recorder())
