"""MongoDB's ObjectId: 4 bytes of seconds, 5 random bytes of the process, 3 bytes that count.

The random bytes stand for machine and process; nobody hands them out. That works as long as every
process draws its own; a forked copy of a process does not do so by itself. The counter starts
anywhere and goes round; it must not go round within one second. The seconds count from 1970 and end
in February 2106.
"""

from distlab.host import BadInput
from distlab.ids import fork
from distlab.ids.layout import fitting
from distlab.ids.snowflake import NotYet, Source

SECOND_BITS, PROCESS_BITS = 32, 40

COUNTER_BITS = 24


class ObjectIds:
    """ObjectIds as 24 hex digits. Not for several threads at once.

    Raises `BadInput` for `counter_bits` outside 1 to 24.
    """

    def __init__(self, host: Source, counter_bits: int = COUNTER_BITS) -> None:
        if counter_bits not in range(1, COUNTER_BITS + 1):
            raise BadInput(f"counter_bits {counter_bits!r} (allowed: 1 to {COUNTER_BITS})")
        self.host = host
        self.counters = 1 << counter_bits
        self.draw(host)

    def draw(self, host: Source) -> None:
        """Draw this process's own random bytes, and where its counter starts."""
        self.host, self.owner = host, self._process_of(host)
        self.process = host.random.getrandbits(PROCESS_BITS)
        self.counter = host.random.getrandbits(24) % self.counters
        self.second, self.made = -1, 0

    def next_id(self) -> str:
        """A new id. Raises `TimeOutOfRange`, and `NotYet` when this second has had every value of
        the counter.
        """
        if self.owner != self._process_of(self.host):  # we are a copy, after a fork
            self.draw(self.host)
        now_ms = self.host.now_ms()
        second = max(fitting("time", now_ms // 1000, SECOND_BITS), self.second)
        made = self.made if second == self.second else 0
        if made == self.counters:
            raise NotYet("every number of this second is used", (second + 1) * 1000 - now_ms)
        self.second, self.made = second, made + 1
        self.counter = (self.counter + 1) % self.counters
        return object_id(second, self.process, self.counter)

    @staticmethod
    def _process_of(host: Source) -> tuple[int, str]:
        return fork.generation, host.name


def object_id(second: int, process: int, counter: int) -> str:
    """The three parts as text. Raises as `fitting` does."""
    fitting("time", second, SECOND_BITS)
    fitting("process", process, PROCESS_BITS)
    fitting("counter", counter, COUNTER_BITS)
    return f"{second:08x}{process:010x}{counter:06x}"


class InheritingObjectIds(ObjectIds):
    """After a fork it goes on with its parent's random bytes and its parent's counter."""

    def next_id(self) -> str:
        self.owner = self._process_of(self.host)
        return super().next_id()


class WrappingObjectIds(ObjectIds):
    """Lets the counter go round, as the specification does: 16,777,216 ids a second are enough."""

    def next_id(self) -> str:
        self.made = 0
        return super().next_id()
