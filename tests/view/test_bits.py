"""An id drawn bit by bit."""

import re
from xml.etree import ElementTree

import pytest

from distlab.ids.identify import identify
from distlab.view.bits import BitField, bits

IDS = {
    "discord": ("175928847299117063", "discord"),
    "uuid7": ("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", None),
    "ulid": ("01ARZ3NDEKTSV4RRFFQ69G5FAV", None),
    "objectid": ("507f1f77bcf86cd799439011", None),
}


def fields(text, epoch=None):
    found = identify(text, epoch)[0].fields
    return [BitField(each.name, each.bits, each.value, each.shown) for each in found]


@pytest.mark.parametrize("name", IDS)
def test_every_bit_is_there_in_order(name):
    picture = bits(IDS[name][0], fields(*IDS[name]))
    drawn = "".join(re.findall(r'class="dl-tick"[^>]*>([01])<', picture.svg))
    assert drawn == "".join(f"{each.value:0{each.bits}b}" for each in fields(*IDS[name]))
    ElementTree.fromstring(picture.still())


def test_words_say_the_same():
    picture = bits("an id", fields("175928847299117063", "discord"))
    assert "worker_id (5 bits): 1" in picture.text
    assert "sign (1 bit): 0" in picture.text
    assert picture.alt.startswith("an id, as 64 bits: sign (1 bit): 0; time (41 bits)")


def test_nothing_is_drawn_outside():
    picture = bits("<script>", fields("919108f7-52d1-4320-9bac-f847db4148a8"))
    numbers = [float(x) for x in re.findall(r'<text[^>]* x="([\d.]+)"', picture.svg)]
    assert min(numbers) > 0 and max(numbers) < 960
    assert picture.layout.width == 960 and "<script>" not in picture.svg
