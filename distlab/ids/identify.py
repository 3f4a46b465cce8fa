"""Identify an id: its kind, its bit fields, and the time inside.

A text seldom says by itself what it is: every whole number may be a Snowflake, and every Snowflake
may count from any epoch. So there is a list of readings, likely ones first. A reading is likely if
its time lies between the start of the service that made such ids and the end of 2039. Equally
likely readings stand in a fixed order: the course's own, Discord's, Twitter's.
"""

import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from distlab.host import BadInput, did_you_mean
from distlab.ids.layout import BITS, COURSE, DISCORD, TWITTER, Layout
from distlab.ids.uuids import BASE_32

EPOCHS = {"course": COURSE, "discord": DISCORD, "twitter": TWITTER}
DAY_MS = 86_400_000
COURSE_MS = 1_735_689_600_000
"""2025-01-01: the course counts from 2022, but its generators are younger than this."""
LATEST_MS = 2_208_988_800_000
"""2040-01-01. A later time means that the id is read wrongly, or that the clock was wrong."""
GREGORIAN_MS = 12_219_292_800_000
"""UUID v1 and v6 count from 1582-10-15, this many milliseconds before 1970."""
UNIX = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_MS = 253_402_300_799_999
UUID_TEXT = (  # with all hyphens or none, in braces or not
    r"(?:urn:uuid:)?(\{)?([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?(1)\})"
)


class Field(NamedTuple):
    """Some bits of an id, counted from the top."""

    name: str
    bits: int
    value: int
    meaning: str = ""

    @property
    def shown(self) -> str:
        """The value: decimal for numbers that count, hexadecimal for other bits."""
        counts = re.match("time|sequence|counter|increment|number|.*_id|sign|ver|var", self.name)
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


def utc(ms: int) -> str:
    """Milliseconds since 1970 as `2016-04-30 11:18:25.796 UTC`."""
    if ms > LARGEST_MS:
        return "after the year 9999"
    moment = UNIX + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ms % 1000:03d} UTC"


def identify(text: object, epoch: str | int | None = None) -> tuple[Reading, ...]:
    """Every reading of an id, likely ones first.

    The id may also be a number, a `uuid.UUID`, or another object whose `str` is the id's text.
    `epoch` says how to read a Snowflake: discord, twitter, course, or milliseconds since 1970 (then
    in the course's layout). Raises `BadInput` for text that is no known kind of id.
    """
    layouts = _layouts(epoch)
    plain = str(text).strip()
    found: list[Reading] = []
    if re.fullmatch(r"0*[0-9]{1,19}", plain) and (number := int(plain[-19:])) < 1 << BITS:
        found += [_snowflake(number, *named) for named in layouts.items()]
        if epoch is None:
            found.append(_plain_number(number))
    if re.fullmatch(r"[0-9a-f]{24}", plain, re.IGNORECASE):
        found.append(_object_id(int(plain, 16)))
    if written := re.fullmatch(UUID_TEXT, plain, re.IGNORECASE):
        found.append(_uuid(int(written[2].replace("-", ""), 16)))
    if re.fullmatch(f"[0-7][{BASE_32}]{{25}}", plain.upper()):
        found.append(_ulid(plain.upper()))
    if not found:
        raise BadInput(
            f"{plain[:80]!r} is no id that is known here (allowed: a whole number below 2^63, a "
            "UUID, a ULID of 26 letters and digits, an ObjectId of 24 hex digits)"
        )
    return tuple(sorted(map(_weighed, found), key=lambda reading: not reading.likely))


def _layouts(epoch: str | int | None) -> dict[str, Layout]:
    if epoch is None:
        return EPOCHS
    if epoch in EPOCHS:
        return {str(epoch): EPOCHS[str(epoch)]}
    if not re.fullmatch(r"[0-9]{1,14}", str(epoch), re.ASCII):
        hint = did_you_mean(str(epoch), EPOCHS)
        raise BadInput(f"epoch {epoch!r} is neither a name nor milliseconds since 1970{hint}")
    return {f"epoch {epoch} ms": replace(COURSE, epoch_ms=int(epoch))}


def _weighed(reading: Reading) -> Reading:
    if reading.at_ms is None or reading.at_ms < LATEST_MS:
        return reading
    return replace(
        reading, likely=False, notes=(*reading.notes, "that is far in the future: read wrongly?")
    )


Shape = tuple[tuple[str, int], ...]
OBJECT_ID: Shape = (("time", 32), ("random", 40), ("counter", 24))
ULID: Shape = (("time", 48), ("random", 80))
UUIDS: dict[int, Shape] = {  # RFC 9562, section 5; version and variant stand where they always do
    1: (("time_low", 32), ("time_mid", 16), ("time_high", 12), ("clock_seq", 14), ("node", 48)),
    3: (("md5_high", 48), ("md5_mid", 12), ("md5_low", 62)),
    4: (("random_a", 48), ("random_b", 12), ("random_c", 62)),
    5: (("sha1_high", 48), ("sha1_mid", 12), ("sha1_low", 62)),
    6: (("time_high", 32), ("time_mid", 16), ("time_low", 12), ("clock_seq", 14), ("node", 48)),
    7: (("time", 48), ("random_a", 12), ("random_b", 62)),
    8: (("custom_a", 48), ("custom_b", 12), ("custom_c", 62)),
}


def _split(number: int, shape: Shape, **meanings: str) -> tuple[Field, ...]:
    """The number's fields, from the top."""
    fields: list[Field] = []
    for name, bits in reversed(shape):
        fields.insert(0, Field(name, bits, number & (1 << bits) - 1, meanings.get(name, "")))
        number >>= bits
    return tuple(fields)


def _snowflake(number: int, name: str, layout: Layout) -> Reading:
    since = f"ms since {utc(layout.epoch_ms)}"
    fields = _split(number, (("sign", 1), *layout.fields), time=since)
    notes = ("more than 2^53: in JSON, send it as text",) if number > 1 << 53 else ()
    # Hardly any id is from the first day of its service.
    since_ms = COURSE_MS if name == "course" else layout.epoch_ms + DAY_MS
    likely = layout.at_ms(number) >= since_ms
    epoch = name if name.startswith("epoch") else f"{name.capitalize()}'s epoch"
    return Reading(f"Snowflake, {epoch}", fields, layout.at_ms(number), notes, likely)


def _plain_number(number: int) -> Reading:
    fields = (Field("number", 64, number),)
    return Reading("number of a database sequence", fields, likely=number >> 22 < DAY_MS)


def _object_id(number: int) -> Reading:
    fields = _split(number, OBJECT_ID, time="s since 1970", random="drawn once by each process")
    return Reading("ObjectId", fields, fields[0].value * 1000)


def _ulid(text: str) -> Reading:
    number = 0
    for letter in text:
        number = number << 5 | BASE_32.index(letter)
    return Reading("ULID", _split(number, ULID, time="ms since 1970"), number >> 80)


def _uuid(number: int) -> Reading:
    version, variant = number >> 76 & 15, number >> 62 & 3
    if variant != 0b10 or version not in UUIDS:
        named = {0: "the nil UUID", (1 << 128) - 1: "the max UUID"}.get(number, "")
        kind = named or "UUID of no known version"
        return Reading(kind, _split(number, (("bits", 128),)), likely=bool(named))
    first = 2 if version in (1, 6) else 1
    shape = UUIDS[version]
    shape = (*shape[:first], ("version", 4), shape[first], ("variant", 2), *shape[first + 1 :])
    fields = _split(number, shape, time="ms since 1970", node="often the network card's address")
    return Reading(f"UUID version {version}", fields, _uuid_ms(version, number))


def _uuid_ms(version: int, number: int) -> int | None:
    first, second, third = number >> 96, number >> 80 & 0xFFFF, number >> 64 & 0xFFF
    ticks = {1: third << 48 | second << 32 | first, 6: first << 28 | second << 12 | third}
    if version in ticks:
        return ticks[version] // 10_000 - GREGORIAN_MS  # ticks of 100 ns
    return number >> 80 if version == 7 else None
