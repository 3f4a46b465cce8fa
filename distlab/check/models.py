"""Specifications: what a single machine that never fails would answer.

A model is two pure functions (after Porcupine's ``Init / Step``): the first state; and whether an
operation with its recorded result is legal in a state, with the state after it. States are
immutable values: numbers, text, tuples. Two rules hold in all models:

* an operation of unknown outcome may have any result (`Operation.may_return`);
* an operation that failed did not happen; the checker never shows it to a model.

============== =============================================== ====================
model          functions                                       state
============== =============================================== ====================
register       ``write(key, value)``, ``read(key)``            the value
cas_register   these, and ``cas(key, expected, new)`` → bool   the value
key_value      ``put``, ``get``, ``append``, ``delete``        the value, or that it is absent
mutex          ``acquire(key)``, ``release(key)``              the holder, None if free
queue          ``enqueue(key, value)``, ``dequeue(key)``       the values, oldest first
============== =============================================== ====================

Keys do not influence each other, so each key is judged alone: a history is linearizable exactly
if each key's is (Herlihy & Wing 1990, theorem 1, "locality").
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distlab.check.history import Operation

Step = Callable[[Any, Operation], tuple[bool, Any]]


@dataclass(frozen=True, slots=True)
class Model:
    """A sequential specification.

    ``step(state, operation)`` returns (legal, next state) and changes nothing. ``reads`` says of
    an operation that it leaves *every* state as it is, whatever the state; ``anonymous`` that it
    makes no difference who asks; ``variable`` that what is called read, get, write or put does to
    a state what it does to a variable. ``describe(key, state)`` puts a state into words.
    """

    name: str
    functions: tuple[str, ...]
    init: Callable[[], Any]
    step: Step
    describe: Callable[[str, Any], str]
    reads: Callable[[Operation], bool] = lambda operation: False
    variable: bool = False
    partition_by_key: bool = True
    anonymous: bool = True

    def __post_init__(self) -> None:
        if self.variable and self.step.__module__ != __name__:
            raise ValueError("a model with a step of its own must say variable=False")


def register(initial: Any = None) -> Model:
    """A variable: a read returns the value written last."""
    return Model(
        "register", ("read", "write"), lambda: initial, _register_step, _value_in_words,
        reads=lambda operation: operation.function == "read", variable=True,
    )  # fmt: skip


def _register_step(value: Any, operation: Operation) -> tuple[bool, Any]:
    if operation.function == "write":
        return True, operation.argument
    return operation.may_return(value), value


def cas_register(initial: Any = None) -> Model:
    """A register with compare-and-set: ``cas(x, 1, 2)`` writes 2 only over 1 and says if it did."""
    return Model(
        "cas-register", ("read", "write", "cas"), lambda: initial, _cas_step, _value_in_words,
        reads=lambda operation: operation.function == "read"
        or (operation.function == "cas" and operation.outcome == "ok" and not operation.result),
        variable=True,
    )  # fmt: skip


def _cas_step(value: Any, operation: Operation) -> tuple[bool, Any]:
    if operation.function != "cas":
        return _register_step(value, operation)
    expected, new = operation.argument
    succeeds = bool(value == expected)
    return operation.may_return(succeeds), new if succeeds else value


def key_value(absent: Any = None) -> Model:
    """A store: ``get`` returns what ``put`` and ``append`` left, `absent` when there is no key."""

    def step(value: Any, operation: Operation) -> tuple[bool, Any]:
        match operation.function:
            case "put":
                return True, operation.argument
            case "append":
                return True, operation.argument if value is None else value + operation.argument
            case "delete":
                return True, absent
        return operation.may_return(value), value

    return Model(
        "key-value", ("get", "put", "append", "delete"), lambda: absent, step, _value_in_words,
        reads=lambda operation: operation.function == "get", variable=True,
    )  # fmt: skip


def mutex() -> Model:
    """A lock: acquired only when free, released only by its holder.

    A result of False is a refusal without effect; a lock may refuse whenever it likes.
    """
    return Model(
        "mutex", ("acquire", "release"), lambda: None, _mutex_step,
        lambda key, holder: f"{key} is {f'held by {holder}' if holder else 'free'}",
        reads=lambda operation: operation.outcome == "ok" and operation.result is False,
        anonymous=False,
    )  # fmt: skip


def _mutex_step(holder: str | None, operation: Operation) -> tuple[bool, str | None]:
    if operation.outcome == "ok" and operation.result is False:
        return True, holder
    if operation.function == "acquire":
        return holder is None, operation.process
    return holder == operation.process, None


def queue() -> Model:
    """First in, first out; ``dequeue`` of an empty queue returns None."""
    return Model(
        "queue", ("enqueue", "dequeue"), tuple, _queue_step,
        lambda key, values: f"{key} holds {', '.join(map(repr, values)) or 'nothing'}",
    )  # fmt: skip


def _queue_step(values: tuple[Any, ...], operation: Operation) -> tuple[bool, tuple[Any, ...]]:
    if operation.function == "enqueue":
        return True, (*values, operation.argument)
    return operation.may_return(values[0] if values else None), values[1:]


def _value_in_words(key: str, value: Any) -> str:
    return f"{key} is {value!r}"


MODELS: dict[str, Callable[[], Model]] = {
    "register": register,
    "cas-register": cas_register,
    "kv": lambda: key_value(absent=""),
    "mutex": mutex,
    "queue": queue,
}
"""The models by the names of the command line, as foreign histories mean them: empty at first; a
key that a store does not have reads as empty text, as in the histories that Porcupine judges."""
