"""Replay tokens: a run named completely, in a line that can be pasted anywhere.

    d1:start/slow-or-dead?patience_ms=60&seed=7#pause:server-a@40+200~4f1c9a
    version:scenario?knobs#faults~first digits of the digest

Pasted into the lab or after `distlab run` it gives the same run again; the digits tell when the
code has changed since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from distlab.host import BadInput
from distlab.knobs import Value, knobs_text, parse_knobs
from distlab.registry import get
from distlab.sim.faults import Fault, Schedule, parse_schedule, schedule_text

if TYPE_CHECKING:
    from distlab.scenario import Run, Scenario

VERSION = "d1"
DIGEST_DIGITS = 6


class Token(NamedTuple):
    """What a replay token says: all that a run depends on, and the first digits of its digest.

    `digest` is empty when nothing is known of the run, as in a token written by hand.
    """

    scenario: Scenario
    seed: int
    faults: Schedule
    knobs: Mapping[str, Value]
    digest: str = ""

    def __str__(self) -> str:
        knobs = knobs_text({**self.knobs, "seed": self.seed})
        text = f"{VERSION}:{self.scenario.id}?{knobs}#{schedule_text(self.faults)}"
        return f"{text}~{self.digest}" if self.digest else text

    def run(self) -> Run:
        return self.scenario.run(self.seed, self.faults, **self.knobs)

    def with_fault(self, index: int, fault: Fault) -> Token:
        """The same, but for the fault of that index."""
        before, after = self.faults[:index], self.faults[index + 1 :]
        return self._replace(faults=(*before, fault, *after), digest="")

    def with_fault_at(self, index: int, ms: float) -> Token:
        """The same, but one fault comes at another instant."""
        return self.with_fault(index, replace(self.faults[index], at_ms=ms))

    def difference(self, run: Run) -> str:
        """A sentence when `run` is not what the token was made from; else empty."""
        now = run.trace.digest()[: len(self.digest)]
        if now == self.digest:
            return ""
        return (
            f"the run is another one than when the token was made (digest {now}, token "
            f"{self.digest}): the code has changed since, or the run used a learner's own class"
        )


def parse_token(text: str) -> Token:
    """Read a replay token. Raises `BadInput` that says which part is wrong."""
    version, colon, rest = text.strip().partition(":")
    if not colon or version != VERSION:
        raise BadInput(f"token {text!r}: it must begin with {VERSION}: (version), not {version!r}")
    rest, tilde, digest = rest.partition("~")
    if tilde and not re.fullmatch(r"[0-9a-f]{4,64}", digest):
        raise BadInput(f"token {text!r}: digest {digest!r} is not 4 to 64 hex digits")
    rest, _, faults = rest.partition("#")
    scenario_id, _, query = rest.partition("?")
    scenario = get(scenario_id)
    pairs: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if not equals or name in pairs:
            raise BadInput(f"token {text!r}: {part!r} is not name=value, each name once")
        pairs[name] = value
    seed = parse_seed(pairs.pop("seed", str(scenario.seed)))
    knobs = parse_knobs(scenario.knobs, pairs, scenario.id)
    return Token(scenario, seed, parse_schedule(faults), scenario.settings(knobs), digest)


def parse_seed(text: str) -> int:
    """A seed from its text. Raises `BadInput` for anything but a seed."""
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII):
        raise BadInput(f"seed {text!r} is not a whole number from 0 to 2^63 - 1")
    return checked_seed(int(text))


def checked_seed(seed: Any) -> int:
    """The seed itself. Raises `BadInput` for anything but a seed."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise BadInput(f"seed: {seed!r} is not a whole number from 0 to 2^63 - 1")
    return seed
