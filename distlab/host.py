"""The ports between protocol code and the world it runs in.

Protocol code is written once. It asks a port for everything that touches the world: the time, a
pause, randomness, the disk. So the same code runs in the simulation and in ordinary processes.

* Coroutines (`async def`) ask a `Host`. A simulated node is a host; so is an asyncio program.
* Handlers (`on_<message>`, `on_<timer>`) ask a `Machine`. A simulated machine is one.

Three kinds of answer exist in a distributed system, and the course keeps them apart everywhere:

* **ok**: it happened, and here is the result;
* **failed**: it did not happen and never will (`Refused`, or one of its subclasses);
* **unknown**: no answer came in time (the built-in `TimeoutError`). It may have happened, it may
  yet happen, or it may never happen. Only a later look at the data can tell.
"""

import difflib
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from random import Random
from typing import Any, NamedTuple, Protocol, TypeGuard, TypeVar

T = TypeVar("T")
Known = TypeVar("Known")


class BadInput(ValueError):
    """An argument is wrong. The text names the value and what is allowed."""


class Refused(Exception):
    """A definite no: the operation did not happen and never will."""


class Unavailable(Refused):
    """The machine cannot answer without breaking its promise, and says so."""


class Conflict(Refused):
    """The database says no: a constraint forbids it. The text is the constraint's kind.

    One of "unique", "check", "not null", "foreign key": the same from every database.
    """


class Host(Protocol):
    """The port of coroutines: what they may ask for. All durations are milliseconds."""

    @property
    def name(self) -> str:
        """The machine's name, unique among those that talk to each other."""

    @property
    def random(self) -> Random:
        """This machine's own source of randomness (seeded in a simulation)."""

    def now_ms(self) -> int:
        """The machine's wall clock: milliseconds since 1970, possibly wrong, may move back."""

    def monotonic_ms(self) -> int:
        """Milliseconds on a clock that never moves back; only differences mean anything."""

    async def sleep(self, ms: float) -> None:
        """Wait for `ms` of this machine's time."""

    def timeout(self, ms: float) -> AbstractAsyncContextManager[Any]:
        """`async with host.timeout(50): ...` raises `TimeoutError` when the block takes longer."""

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run `coroutine` beside the current one; it ends with the machine.

        Several tasks may await what this returns. If one of them stops waiting (a timeout, a
        cancellation), `coroutine` runs on. Only its own `cancel()` ends it. That also cancels the
        tasks that wait for it.
        """

    def this_task(self) -> Any:
        """The task that is running: each has its own."""

    def keeping_cancellation(self) -> AbstractContextManager[None]:
        """`with host.keeping_cancellation(): ...` raises a cancellation that came in the block and
        that a library swallowed. `asyncio.wait_for` of Python 3.11 does that.
        """


class Timer(Protocol):
    """Something that will happen once."""

    def cancel(self) -> None:
        """Make it never happen. Harmless if it already has."""


class Disk(Protocol):
    """Named values that survive a crash. A value that was read or written can be changed freely."""

    __slots__ = ()

    def write(self, key: str, value: Any) -> None:
        """Write to the cache: readable at once, but lost in a crash before the next `sync`."""

    def sync(self) -> None:
        """Make every write so far durable. The machine stops the node when this fails."""

    def put(self, key: str, value: Any) -> None:
        """Write and sync: durable when this returns."""
        self.write(key, value)
        self.sync()

    def read(self, key: str, default: Any = None) -> Any:
        """The latest value written under `key`, else `default`."""

    def keys(self) -> tuple[str, ...]:
        """The names in use, in alphabetical order."""


class Machine(Protocol):
    """The port of handlers: what a node may ask of the machine that it is on.

    The machine calls the node: `on_start()`, then `on_<message>(message, sender)` and
    `on_<timer>(timer)`, one call at a time. Messages are frozen dataclasses. They arrive in any
    order, perhaps more than once, perhaps never. All durations are milliseconds.
    """

    @property
    def name(self) -> str:
        """The machine's name, unique among those that talk to each other."""

    @property
    def random(self) -> Random:
        """This machine's own source of randomness (seeded in a simulation)."""

    @property
    def disk(self) -> Disk:
        """What survives a crash."""

    def send(self, target: str, message: Any) -> None:
        """Send and forget. `target` is a machine's name, or the `sender` of a message."""

    def set_timer(self, ms: float, timer: Any) -> Timer:
        """Call `on_<timer>(timer)` after `ms` of this machine's time."""

    def now_ms(self) -> int:
        """The machine's wall clock: milliseconds since 1970, possibly wrong, may move back."""

    def monotonic_ms(self) -> int:
        """Milliseconds on a clock that never moves back; only differences mean anything."""

    def note(self, note: Any) -> None:
        """Keep a remark, to be read after the run."""


class Rows(list[tuple[Any, ...]]):
    """The rows that a statement returned; `changed` counts what it inserted, updated, deleted."""

    def __init__(self, rows: Iterable[tuple[Any, ...]] = (), changed: int = 0) -> None:
        super().__init__(rows)
        self.changed = changed


class Connection(Protocol):
    """A transaction in progress."""

    def execute(self, sql: str, **parameters: Any) -> Rows:
        """Run one statement, in which `:name` stands for the parameter of that name.

        Without ORDER BY the rows have no order. Pass the time and random values as parameters,
        too: CURRENT_TIMESTAMP or random() differ from run to run. Raises `Conflict`.
        """

    def now_ms(self) -> int:
        """The wall clock of the database's machine: the same for all its clients."""


class Database(Protocol):
    """A SQL database, in the statements that SQLite and PostgreSQL share."""

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work(connection)` as one transaction, and return what it returns.

        All of it happens or nothing, as if no other transaction ran beside it. An exception of
        `work` rolls it back and passes through: raise `Refused` to say no. `work` may change only
        the database, because it is run again after a collision with another transaction. Raises
        `Conflict`. Raises `TimeoutError` when it is unknown whether it was committed.
        """


class LeaseExpired(Refused):
    """The lease is over, and its keys are deleted."""


class LeaseKey(NamedTuple):
    """A key of a `LeaseStore`. Keys get their `revision` in the order in which they are made."""

    key: str
    value: str
    revision: int


class LeaseStore(Protocol):
    """A store whose keys live as long as a lease that a client keeps alive: etcd, ZooKeeper.

    Each new key gets a higher revision than any key before. Every method raises `TimeoutError` when
    no answer comes in time.
    """

    async def grant(self, ttl_ms: int) -> int:
        """A new lease, which ends `ttl_ms` after it was last kept alive."""

    async def keep_alive(self, lease: int) -> None:
        """Let it last for its whole `ttl_ms` from now. Raises `LeaseExpired`."""

    async def revoke(self, lease: int) -> None:
        """End it and delete its keys. Raises `LeaseExpired` when there was nothing to end."""

    async def create(self, key: str, value: str, lease: int) -> int:
        """Make a key that ends with the lease. Returns its revision.

        Creating the key again under the same lease changes nothing. Raises `LeaseExpired`, and
        `Conflict` when the key belongs to another lease.
        """

    async def list_keys(self, prefix: str) -> list[LeaseKey]:
        """The keys that begin with `prefix`, the oldest first."""

    async def wait_deleted(self, key: str) -> None:
        """Wait until there is no such key."""


@contextmanager
def keeping(asked: Callable[[], int], error: type[BaseException]) -> Iterator[None]:
    """Raise `error` in the end if the task was `asked` to end more often than before."""
    before = asked()
    why: Exception | None = None
    try:
        yield
    except Exception as other:  # perhaps it is what a library made of the cancellation
        why = other
        if asked() <= before:
            raise
    if asked() > before:
        raise error("cancelled") from why


def ended(task: Any) -> bool:
    """Whether a spawned task is over, simulated or of asyncio.

    In asyncio `done` is a method, and a task also ends with its loop.
    """
    return bool(task.done() or task.get_loop().is_closed() if callable(task.done) else task.done)


def plain(ms: float) -> str:
    """Milliseconds as short text, to the microsecond: 120, 12.5, 0.001."""
    return f"{ms:.3f}".rstrip("0").rstrip(".")


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is a whole number. True is none, although Python takes it for 1."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number, whole or not, perhaps infinite: neither True nor NaN."""
    return is_whole(value) or (isinstance(value, float) and value == value)


def check_count(name: str, given: object, lowest: int) -> None:
    """Raise `BadInput` unless the argument is a whole number from `lowest` on."""
    if not is_whole(given) or not lowest <= given <= 10**18:
        raise BadInput(f"{name}: {shown(given)} is not allowed (allowed: {lowest} and more)")


def shown(given: object) -> str:
    """A wrong value as a message shows it. Python refuses to print numbers of 5,000 digits."""
    if isinstance(given, int) and given.bit_length() > 128:
        return f"{'-' * (given < 0)}2^{given.bit_length() - 1} or so"
    return repr(given)


def pick(known: Mapping[str, Known], name: str, what: str) -> Known:
    """`known[name]`. Raises `BadInput` that lists the known names when it is none of them."""
    if name not in known:
        raise BadInput(f"no {what} {name!r}{did_you_mean(str(name), known)}")
    return known[name]


def did_you_mean(value: str, allowed: Iterable[str], choice: str = "") -> str:
    """The end of an error message: the nearest allowed name, then all allowed names.

    `choice` replaces the list when it is too long: it says where to find the names.
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} ({choice or 'allowed: ' + (', '.join(names) or 'none')})"
