"""State machines as tables, and the charts that are drawn from them."""

import ast
import inspect
import re
import textwrap
from enum import Enum
from xml.etree import ElementTree

import pytest

from distlab.cap import cp_store
from distlab.cap.rounds import Alarm, Vote
from distlab.host import BadInput, Refused
from distlab.states import IllegalEvent, states, step
from distlab.view.state_chart import state_chart


class Order(Enum):
    CREATED = "created"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"

    def __str__(self):
        return self.value


class Paid: ...


class Shipped: ...


class Cancelled: ...


class Reminded: ...


TABLE = {
    (Order.CREATED, Reminded): Order.CREATED,
    (Order.CREATED, Paid): Order.PAID,
    (Order.CREATED, Cancelled): Order.CANCELLED,
    (Order.PAID, Shipped): Order.SHIPPED,
    (Order.PAID, Cancelled): Order.CANCELLED,
}


def test_each_row_of_a_table_is_a_step_and_nothing_else_is():
    for state in Order:
        for event in (Paid, Shipped, Cancelled, Reminded):
            if (state, event) in TABLE:
                assert step(TABLE, state, event) is TABLE[state, event]
            else:
                allowed = [each.__name__ for source, each in TABLE if source is state]
                said = f"{event.__name__} cannot happen in state {state} "
                said += re.escape(f"(allowed: {', '.join(allowed) or 'none'})")
                with pytest.raises(IllegalEvent, match=said) as caught:
                    step(TABLE, state, event)
                assert isinstance(caught.value, Refused)  # a service sends it to its caller


@pytest.mark.parametrize(
    ("state", "event", "complaint"),
    [
        ("craeted", Paid, r"no state craeted; did you mean 'created'\? \(allowed: cancelled, crea"),
        (Order.CREATED, Paid(), r"event <.*Paid object .* is not allowed: it must be a type, as <"),
        (Order.CREATED, ["Paid"], r"event \['Paid'\] is not allowed: it must be a type"),
    ],
)
def test_a_mistake_of_the_programmer_is_no_refusal(state, event, complaint):
    with pytest.raises(BadInput, match=complaint):
        step(TABLE, state, event)


def test_states_come_in_the_order_of_the_table():
    assert states(TABLE) == (Order.CREATED, Order.PAID, Order.CANCELLED, Order.SHIPPED)


def test_an_illegal_event_changes_nothing():
    """A candidate is elected, and then comes the alarm of its old role."""
    store = cp_store.ConfigStore("n1", ("n1", "n2", "n3"))
    store.role, store.leader, store.ballot = cp_store.LEADER, "n1", 7
    with pytest.raises(IllegalEvent, match="Alarm cannot happen in state leader"):
        store.become_candidate()
    assert (store.role, store.leader, store.ballot) == (cp_store.LEADER, "n1", 7)
    assert step(cp_store.TRANSITIONS, cp_store.CANDIDATE, Vote) == cp_store.LEADER
    assert step(cp_store.TRANSITIONS, cp_store.FOLLOWER, Alarm) == cp_store.CANDIDATE


def test_roles_change_in_the_functions_that_are_named_so():
    tree = ast.parse(textwrap.dedent(inspect.getsource(cp_store.ConfigStore)))
    for method in tree.body[0].body:
        if isinstance(method, ast.FunctionDef) and "step(" in ast.unparse(method):
            assert method.name.startswith("become_")


@pytest.mark.parametrize("table", [TABLE, cp_store.TRANSITIONS], ids=["order", "role"])
def test_a_chart_shows_each_state_and_each_event_in_picture_and_text(table):
    picture = state_chart(table, "A machine")
    drawing = ElementTree.fromstring(picture.still())
    shown = [each.text for each in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert shown[0] == "A machine"
    assert [text for text in shown if text in map(str, states(table))] == list(
        map(str, states(table))
    )
    for (source, event), target in table.items():
        assert event.__name__ in shown
        (line,) = [
            line for line in picture.text.split("\n") if line.startswith(f"{source} → {target}:")
        ]
        assert event.__name__ in line
    assert picture.alt.startswith("A machine: ")
    _, _, wide, high = map(float, drawing.attrib["viewBox"].split())
    for each in drawing.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 < float(each.attrib["x"]) < wide and 0 < float(each.attrib["y"]) < high
