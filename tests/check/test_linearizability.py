"""The judge against the literature, against brute force, and against its own promises."""

import tracemalloc
from dataclasses import replace
from random import Random

import pytest

from distlab.check.fast.pruned import PrunedSearch
from distlab.check.history import History, Operation
from distlab.check.linearizability import check, linearizable
from distlab.check.models import Model, cas_register, key_value, mutex, queue, register
from distlab.check.search import linearization
from distlab.host import BadInput
from distlab.sim.trace import Call, Trace
from tests.check.notation import history
from tests.check.oracle import (
    MODELS,
    assert_legal,
    linearizable_by_brute_force,
    plainly,
    random_histories,
    random_history,
)

# Histories from the literature: (where from, model, linearizable, drawing).
LITERATURE = [
    (
        "Herlihy & Wing 1990, figure 1, H1: concurrent enqueues may take effect in either order",
        queue(),
        True,
        """
        A: |---enqueue(q, x)---|                      |--dequeue(q) → y--|   |--enqueue(q, z)-->
        B:   |-enqueue(q, y)-|   |-dequeue(q) → x-|
        """,
    ),
    (
        "Herlihy & Wing 1990, figure 1, H2: x was in the queue before y and leaves after it",
        queue(),
        False,
        """
        A: |-enqueue(q, x)-|                        |----dequeue(q) → y----|
        B:                   |----enqueue(q, y)-----------|
        """,
    ),
    (
        "Herlihy & Wing 1990, figure 1, H3: an enqueue takes effect before it returns",
        queue(),
        True,
        """
        A: |--enqueue(q, x)----------------------->
        B:       |--dequeue(q) → x--|
        """,
    ),
    (
        "Herlihy & Wing 1990, figure 1, H4: y is dequeued twice",
        queue(),
        False,
        """
        A: |-enqueue(q, x)---|     |-dequeue(q) → y---|
        B:   |-enqueue(q, y)---|
        C:                           |-dequeue(q) → y----|
        """,
    ),
    (
        "Herlihy & Wing 1990, section 3.3: sequentially consistent for each queue, yet not local",
        queue(),
        False,
        """
        A: |-enqueue(p, x)-|    |-enqueue(q, x)-|    |-dequeue(p) → y-|
        B:  |-enqueue(q, y)-|    |-enqueue(p, y)-|    |-dequeue(q) → x-|
        """,
    ),
    (
        "Porcupine's README: the get that returns 0 may come first",
        register(0),
        True,
        """
        C0: |-------- write(x, 100) --------|
        C1:    |--- read(x) → 100 ---|
        C2:         |- read(x) → 0 -|
        """,
    ),
    (
        "Porcupine's README: new value, then old value",
        register(0),
        False,
        """
        C0: |---------------- write(x, 200) ---------------|
        C1:    |- read(x) → 200 -|
        C2:                           |- read(x) → 0 -|
        """,
    ),
    (
        "Lamport 1986, regular but not atomic: two reads beside one write, new then old",
        register(1),
        False,
        """
        W: |----------------write(x, 2)-----------------|
        R:   |-read(x) → 2-|  |-read(x) → 1-|
        """,
    ),
    (
        "Kleppmann 2017, figure 9-4: the last read, after another client has read 4",
        cas_register(2),
        False,
        """
        C: |---------cas(x, 2, 4) → True--------------|
        A:    |-read(x) → 4-|
        B:                       |-read(x) → 2-|
        """,
    ),
]


@pytest.mark.parametrize(
    ("model", "expected", "drawing"),
    [each[1:] for each in LITERATURE],
    ids=[each[0] for each in LITERATURE],
)
def test_literature(model: Model, expected: bool, drawing: str) -> None:
    assert check(history(drawing), model).ok is expected
    assert plainly(history(drawing), model) is expected


@pytest.mark.parametrize("model", MODELS)
def test_agrees_with_brute_force(model: str) -> None:
    accepted = 0
    for each in random_histories(model, 2000):
        happened = [operation for operation in each if operation.outcome != "failed"]
        expected = linearizable_by_brute_force(happened)
        accepted += expected
        assert plainly(each, MODELS[model]) is expected, each.describe()
        searches = [PrunedSearch(part, MODELS[model]) for part in each.by_key()]
        assert all(search.advance(100_000) for search in searches) is expected, each.describe()
        assert check(each, MODELS[model]).ok is expected, each.describe()
    assert 400 <= accepted <= 1600  # both verdicts are frequent


@pytest.mark.parametrize("model", MODELS)
def test_the_pruned_search_finds_what_the_plain_one_finds(model: str) -> None:
    random = Random(f"pruned/{model}")
    for _ in range(200):
        each = random_history(random, model, 14, ("x",))
        found = linearization(each, MODELS[model])
        quick = PrunedSearch(each, MODELS[model])
        assert quick.advance(100_000) is found.complete, each.describe()
        assert_legal(list(found.order), MODELS[model])
        if found.complete:
            assert_legal(list(quick.order), MODELS[model])


# The witness: DESIGN.md's four parts.


@pytest.mark.parametrize("model", MODELS)
def test_witness(model: str) -> None:
    wrong = 0
    for each in random_histories(model, 400):
        result = check(each, MODELS[model])
        if result.ok is not False:
            continue
        wrong += 1
        prefix = result.history
        last = max(each.completed for each in prefix if each.completed is not None)
        shorter = prefix.prefix(last)
        assert check(prefix, MODELS[model]).ok is False
        assert check(shorter, MODELS[model]).ok is True  # without its last event

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


@pytest.mark.parametrize("model", MODELS)
def test_order_of_an_accepted_history(model: str) -> None:
    for each in random_histories(model, 400):
        result = check(each, MODELS[model])
        if result.ok:
            for key in each.keys:
                assert_legal([o for o in result.order if o.key == key], MODELS[model])
            assert not any(
                later.before(operation)
                for index, operation in enumerate(result.order)
                for later in result.order[index + 1 :]
            )  # the keys are merged without breaking real time
            assert {o.number for o in each if o.outcome == "ok"} <= {o.number for o in result.order}


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


def test_the_longest_order_has_more_answers_and_then_fewer_unknown() -> None:
    drawing = """
    A:                       |--read(x) → 9--|
    B:                         |-----------------read(x) → 2--|
    C: |--write(x, 2)------>
    D: |--cas(x, 1, 2)----->
    E: |--cas(x, 0, 1)----->
    """
    search = PrunedSearch(history(drawing), cas_register(0))
    assert search.advance(100) is False
    assert [str(each) for each in search.order] == ["write(x, 2) ?", "read(x) → 2"]


def test_failing_prefix_of_a_queue_is_not_too_short() -> None:
    # Until A's dequeue completes, it may have taken 1; only its answer makes the history wrong.
    drawing = """
    A:                   |-------------------dequeue(q) → 3---|
    B: |-enqueue(q, 1)-|  |-enqueue(q, 2)-| |-dequeue(q) → 2-|   |-enqueue(q, 4)-|
    """
    result = check(history(drawing), queue())
    assert [str(each) for each in result.history][-1] == "dequeue(q) → 2"
    assert max(each.completed or 0 for each in result.history) == 7
    assert str(result.refused) == "dequeue(q) → 3"


# Reasons in words.

REASONS = [
    (
        "C read x = 0 after B's write of x = 2 was acknowledged.",
        register(0),
        """
        A: |-write(x, 1)-|
        B:     |-write(x, 2)-|
        C:                       |-read(x) → 0-|
        """,
    ),
    (
        "C read x = 0 after B read x = 1.",
        register(0),
        """
        A: |-write(x, 1)-------------------------->
        B: |-read(x) → 1-|
        C:                   |-read(x) → 0-|
        """,
    ),
    (
        "C read x = 1 after C read x = 2.",
        register(0),
        """
        A: |-write(x, 1)-|
        B: |-write(x, 2)-|
        C:                 |-read(x) → 2-| |-read(x) → 1-|
        """,
    ),
    (
        "B read x = 7, but nobody had written 7.",
        register(0),
        """
        A: |-write(x, 1)-|                 |-write(x, 7)-|
        B: |-read(x) → 7-|
        """,
    ),
    (
        "B read x = 7, but A's write of x = 7 had failed.",
        register(0),
        """
        A: |-write(x, 7) failed-|
        B:                         |-read(x) → 7-|
        """,
    ),
    (
        "B read x = 7, but A's write of x = 7 had failed.",  # C comes too late to have been it
        register(0),
        """
        A: |-write(x, 7) failed----------------|
        B:  |-read(x) → 7-|
        C:                   |-write(x, 7)----------|
        """,
    ),
    (
        "B read x = 1 after A read x = 2.",  # the read of 2 began before the write of 1 was over
        register(0),
        """
        W: |-write(x, 1)-|  |-write(x, 2)------------>
        A:      |---------read(x) → 2----|
        B:                                 |-read(x) → 1-|
        """,
    ),
    (
        "A read x = 2, but x = 2 and x = 1 were each there before the other, and neither was "
        "written twice.",
        register(0),
        """
        W: |-write(x, 1)------------------------------->
        X: |-write(x, 2)------------------------------->
        A:     |-read(x) → 1-|  |-read(x) → 2-|
        B:     |-read(x) → 2-| |-read(x) → 1-|
        """,
    ),
    (
        "A read x = 1, but x = 1 and x = 2 were each there before the other, and neither was "
        "written twice.",
        register(0),
        """
        W: |-write(x, 1)------------------------------->
        X: |-write(x, 2)------------------------------->
        A:     |-read(x) → 1-|    |-read(x) → 2-|  |-read(x) → 1-|
        """,
    ),
    (
        "C read x = 3, which fits no order of the operations.",
        register(0),
        """
        W: |-write(x, 1)-----> |-write(x, 1)------------>
        X: |-write(x, 2)-----> |-write(x, 2)------------>
        Y: |-write(x, 3)-----> |-write(x, 3)------------>
        A: |-read(x) → 1-| |-read(x) → 2-|   |-read(x) → 1-|   |-read(x) → 2-|
        B: |-read(x) → 2-|   |-read(x) → 3-| |-read(x) → 2-| |-read(x) → 3-|
        C: |-read(x) → 3-|  |-read(x) → 1-|  |-read(x) → 3-|  |-read(x) → 1-|
        """,
    ),
    (
        "R read x = 0, which fits no order of the operations.",  # x was 0 at first and again later
        register(0),
        """
        V: |-write(x, 0)-------------------------------------------------------------------->
        W: |-write(x, 1)-------------------------------------------------------------------->
        X: |-write(x, 2)-------------------------------------------------------------------->
        Y: |-write(x, 2)-------------------------------------------------------------------->
        R:   |-read(x) → 0-| |-read(x) → 1-| |-read(x) → 0-| |-read(x) → 2-| |-read(x) → 0-|
        """,
    ),
    (
        "B's cas of x from 0 to 2 succeeded after A's cas of x from 0 to 1 was acknowledged.",
        cas_register(0),
        """
        A: |-cas(x, 0, 1) → True-|
        B:                          |-cas(x, 0, 2) → True-|
        """,
    ),
    (
        "B read x = 'b' after A's append of x = 'a' was acknowledged.",
        key_value(),
        """
        A: |-append(x, a)-|
        B: |-append(x, b)-|  |-get(x) → b-|
        """,
    ),
    (
        "B read x = 'a' after A read x = 'ab'.",
        key_value(),
        """
        A: |-append(x, a)-|  |-get(x) → ab-|
        B: |-append(x, b)------------------------>
        B:                                   |-get(x) → a-|
        """,
    ),
    (
        "B read x = 'ab' after A's put of x = 'c' was acknowledged.",
        key_value(),
        """
        A: |-append(x, a)-|  |-put(x, c)-|
        B: |-append(x, b)-|                  |-get(x) → ab-|
        """,
    ),
    (
        "B's acquire of stock succeeded after A's acquire of stock was acknowledged.",
        mutex(),
        """
        A: |-acquire(stock)-|
        B:                     |-acquire(stock)-|
        """,
    ),
    (
        "B's release of stock succeeded although stock is held by A.",
        mutex(),
        """
        A: |-acquire(stock)-|                       |-release(stock)-|
        B:                     |-release(stock)-|
        """,
    ),
    (
        "B dequeued 2 from q after A's enqueue of q = 1 was acknowledged.",
        queue(),
        """
        A: |-enqueue(q, 1)-| |-enqueue(q, 2)-|
        B:                                       |-dequeue(q) → 2-|
        """,
    ),
    (
        "C dequeued 1 from q after B's dequeue of q was acknowledged.",
        queue(),
        """
        A: |-enqueue(q, 1)-|
        B:                    |-dequeue(q) → 1-|
        C:                                       |-dequeue(q) → 1-|
        """,
    ),
]


@pytest.mark.parametrize(("reason", "model", "drawing"), REASONS)
def test_reason(reason: str, model: Model, drawing: str) -> None:
    result = check(history(drawing), model)
    assert result.ok is False
    assert result.explanation.startswith(reason)


def test_the_second_sentence_names_order_and_state() -> None:
    _, model, drawing = REASONS[1]
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
            assert check(History(result.proof), model).ok is False, each.describe()
            values = {each.result for each in result.proof if each.function == "read"}
            for other in result.history:  # it leaves out no write of a value that it speaks of
                late = result.refused.before(other)
                if other.function == "write" and other.outcome != "failed" and not late:
                    assert other.argument not in values or other in result.proof
    assert plain >= 500


# Budget, size, keys.


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


# The check as scenarios use it.


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
