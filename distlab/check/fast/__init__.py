"""The same answers, sooner for long histories. Other rooms call only `search`.

Each key goes to the searcher that is quickest for it:

* ``zones``: no search at all, where every value of a variable was written once;
* ``texts``: where texts grow;
* ``pruned``: everywhere else.

``prefix`` finds where a history went wrong. The tests hold all of them equal to
`distlab.check.search`.
"""

from collections.abc import Sequence

from distlab.check.fast import texts, zones
from distlab.check.fast.prefix import Undecided
from distlab.check.fast.pruned import PrunedSearch
from distlab.check.fast.texts import TextSearch
from distlab.check.fast.zones import ZoneSearch
from distlab.check.history import History
from distlab.check.models import Model
from distlab.check.search import Found

Search = ZoneSearch | PrunedSearch


def search(parts: Sequence[History], model: Model, budget: int) -> Found:
    """Judge the history of each key, meeting about ``budget`` configurations at most.

    Keys are searched in turn with growing allowances, so that one wrong key among many is found
    after little more work than it needs itself.
    """
    searches = [searcher(part, model) for part in parts]
    unfinished, spent, allowance = searches, 0, 64
    while unfinished and spent < budget:
        turn, unfinished, wrong = unfinished, [], []
        for each in turn:
            before = each.states
            verdict = each.advance(min(allowance, budget - spent))
            spent += each.states - before
            if verdict is None:
                unfinished.append(each)
            elif not verdict:
                wrong.append(each)
        if wrong:
            try:
                failures = [each.failure(budget) for each in wrong]
            except Undecided:
                failures = []
            return Found(False, spent, failures=failures)
        allowance *= 4
    if unfinished:
        return Found(None, spent)
    return Found(True, spent, [each.order for each in searches])


def searcher(history: History, model: Model) -> Search:
    """The quickest searcher for the history of one key."""
    if zones.applies(history, model):
        return ZoneSearch(history, model)
    return (TextSearch if texts.applies(history, model) else PrunedSearch)(history, model)
