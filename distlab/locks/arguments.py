"""Names, durations and tokens that callers give to a lock. Raises `BadInput` for wrong ones."""

import math

from distlab.host import BadInput, is_number, shown

NAMESPACE = "distlab-lock:"
"""All keys in a Redis that a lock makes beside the plain key of its name begin so."""

LONGEST_S = 10**12
"""30,000 years: up to here Lua and some databases count milliseconds exactly."""


def whole_ms(what: str, value: float) -> int:
    """Seconds as whole milliseconds: at least one, and not more than a server could count."""
    if not is_number(value) or not 0.001 <= value <= LONGEST_S:
        never = "; None: the lock never ends by itself" if what == "timeout" else ""
        allowed = f"a number of seconds from 0.001 to {LONGEST_S} is allowed{never}"
        raise BadInput(f"{what} {shown(value)}: {allowed}")
    return round(value * 1000)


def patience_ms(value: float | None) -> float:
    """How long a `blocking_timeout` is; None is for ever."""
    if value is None:
        return math.inf
    if not is_number(value) or not value >= 0:
        raise BadInput(
            f"blocking_timeout {value!r}: seconds from 0 on are allowed; None: wait for ever"
        )
    return value * 1000


def as_bytes(what: str, value: str | bytes) -> bytes:
    """A name or a token that a caller chose."""
    if not isinstance(value, str | bytes) or not value:
        raise BadInput(f"a {what} is {value!r}: a text of at least one character is needed")
    return value.encode() if isinstance(value, str) else value


def as_key(name: str | bytes) -> str:
    """A lock's name as text."""
    try:
        key = as_bytes("lock's name", name).decode()
    except UnicodeDecodeError:
        raise BadInput(f"a lock's name is {name!r}: bytes have to be UTF-8") from None
    if key.startswith(NAMESPACE):
        raise BadInput(f"a lock's name is {name!r}: what begins with {NAMESPACE!r} is a lock's own")
    return key


def as_text(token: bytes) -> str:
    """A token for stores that want text, whatever its bytes are."""
    return token.decode("latin-1")


def as_token(text: str) -> bytes:
    """The token that was stored as this text."""
    return text.encode("latin-1", errors="replace")
