"""The plain search against the literature and brute force, and what it says when it fails."""

import pytest

from distlab.check.linearizability import LONG, check
from distlab.check.models import Model, cas_register, queue, register
from distlab.check.search import failure, linearization
from tests.check.notation import drawings, history
from tests.check.oracle import (
    MODELS,
    assert_legal,
    linearizable_by_brute_force,
    plainly,
    random_histories,
)

LITERATURE = drawings("literature.txt")


@pytest.mark.parametrize(
    ("_", "model", "said", "drawing"), LITERATURE, ids=[t for t, *_ in LITERATURE]
)
@pytest.mark.parametrize("long", [LONG, 0], ids=["plain", "fast"])
def test_literature(_: str, model: Model, said: str, drawing: str, long: int) -> None:
    assert check(history(drawing), model, long=long).ok is (said == "linearizable")


@pytest.mark.parametrize("model", MODELS)
def test_agrees_with_brute_force(model: str) -> None:
    accepted = 0
    for each in random_histories(model, 2000):
        happened = [operation for operation in each if operation.outcome != "failed"]
        expected = linearizable_by_brute_force(happened)
        accepted += expected
        assert plainly(each, MODELS[model]) is expected, each
        assert check(each, MODELS[model], long=0).ok is expected, each
    assert 400 <= accepted <= 1600  # both verdicts are frequent


# The witness: DESIGN's four parts.


@pytest.mark.parametrize("long", [LONG, 0], ids=["plain", "fast"])
@pytest.mark.parametrize("model", MODELS)
def test_witness(model: str, long: int) -> None:
    wrong = 0
    for each in random_histories(model, 400):
        result = check(each, MODELS[model], long=long)
        if result.ok is not False:
            continue
        wrong += 1
        prefix = result.history
        last = max(each.completed for each in prefix if each.completed is not None)
        assert not plainly(prefix, MODELS[model])
        assert plainly(prefix.prefix(last), MODELS[model])  # without its last event

        placed, refused = list(result.order), result.refused
        state = assert_legal(placed, MODELS[model])
        assert refused not in placed
        assert not any(each.before(other) for each in prefix for other in placed
                       if each not in placed and each.outcome == "ok")  # fmt: skip
        assert not MODELS[model].step(state, refused)[0]  # the state refuses it
        assert refused in result.proof
        assert result.witness == tuple(sorted(set(result.witness)))
        assert set(result.witness) <= {end for o in prefix for end in (o.invoked, o.completed)}
    assert wrong >= 80


def test_longest_order_is_the_longest() -> None:
    drawing = """
    A: |-write(x, 1)-|   |-read(x) → 1-|                     |-read(x) → 2-|
    B:                                    |-write(x, 3)-|
    C: |-write(x, 2)-|
    """
    result = check(history(drawing), register())
    assert [str(each) for each in result.order] == [
        "write(x, 2)", "write(x, 1)", "read(x) → 1", "write(x, 3)",
    ]  # fmt: skip
    assert str(result.refused) == "read(x) → 2"


def test_of_two_longest_orders_the_one_with_fewer_unknown_operations() -> None:
    drawing = """
    A:                       |--read(x) → 9--|
    B:                         |-----------------read(x) → 2--|
    C: |--write(x, 2)------>
    D: |--cas(x, 1, 2)----->
    E: |--cas(x, 0, 1)----->
    """
    found = linearization(history(drawing), cas_register(0))
    assert not found.complete
    assert [str(each) for each in found.order] == ["write(x, 2) ?", "read(x) → 2"]


def test_failing_prefix_of_a_queue_is_not_too_short() -> None:
    # Until A's dequeue completes, it may have taken 1; only its answer makes the history wrong.
    drawing = """
    A:                   |-------------------dequeue(q) → 3---|
    B: |-enqueue(q, 1)-|  |-enqueue(q, 2)-| |-dequeue(q) → 2-|   |-enqueue(q, 4)-|
    """
    result = failure(history(drawing), queue())
    assert [str(each) for each in result.prefix][-1] == "dequeue(q) → 2"
    assert max(each.completed or 0 for each in result.prefix) == 7
    assert str(result.refused) == "dequeue(q) → 3"
