"""The fence, asked for tokens in an order that no story would tell."""

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from distlab.course.probing import NO_ANSWER, listed, shortest
from distlab.locks.fencing import Fence, StaleToken

CRASH = "a crash"
Step = int | str
"""A token that comes, or a crash, after which a new fence begins with `latest`."""


def tokens_at_random(solution: type[Fence], reference: type[Fence]) -> Iterator[str]:
    for seed in range(40):
        least = 2**60 if seed % 4 == 3 else seed**2 + 1
        yield shortest(_tokens(Random(seed), least), partial(_compared, solution, reference))


def _tokens(draw: Random, least: int) -> list[Step]:
    """Holders come in turn, and late ones come again and again."""
    newest, steps = least, list[Step]()
    for _ in range(24):
        kind = draw.choice(("newest", "newer", "late", "late", "far", "crash"))
        if kind in ("newer", "far"):
            newest += draw.randint(1, 3 if kind == "newer" else 200)
        nearby = max(least, newest - draw.randint(1, 3))
        late = draw.choice((nearby, draw.randint(least, newest)))
        if kind == "late":
            steps += [late] * draw.choice((1, 1, 6))
        else:
            steps.append(CRASH if kind == "crash" else newest)
    return steps


def _compared(solution: Any, reference: Any, steps: Sequence[Step]) -> str:
    yours, right = solution(), reference()
    for number, token in enumerate(steps, 1):
        if isinstance(token, str):
            yours, right = solution(yours.latest), reference(right.latest)
            continue
        does, should = _outcome(yours, token), _outcome(right, token)
        said = f"Tokens come in this order: {listed(steps[:number])}. "
        if does != should:
            return f"{said}The last one: a right fence {should}, yours {does}."
        if yours.latest != right.latest or type(yours.latest) is not int:
            return f"{said}Then self.latest should be {right.latest}; yours is {yours.latest!r}."
    return ""


def _outcome(fence: Fence, token: int) -> str:
    try:
        fence.admit(token)
    except StaleToken:
        return "raises StaleToken"
    except NO_ANSWER as error:
        return f"raises {type(error).__name__}"
    return "lets it in"
