"""Texts that grow: fewer configurations, the same verdicts."""

from random import Random

import pytest

from distlab.check.fast.pruned import PrunedSearch
from distlab.check.fast.texts import TextSearch, applies
from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import Model, key_value, register
from tests.check.notation import history
from tests.check.oracle import assert_legal, plainly


def simulated(random: Random, size: int, clients: int, keys: int, wrong: float = 0) -> History:
    """What the clients of a store see: gets, appends, some puts; now and then a get is wrong."""
    store: dict[str, str] = {}
    idle, busy, done = list(range(clients)), [], []
    operations: list[Operation] = []
    position = begun = 0
    while begun < size or busy or done:
        choice = random.random()
        if choice < 0.4 and begun < size and idle:
            begun += 1
            client = idle.pop(random.randrange(len(idle)))
            function = random.choice(("get", "get", "append", "append", "append", "put", "delete"))
            key, text = str(random.randrange(keys)), f"<{begun}>"
            busy.append([begun, client, function, key, text, position, None])
        elif choice < 0.7 and busy:
            each = busy.pop(random.randrange(len(busy)))
            _, client, function, key, text, _, _ = each
            lost = random.random() < 0.04 and function != "get"
            if not (lost and random.random() < 0.5):
                if function == "get":
                    each[6] = store.get(key)
                    if random.random() < wrong and each[6]:
                        each[6] = random.choice((None, each[6][:-3], each[6] + "<0>"))
                elif function == "delete":
                    store.pop(key, None)
                else:
                    store[key] = (store.get(key, "") if function == "append" else "") + text
            done.append((each, lost))
        elif done:
            each, lost = done.pop(random.randrange(len(done)))
            number, client, function, key, text, invoked, result = each
            idle.append(client)
            argument = None if function in ("get", "delete") else text
            operations.append(
                Operation(
                    number, f"c{client}", function, key, argument, result,
                    "unknown" if lost else "ok", invoked, None if lost else position,
                )
            )  # fmt: skip
        position += 1
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


def test_agrees_with_the_other_searches() -> None:
    random = Random("texts")
    model, accepted, fewer = key_value(), 0, 0
    for _ in range(400):
        past = simulated(random, random.randint(3, 14), 4, 1, random.choice((0, 0.5)))
        if not applies(past, model):
            continue
        texts, pruned = TextSearch(past, model), PrunedSearch(past, model)
        verdict = texts.advance(1_000_000)
        assert pruned.advance(1_000_000) is verdict, past.describe()
        assert plainly(past, model) is verdict, past.describe()
        fewer += texts.states < pruned.states
        if verdict:
            accepted += 1
            assert_legal(list(texts.order), model)
        else:
            assert texts.failure(100_000).prefix == pruned.failure(100_000).prefix
            proof = check(past, model).proof
            assert not plainly(History(proof), model), past.describe()
    assert 80 <= accepted <= 340
    assert fewer >= 100


@pytest.mark.parametrize("wrong", [0, 0.01])
def test_fifty_clients(wrong: float) -> None:
    past = simulated(Random("fifty"), 2000, 50, 10, wrong)
    result = check(past, key_value())
    assert result.ok is (not wrong)
    assert result.states < 20_000


@pytest.mark.parametrize(
    ("expected", "model", "drawing"),
    [
        (True, key_value(), "A: |-append(x, a)-| |-get(x) → a-| |-put(x, b)-| |-delete(x)-|"),
        (False, key_value(), "A: |-put(x, a)-| |-get(x) → a-|"),  # nothing grows
        (False, key_value(), "A: |-append(x, a)-| |-get(x) → 1-|"),
        (False, key_value(), "A: |-append(x, a)-| |-put(x, 1)-|"),
        (False, register(), "A: |-write(x, a)-|"),
    ],
)
def test_where_texts_grow(expected: bool, model: Model, drawing: str) -> None:
    assert applies(history(drawing), model) is expected


def test_a_store_where_absent_is_empty() -> None:
    past = history("A: |-get(x) → ''-| |-append(x, a)-| |-delete(x)-| |-get(x) → ''-|")
    assert check(past, key_value(absent="")).ok is True
    assert check(past, key_value()).ok is False
