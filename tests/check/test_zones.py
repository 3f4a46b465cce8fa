"""Verdicts without a search, held equal to the searches and to brute force."""

from dataclasses import replace
from random import Random

import pytest

from distlab.check.fast.pruned import PrunedSearch
from distlab.check.fast.zones import ZoneSearch, applies
from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import Model, cas_register, key_value, register
from tests.check.notation import history
from tests.check.oracle import assert_legal, linearizable_by_brute_force, plainly, random_history


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


def test_agrees_with_both_searches_and_brute_force() -> None:
    random = Random("zones")
    accepted = 0
    for _ in range(3000):
        past = unique(random, random.randint(2, 8))
        assert applies(past, register())
        happened = [each for each in past if each.outcome != "failed"]
        expected = linearizable_by_brute_force(happened)
        accepted += expected
        zones = ZoneSearch(past, register())
        assert zones.advance(0) is expected, past.describe()
        assert PrunedSearch(past, register()).advance(100_000) is expected, past.describe()
        assert plainly(past, register()) is expected, past.describe()
        if expected:
            assert_legal(list(zones.order), register())
            assert {o.number for o in past if o.outcome == "ok"} <= {o.number for o in zones.order}
    assert 600 <= accepted <= 2400


def test_larger_histories_that_are_nearly_right() -> None:
    random = Random("nearly right")
    accepted = 0
    for _ in range(200):
        past = simulated(random, 60)
        expected = PrunedSearch(past, register()).advance(1_000_000)
        accepted += bool(expected)
        assert ZoneSearch(past, register()).advance(0) is expected, past.describe()
    assert 40 <= accepted <= 160


def simulated(random: Random, size: int) -> History:
    """What six clients would see of a register that is rarely, if ever, a little stale."""
    value, old, stale = None, None, random.choice((0, 0.2))
    waiting: list[tuple[int, int, str]] = []
    operations, position, begun = [], 0, 0
    while begun < size or waiting:
        if not waiting or (begun < size and len(waiting) < 6 and random.random() < 0.6):
            begun += 1
            waiting.append((begun, position, random.choice(("read", "write"))))
        else:
            number, invoked, function = waiting.pop(random.randrange(len(waiting)))
            wrote = function == "write"
            lost = wrote and random.random() < 0.1
            if wrote and not (lost and random.random() < 0.5):
                old, value = value, number
            operations.append(
                Operation(
                    number, f"c{number}", function, "x", number if wrote else None,
                    None if wrote else old if random.random() < stale else value,
                    "unknown" if lost else "ok", invoked, None if lost else position,
                )
            )  # fmt: skip
        position += 1
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


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


def test_the_witness_is_that_of_the_search() -> None:
    random = Random("witness")
    wrong = 0
    for _ in range(1000):
        past = unique(random, random.randint(2, 8))
        zones, search = ZoneSearch(past, register()), PrunedSearch(past, register())
        if zones.advance(0) or search.advance(100_000):
            continue
        wrong += 1
        prefix, order, refused = zones.failure(0)
        assert prefix == search.failure(100_000).prefix
        state = assert_legal(list(order), register())
        assert refused not in order
        assert not register().step(state, refused)[0]
        proof = check(past, register()).proof
        assert not plainly(History(proof), register()), past.describe()
        assert len(proof) <= 6 or len(order) < 6
    assert wrong >= 300


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
    ("expected", "model", "drawing"),
    [
        (True, register(), "A: |-write(x, 1)-| |-write(x, 2)-| |-read(x) → 2-|"),
        (True, key_value(), "A: |-put(x, 1)-| |-get(x) → 1-|"),
        (True, cas_register(), "A: |-write(x, 1)-| |-read(x) → 7-|"),
        (False, cas_register(), "A: |-write(x, 1)-| |-cas(x, 1, 2) → True-|"),
        (False, key_value(), "A: |-put(x, 1)-| |-append(x, a)-|"),
        (False, key_value(), "A: |-put(x, 1)-| |-delete(x)-|"),
        (False, register(), "A: |-write(x, 1)-| |-write(x, 1)-|"),
        (False, register(1), "A: |-write(x, 1)-|"),
        (False, register(), "A: |-write(x, 1) failed-| |-write(x, 1)-|"),
        (False, replace(register(), variable=False), "A: |-write(x, 1)-|"),
    ],
)
def test_where_there_are_zones(expected: bool, model: Model, drawing: str) -> None:
    assert applies(history(drawing), model) is expected


def test_a_model_with_a_step_of_its_own_is_no_variable() -> None:
    with pytest.raises(ValueError, match="variable=False"):
        replace(register(), step=lambda state, operation: (True, state))


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
