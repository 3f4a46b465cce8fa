"""Identify an id: its kind, its bit fields, and the time inside.

A text seldom says by itself what it is: every whole number may be a Snowflake, and every Snowflake
may count from any epoch. So there is a list of readings, likely ones first. A reading is unlikely
if its time is in the future, or earlier than the first id of its kind.

One more thing speaks for a Snowflake: a sequence near 0. Most sequences start at 0 in each
millisecond, so most ids have a small one, and other bits are rarely so small by chance. Such
readings come first; the others stand in the order of `services`.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from distlab.host import BadInput, did_you_mean, shown
from distlab.ids.kinds import (
    KINDS,
    TYPE_ID,
    ULID_LETTERS,
    UUID_TEXT,
    UUIDS,
    VARIANTS,
    Kind,
    Shape,
    uuid_shape,
)
from distlab.ids.layout import BITS, COURSE
from distlab.ids.services import DAY_MS, SERVICES, Service

BY_CHANCE = 1 / 600
"""A sequence is small if random bits are so small less often than this: 0 to 5 of 4,096."""
GREGORIAN_MS = 12_219_292_800_000
"""UUID v1, v2 and v6 count from 1582-10-15, this many milliseconds before 1970."""
UNIX = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_MS = 253_402_300_799_999
ANYBODYS = "or another service's: an id does not name its maker"


class Field(NamedTuple):
    """Some bits of an id, counted from the top."""

    name: str
    bits: int
    value: int
    meaning: str = ""

    @property
    def shown(self) -> str:
        """The value: decimal for numbers that count, hexadecimal for other bits."""
        names = "time|sequence$|counter|increment|number|.*_id|local_domain|sign|ver|var"
        counts = re.match(names, self.name)
        return str(self.value) if counts else f"{self.value:#x}"


@dataclass(frozen=True)
class Reading:
    """One way to read an id. `at_ms` is the time inside, in milliseconds since 1970, if any."""

    kind: str
    fields: tuple[Field, ...]
    at_ms: int | None = None
    notes: tuple[str, ...] = ()
    likely: bool = True

    @property
    def made(self) -> str:
        """The time inside as text; empty when there is none."""
        return "" if self.at_ms is None else utc(self.at_ms)

    def as_dict(self) -> dict[str, Any]:
        """The reading for JSON. Values are text: many are too large for JavaScript."""
        fields = [each._asdict() | {"value": str(each.value)} for each in self.fields]
        return {**asdict(self), "fields": fields, "made": self.made}

    def text(self) -> str:
        wide = max(len(each.name) for each in self.fields)
        lines = [self.kind + (f", made {self.made}" if self.made else "")]
        for each in self.fields:
            meaning = f"  {each.meaning}" if each.meaning else ""
            plural = "s" if each.bits > 1 else " "
            lines.append(f"  {each.name:{wide}}  {each.bits:3} bit{plural}  {each.shown}{meaning}")
        return "\n".join([*lines, *(f"  ({note})" for note in self.notes)])

    def line(self) -> str:
        """The kind, the time and the last note, which says why it is unlikely."""
        return ", ".join(
            [self.kind, *([f"made {self.made}"] if self.made else []), *self.notes[-1:]]
        )


def utc(ms: int) -> str:
    """Milliseconds since 1970 as `2016-04-30 11:18:25.796 UTC`."""
    if ms > LARGEST_MS:
        return "after the year 9999"
    moment = UNIX + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ms % 1000:03d} UTC"


def identify(
    text: object, epoch: str | int | None = None, now_ms: int | None = None
) -> tuple[Reading, ...]:
    """The readings of an id, likely ones first.

    The id may also be a number, a `uuid.UUID`, or another object whose `str` is the id's text.
    `epoch` says how to read a Snowflake: the name of a service, or milliseconds since 1970 (then in
    the course's layout). `now_ms` is the time from which on an id is of the future. Raises
    `BadInput` for text that is no known kind of id.
    """
    services = _services(epoch)
    plain = id_text(text)
    found: list[Reading] = []
    if re.fullmatch(r"0*[0-9]{1,19}", plain, re.ASCII) and (number := int(plain[-19:])) < 1 << BITS:
        found += _snowflakes(number, services, ANYBODYS if epoch is None else "")
        if epoch is None:
            found.append(_plain_number(number))
    if written := re.fullmatch(UUID_TEXT, plain, re.IGNORECASE):
        found.append(_uuid(int(written[2].replace("-", ""), 16)))
    found += _by_their_form(plain)
    if not found:
        raise BadInput(
            f"{plain[:80]!r} is no id that is known here (allowed: a whole number below 2^{BITS}, "
            f"UUID, TypeID, {', '.join(kind.name for kind in KINDS)})"
        )
    latest_ms = (time.time_ns() // 1_000_000 if now_ms is None else now_ms) + DAY_MS
    weighed = [
        _unless(each, (each.at_ms or 0) > latest_ms, "its time is in the future") for each in found
    ]
    return tuple(sorted(weighed, key=lambda reading: not reading.likely))


def id_text(given: object) -> str:
    """The text of an id. Raises `BadInput` for what has none."""
    try:
        return shown(given) if isinstance(given, int) else str(given).strip()
    except Exception as error:
        said = f"a {type(given).__name__} without text is no id that is known here"
        raise BadInput(f"{said} ({type(error).__name__})") from error


def _services(epoch: str | int | None) -> dict[str, Service]:
    if epoch is None:
        return SERVICES
    name = shown(epoch) if isinstance(epoch, int) else str(epoch)
    if name in SERVICES:
        return {name: SERVICES[name]}
    if not re.fullmatch(r"[0-9]{1,14}", name, re.ASCII):
        hint = did_you_mean(name, SERVICES)
        raise BadInput(f"epoch {name!r} is neither a name nor milliseconds since 1970{hint}")
    return {f"epoch {name} ms": Service(replace(COURSE, epoch_ms=int(name)), int(name))}


def _unless(reading: Reading, unlikely: bool, why: str) -> Reading:
    if not unlikely:
        return reading
    return replace(reading, likely=False, notes=(*reading.notes, f"unlikely: {why}"))


def _none_before(ms: int) -> str:
    return f"there were none before {utc(ms)[:10]}"


def _split(number: int, shape: Shape, radix: int = 2, **meanings: str) -> tuple[Field, ...]:
    """The number's fields, from the top."""
    fields: list[Field] = []
    for name, width in reversed(shape):
        number, value = divmod(number, radix**width)
        bits = (radix**width - 1).bit_length()
        fields.insert(0, Field(name, bits, value, meanings.get(name, "")))
    return tuple(fields)


def _units(unit_ms: int) -> str:
    return {1: "ms", 1000: "s"}.get(unit_ms, f"units of {unit_ms} ms")


def _snowflakes(number: int, services: dict[str, Service], whose: str) -> Iterator[Reading]:
    """One for each service; those with a small sequence come first."""

    def unconvincing(name: str) -> bool:
        layout = services[name].layout
        sequence = layout.parse(number).get("sequence", 0)
        return (
            not services[name].starts_at_0
            or sequence + 1 > (layout.highest("sequence") + 1) * BY_CHANCE
        )

    for name in sorted(services, key=unconvincing):
        service, layout = services[name], services[name].layout
        since = f"{_units(layout.unit_ms)} since {utc(layout.epoch_ms)}"
        fields = _split(number, (("sign", 1), *layout.fields), time=since)
        large = "more than 2^53: in JSON, send it as text" if number > 1 << 53 else ""
        notes = tuple(each for each in (large, whose and service.note, whose) if each)
        whose_epoch = "the course's epoch" if name == "course" else f"{name.capitalize()}'s epoch"
        epoch = name if name.startswith("epoch") else whose_epoch
        reading = Reading(f"Snowflake, {epoch}", fields, layout.at_ms(number), notes)
        early = layout.at_ms(number) < service.since_ms
        yield _unless(reading, early, _none_before(service.since_ms))


def _plain_number(number: int) -> Reading:
    reading = Reading("number of a database sequence", (Field("number", 64, number),))
    return _unless(reading, number >> 22 >= DAY_MS, "so large a number")


def _by_their_form(text: str) -> Iterator[Reading]:
    for kind in KINDS:
        if re.fullmatch(kind.form, text, re.ASCII):
            number = _value(text, kind.alphabet) >> kind.padding
            if number < kind.radix ** sum(width for _, width in kind.shape):
                yield _formed(number, kind)
    if typed := re.fullmatch(TYPE_ID, text, re.ASCII):
        inside = _uuid(_value(typed[2], ULID_LETTERS))
        yield replace(inside, kind=f"TypeID of the type {typed[1]}, {inside.kind}")


def _value(text: str, alphabet: str) -> int:
    """The number that the letters write. An alphabet of small letters takes capitals for them."""
    number = 0
    for letter in text.lower() if alphabet.islower() else text:
        number = number * len(alphabet) + alphabet.index(letter)
    return number


def _formed(number: int, kind: Kind) -> Reading:
    since = f"{_units(kind.unit_ms)} since {utc(kind.epoch_ms)}"
    fields = _split(number, kind.shape, kind.radix, time=since)
    times = [each.value for each in fields if each.name == "time"]
    at_ms = kind.epoch_ms + times[0] * kind.unit_ms if times else None
    reading = Reading(kind.name, fields, at_ms, kind.notes)
    early = at_ms is not None and at_ms < kind.since_ms
    return _unless(reading, early, _none_before(kind.since_ms))


def _uuid(number: int) -> Reading:
    version, variant = number >> 76 & 15, f"{number >> 61 & 7:03b}"
    for bits, whose in VARIANTS.items():
        if variant.startswith(bits) and number not in (0, (1 << 128) - 1):
            shape = ("high", 64), ("variant", len(bits)), ("low", 64 - len(bits))
            return Reading(f"UUID of {whose}", _split(number, shape), likely=bits == "110")
    if version not in UUIDS or not variant.startswith("10"):
        named = {0: "the nil UUID", (1 << 128) - 1: "the max UUID"}.get(number, "")
        kind = named or "UUID of no known version"
        return Reading(kind, _split(number, (("bits", 128),)), likely=bool(named))
    note = UUIDS[version][1]
    fields = _split(number, uuid_shape(version), time=f"ms since {utc(0)}")
    return Reading(
        f"UUID version {version}", fields, _uuid_ms(version, number), (note,) * bool(note)
    )


def _uuid_ms(version: int, number: int) -> int | None:
    first, second, third = number >> 96, number >> 80 & 0xFFFF, number >> 64 & 0xFFF
    high = third << 48 | second << 32
    ticks = {1: high | first, 2: high, 6: first << 28 | second << 12 | third}
    if version in ticks:
        return ticks[version] // 10_000 - GREGORIAN_MS  # ticks of 100 ns
    return number >> 80 if version == 7 else None
