"""The pruned search in a store of texts that grow.

Where texts are appended to, every order of the appends leads to another state, and there are a
great many orders. But a get shows the whole order at once, so most states lead nowhere. This search
leaves out two more kinds of configurations:

*Unseen texts.* A text that is not the beginning of anything that a get returned will never be seen:
appending makes it no better, and a put or a delete makes it irrelevant. So all such texts are one
state, `UNSEEN`. Proof: the same operations are legal in all of them, and lead to the same states,
or to unseen ones.

*Lost ways.* The next get, in the order of completion, has to see its text. It can if the state is a
beginning of that text. It also can if a put or a delete, which may still come before the get,
leaves a beginning of that text. All other configurations are lost.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from distlab.check.fast.prefix import Undecided, failing_read
from distlab.check.fast.pruned import Linked, PrunedSearch
from distlab.check.history import History, Operation
from distlab.check.models import Model
from distlab.check.search import Failure


def applies(history: History, model: Model) -> bool:
    """Whether the history is one of a store, with nothing but texts, some of them appended."""
    values = (each.result if each.function == "get" else each.argument for each in history)
    return (
        model.variable
        and "append" in model.functions
        and any(each.function == "append" for each in history)
        and all(value is None or isinstance(value, str) for value in values)
    )


class _Unseen:
    """All texts that nobody ever sees. To append to one changes nothing."""

    def __add__(self, more: object) -> _Unseen:
        return self


UNSEEN = _Unseen()


class TextSearch(PrunedSearch):
    """The search through the history of one key that is appended to."""

    def __init__(self, history: History, model: Model) -> None:
        super().__init__(history, model)
        self._gets = [
            index for index in range(self.answered) if self.operations[index].function == "get"
        ]
        self._texts = sorted(self.operations[index].result or "" for index in self._gets)
        self._resets: dict[str, list[int]] = {}  # a text → what puts it; deleting puts none
        for index, each in enumerate(self.operations):
            if each.function in ("put", "delete"):
                self._resets.setdefault(each.argument or "", []).append(index)
        self._lengths = sorted({len(text) for text in self._resets})

    def _number(self, state: Any) -> int:
        if state is not UNSEEN:
            text = state or ""
            index = bisect_left(self._texts, text)
            if index == len(self._texts) or not self._texts[index].startswith(text):
                state = UNSEEN
        return super()._number(state)

    def _meet(self, level: int, placed: int, state: int, spent: int, order: Linked) -> None:
        if self._leads_on(level, placed, state, spent):
            super()._meet(level, placed, state, spent, order)

    def _leads_on(self, level: int, placed: int, state: int, spent: int) -> bool:
        """Whether the next get can still see its text."""
        following = bisect_left(self._gets, level)
        while following < len(self._gets) and placed >> self._gets[following] - level & 1:
            following += 1
        if following == len(self._gets):
            return True
        get = self.operations[self._gets[following]]
        text, value = get.result or "", self._states[state]
        if value is not UNSEEN and text.startswith(value or ""):
            return True
        for length in self._lengths:
            for index in self._resets.get(text[:length], ()) if length <= len(text) else ():
                if index < self.answered:
                    left = index >= level and not placed >> index - level & 1
                else:
                    left = not spent >> index - self.answered & 1
                if left and not get.before(self.operations[index]):
                    return True
        return False

    def failure(self, budget: int) -> Failure:
        """The shortest prefix that fails. Raises `Undecided` if the budget does not suffice."""
        spent = 0

        def order_of(history: History) -> tuple[Operation, ...] | None:
            nonlocal spent
            search = TextSearch(history, self.model)
            verdict = search.advance(budget - spent)
            spent += search.states
            if verdict is None:
                raise Undecided
            return search.order if verdict else None

        return failing_read(self.history, order_of)
