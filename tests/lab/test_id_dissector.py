"""The instrument of chapter 5: what typing does, a method does."""

import uuid

import pytest

from distlab.host import BadInput
from distlab.lab.id_dissector import IdDissector
from tests.ids.test_identify import TABLE

DISCORD = "175928847299117063"


def test_it_shows_the_fields():
    dissector = IdDissector(DISCORD, "discord")
    assert dissector.reading.made == "2016-04-30 11:18:25.796 UTC"
    assert "worker_id" in dissector.text()
    assert "<svg" in dissector._drawing.value
    assert repr(dissector) == f"<IdDissector {DISCORD}>"


def test_typing_another_id_draws_it_anew():
    dissector = IdDissector(DISCORD)
    before = dissector._drawing.value
    dissector._text.value = "507f1f77bcf86cd799439011"
    assert dissector.reading.kind == dissector._choice.label == "ObjectId"
    assert dissector._drawing.value != before


def test_another_reading_of_the_same_id():
    dissector = IdDissector(DISCORD)
    assert len(dissector.readings) == 8
    first = dissector.text()
    assert dissector.show(DISCORD, reading=6) != first
    assert dissector.reading.kind == "Snowflake, the course's epoch"
    with pytest.raises(BadInput, match="this id has 8"):
        dissector.show(DISCORD, reading=9)


def test_what_is_no_id_is_said_in_words():
    dissector = IdDissector(DISCORD)
    assert "is no id that is known here" in dissector.show("hello <b>")
    assert dissector.reading is None
    assert dissector._drawing.value == ""
    assert "hello &lt;b&gt;" in dissector._status.value
    assert "is no id" in dissector.html()


@pytest.mark.parametrize("text", TABLE)
def test_every_kind_is_drawn(text):
    dissector = IdDissector(text)
    drawn = dissector.html()
    assert all(each.name in drawn for each in dissector.reading.fields)


def test_an_id_of_any_type():
    dissector = IdDissector(int(DISCORD), "discord")
    assert dissector.text() == IdDissector(DISCORD, "discord").text()
    made = uuid.UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    assert dissector.show(made).startswith("UUID version 7")
    assert "no id" in dissector.show(None)
    assert "2^16609 or so" in dissector.show(10**5000)


def test_wrong_input_is_said_and_changes_nothing():
    dissector = IdDissector(DISCORD)
    before = dissector.text()
    for wrong in (lambda: IdDissector(DISCORD, "discor"), lambda: dissector.show("1", "discor")):
        with pytest.raises(BadInput, match="did you mean 'discord'"):
            wrong()
    assert dissector.text() == before


def test_still():
    bundle = IdDissector(DISCORD, "discord")._repr_mimebundle_()
    assert bundle["text/html"].startswith("<img alt=")
    assert bundle["text/plain"].startswith("Snowflake, Discord's epoch")
    assert "application/vnd.jupyter.widget-view+json" in bundle
