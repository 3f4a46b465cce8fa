"""State machines as tables: the code, its tests and its picture come from the same one.

    TRANSITIONS = {
        (CREATED, Paid): PAID,
        (CREATED, Cancelled): CANCELLED,
        (PAID, Shipped): SHIPPED,
    }

    def on_paid(self, event, sender):
        if event.amount == self.price:  # a guard lives in the handler
            self.state = step(TRANSITIONS, self.state, Paid)

An event is a type: of a message, of a timer, or of what a node notices by itself. The picture is
`distlab.view.state_chart`.
"""

from collections.abc import Mapping
from typing import TypeVar

from distlab.host import Refused

S = TypeVar("S")
Transitions = Mapping[tuple[S, type], S]


class IllegalEvent(Refused):
    """This event cannot happen in this state; nothing has changed."""


def step(table: Transitions[S], state: S, event: type) -> S:
    """The state after the event. Raises `IllegalEvent`."""
    if (state, event) not in table:
        raise IllegalEvent(f"{event.__name__} cannot happen in state {state}")
    return table[state, event]


def states(table: Transitions[S]) -> tuple[S, ...]:
    """All states, in the order in which the table names them."""
    ends = (end for (source, _), target in table.items() for end in (source, target))
    return tuple(dict.fromkeys(ends))
