"""What probes of exercises have in common (see `distlab.course.exercise.Probe`)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from distlab.host import Refused

Step = TypeVar("Step")

NO_ANSWER = (Refused, TimeoutError)
"""What a method may raise to say that it did not do it, or that it does not know."""


def shortest(steps: Sequence[Step], judge: Callable[[Sequence[Step]], str]) -> str:
    """What `judge` says of these steps, after all have been left out that it can do without."""
    said, at = judge(steps), 0
    while said and at < len(steps):
        fewer = [*steps[:at], *steps[at + 1 :]]
        if again := judge(fewer):
            steps, said = fewer, again
        else:
            at += 1
    return said


def listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))
