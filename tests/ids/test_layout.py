"""Putting ids together and taking them apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.ids.layout import COURSE, DATACENTERS, EPOCH_MS, SPARE_BITS, Layout
from distlab.ids.services import SERVICES

LAYOUTS = st.sampled_from(
    [COURSE, DATACENTERS, SPARE_BITS, *(service.layout for service in SERVICES.values())]
)


@given(LAYOUTS, st.integers(0, 2**63 - 1))
def test_every_id_is_put_together_again_from_its_parts(layout, number):
    assert layout.make(**layout.parse(number)) == number


@given(st.tuples(*[st.integers(1, 30)] * 3))
def test_widths_must_add_up(widths):
    fields = tuple(zip(("time", "worker_id", "sequence"), widths, strict=True))
    if sum(widths) == 63:
        assert Layout(EPOCH_MS, fields).fields == fields
    else:
        with pytest.raises(BadInput, match=rf"= {sum(widths)} bits \(allowed: 63"):
            Layout(EPOCH_MS, fields)


def test_the_course_counts_from_2022_to_2091():
    assert COURSE.at_ms(0) == EPOCH_MS == 1640995200000
    assert COURSE.at_ms(2**63 - 1) == 3840018455551  # 2091-09-07 15:47:35.551 UTC
    assert COURSE.highest("worker_id") == 1023


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((("worker_id", 22), ("time", 41)), "time comes first"),
        ((("time", 41), ("worker_id", 11), ("worker_id", 11)), "its own name"),
    ],
)
def test_wrong_layouts(fields, said):
    with pytest.raises(BadInput, match=said):
        Layout(EPOCH_MS, fields)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"time": 1, "worker_id": 1024, "sequence": 0}, r"worker_id 1024 .*0 to 1023"),
        ({"time": -1, "worker_id": 1, "sequence": 0}, "time -1 is out of range.*before the epoch"),
        ({"time": 2**41, "worker_id": 1, "sequence": 0}, "epoch exhausted after 41 bits"),
        ({"time": 1, "worker_id": 1}, "sequence is missing"),
        ({"time": 1, "worker_id": 1, "sequence": 0, "worker": 1}, "did you mean 'worker_id'"),
        ({"time": 1, "worker_id": True, "sequence": 0}, "worker_id True"),
    ],
)
def test_wrong_parts(values, said):
    with pytest.raises(BadInput, match=said):
        COURSE.make(**values)


@pytest.mark.parametrize("number", [-1, 2**63, 1.0, "1", True])
def test_what_is_no_id(number):
    with pytest.raises(BadInput, match=r"^id .*allowed: 0 to 9223372036854775807"):
        COURSE.parse(number)
