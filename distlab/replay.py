"""Reading replay tokens: a run named completely, in a line that can be pasted anywhere.

    d1:start/slow-or-dead?patience_ms=60&seed=7#pause:server-a@40+200~4f1c9a
    version:scenario?knobs#faults~first digits of the digest

Pasted into the lab or after `distlab run` it gives the same run again; the digits tell when the
code has changed since.
"""

import re

from distlab.host import BadInput
from distlab.knobs import check_seed, parse_knobs
from distlab.registry import get
from distlab.scenario import VERSION, Token
from distlab.sim.faults import parse_schedule


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
    return check_seed(int(text))
