"""What is this id? Published examples, foreign generators, and what is no id."""

import json
import uuid

import bson
import pytest
import ulid
import uuid6
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.ids.identify import identify, utc
from distlab.ids.layout import COURSE
from distlab.ids.process import ThreadedSnowflake


def parts(reading):
    return {each.name: each.value for each in reading.fields}


@pytest.mark.parametrize(
    ("text", "kind", "made"),
    [  # from Discord's documentation, RFC 9562 appendix A, the ULID and the ObjectId specification
        ("C232AB00-9414-11EC-B3C8-9F6BDECED846", "UUID version 1", "2022-02-22 19:22:22.000 UTC"),
        ("919108f7-52d1-4320-9bac-f847db4148a8", "UUID version 4", ""),
        ("2ed6657d-e927-568b-95e1-2665a8aea6a2", "UUID version 5", ""),
        ("1EC9414C-232A-6B00-B3C8-9F6BDECED846", "UUID version 6", "2022-02-22 19:22:22.000 UTC"),
        ("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "UUID version 7", "2022-02-22 19:22:22.000 UTC"),
        ("00000000-0000-0000-0000-000000000000", "the nil UUID", ""),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "the max UUID", ""),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "ULID", "2016-07-30 23:54:10.259 UTC"),
        ("507f1f77bcf86cd799439011", "ObjectId", "2012-10-17 21:13:27.000 UTC"),
        ("42", "number of a database sequence", ""),
    ],
)
def test_published_examples(text, kind, made):
    first = identify(text)[0]
    assert (first.kind, first.made) == (kind, made)


def test_discord():
    (reading,) = identify("175928847299117063", "discord")
    assert reading.kind == "Snowflake, Discord's epoch"
    assert reading.made == "2016-04-30 11:18:25.796 UTC"
    assert parts(reading) | {"time": 0} == {
        "sign": 0, "time": 0, "worker_id": 1, "process_id": 0, "increment": 7,
    }  # fmt: skip


def whose(readings):
    return [(reading.kind.split()[-2], reading.made[:4]) for reading in readings if reading.likely]


def test_without_an_epoch_a_snowflake_may_be_anybodys_who_was_there_at_the_time():
    """The course's generators are younger than 2023, when it would have been made by one."""
    readings = identify("175928847299117063")
    assert whose(readings) == [("Discord's", "2016"), ("Twitter's", "2012")]
    assert [reading.likely for reading in readings] == [True, True, False, False]


def test_equally_likely_readings_stand_in_a_fixed_order_our_own_first():
    number = COURSE.make(time=1_767_225_600_000 - COURSE.epoch_ms, worker_id=5, sequence=0)
    assert whose(identify(number)) == [
        ("Course's", "2026"), ("Discord's", "2019"), ("Twitter's", "2014")
    ]  # fmt: skip


def test_a_published_sample_that_cannot_be_what_it_is_said_to_be():
    """Read with the epoch of 2022 it would have been made in 2076."""
    (reading,) = identify("7234567890123456789", "course")
    assert reading.made == "2076-08-28 14:29:56.777 UTC"
    assert not reading.likely
    assert "far in the future" in reading.text()


def test_any_epoch():
    (reading,) = identify("4194304", 1_000)
    assert (reading.at_ms, reading.kind) == (1_001, "Snowflake, epoch 1000 ms")
    for wrong in ("yesterday", "-5", "discor"):
        with pytest.raises(BadInput, match="epoch"):
            identify("1", wrong)


def test_ambiguous_texts_have_all_their_readings():
    assert [reading.kind for reading in identify("0" * 23 + "5")][-1] != "ObjectId"
    assert identify("0" * 6000 + "5") == identify("5")
    kinds = {reading.kind for reading in identify("000000000000000000000005")}
    assert {"ObjectId", "number of a database sequence"} <= kinds


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}", "  {}\n"])
def test_forms_of_a_uuid(form):
    text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert identify(form.format(text)) == identify(text) == identify(text.replace("-", ""))


@pytest.mark.parametrize(
    "text", ["017f22e2-79b07cc3-98c4-dc0c0c07398f", "0-17f22e279b07cc398c4dc0c0c07398f",
             "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
             "-017f22e279b07cc398c4dc0c0c07398f", "017f22e279b07cc398c4dc0c0c07398f-"]
)  # fmt: skip
def test_hyphens_and_braces_that_no_uuid_has(text):
    with pytest.raises(BadInput, match="is no id that is known here"):
        identify(text)


def test_an_id_need_not_be_text():
    made = uuid.uuid4()
    assert identify(made) == identify(str(made))
    assert identify(175928847299117063) == identify("175928847299117063")
    assert identify(bson.ObjectId("507f1f77bcf86cd799439011"))[0].kind == "ObjectId"


@given(st.uuids())
def test_fields_of_a_uuid_are_all_its_bits(made):
    for reading in identify(str(made)):
        number = 0
        for each in reading.fields:
            number = number << each.bits | each.value
        assert number == made.int
        assert sum(each.bits for each in reading.fields) == 128


def test_what_others_make_is_recognised_with_its_time():
    one, six, seven = uuid.uuid1(), uuid6.uuid6(), uuid6.uuid7()
    assert identify(str(one))[0].at_ms == (one.time - 0x01B21DD213814000) // 10_000
    assert identify(str(six))[0].at_ms == (six.time - 0x01B21DD213814000) // 10_000
    assert identify(str(seven))[0].at_ms == seven.time
    assert parts(identify(str(one))[0])["node"] == one.node
    theirs = ulid.ULID()
    assert identify(str(theirs).lower())[0].at_ms == theirs.milliseconds
    mongo = bson.ObjectId()
    assert identify(str(mongo))[0].at_ms == mongo.generation_time.timestamp() * 1000
    ours = ThreadedSnowflake(5)
    assert parts(identify(str(ours.next_id()))[0])["worker_id"] == 5


@pytest.mark.parametrize(
    "text",
    ["", "hello", "1e3", "-1", str(2**63), "8" * 26, "507f1f77bcf86cd79943901", "٣", "1" * 5000,
     -1, 2**63, None, True, 1.5, b"42"],
)  # fmt: skip
def test_what_is_no_id(text):
    with pytest.raises(BadInput, match="is no id that is known here"):
        identify(text)


def test_times():
    assert utc(0) == "1970-01-01 00:00:00.000 UTC"
    assert utc(-1) == "1969-12-31 23:59:59.999 UTC"
    assert utc(1 << 48) == "after the year 9999"
    assert identify("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")[0].made == "after the year 9999"


def test_command(distlab):
    status, out, _ = distlab("id", "175928847299117063", "--epoch", "discord")
    assert status == 0
    assert "made 2016-04-30 11:18:25.796 UTC" in out
    assert "increment    12 bits  7" in out
    status, out, _ = distlab("id", "42")
    assert status == 0 and out.startswith("4 readings, likely ones first:")


def test_command_for_programs(distlab):
    status, out, _ = distlab("id", "507f1f77bcf86cd799439011", "--json")
    assert status == 0
    (reading,) = json.loads(out)["readings"]
    assert reading["at_ms"] == 1350508407000
    assert reading["fields"][2] == {
        "name": "counter", "bits": 24, "value": "4427793", "meaning": "",
    }  # fmt: skip


def test_command_with_wrong_input(distlab):
    for text in ("hello", "1" * 5000):
        assert distlab("id", text)[0] == 2
    status, _, error = distlab("id", "1", "--epoch", "discor")
    assert status == 2 and "did you mean 'discord'?" in error
