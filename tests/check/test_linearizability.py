"""The check that scenarios use, and the order that it finds."""

from dataclasses import replace

import pytest

from distlab.check.history import History
from distlab.check.linearizability import check, linearizable
from distlab.check.models import register
from distlab.host import BadInput
from distlab.sim.trace import Call, Trace
from tests.check.notation import history
from tests.check.oracle import MODELS, assert_legal, random_histories


@pytest.mark.parametrize("model", MODELS)
def test_order_of_an_accepted_history(model: str) -> None:
    for each in random_histories(model, 400):
        result = check(each, MODELS[model])
        if result.ok:
            for part in each.by_key():
                key = part.operations[0].key
                assert_legal([o for o in result.order if o.key == key], MODELS[model])
            assert not any(
                later.before(operation)
                for index, operation in enumerate(result.order)
                for later in result.order[index + 1 :]
            )  # the keys are merged without breaking real time
            assert {o.number for o in each if o.outcome == "ok"} <= {o.number for o in result.order}


def test_as_a_check() -> None:
    trace = Trace([
        (0, "send", "a", "b", "hello", 1, ""),
        (1, "invoke", "client-1", "", Call("write", "x", 2), 7, ""),
        (2, "ok", "client-1", "", None, 7, ""),
        (3, "deliver", "b", "a", "hello", 1, ""),
        (4, "invoke", "client-2", "", Call("read", "x", None), 8, ""),
        (5, "ok", "client-2", "", 1, 8, ""),
    ])  # fmt: skip
    judge = linearizable(register(1))
    verdict = judge(trace)
    assert (judge.name, verdict.name, verdict.ok) == ("linearizable", "linearizable", False)
    assert verdict.explanation.startswith("client-2 read x = 1 after client-1's write of x = 2")
    assert verdict.witness == (1, 2, 4, 5)
    assert linearizable(register(2), name="atomic")(trace).ok is False
    assert judge.result(trace).refused.number == 8


def test_empty_history() -> None:
    assert check(History(()), register()).ok is True
    assert linearizable()(Trace([])).word == "nothing to judge"


def test_a_function_that_the_model_does_not_have() -> None:
    with pytest.raises(BadInput, match=r"'register' has no function 'wirte'; did you mean 'write'"):
        check(history("A: |-wirte(x, 1)-|"), register())


def test_other_partitions() -> None:
    """A model over all keys: every write adds to one sum."""
    total = replace(
        register(0),
        name="sum",
        variable=False,
        partition_by_key=False,
        step=lambda state, o: (
            (True, state + o.argument) if o.function == "write" else (o.may_return(state), state)
        ),
    )
    drawing = """
    A: |-write(x, 1)-| |-write(y, 2)-|
    B:                                  |-read(z) → {}-|
    """
    assert check(history(drawing.format(3)), total).ok is True
    assert check(history(drawing.format(2)), total).ok is False
