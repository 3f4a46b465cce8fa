"""Times and parts that do not fit into an id: every generator says so, and makes no wrong id."""

from dataclasses import replace

import pytest

from distlab.host import BadInput, Refused
from distlab.ids.layout import COURSE, EPOCH_MS, TimeOutOfRange
from distlab.ids.objectid import ObjectIds, object_id
from distlab.ids.snowflake import DurableSnowflake, Snowflake, SpareBitsSnowflake
from distlab.ids.uuids import Ulid, Uuid7, uuid_text
from tests.ids.hosts import Hand
from tests.ids.test_snowflake import Paper

SNOWFLAKE_END = EPOCH_MS + 2**41  # 2091-09-07
GENERATORS = {  # how to make it, its first millisecond, the first one that is too late, its bits
    "Snowflake": (lambda host: Snowflake(1, host), EPOCH_MS, SNOWFLAKE_END, 41),
    "spare bits": (lambda host: SpareBitsSnowflake(1, host), EPOCH_MS, SNOWFLAKE_END, 41),
    "durable": (
        lambda host: DurableSnowflake(1, host, Paper(EPOCH_MS - 9), 9), EPOCH_MS, SNOWFLAKE_END, 41
    ),
    "UUID v7": (Uuid7, 0, 2**48, 48),
    "ULID": (Ulid, 0, 2**48, 48),
    "UUID v7, not monotonic": (lambda host: Uuid7(host, monotonic=False), 0, 2**48, 48),
    "ObjectId": (ObjectIds, 0, 2**32 * 1000, 32),
}  # fmt: skip

every_generator = pytest.mark.parametrize(
    ("make", "first_ms", "end_ms", "bits"), GENERATORS.values(), ids=GENERATORS
)


@every_generator
def test_the_last_millisecond_has_ids_and_the_next_one_none(make, first_ms, end_ms, bits):
    host = Hand(end_ms - 1)
    generator = make(host)
    last = generator.next_id()
    host.now = end_ms
    for _ in range(2):
        with pytest.raises(TimeOutOfRange, match=rf"^time {2**bits} .*0 to {2**bits - 1}\): epoch "
                                                 rf"exhausted after {bits} bits$"):  # fmt: skip
            generator.next_id()
    host.now = end_ms - 1
    assert len(str(last)) == len(str(generator.next_id()))


@every_generator
def test_no_ids_before_the_epoch(make, first_ms, end_ms, bits):
    host = Hand(first_ms)
    generator = make(host)
    host.now = first_ms - 1
    with pytest.raises(TimeOutOfRange, match=r"time -1 .*: before the epoch") as no:
        generator.next_id()
    assert isinstance(no.value, BadInput) and isinstance(no.value, Refused)
    host.now = first_ms
    generator.next_id()


@pytest.mark.parametrize("kind", [Uuid7, Ulid])
def test_the_last_millisecond_cannot_borrow_from_a_next_one(kind):
    generator = kind(Hand(2**48 - 1))
    generator._last = (1 << 48 + kind.random_bits) - 1  # the last id of all
    with pytest.raises(TimeOutOfRange, match="epoch exhausted"):
        generator.next_id()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: object_id(2**32, 0, 0), "time 4294967296 .*epoch exhausted"),
        (lambda: object_id(-1, 0, 0), "time -1 .*before the epoch"),
        (lambda: object_id(0, 2**40, 0), r"process 1099511627776 .*0 to 1099511627775\)"),
        (lambda: object_id(0, 0, 2**24), r"counter 16777216 .*0 to 16777215\)"),
        (lambda: object_id(0, 0, 1.0), "counter 1.0 is not a whole number"),
        (lambda: object_id(0, True, 0), "process True is not a whole number"),
        *((lambda bits=bits, text=text: text(bits), "allowed: 0 to")
          for text in (uuid_text, Ulid(Hand()).text, Uuid7(Hand()).text)
          for bits in (-1, 2**128, 1.0, 2**20_000)),
        *((lambda bits=bits: ObjectIds(Hand(), bits), f"counter_bits {bits!r} .*allowed: 1 to 24")
          for bits in (0, 25, -1, 2.5, "x")),
    ],
)  # fmt: skip
def test_parts_that_no_id_has(make, said):
    with pytest.raises(BadInput, match=said):
        make()


def test_a_snowflake_counts_milliseconds():
    """In a longer unit it would begin the same sequence again with each millisecond."""
    with pytest.raises(BadInput, match="not units of 1000 ms"):
        Snowflake(1, Hand(), replace(COURSE, unit_ms=1000))
