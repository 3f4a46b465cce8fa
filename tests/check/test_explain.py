"""Why a history is not linearizable, in words, and whether the operations named prove it."""

import pytest

from distlab.check.history import History
from distlab.check.linearizability import check
from distlab.check.models import Model, cas_register
from tests.check.notation import drawings, history
from tests.check.oracle import random_histories

REASONS = drawings("reasons.txt")


@pytest.mark.parametrize(("reason", "model", "_", "drawing"), REASONS)
def test_reason(reason: str, model: Model, _: str, drawing: str) -> None:
    result = check(history(drawing), model)
    assert result.ok is False
    assert result.explanation.startswith(reason)


def test_the_second_sentence_names_order_and_state() -> None:
    _, model, _, drawing = REASONS[1]
    assert check(history(drawing), model).explanation.endswith(
        "The longest order that fits is A write(x, 1), B read(x) → 1: "
        "then x is 1, which refuses read(x) → 0."
    )


@pytest.mark.parametrize("initial", [None, 1])
def test_a_plain_reason_is_a_proof_by_itself(initial: int | None) -> None:
    plain, model = 0, cas_register(initial)
    for each in random_histories("register", 1000) + random_histories("cas-register", 1000):
        result = check(each, model)
        if result.ok is False and " fits no order" not in result.explanation:
            plain += 1
            assert check(History(result.proof), model).ok is False, each
            values = {each.result for each in result.proof if each.function == "read"}
            for other in result.history:  # it leaves out no write of a value that it speaks of
                late = result.refused.before(other)
                if other.function == "write" and other.outcome != "failed" and not late:
                    assert other.argument not in values or other in result.proof
    assert plain >= 500
