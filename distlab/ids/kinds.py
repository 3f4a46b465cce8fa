"""Ids that show their kind in their form: the letters, how many, and what they mean.

The facts come from each kind's own specification or README: MongoDB's ObjectId; ULID; segmentio's
KSUID; rs/xid; paralleldrive's CUID and CUID2; ai's Nano ID; jetify's TypeID; RFC 9562 for UUIDs,
and DCE 1.1 (Authentication and Security Services) for version 2.
"""

from typing import NamedTuple

from distlab.ids.uuids import BASE_32

BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
ULID_LETTERS = BASE_32.lower()
BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE_64 = f"{BASE_62}-_"

Shape = tuple[tuple[str, int], ...]
"""Fields from the top: the name, and the width in bits (in letters, for a kind that says so)."""


class Kind(NamedTuple):
    """A form of text. `unit_ms` is the unit of its field `time`; 0 means that there is none."""

    name: str
    form: str
    alphabet: str
    shape: Shape
    unit_ms: int = 0
    epoch_ms: int = 0
    since_ms: int = 0
    notes: tuple[str, ...] = ()
    radix: int = 2
    """Of one place of the shape: a bit, or a letter of the alphabet."""
    padding: int = 0
    """Bits at the end of the text that are always 0."""


YEAR_2009, YEAR_2012, YEAR_2016 = 1_230_768_000_000, 1_325_376_000_000, 1_451_606_400_000
KSUID_MS = 1_400_000_000_000
"""2014-05-13: KSUIDs count from here."""

KINDS = (
    Kind("ObjectId", "(?i:[0-9a-f]{24})", BASE_36[:16],
         (("time", 32), ("random", 40), ("counter", 24)), 1000, since_ms=YEAR_2009,
         notes=("random: drawn once by each process; before 2018, 3 bytes of the machine and 2 of "
                "the process",)),
    Kind("ULID", f"(?i:[0-7][{ULID_LETTERS}]{{25}})", ULID_LETTERS, (("time", 48), ("random", 80)),
         1, since_ms=YEAR_2016),
    Kind("KSUID", "[0-9A-Za-z]{27}", BASE_62, (("time", 32), ("payload", 128)),
         1000, KSUID_MS, KSUID_MS),
    Kind("xid", "[0-9a-v]{19}[0g]", BASE_36[:32],
         (("time", 32), ("machine", 24), ("process_id", 16), ("counter", 24)),
         1000, since_ms=YEAR_2009, padding=4),
    Kind("CUID", "c[0-9a-z]{24}", BASE_36,
         (("letter", 1), ("time", 8), ("counter", 4), ("fingerprint", 4), ("random", 8)),
         1, since_ms=YEAR_2012, radix=36),
    Kind("CUID2", "(?![0-9a-f]{24})[a-z][0-9a-z]{23}", BASE_36, (("hash", 24),), radix=36,
         notes=("a hash: the letters do not say when or where it was made",)),
    Kind("Nano ID", "[0-9A-Za-z_-]{21}", BASE_64, (("random", 126),),
         notes=("it has no structure: any 21 of its 64 letters look like one",)),
)  # fmt: skip

TYPE_ID = rf"([a-z](?:[a-z_]{{0,61}}[a-z])?)_([0-7][{ULID_LETTERS}]{{25}})"
"""A word for the type, and a UUID in base 32."""

UUID_TEXT = (  # with all hyphens or none, in braces or not
    r"(?:urn:uuid:)?(\{)?([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?(1)\})"
)
VARIANTS = {"0": "the NCS variant", "110": "the Microsoft variant", "111": "the reserved variant"}
"""By the first bits of the second half; `10` is the variant of RFC 9562."""

UUIDS: dict[int, tuple[Shape, str]] = {  # without version and variant; and a note
    1: ((("time_low", 32), ("time_mid", 16), ("time_high", 12), ("clock_seq", 14), ("node", 48)),
        "node: often the network card's address"),
    2: ((("local_id", 32), ("time_mid", 16), ("time_high", 12), ("clock_seq", 6),
         ("local_domain", 8), ("node", 48)),
        "DCE security: local_id is a user (domain 0) or a group (domain 1); the time is exact to "
        "7 minutes"),
    3: ((("md5_high", 48), ("md5_mid", 12), ("md5_low", 62)), "a hash of a name"),
    4: ((("random_a", 48), ("random_b", 12), ("random_c", 62)), ""),
    5: ((("sha1_high", 48), ("sha1_mid", 12), ("sha1_low", 62)), "a hash of a name"),
    6: ((("time_high", 32), ("time_mid", 16), ("time_low", 12), ("clock_seq", 14), ("node", 48)),
        "node: often the network card's address"),
    7: ((("time", 48), ("random_a", 12), ("random_b", 62)), ""),
    8: ((("custom_a", 48), ("custom_b", 12), ("custom_c", 62)),
        "only its maker knows what the bits mean"),
}  # fmt: skip
"""RFC 9562, section 5."""


def uuid_shape(version: int) -> Shape:
    """Version and variant stand where they always do (RFC 9562, section 4)."""
    shape, _ = UUIDS[version]
    first = next(n for n in range(1, len(shape)) if sum(bits for _, bits in shape[:n]) == 48)
    return (*shape[:first], ("version", 4), shape[first], ("variant", 2), *shape[first + 1 :])
