"""MongoDB's ObjectId: 4 bytes of seconds, 5 random bytes of the process, 3 bytes that count.

The random bytes stand for machine and process; nobody hands them out. That works as long as every
process draws its own; a forked copy of a process does not do so by itself. The counter starts
anywhere and goes round; it must not go round within one second.
"""

from distlab.ids.snowflake import NotYet, Source

COUNTER_BITS = 24


class ObjectIds:
    """ObjectIds as 24 hex digits. Not for several threads at once."""

    def __init__(self, host: Source, counter_bits: int = COUNTER_BITS) -> None:
        self.host = host
        self.counters = 1 << counter_bits
        self.draw(host)

    def draw(self, host: Source) -> None:
        """Draw this process's own random bytes, and where its counter starts."""
        self.host, self.owner = host, host.name
        self.process = host.random.getrandbits(40)
        self.counter = host.random.getrandbits(24) % self.counters
        self.second, self.made = -1, 0

    def next_id(self) -> str:
        """A new id. Raises `NotYet` when this second has had every value of the counter."""
        if self.host.name != self.owner:
            self.draw(self.host)  # we are a copy, after a fork
        now_ms = self.host.now_ms()
        second = max(now_ms // 1000, self.second)
        made = self.made if second == self.second else 0
        if made == self.counters:
            raise NotYet("every number of this second is used", (second + 1) * 1000 - now_ms)
        self.second, self.made = second, made + 1
        self.counter = (self.counter + 1) % self.counters
        return object_id(second, self.process, self.counter)


def object_id(second: int, process: int, counter: int) -> str:
    """The three parts as text."""
    return f"{second:08x}{process:010x}{counter:06x}"


class InheritingObjectIds(ObjectIds):
    """After a fork it goes on with its parent's random bytes and its parent's counter."""

    def next_id(self) -> str:
        self.owner = self.host.name
        return super().next_id()


class WrappingObjectIds(ObjectIds):
    """Lets the counter go round, as the specification does: 16,777,216 ids a second are enough."""

    def next_id(self) -> str:
        self.made = 0
        return super().next_id()
