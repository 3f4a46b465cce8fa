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
from distlab.ids.kinds import KINDS
from distlab.ids.layout import COURSE
from distlab.ids.process import ThreadedSnowflake
from distlab.ids.services import SERVICES


def parts(reading):
    return {each.name: each.value for each in reading.fields}


NOW_MS = 1_798_761_600_000  # 2027-01-01
TABLE = {
    # RFC 9562, appendix A; section 5.9 and 5.10
    "C232AB00-9414-11EC-B3C8-9F6BDECED846": ("UUID version 1", "2022-02-22 19:22:22.000"),
    "5df41881-3aed-3515-88a7-2f4a814cf09e": ("UUID version 3", ""),
    "919108f7-52d1-4320-9bac-f847db4148a8": ("UUID version 4", ""),
    "2ed6657d-e927-568b-95e1-2665a8aea6a2": ("UUID version 5", ""),
    "1EC9414C-232A-6B00-B3C8-9F6BDECED846": ("UUID version 6", "2022-02-22 19:22:22.000"),
    "017F22E2-79B0-7CC3-98C4-DC0C0C07398F": ("UUID version 7", "2022-02-22 19:22:22.000"),
    "2489E9AD-2EE2-8E00-8EC9-32D5F69181C0": ("UUID version 8", ""),
    "00000000-0000-0000-0000-000000000000": ("the nil UUID", ""),
    "ffffffff-ffff-ffff-ffff-ffffffffffff": ("the max UUID", ""),
    # a page on DCE security; the interface IDispatch of COM; the other variants
    "000003e8-92e0-21ef-8000-325096b39f47": ("UUID version 2", "2024-10-25 14:47:04.210"),
    "00020400-0000-0000-C000-000000000046": ("UUID of the Microsoft variant", ""),
    "00020400-0000-0000-4000-000000000046": ("UUID of the NCS variant", ""),
    "00020400-0000-0000-f000-000000000046": ("UUID of the reserved variant", ""),
    "00020400-0000-9000-8000-000000000046": ("UUID of no known version", ""),
    # the specifications and READMEs of each kind
    "01ARZ3NDEKTSV4RRFFQ69G5FAV": ("ULID", "2016-07-30 23:54:10.259"),
    "507f1f77bcf86cd799439011": ("ObjectId", "2012-10-17 21:13:27.000"),
    "0ujtsYcgvSTl8PAuAdqWYSMnLOv": ("KSUID", "2017-10-10 04:00:47.000"),
    "9m4e2mr0ui3e8a215n4g": ("xid", "2011-03-22 17:50:19.000"),
    "cjld2cjxh0000qzrmn831i7rn": ("CUID", "2018-08-28 01:59:12.101"),
    "tz4a98xxat96iws9zmbrgj3a": ("CUID2", ""),
    "V1StGXR8_Z5jdHi6B-myT": ("Nano ID", ""),
    "prefix_01h455vb4pex5vsknk084sn02q":
        ("TypeID of the type prefix, UUID version 7", "2023-06-30 03:34:18.518"),
    "pre_fix_00000000000000000000000000": ("TypeID of the type pre_fix, the nil UUID", ""),
    # tweets: Wikipedia's, examples of twitter-snowflake-to-date, Perl's Twitter::ID and a page
    "1541815603606036480": ("Snowflake, Twitter's epoch", "2022-06-28 16:07:40.105"),
    "1233161576649121792": ("Snowflake, Twitter's epoch", "2020-02-27 22:46:45.564"),
    "1445078208190291973": ("Snowflake, Twitter's epoch", "2021-10-04 17:27:47.744"),
    "1529877576591609861": ("Snowflake, Twitter's epoch", "2022-05-26 17:30:12.667"),
    # Discord's API reference; the README of an npm package
    "175928847299117063": ("Snowflake, Discord's epoch", "2016-04-30 11:18:25.796"),
    "1087853498709577700": ("Snowflake, Discord's epoch", "2023-03-21 21:41:25.433"),
    # a question about Instagram on Stack Overflow; a post on infosec.exchange
    "2384288897814875714": ("Snowflake, Instagram's epoch", "2020-08-26 13:43:27.313"),
    "101767036616676231": ("Snowflake, Mastodon's epoch", "2019-03-17 16:55:45.249"),
    # the end of Baidu's time, as its source says it: 21:24:16 in Beijing
    str(2**63 - 1): ("Snowflake, Baidu's epoch", "2024-11-20 13:24:15.000"),
    "42": ("number of a database sequence", ""),
}  # fmt: skip


@pytest.mark.parametrize("text", TABLE)
def test_published_examples(text):
    kind, made = TABLE[text]
    first = identify(text, now_ms=NOW_MS)[0]
    assert (first.kind, first.made) == (kind, made and f"{made} UTC")


def by_epoch(number, epoch):
    (reading,) = identify(number, epoch, NOW_MS)
    return {name: value for name, value in parts(reading).items() if name not in ("sign", "time")}


@pytest.mark.parametrize(
    ("number", "epoch", "fields"),
    [
        (175928847299117063, "discord", {"worker_id": 1, "process_id": 0, "increment": 7}),
        (1541815603606036480, "twitter", {"datacenter_id": 11, "worker_id": 26, "sequence": 0}),
        (0x45EEC4A4600041B, "sonyflake", {"sequence": 0, "machine_id": 0x041B}),
        (1387263000 << 23 | 1341 << 10 | 905, "instagram", {"shard_id": 1341, "sequence": 905}),
        (101767036616676231, "mastodon", {"sequence_data": 0x9387}),
        (5 << 35 | 4 << 13 | 3, "baidu", {"worker_node_id": 4, "sequence": 3}),
    ],
)
def test_fields_have_the_names_that_their_service_gives_them(number, epoch, fields):
    assert by_epoch(number, epoch) == fields


def test_fields_of_other_kinds():
    assert parts(identify("9m4e2mr0ui3e8a215n4g")[0]) == {  # from xid's tests
        "time": 1300816219, "machine": 0x60F486, "process_id": 0xE428, "counter": 4271561,
    }  # fmt: skip
    ksuid = parts(identify("0ujtsYcgvSTl8PAuAdqWYSMnLOv")[0])
    assert ksuid == {"time": 107608047, "payload": 0xB5A1CD34B5F99D1154FB6853345C9735}
    two = parts(identify("000003e8-92e0-21ef-8000-325096b39f47")[0])
    assert (two["local_id"], two["local_domain"], two["version"]) == (1000, 0, 2)
    assert set(parts(identify("507f1f77bcf86cd799439011")[0])) == {"time", "random", "counter"}
    typed = identify("prefix_01h455vb4pex5vsknk084sn02q")[0]
    assert typed.fields == identify("01890a5d-ac96-774b-bcce-b302099a8057")[0].fields


def whose(readings):
    return [(reading.kind.split()[-2], reading.made[:4]) for reading in readings if reading.likely]


def test_without_an_epoch_a_snowflake_may_be_anybodys_that_was_there_at_the_time():
    """The course's generators are younger than 2023, Mastodon's posts are older than 2055."""
    readings = identify("175928847299117063", now_ms=NOW_MS)
    assert whose(readings) == [
        ("Discord's", "2016"), ("Twitter's", "2012"), ("Instagram's", "2012"),
        ("Sonyflake's", "2017"), ("Baidu's", "2016"),
    ]  # fmt: skip
    assert [each.notes[-1] for each in readings if not each.likely] == [
        "unlikely: there were none before 2025-01-01", "unlikely: its time is in the future",
        "unlikely: so large a number",
    ]  # fmt: skip
    assert all("or another service's" in each.text() for each in readings[:5])
    assert "or another" not in identify("175928847299117063", "discord")[0].text()


def test_a_small_sequence_speaks_for_those_that_start_at_0():
    number = COURSE.make(time=1_767_225_600_000 - COURSE.epoch_ms, worker_id=5, sequence=0)
    assert [name for name, _ in whose(identify(number, now_ms=NOW_MS))] == [
        "course's", "Twitter's", "Discord's", "Instagram's", "Sonyflake's", "Baidu's"
    ]  # fmt: skip
    assert [name for name, _ in whose(identify(number + 4000, now_ms=NOW_MS))] == [
        "course's", "Discord's", "Twitter's", "Instagram's", "Sonyflake's", "Baidu's"
    ]  # fmt: skip


def test_a_unit_of_time_is_read_as_it_is_counted():
    """A Sonyflake of unfurl's tests: units of 10 ms."""
    reading = next(each for each in identify(0x45EEC4A4600041B, now_ms=NOW_MS)
                   if "Sonyflake" in each.kind)  # fmt: skip
    assert (reading.made, reading.likely) == ("2020-08-12 17:35:29.980 UTC", True)
    assert reading.fields[1].meaning.startswith("units of 10 ms since 2014-09-01")


@pytest.mark.parametrize(
    "text", [text for text, (kind, made) in TABLE.items() if made and "Baidu" not in kind]
)
def test_the_future_is_unlikely_for_every_kind(text):
    made_ms = max(each.at_ms or 0 for each in identify(text, now_ms=NOW_MS)[:1])
    assert identify(text, now_ms=made_ms)[0].likely
    long_before = identify(text, now_ms=made_ms - 2 * 86_400_000)
    assert not any(each.likely for each in long_before if each.at_ms == made_ms)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.since_ms], ids=lambda kind: kind.name
)
def test_a_time_before_the_first_of_its_kind_is_unlikely(kind):
    """The lowest id of each kind."""
    letters = {"CUID": 25, "ObjectId": 24, "ULID": 26, "KSUID": 27, "xid": 20}[kind.name]
    text = ("c" if kind.name == "CUID" else "").ljust(letters, "0")
    reading = next(each for each in identify(text) if each.kind == kind.name)
    assert reading.likely == (kind.name == "KSUID")  # they count from their first day


def test_a_published_sample_that_cannot_be_what_it_is_said_to_be():
    """Read with the epoch of 2022 it would have been made in 2076."""
    (reading,) = identify("7234567890123456789", "course")
    assert reading.made == "2076-08-28 14:29:56.777 UTC"
    assert not reading.likely
    assert "unlikely: its time is in the future" in reading.text()


def test_any_epoch():
    (reading,) = identify("4194304", 1_000)
    assert (reading.at_ms, reading.kind) == (1_001, "Snowflake, epoch 1000 ms")
    for wrong in ("yesterday", "-5", "discor", True, 1.5, [], 10**5000):
        with pytest.raises(BadInput, match="epoch"):
            identify("1", wrong)


@given(st.integers(0, 2**63 - 1))
def test_every_whole_number_may_be_a_snowflake_of_any_service(number):
    readings = identify(number)
    assert len(readings) == len(SERVICES) + 1
    for reading in readings:
        again = 0
        for each in reading.fields:
            again = again << each.bits | each.value
        assert again == number
    assert readings[0].likely or not any(reading.likely for reading in readings)


def test_ambiguous_texts_have_all_their_readings():
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


class Unprintable:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "1e3", "-1", str(2**63), "8" * 26, "507f1f77bcf86cd79943901", "٣", "1" * 5000,
     -1, 2**63, None, True, 1.5, b"42", ["42"], "zz" + "0" * 25,
     "c" * 24 + "Z", "prefix__01h455vb4pex5vsknk084sn02q", "9m4e2mr0ui3e8a215n41",
     Unprintable()],
)  # fmt: skip
def test_what_is_no_id(text):
    with pytest.raises(BadInput, match="is no id that is known here"):
        identify(text)


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_thousands_of_digits_is_shown_in_short(sign):
    with pytest.raises(BadInput, match=rf"^'{sign}2\^16609 or so' is no id that is known here"):
        identify(int(f"{sign}1") * 10**5000)


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
    status, out, _ = distlab("id", "--", "-0g2XbcdefghijklmnopB")
    assert status == 0 and out.startswith("Nano ID\n  random  126 bits")
    status, out, _ = distlab("id", "42")
    assert status == 0 and out.startswith("8 readings, likely ones first:\n\nnumber of a database")
    assert "\nNot likely:\n  Snowflake, " in out
    assert "made 2010-11-04 01:42:54.657 UTC, unlikely: there were none before 2010-11-05\n" in out


def test_the_command_shows_a_reading_also_when_none_is_likely(distlab):
    status, out, _ = distlab("id", "0" * 24)
    assert status == 0 and "number of a database sequence\n  number" in out
    status, out, _ = distlab("id", "00020400-0000-9000-8000-000000000046")
    assert status == 0 and out.startswith("UUID of no known version\n  bits")


def test_command_for_programs(distlab):
    status, out, _ = distlab("id", "507f1f77bcf86cd799439011", "--json")
    assert status == 0
    (reading,) = json.loads(out)["readings"]
    assert reading["at_ms"] == 1350508407000
    assert reading["fields"][2] == {
        "name": "counter", "bits": 24, "value": "4427793", "meaning": "",
    }  # fmt: skip


def test_command_with_wrong_input(distlab):
    for text in ("hello", "1" * 5000, "", "\udcff"):
        status, _, error = distlab("id", text)
        assert status == 2 and "is no id that is known here" in error
    status, _, error = distlab("id", "1", "--epoch", "discor")
    assert status == 2 and "did you mean 'discord'?" in error
