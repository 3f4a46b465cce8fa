"""UUIDs, ULIDs and ObjectIds, beside the libraries that everybody uses."""

import copy
import uuid
from random import Random

import bson
import pytest
import ulid
import uuid6
import uuid_utils
from hypothesis import given
from hypothesis import strategies as st

from distlab.ids.identify import identify
from distlab.ids.objectid import InheritingObjectIds, ObjectIds, WrappingObjectIds, object_id
from distlab.ids.snowflake import NotYet
from distlab.ids.uuids import Ulid, Uuid7, uuid4, uuid_text
from tests.ids.hosts import NOW_MS, Hand

KINDS = [Uuid7, Ulid]
MOVES = st.lists(st.integers(-5, 5), min_size=1, max_size=60)


def test_uuid4_is_what_the_standard_library_calls_one():
    made = [uuid.UUID(uuid4(Random(seed))) for seed in range(200)]
    assert {(each.version, each.variant) for each in made} == {(4, uuid.RFC_4122)}
    assert len(set(made)) == 200


def test_uuid7_is_what_others_call_one():
    host = Hand()
    for _ in range(200):
        host.now += 1
        made = Uuid7(host).next_id()
        assert str(uuid.UUID(made)) == made
        assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (7, uuid.RFC_4122)
        assert uuid_utils.UUID(made).timestamp == host.now
        assert uuid6.UUID(made).time == host.now


def test_ulid_is_what_others_call_one():
    host = Hand()
    for _ in range(200):
        host.now += 1
        made = Ulid(host).next_id()
        theirs = ulid.ULID.from_str(made)
        assert theirs.milliseconds == host.now
        assert str(theirs) == made


@given(st.binary(min_size=16, max_size=16))
def test_ulids_are_written_as_python_ulid_writes_them(data):
    assert Ulid(Hand()).text(int.from_bytes(data)) == str(ulid.ULID(data))


@pytest.mark.parametrize("text", [uuid_text, Ulid(Hand()).text])
@given(st.lists(st.integers(0, 2**128 - 1)))
def test_the_order_of_the_text_is_the_order_of_the_bits(text, numbers):
    assert [text(number) for number in sorted(numbers)] == sorted(map(text, numbers))


def test_object_ids_are_what_mongodb_calls_so():
    host = Hand()
    made = ObjectIds(host)
    one, two = bson.ObjectId(made.next_id()), bson.ObjectId(made.next_id())
    assert one.generation_time.timestamp() == NOW_MS // 1000
    assert one.binary[:9] == two.binary[:9]
    assert (int(str(two), 16) - int(str(one), 16)) % (1 << 24) == 1


# Order


@pytest.mark.parametrize("kind", KINDS)
@given(moves=MOVES)
def test_monotonic_ids_ascend_whatever_the_clock_does(kind, moves):
    host = Hand()
    generator, made = kind(host), []
    for move in moves:
        host.now += move
        made.append(generator.next_id())
    assert made == sorted(set(made))


@pytest.mark.parametrize("kind", KINDS)
def test_others_have_no_order_within_a_millisecond(kind):
    generator = kind(Hand(), monotonic=False)
    made = [generator.next_id() for _ in range(100)]
    assert made != sorted(made)
    assert len(set(made)) == 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_millisecond_borrows_from_the_next(kind):
    host = Hand()
    generator = kind(host)
    generator._last = ((host.now + 1) << kind.random_bits) - 1  # the last id of this millisecond
    (reading,) = identify(generator.next_id())
    assert reading.at_ms == host.now + 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_id_is_hard_to_guess(kind):
    one = kind(Hand())
    one.next_id()
    other = copy.copy(one)
    other.host = Hand(seed=2)
    assert len({each.next_id() for each in (one, other) for _ in range(50)}) == 100


# ObjectIds


def test_a_forked_copy_draws_anew():
    parent = ObjectIds(Hand(name="parent"))
    parent.next_id()
    child = copy.copy(parent)
    child.host = Hand(name="child")
    assert parent.next_id()[8:18] != child.next_id()[8:18]


def test_a_forked_copy_that_does_not_repeats_its_parent():
    parent = InheritingObjectIds(Hand(name="parent"))
    child = copy.copy(parent)
    child.host = Hand(name="child")
    assert [parent.next_id() for _ in range(5)] == [child.next_id() for _ in range(5)]


def test_the_counter_goes_round_but_not_within_a_second():
    host = Hand()
    generator = ObjectIds(host, counter_bits=2)
    first = {generator.next_id() for _ in range(4)}
    with pytest.raises(NotYet) as no:
        generator.next_id()
    host.now += no.value.wait_ms
    second = {generator.next_id() for _ in range(4)}
    assert len(first | second) == 8
    host.now -= 5_000
    with pytest.raises(NotYet):
        generator.next_id()


def test_a_counter_that_goes_round_at_once_repeats():
    generator = WrappingObjectIds(Hand(), counter_bits=2)
    assert len({generator.next_id() for _ in range(8)}) == 4


def test_object_id_text():
    assert object_id(1350508407, 0xBCF86CD799, 0x439011) == "507f1f77bcf86cd799439011"
