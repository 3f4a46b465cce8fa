"""The fault vocabulary and its text form."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.host import BadInput
from distlab.sim.faults import (
    KINDS,
    Fault,
    as_schedule,
    check_schedule,
    parse_fault,
    parse_schedule,
    schedule_text,
)

EXAMPLES = """
    crash:n1@120 crash:n1@120+300 wipe:n1@120+300 pause:client@50+8000 partition:a,b|c@80+200
    partition:a|b|c@0 cut:a>b@80+200 delay:a>b@80+200=75 hold:a>b@80+200 loss:*>*@0+500=10
    lose:a>b@80 duplicate:a>*@80+200=50 jump:n2@100=-5000 drift:n2@100.5+500.25=200
    restart:n-1_x.y@900 delay:a>b@10=0.5 lose:#12 delay:#12=3.25 duplicate:#1=100
"""
SHAPELESS = """
    crash crash:n1 crash:n1@ crash:n1@soon crash:n1@1.2.3 crash:n1@5+ crash:n1@5=
    lose:a>b
"""
NO_LINKS = ("a", "a>", "a>b>c", "a>a", "a,c>b", "a|b")
NO_GROUPS = ("a,b", "a|a", "a|*", "a|", "a>b|c")

TIMES = st.floats(0, 1e9) | st.integers(0, 1000)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,6}", fullmatch=True)


@st.composite
def faults(draw, machines="", times=TIMES, largest=math.inf, messages=10**9 - 1):
    """Any fault; or one of these machines, at these times, no larger than this."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    shape = KINDS[kind]
    any_names = st.lists(NAMES, min_size=3, max_size=5, unique=True)
    names = draw(st.permutations(machines) if machines else any_names)
    together = draw(st.integers(1, 2))  # in the first group of a partition
    target = {
        "machine": names[0],
        "link": draw(st.sampled_from([f"{names[0]}>{names[1]}", f"*>{names[0]}", "*>*"])),
        "groups": "|".join([",".join(names[:together]), *names[together:]]),
    }[shape.target]
    amount = None
    if shape.amount:
        numbers = [st.integers, st.floats] if shape.unit == "ms" else [st.integers]
        least, most = max(shape.amount.lowest, -largest), min(shape.amount.highest, largest)
        amount = draw(draw(st.sampled_from(numbers))(least, most))
    if shape.numbered and draw(st.booleans()):
        return Fault(kind, f"#{draw(st.integers(1, messages))}", amount=amount)
    for_ms = draw(st.none() | times) if shape.lasts else None
    return Fault(kind, target, draw(times), for_ms, amount)


@pytest.mark.parametrize("text", EXAMPLES.split())
def test_text_is_the_inverse_of_parsing(text):
    assert str(parse_fault(text)) == text


@given(st.lists(faults()).map(tuple))
def test_every_schedule_survives_its_text_form(schedule):
    assert parse_schedule(schedule_text(schedule)) == schedule


@given(st.text(max_size=30) | st.from_regex(r"[a-z]+:[a-z*>|,]*@[0-9.+=-]*", fullmatch=True))
def test_any_text_is_a_fault_or_bad_input(text):
    try:
        fault = parse_fault(text)
    except BadInput:
        return
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not of the form kind:target@at_ms"),
        *((text, "not of the form .* or kind:#message") for text in SHAPELESS.split()),
        ("lose:#0", r"'lose:#0': lose: '#0' is no message: numbers begin at 1"),
        ("lose:#1@5", "'lose:#1@5': lose of one message takes no instant and no duration"),
        ("delay:#1+5=3", r"delay: '#1\+5' is no message"),
        ("cut:#12", "cut cannot address one message: '#12'"),
        ("delay:a>b@5=" + "9" * 400, "amount is inf, allowed is 0 to 3,600,000 ms"),
        ("crsh:n1@5", r"unknown fault 'crsh'; did you mean 'crash'\? \(allowed: crash, cut"),
        ("crash:n1@-5", "'crash:n1@-5': crash: at_ms is -5, allowed is 0 to 1,000,000,000 ms"),
        ("crash:n1@5+-1", "for_ms is -1,"),
        ("crash:n1@" + "9" * 400, "at_ms is inf"),
        ("lose:a>b@5+3", "lose happens at one instant: it takes no duration"),
        ("crash:n1@5=3", "crash takes no amount"),
        ("delay:a>b@5", "delay needs an amount in ms"),
        ("loss:a>b@5=101", "amount is 101, allowed is 0 to 100 %"),
        ("duplicate:a>b@5=101", "amount is 101, allowed is 0 to 100 %"),
        ("delay:a>b@5=3600001", "allowed is 0 to 3,600,000 ms"),
        ("jump:a@5=-86400001", "allowed is -86,400,000 to 86,400,000 ms"),
        ("jump:a@5=86400001", "allowed is -86,400,000 to 86,400,000 ms"),
        ("drift:a@5=-500001", "allowed is -500,000 to 500,000 ppm"),
        ("drift:a@5=500001", "allowed is -500,000 to 500,000 ppm"),
        ("crash:a>b@5", "target 'a>b' is not the name of one machine"),
        *((f"crash:{each}@5", "is not the name of one machine") for each in ("*", "a,b", " a")),
        *((f"cut:{each}@5", "is not a link between two, sender>receiver") for each in NO_LINKS),
        *((f"partition:{each}@5", r"is not groups of machines, a,b\|c") for each in NO_GROUPS),
    ],
)
def test_what_is_wrong_is_said(text, complaint):
    with pytest.raises(BadInput, match=complaint):
        parse_fault(text)


@pytest.mark.parametrize("wrong", [True, False, math.nan, math.inf, "5", 10**400, [1], object()])
@pytest.mark.parametrize("name", ["at_ms", "for_ms", "amount"])
def test_what_is_no_number_is_refused(name, wrong):
    numbers = {"at_ms": 1, "for_ms": 1, "amount": 1, name: wrong}
    with pytest.raises(BadInput, match=f"delay: {name} is .*, allowed is 0 to") as caught:
        Fault("delay", "a>b", **numbers)
    assert ("not a number" in str(caught.value)) is not (wrong in (math.inf, 10**400))


def test_only_milliseconds_have_fractions():
    assert Fault("delay", "a>b", 5, None, 0.5004).amount_us == 500
    assert str(Fault("loss", "a>b", 5, None, 30.0)) == "loss:a>b@5=30"
    with pytest.raises(BadInput, match=r"amount is 1\.5, allowed is a whole number of %"):
        Fault("loss", "a>b", 5, None, 1.5)


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        (("lose", "#12", 5), "takes no instant and no duration"),
        (("delay", "#12", 0, 5, 1), "takes no instant and no duration"),
        (("cut", "#12"), "cut cannot address one message"),
        (("crash", "#12"), "crash cannot address one message"),
        (("lose", "#0"), "lose: '#0' is no message: numbers begin at 1"),
        (("lose", "#x"), "lose: '#x' is no message"),
        ((None, "n1"), "fault None, 'n1': kind and target must be text"),
        ((["crash"], "n1"), "kind and target must be text"),
        (("crash", 1), "fault 'crash', 1: kind and target must be text"),
    ],
)
def test_a_fault_of_one_message_is_only_that(parts, complaint):
    with pytest.raises(BadInput, match=complaint):
        Fault(*parts)


def test_times_are_kept_to_the_microsecond():
    fault = Fault("crash", "a", 1.23456, 0.0004)
    assert (fault.at_ms, fault.for_ms) == (1.235, 0)
    assert (fault.at_us, fault.end_us) == (1235, 1235)


def test_a_schedule_may_be_written_with_spaces():
    written = " crash:a@1 ; ; lose:a>b@2;"
    assert schedule_text(parse_schedule(written)) == "crash:a@1;lose:a>b@2"
    assert parse_schedule("") == ()


def test_a_schedule_is_a_text_or_faults():
    crash = parse_fault("crash:a@1")
    for given_as in ("crash:a@1", [crash], iter([crash]), crash):
        assert as_schedule(given_as) == (crash,)
    assert as_schedule([]) == as_schedule("") == ()


@pytest.mark.parametrize("wrong", [["crash:a@1"], 5, None])
def test_anything_else_is_no_schedule(wrong):
    with pytest.raises(BadInput, match="is not a Fault; a schedule is one text"):
        as_schedule(wrong)


@pytest.mark.parametrize(
    ("target", "sender", "receiver", "concerned"),
    [
        ("a>b", "a", "b", True),
        ("a>b", "b", "a", False),
        ("a>*", "a", "c", True),
        ("*>b", "c", "b", True),
        ("*>b", "b", "c", False),
        ("a,b|c", "a", "c", True),
        ("a,b|c", "c", "b", True),
        ("a,b|c", "a", "b", False),
        ("a,b|c", "a", "d", False),
        ("a,b|c", "d", "c", False),
    ],
)
def test_which_messages_a_network_fault_concerns(target, sender, receiver, concerned):
    fault = Fault("partition" if "|" in target else "cut", target, 0)
    assert fault.matches(sender, receiver) is concerned


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("crash:n3@5", r"no machine 'n3'; did you mean 'n[12]'\? \(allowed: n1, n2\)"),
        ("partition:n1|zebra@5", r"no machine 'zebra' \(allowed: n1, n2\)"),
        ("cut:*>n9@5", "no machine 'n9'"),
        ("crash:n1@100.001", r"100\.001 ms lies beyond the end of the run \(100 ms\)"),
    ],
)
def test_a_schedule_is_checked_against_the_world(text, complaint):
    check_schedule(parse_schedule("crash:n1@100+900;loss:*>n2@0=3"), ("n1", "n2"), 100)
    with pytest.raises(BadInput, match=complaint):
        check_schedule(parse_schedule(text), ("n1", "n2"), 100)
