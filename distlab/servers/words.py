"""Messages that are their own text in the trace, and values in a few words."""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(r"(/[0-9a-f]{2}|[0-9a-f]{4})[0-9a-f]{12,}")
TAG = re.compile(r"(?<![^:])(?:distlab-lock:)?\{([^{}]+)\}(?![^:])")
"""The part of a key by which a Redis cluster chooses the server: `lock` in `{lock}:wake`. The keys
that a lock makes begin with a word of their own, which is left out as well.
"""
LONGEST = 40


class Words(str):
    """Text that the trace and the pictures show as it is. It stands for the value `body`."""

    __slots__ = ("body",)
    __repr__ = str.__str__
    body: Any

    def __new__(cls, text: str, body: Any = None) -> Words:
        words = super().__new__(cls, text)
        words.body = body
        return words


def words(value: Any) -> str:
    """A value in a few words, the same in every run: `alice/e6…` for her token of 64 random bits,
    `lock:wake` for the key `distlab-lock:{lock}:wake`.
    """
    if value is None:
        return "nil"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(words, value[:4]))}{', …' if len(value) > 4 else ''}]"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if not isinstance(value, str | int | float | Exception):
        return type(value).__name__
    text = TAG.sub(r"\1", TOKEN.sub(r"\1…", str(value))) or '""'
    shortened = len(text) > LONGEST and not isinstance(value, Exception)
    return f"{text[: LONGEST - 1]}…" if shortened else text
