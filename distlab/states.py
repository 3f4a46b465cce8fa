"""State machines as tables: the code, its tests and its picture come from the same one.

    TRANSITIONS = {
        (CREATED, Paid): PAID,
        (CREATED, Cancelled): CANCELLED,
        (PAID, Shipped): SHIPPED,
    }

    def on_paid(self, event, sender):
        if event.amount == self.price:  # a guard lives in the handler
            self.state = step(TRANSITIONS, self.state, Paid)

An event is a type: the type of a message, of a timer, or of something that a node notices itself.
The picture is `distlab.view.state_chart`.
"""

from collections.abc import Mapping
from typing import TypeVar

from distlab.host import BadInput, Refused, did_you_mean

S = TypeVar("S")
Transitions = Mapping[tuple[S, type], S]


class IllegalEvent(Refused):
    """This event cannot happen in this state; nothing has changed."""


def step(table: Transitions[S], state: S, event: type) -> S:
    """The state after the event. Raises `IllegalEvent`.

    Raises `BadInput` for a state that the table does not name, or an event that is no type.
    """
    if not isinstance(event, type):
        raise BadInput(f"event {event!r} is not allowed: it must be a type, as {type(event)}")
    if (state, event) not in table:
        if state not in states(table):
            raise BadInput(f"no state {state}{did_you_mean(str(state), map(str, states(table)))}")
        allowed = ", ".join(each.__name__ for source, each in table if source == state) or "none"
        raise IllegalEvent(f"{event.__name__} cannot happen in state {state} (allowed: {allowed})")
    return table[state, event]


def states(table: Transitions[S]) -> tuple[S, ...]:
    """All states, in the order in which the table names them."""
    ends = (end for (source, _), target in table.items() for end in (source, target))
    return tuple(dict.fromkeys(ends))
