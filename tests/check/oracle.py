"""What the tests hold the checkers to: brute force, random histories, and what an order must be."""

from random import Random

from distlab.check.history import History, Operation
from distlab.check.models import Model, cas_register, key_value, mutex, queue, register
from distlab.check.search import linearization


def plainly(past: History, model: Model) -> bool:
    """What the plain search says of each key."""
    return all(linearization(part, model).complete for part in past.by_key())


# Brute force: every order that respects real time, on a machine of its own that knows no models.


def answer(store: dict, operation: Operation) -> object:
    """What a single machine answers; changes the store. ANY where the answer does not matter."""
    key, argument = operation.key, operation.argument
    match operation.function:
        case "write" | "put":
            store[key] = argument
        case "read" | "get":
            return store.get(key)
        case "cas":
            if store.get(key) != argument[0]:
                return False
            store[key] = argument[1]
            return True
        case "append":
            store[key] = (store.get(key) or "") + argument
        case "delete":
            store.pop(key, None)
        case "enqueue":
            store[key] = [*store.get(key, []), argument]
        case "dequeue":
            head, *store[key] = store.get(key) or [None]
            return head
        case "acquire":
            if store.get(key) is not None:
                return False
            store[key] = operation.process
            return True
        case "release":
            if store.get(key) != operation.process:
                return False
            store[key] = None
            return True
    return ANY


ANY = object()


def linearizable_by_brute_force(operations: list[Operation], store: dict | None = None) -> bool:
    """Whether some order of the operations that returned, and of any of the others, fits."""
    if not any(each.outcome == "ok" for each in operations):
        return True
    for operation in operations:
        if any(each.before(operation) for each in operations):
            continue
        after = dict(store or {})
        if operation.result is False and operation.function in ("acquire", "release"):
            fits = True  # a lock may refuse whenever it likes
        else:
            result = answer(after, operation)
            fits = operation.outcome == "unknown" or result is ANY or result == operation.result
        rest = [each for each in operations if each is not operation]
        if fits and linearizable_by_brute_force(rest, after):
            return True
    return False


FUNCTIONS = {  # function: (arguments, results) to draw from
    "register": {"write": ((1, 2), (None,)), "read": ((None,), (None, 1, 2))},
    "cas-register": {
        "write": ((1, 2), (None,)),
        "read": ((None,), (None, 1, 2)),
        "cas": (((1, 2), (2, 1), (2, 2)), (True, False)),
    },
    "key-value": {
        "put": (("a", "b"), (None,)),
        "append": (("a", "b"), (None,)),
        "delete": ((None,), (None,)),
        "get": ((None,), (None, "a", "b", "ab", "ba")),
    },
    "mutex": {"acquire": ((None,), (True, True, False)), "release": ((None,), (True, True, False))},
    "queue": {"enqueue": ((1, 2), (None,)), "dequeue": ((None,), (None, 1, 2))},
}
MODELS = {each.name: each for each in (register(), cas_register(), key_value(), mutex(), queue())}


def random_history(random: Random, model: str, size: int, keys: tuple[str, ...]) -> History:
    """Operations of three clients with arbitrary results: right ones and wrong ones."""
    ends = [number for number in range(size) for _ in range(2)]
    for index in range(len(ends)):  # a shuffle that keeps most operations short
        other = min(len(ends) - 1, index + random.randrange(4))
        ends[index], ends[other] = ends[other], ends[index]
    operations = []
    for number in range(size):
        function = random.choice(tuple(FUNCTIONS[model]))
        arguments, results = FUNCTIONS[model][function]
        outcome = random.choice(("ok",) * 8 + ("unknown", "unknown", "failed"))
        first = ends.index(number)
        operations.append(
            Operation(
                number=number + 1,
                process=random.choice("ABC"),
                function=function,
                key=random.choice(keys),
                argument=random.choice(arguments),
                result=random.choice(results) if outcome == "ok" else None,
                outcome=outcome,
                invoked=first,
                completed=None if outcome == "unknown" else ends.index(number, first + 1),
            )
        )
    return History(tuple(sorted(operations, key=lambda each: each.invoked)))


def random_histories(model: str, count: int) -> list[History]:
    random = Random(f"histories/{model}")
    return [
        random_history(random, model, random.randint(2, 8), random.choice((("x",), ("x", "y"))))
        for _ in range(count)
    ]


def assert_legal(order: list[Operation], model: Model) -> object:
    """The state after the order, which must respect real time and be legal step by step."""
    state = model.init()
    for index, operation in enumerate(order):
        assert not any(later.before(operation) for later in order[index + 1 :])
        legal, state = model.step(state, operation)
        assert legal
    return state
