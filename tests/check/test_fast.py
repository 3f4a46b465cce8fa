"""The fast searches: held equal to the plain one, each where it applies."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from distlab.check.fast import texts, zones
from distlab.check.fast.pruned import PrunedSearch
from distlab.check.fast.texts import TextSearch
from distlab.check.fast.zones import ZoneSearch
from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import Model, cas_register, key_value, register
from distlab.check.search import failure, linearization
from tests.check.notation import history
from tests.check.oracle import MODELS, assert_legal, plainly, random_history
from tests.check.simulated import Load, simulated

STORE = ("get", "get", "append", "append", "append", "put", "delete")


def store(random: Random, size: int, clients: int, keys: int, wrong: float = 0) -> History:
    """What the clients of a store of texts see; a share of the gets is wrong."""
    load = Load(size, clients, lost=0.08, keys=keys, functions=STORE, spell=1)

    def seen(each: Operation) -> Operation:
        if each.function != "get" or not each.result or random.random() >= wrong:
            return each
        return replace(each, result=random.choice((None, each.result[:-3], each.result + "<0>")))

    return History(tuple(map(seen, simulated(random, load))))


def unique(random: Random, size: int) -> History:
    """A random history of a register, right or wrong, in which no value is written twice."""
    past = random_history(random, "register", size, ("x",))
    writes = [each for each in past if each.function == "write"]
    values = dict(zip((each.number for each in writes), range(1, size + 1), strict=False))
    results = [None, *values.values()] if random.random() < 0.9 else [None, 1, 99]
    return History(
        tuple(
            replace(each, argument=values[each.number])
            if each.number in values
            else replace(each, result=random.choice(results) if each.outcome == "ok" else None)
            for each in past
        )
    )


def nearly_right(random: Random, size: int) -> History:
    """What six clients would see of a register that is rarely, if ever, a little stale."""
    stale, functions = random.choice((0, 0.2)), ("read", "write")
    return simulated(random, Load(size, 6, 0.2, stale, functions=functions, once=True, spell=1))


def any_of(model: str) -> Callable[[Random], History]:
    return lambda random: random_history(random, model, random.choice((3, 8, 12)), ("x",))


SEARCHES = [
    *((PrunedSearch, MODELS[model], any_of(model), 150) for model in MODELS),
    (
        TextSearch,
        key_value(),
        lambda random: store(random, random.randint(3, 14), 4, 1, random.choice((0, 0.5))),
        400,
    ),
    (ZoneSearch, register(), lambda random: unique(random, random.randint(2, 8)), 1500),
]


@pytest.mark.parametrize(("kind", "model", "draw", "count"), SEARCHES)
def test_agrees_with_the_plain_search(
    kind: type, model: Model, draw: Callable[[Random], History], count: int
) -> None:
    random, accepted = Random(f"{kind.__name__}/{model.name}"), 0
    for _ in range(count):
        past = draw(random)
        quick, found = kind(past, model), linearization(past, model)
        assert quick.advance(1_000_000) is found.complete, past
        accepted += found.complete
        if found.complete:
            assert_legal(list(quick.order), model)
            assert {o.number for o in past if o.outcome == "ok"} <= {o.number for o in quick.order}
            continue
        prefix, order, refused = quick.failure(1_000_000)
        assert prefix == failure(past, model).prefix, past
        assert refused not in order
        assert not model.step(assert_legal(list(order), model), refused)[0]
    assert count // 10 <= accepted <= count - count // 10  # both verdicts are frequent


def test_longer_histories_that_are_nearly_right() -> None:
    random, accepted = Random("nearly right"), 0
    for _ in range(200):
        past = nearly_right(random, 60)
        expected = PrunedSearch(past, register()).advance(1_000_000)
        accepted += bool(expected)
        assert ZoneSearch(past, register()).advance(0) is expected, past
    assert 40 <= accepted <= 160


def test_growing_texts_need_fewer_configurations() -> None:
    random, fewer = Random("texts"), 0
    for _ in range(100):
        past = store(random, random.randint(8, 14), 4, 1)
        quick, pruned = TextSearch(past, key_value()), PrunedSearch(past, key_value())
        assert quick.advance(1_000_000) and pruned.advance(1_000_000)
        fewer += quick.states < pruned.states
    assert fewer >= 40


@pytest.mark.parametrize("wrong", [0, 0.01])
def test_fifty_clients(wrong: float) -> None:
    past = store(Random("fifty"), 2000, 50, 10, wrong)
    result = check(past, key_value())
    assert result.ok is (not wrong)
    assert result.states < 20_000


@pytest.mark.parametrize("right", [True, False])
def test_a_hundred_clients_at_once(right: bool) -> None:
    """Where a search would have to try orders of a hundred writes."""
    writes = [
        Operation(n + 1, f"w{n}", "write", "x", n, None, "ok", n, 100 + n) for n in range(100)
    ]
    reads = [
        Operation(
            n + 1, f"r{n}", "read", "x", None, 7 if right else n - 200, "ok", 2 * n, 2 * n + 1
        )
        for n in range(200, 300)
    ]
    result = check(History((*writes, *reads)), register())
    assert result.ok is right
    assert result.states == 0
    if not right:
        assert str(result.refused).startswith("read(x) → ")


def test_back_and_forth_is_a_proof_by_itself() -> None:
    """Writes without an end, and reads: what is wrong with them has no plainer reason."""
    random = Random("back and forth")
    told = 0
    for _ in range(500):
        writes = [Operation(n, f"w{n}", "write", "x", n, invoked=n) for n in range(1, 5)]
        ends = sorted((5 + n // 2 * 3 + random.randrange(5), n) for n in range(14))
        at = {n: [5 + rank for rank, (_, m) in enumerate(ends) if m // 2 == n] for n in range(7)}
        reads = [
            Operation(
                10 + n, f"r{n}", "read", "x", None, random.randint(1, 4), "ok", at[n][0], at[n][1]
            )
            for n in range(7)
        ]
        reads.sort(key=lambda each: each.invoked)
        result = check(History((*writes, *reads)), register())
        if "each there before the other" in result.explanation:
            told += 1
            assert not plainly(History(result.proof), register())
            assert len(result.proof) <= 6
    assert told >= 100


@pytest.mark.parametrize(
    ("expected", "drawing"),
    [
        (
            False,  # two forward zones overlap
            """
            A: |-write(x, 1)-|                       |-read(x) → 1-|
            B: |-----------write(x, 2)-----------|           |-read(x) → 2-|
            C:                |-read(x) → 2-|
            """,
        ),
        (
            False,  # a backward zone lies within a forward one
            """
            A: |-write(x, 1)-|                     |-read(x) → 1-|
            B:                  |-write(x, 2)-|
            """,
        ),
        (
            True,  # it reaches out of it
            """
            A: |-write(x, 1)-|                 |-read(x) → 1-|
            B:                  |-write(x, 2)-----|
            """,
        ),
        (False, "A: |-read(x) → 1-| |-write(x, 1)-|"),  # a read before its write
        (True, "A: |-write(x, 1)-->\nB:                     |-read(x) → 1-|"),
        (False, "A: |-write(x, 1) failed-| |-read(x) → 1-|"),
        (True, ""),
    ],
)
def test_zones(expected: bool, drawing: str) -> None:
    assert ZoneSearch(history(drawing), register()).advance(0) is expected
    assert plainly(history(drawing), register()) is expected


@pytest.mark.parametrize(
    ("zone", "text", "model", "drawing"),
    [
        (True, False, register(), "A: |-write(x, 1)-| |-write(x, 2)-| |-read(x) → 2-|"),
        (True, False, key_value(), "A: |-put(x, 1)-| |-get(x) → 1-|"),
        (True, False, cas_register(), "A: |-write(x, 1)-| |-read(x) → 7-|"),
        (False, False, cas_register(), "A: |-write(x, 1)-| |-cas(x, 1, 2) → True-|"),
        (False, False, key_value(), "A: |-put(x, 1)-| |-delete(x)-|"),
        (False, False, register(), "A: |-write(x, 1)-| |-write(x, 1)-|"),
        (False, False, register(1), "A: |-write(x, 1)-|"),
        (False, False, register(), "A: |-write(x, 1) failed-| |-write(x, 1)-|"),
        (False, False, replace(register(), variable=False), "A: |-write(x, 1)-|"),
        (False, True, key_value(), "A: |-append(x, a)-| |-get(x) → a-| |-put(x, b)-|"),
        (False, True, key_value(), "A: |-append(x, a)-| |-delete(x)-|"),
        (False, False, key_value(), "A: |-append(x, a)-| |-get(x) → 1-|"),
        (False, False, key_value(), "A: |-append(x, a)-| |-put(x, 1)-|"),
    ],
)
def test_where_they_apply(zone: bool, text: bool, model: Model, drawing: str) -> None:
    past = history(drawing)
    assert (zones.applies(past, model), texts.applies(past, model)) == (zone, text)


def test_a_model_with_a_step_of_its_own_is_no_variable() -> None:
    with pytest.raises(ValueError, match="variable=False"):
        replace(register(), step=lambda state, operation: (True, state))


def test_a_store_where_absent_is_empty() -> None:
    past = history("A: |-get(x) → ''-| |-append(x, a)-| |-delete(x)-| |-get(x) → ''-|")
    assert check(past, key_value(absent=""), long=0).ok is True
    assert check(past, key_value(), long=0).ok is False
