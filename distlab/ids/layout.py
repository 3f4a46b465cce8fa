"""The 63 bits of an id: their meaning, how to put an id together and how to take it apart.

Twitter's Snowflake (2010) has the time first, so that ids sort by age. Then come the maker of the
id and a sequence number for the ids of one millisecond. The sign bit stays 0, so an id fits into a
signed 64-bit integer: a BIGINT column, a Java long. It does not fit into a JavaScript number, which
is exact only up to 2^53: in JSON an id travels as a string.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from distlab.host import BadInput, Refused, check_count, did_you_mean, is_whole, shown

BITS = 63


class TimeOutOfRange(BadInput, Refused):
    """The time lies before the epoch, or so long after it that the bits do not hold it."""


def fitting(name: str, value: int, bits: int) -> int:
    """The value of a field. Raises `BadInput` unless it is a whole number that its bits hold.

    For the field `time` that is the subclass `TimeOutOfRange`.
    """
    highest = (1 << bits) - 1
    if not is_whole(value):
        raise BadInput(f"{name} {value!r} is not a whole number (allowed: 0 to {highest})")
    if not 0 <= value <= highest:
        said = f"{name} {shown(value)} is out of range (allowed: 0 to {highest})"
        if name == "time":
            why = "before the epoch" if value < 0 else f"epoch exhausted after {bits} bits"
            raise TimeOutOfRange(f"{said}: {why}")
        raise BadInput(said)
    return value


@dataclass(frozen=True)
class Layout:
    """Fields from the highest bits to the lowest.

    `time` comes first and counts units of `unit_ms` since `epoch_ms`.

    Raises `BadInput` unless `time` comes first, the names differ and the widths add up to 63.
    """

    epoch_ms: int
    fields: tuple[tuple[str, int], ...]
    unit_ms: int = 1
    _shifts: Mapping[str, tuple[int, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [name for name, _ in self.fields]
        if names[:1] != ["time"] or len(set(names)) < len(names):
            raise BadInput(f"layout {names}: time comes first, and every field has its own name")
        for name, bits in self.fields:
            check_count(f"layout: bits of {name}", bits, 1)
        total = sum(bits for _, bits in self.fields)
        if total != BITS:
            sums = " + ".join(f"{name} {bits}" for name, bits in self.fields)
            raise BadInput(f"layout: {sums} = {total} bits (allowed: {BITS}, the sign bit stays 0)")
        if not is_whole(self.epoch_ms):
            raise BadInput(f"layout: epoch {self.epoch_ms!r} is no whole number of milliseconds")
        check_count("layout: unit_ms", self.unit_ms, 1)
        shifts, shift = {}, BITS
        for name, bits in self.fields:
            shift -= bits
            shifts[name] = shift, (1 << bits) - 1
        object.__setattr__(self, "_shifts", shifts)

    def highest(self, name: str) -> int:
        """The largest value of a field. Raises `BadInput` for an unknown name."""
        if name not in self._shifts:
            raise BadInput(f"the layout has no field {name!r}{did_you_mean(name, self._shifts)}")
        return self._shifts[name][1]

    def make(self, **values: int) -> int:
        """The id with these fields. Raises `BadInput` for a missing or unknown one, and as
        `fitting` does.
        """
        for name in self._shifts:
            if name not in values:
                raise BadInput(f"field {name} is missing")
        number = 0
        for name, value in values.items():
            bits = self.highest(name).bit_length()
            number |= fitting(name, value, bits) << self._shifts[name][0]
        return number

    def parse(self, number: int) -> dict[str, int]:
        """The fields of an id. Raises `BadInput` unless it is an id of 63 bits."""
        fitting("id", number, BITS)
        return {name: number >> shift & mask for name, (shift, mask) in self._shifts.items()}

    def at_ms(self, number: int) -> int:
        """The time inside the id, in milliseconds since 1970."""
        return self.epoch_ms + self.parse(number)["time"] * self.unit_ms


EPOCH_MS = 1_640_995_200_000
"""2022-01-01 UTC; with 41 bits of time the last id is made in September 2091."""

COURSE = Layout(EPOCH_MS, (("time", 41), ("worker_id", 10), ("sequence", 12)))
DATACENTERS = Layout(
    EPOCH_MS, (("time", 41), ("datacenter_id", 5), ("worker_id", 5), ("sequence", 12))
)
SPARE_BITS = Layout(EPOCH_MS, (("time", 41), ("rollback", 2), ("worker_id", 8), ("sequence", 12)))
