"""The resource's side of fencing tokens."""

import pytest

from distlab.host import BadInput, Refused
from distlab.locks.fencing import Fence, StaleToken


def test_token_33_is_refused_after_34():
    fence = Fence()
    fence.admit(33)
    fence.admit(34)
    with pytest.raises(StaleToken, match="token 33 comes after token 34"):
        fence.admit(33)
    fence.admit(34)
    assert fence.latest == 34
    assert issubclass(StaleToken, Refused)


def test_the_state_is_the_resources_own():
    with pytest.raises(StaleToken):
        Fence(latest=7).admit(6)


def test_one_token_of_two_holders_admits_the_first_who_came():
    fence = Fence()
    fence.admit(5, "a")
    fence.admit(5, "a")
    with pytest.raises(StaleToken, match="token 5 of b is in use by a"):
        fence.admit(5, "b")
    fence.admit(6, "b")
    with pytest.raises(StaleToken):
        fence.admit(6, "a")


def test_writers_without_a_name_cannot_be_told_apart():
    fence = Fence()
    fence.admit(5, "a")
    fence.admit(5)
    fence.admit(5, "b")


@pytest.mark.parametrize("token", [None, 0, -1, True, "34", 3.0])
def test_what_is_no_number_is_refused(token):
    with pytest.raises(BadInput, match="fencing token"):
        Fence().admit(token)
