"""128-bit ids: all random, or time first and then random. They need no server and no settings.

UUID version 4 is 122 random bits. A database that keeps its rows in key order then writes each new
row to another page (`measured`). UUID version 7 and ULID put 48 bits of milliseconds first:

    UUID v7   48 time | 4 version | 12 random | 2 variant | 62 random     RFC 9562, section 5.7
    ULID      48 time | 80 random, written in 26 letters of base 32

Within one millisecond random bits have no order, and a clock that moves back puts new ids before
old ones. A *monotonic* generator keeps its last id and adds to it in both cases (RFC 9562,
section 6.2, method 2). It adds a random number, so that the next id is hard to guess. The price:
the time inside is then not the time of making. After a fork the child goes to the next millisecond
and draws anew.

All ids here are text, whose order is the order of their bits.
"""

from random import Random

from distlab.ids import fork
from distlab.ids.layout import fitting
from distlab.ids.snowflake import Source

TIME_BITS = 48
"""Of milliseconds since 1970: enough until the year 10889."""

BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U, which are easily misread."""


def uuid_text(number: int) -> str:
    """128 bits in the usual form, 8-4-4-4-12 hex digits. Raises as `fitting` does."""
    text = f"{fitting('number', number, 128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid4(random: Random) -> str:
    """A random UUID (RFC 9562, section 5.4).

    A bare `Random` draws the same in both processes after a fork. Give it the random source of a
    host, or a `SystemRandom`.
    """
    return _versioned(4, random.getrandbits(122))


def _versioned(version: int, bits: int) -> str:
    """A UUID of 122 bits, its version and its variant."""
    high, middle, low = fitting("bits", bits, 122) >> 74, bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return uuid_text(high << 80 | version << 76 | middle << 64 | 0b10 << 62 | low)


class TimeOrdered:
    """Milliseconds, then `random_bits` random bits."""

    random_bits: int

    def __init__(self, host: Source, monotonic: bool = True) -> None:
        self.host, self.monotonic = host, monotonic
        self._last = -1
        self._generation = fork.generation

    def next_id(self) -> str:
        """A new id, larger than the one before it if `monotonic`. Raises `TimeOutOfRange`."""
        now_ms = fitting("time", self.host.now_ms(), TIME_BITS)
        if self._generation != fork.generation:
            made = self._first_of(max(now_ms, (self._last >> self.random_bits) + 1))
        elif self.monotonic and now_ms <= self._last >> self.random_bits:
            # A carry goes into the time and makes an id of the next millisecond.
            made = self._last + 1 + self.host.random.getrandbits(32)
        else:
            made = self._first_of(now_ms)
        fitting("time", made >> self.random_bits, TIME_BITS)
        self._last, self._generation = made, fork.generation
        return self.text(made)

    def _first_of(self, ms: int) -> int:
        # The top bit stays 0, so that there is room to add (RFC 9562, 6.2, counter seeding).
        free = self.random_bits - self.monotonic
        return ms << self.random_bits | self.host.random.getrandbits(free)

    def text(self, bits: int) -> str:
        """The id of these bits as text. Raises as `fitting` does."""
        raise NotImplementedError


class Uuid7(TimeOrdered):
    """UUIDs of version 7. Not for several threads at once."""

    random_bits = 74

    def text(self, bits: int) -> str:
        return _versioned(7, bits)


class Ulid(TimeOrdered):
    """ULIDs. Not for several threads at once."""

    random_bits = 80

    def text(self, bits: int) -> str:
        fitting("bits", bits, TIME_BITS + self.random_bits)
        return "".join(BASE_32[bits >> shift & 31] for shift in range(125, -5, -5))
