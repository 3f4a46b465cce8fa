"""Each model step by step: accepted and rejected, known and unknown."""

from typing import Any

import pytest

from distlab.check.linearizability import check
from distlab.check.models import MODELS, Model, cas_register, key_value, mutex, queue, register
from tests.check.notation import history

FUNCTIONS = [  # model, state, operation as drawn, legal, state after
    (register(), 1, "read(x) → 1", True, 1),
    (register(), 1, "read(x) → 2", False, None),
    (register(), 1, "write(x, 2)", True, 2),
    (cas_register(), 1, "cas(x, 1, 2) → True", True, 2),
    (cas_register(), 1, "cas(x, 1, 2) → False", False, None),
    (cas_register(), 3, "cas(x, 1, 2) → False", True, 3),
    (cas_register(), 3, "cas(x, 1, 2) → True", False, None),
    (cas_register(), 3, "read(x) → 3", True, 3),
    (key_value(), None, "get(k)", True, None),
    (key_value(), None, "get(k) → a", False, None),
    (key_value(), None, "append(k, a)", True, "a"),
    (key_value(), "a", "append(k, b)", True, "ab"),
    (key_value(), "a", "put(k, b)", True, "b"),
    (key_value(), "a", "delete(k)", True, None),
    (mutex(), None, "acquire(l)", True, "A"),
    (mutex(), None, "acquire(l) → True", True, "A"),
    (mutex(), "B", "acquire(l)", False, None),
    (mutex(), "A", "acquire(l)", False, None),
    (mutex(), "B", "acquire(l) → False", True, "B"),
    (mutex(), "A", "release(l)", True, None),
    (mutex(), "B", "release(l)", False, None),
    (mutex(), "B", "release(l) → False", True, "B"),
    (queue(), (), "enqueue(q, 1)", True, (1,)),
    (queue(), (1,), "enqueue(q, 2)", True, (1, 2)),
    (queue(), (1, 2), "dequeue(q) → 1", True, (2,)),
    (queue(), (1, 2), "dequeue(q) → 2", False, None),
    (queue(), (), "dequeue(q)", True, ()),
    (queue(), (), "dequeue(q) → 1", False, None),
    (queue(), (1,), "dequeue(q)", False, None),
]


@pytest.mark.parametrize(("model", "state", "drawn", "legal", "after"), FUNCTIONS)
def test_step(model: Model, state: Any, drawn: str, legal: bool, after: Any) -> None:
    (operation,) = history(f"A: |--{drawn}--|")
    result = model.step(state, operation)
    assert result[0] is legal
    assert not legal or result[1] == after


@pytest.mark.parametrize(
    ("model", "state", "drawn", "after"),
    [
        (register(), 1, "read(x)", 1),
        (cas_register(), 1, "cas(x, 1, 2)", 2),
        (cas_register(), 3, "cas(x, 1, 2)", 3),
        (key_value(), "a", "append(k, b)", "ab"),
        (mutex(), None, "acquire(l)", "A"),
        (queue(), (1, 2), "dequeue(q)", (2,)),
        (queue(), (), "dequeue(q)", ()),
    ],
)
def test_an_unknown_outcome_allows_any_result(
    model: Model, state: Any, drawn: str, after: Any
) -> None:
    (operation,) = history(f"A: |--{drawn}-->")
    assert model.step(state, operation) == (True, after)


def test_reads_leave_every_state_as_it_is() -> None:
    """What the search relies on when it places reads at once."""
    for model, state, drawn, legal, _ in FUNCTIONS:
        (operation,) = history(f"A: |--{drawn}--|")
        if model.reads(operation) and legal:
            assert model.step(state, operation)[1] == state
    assert register().reads(history("A: |-read(x) → 1-|").operations[0])
    assert not cas_register().reads(history("A: |-cas(x, 1, 1) → True-|").operations[0])
    assert not cas_register().reads(history("A: |-cas(x, 1, 2)->").operations[0])


def test_a_failed_operation_did_not_happen() -> None:
    for name, drawn in {
        "register": "A: |-write(x, 1) failed-| |-read(x)-|",
        "kv": "A: |-put(x, 1) failed-| |-get(x) → ''-|",
        "mutex": "A: |-acquire(x) failed-| |-acquire(x)-|",
        "queue": "A: |-enqueue(x, 1) failed-| |-dequeue(x)-|",
    }.items():
        assert check(history(drawn), MODELS[name]()).ok
        assert not check(history(drawn.replace(" failed", "")), MODELS[name]()).ok


def test_states_in_words() -> None:
    assert register().describe("x", 1) == "x is 1"
    assert mutex().describe("stock", None) == "stock is free"
    assert mutex().describe("stock", "A") == "stock is held by A"
    assert queue().describe("q", ()) == "q holds nothing"
    assert queue().describe("q", (1, 2)) == "q holds 1, 2"


def test_names_of_the_command_line() -> None:
    assert tuple(MODELS) == ("register", "cas-register", "kv", "mutex", "queue")
