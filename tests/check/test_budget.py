"""Long histories: what the fast search may cost, and what it says when that does not suffice."""

import tracemalloc
from random import Random

import pytest

from distlab.check.fast.pruned import PrunedSearch
from distlab.check.history import History, Operation
from distlab.check.linearizability import check
from distlab.check.models import Model, cas_register, key_value, queue, register
from tests.check.notation import history


def many_writers(size: int) -> History:
    """Concurrent writes, then reads that no order explains: exponential without an answer."""
    writes = [
        Operation(n + 1, f"w{n}", "write", "x", n % (size - 1), None, "ok", n, size + n)
        for n in range(size)
    ]
    at = range(2 * size, 2 * size + 8, 2)
    reads = [
        Operation(size + n, f"r{n}", "read", "x", None, n % 2, "ok", invoked, invoked + 1)
        for n, invoked in enumerate(at, start=1)
    ]
    return History((*writes, *reads))


def test_undecided_when_the_budget_is_used_up() -> None:
    result = check(many_writers(14), register(), budget=500)
    assert result.ok is None
    assert 500 <= result.states < 520
    assert result.explanation == "The search did not finish within its budget of 500 states."
    assert check(many_writers(6), register()).ok is False


def wide(function: str, argument: object) -> History:
    """Many operations at once, and an answer that nothing explains."""
    calls = [
        Operation(n + 1, f"w{n}", function, "x", f"{argument}{n:04d}", None, "ok", n, 400 + n)
        for n in range(400)
    ]
    wrong = "dequeue" if function == "enqueue" else "get"
    return History((*calls, Operation(401, "r", wrong, "x", None, "?", "ok", 800, 801)))


@pytest.mark.parametrize(
    ("model", "past"),
    [
        (key_value(), wide("append", "")),
        (key_value(), wide("append", "long" * 100)),
        (queue(), wide("enqueue", "")),
        (register(), many_writers(200)),
        (register(), many_writers(6000)),
    ],
    ids=["append", "append much", "enqueue", "write", "write much"],
)
def test_memory_is_bounded_by_the_budget(model: Model, past: History) -> None:
    tracemalloc.start()
    try:
        verdict = PrunedSearch(past, model).advance(20_000)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict is None
    assert used < 20_000 * 1000


def test_comparing_configurations_uses_up_the_budget() -> None:
    """Of operations without an answer, a great many sets lead to one state: each is compared."""
    random = Random("compared")
    lost = [
        Operation(
            n + 1, f"w{n}", "cas", "x", (random.randrange(50), random.randrange(50)), invoked=n
        )
        for n in range(200)
    ]
    write = Operation(201, "w", "write", "x", 3, None, "ok", 200, 201)
    read = Operation(202, "r", "read", "x", None, 77, "ok", 202, 203)
    search = PrunedSearch(History((*lost, write, read)), cas_register())
    assert search.advance(5000) is None
    assert sum(map(len, search._seen.values())) < 2500


def test_looking_at_many_operations_uses_up_the_budget() -> None:
    random = Random("looked at")
    values = [(random.randrange(300), random.randrange(300)) for _ in range(640)]
    calls = [
        Operation(n + 1, f"c{n}", "cas", "x", each, True, "ok", n, 640 + n)
        for n, each in enumerate(values)
    ]
    search = PrunedSearch(History(tuple(calls)), cas_register(0))
    assert search.advance(5000) is None
    assert sum(map(len, search._seen.values())) < 1000


def test_the_failing_prefix_is_found_in_few_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads cost no budget: what was read is wrong only when the write, long after, has failed."""
    writes = [Operation(n, "A", "write", "x", 3, None, "ok", 2 * n, 2 * n + 1) for n in (1, 2)]
    late = Operation(3, "A", "write", "x", 7, None, "failed", 6, 5000)
    reads = [
        Operation(n, "B", "read", "x", None, 7, "ok", 2 * n, 2 * n + 1) for n in range(4, 1004)
    ]
    ends, prefix = [], History.prefix
    monkeypatch.setattr(History, "prefix", lambda past, end: ends.append(end) or prefix(past, end))
    result = check(History((*writes, late, *reads)), register())
    assert max(each.completed for each in result.history) == 5000
    assert str(result.refused) == "read(x) → 7"
    assert len(ends) <= 2 * 10  # 1,000 reads: ten doublings, ten halvings


def test_a_failure_that_the_budget_does_not_reach_is_told_without_a_witness() -> None:
    result = check(wide("append", ""), key_value(), budget=1000)
    assert (result.ok, result.witness, result.refused) == (False, (), None)
    assert result.explanation == "No order of 401 operations explains every answer."
    assert check(wide("append", ""), key_value()).refused.function == "get"


def test_an_interrupted_search_goes_on_where_it_was() -> None:
    whole, pieces = (PrunedSearch(many_writers(7), register()) for _ in range(2))
    assert whole.advance(1_000_000) is False
    while (verdict := pieces.advance(10)) is None:
        pass
    assert (verdict, pieces.states, pieces.order) == (False, whole.states, whole.order)


def test_one_wrong_key_among_many_is_found_early() -> None:
    # Forty keys need thousands of states each; the wrong one needs a handful.
    hard = [many_writers(9).operations for _ in range(40)]
    operations = []
    for index, part in enumerate(hard):
        for each in part[:-1]:  # without its last read the history of a key is right, but hard
            operations.append((index, each))
    shifted = [
        Operation(
            1000 * index + o.number, o.process, o.function, f"key-{index}", o.argument, o.result,
            o.outcome, 1000 * index + o.invoked, 1000 * index + o.completed,
        )
        for index, o in operations
    ]  # fmt: skip
    wrong = [
        Operation(90_001, "A", "write", "wrong", 1, None, "ok", 90_000, 90_001),
        Operation(90_002, "B", "read", "wrong", None, 2, "ok", 90_002, 90_003),
    ]
    alone = PrunedSearch(History(tuple(o for o in shifted if o.key == "key-0")), register())
    alone.advance(1_000_000)
    result = check(History((*shifted, *wrong)), register())
    assert result.ok is False
    assert result.refused.key == "wrong"
    assert alone.states >= 500
    assert result.states <= 70 * 41  # one short turn each


def test_the_earliest_of_two_wrong_keys_is_told() -> None:
    drawing = """
    A: |-write(x, 1)-|                 |-read(x) → 0-|
    B:                 |-write(y, 1)-|                 |-read(y) → 0-|
    """
    assert check(history(drawing), register(0)).refused.key == "x"


@pytest.mark.parametrize("right", [True, False])
def test_thousands_of_operations(right: bool) -> None:
    random, operations, value, position = Random(1), [], None, 0
    for number in range(1, 5001):
        write = number % 2
        value = random.randrange(5) if write else value
        call = ("write", "x", value, None) if write else ("read", "x", None, value)
        operations.append(Operation(number, f"c{number % 4}", *call, "ok", position, position + 3))
        position += 4
    if not right:
        operations[-1] = Operation(5000, "c0", "read", "x", None, 99, "ok", position, position + 1)
    result = check(History(tuple(operations)), register())
    assert result.ok is right
    assert result.states <= 5001
    assert len(result.order) == (5000 if right else 4999)
