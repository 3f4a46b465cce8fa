"""Messages that are their own text in the trace, and values in a few words."""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(r"[0-9a-f]{16,}")
LONGEST = 40


class Words(str):
    """Text that the trace and the pictures show as it is; `body` is what it stands for."""

    __slots__ = ("body",)
    __repr__ = str.__str__
    body: Any

    def __new__(cls, text: str, body: Any = None) -> Words:
        words = super().__new__(cls, text)
        words.body = body
        return words


def words(value: Any) -> str:
    """A value in a few words, the same in every run: long hexadecimal tokens are cut short."""
    if value is None:
        return "nil"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(words, value[:4]))}{', …' if len(value) > 4 else ''}]"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if not isinstance(value, str | int | float | Exception):
        return type(value).__name__
    text = TOKEN.sub(lambda token: f"{token[0][:4]}…", str(value)) or '""'
    shortened = len(text) > LONGEST and not isinstance(value, Exception)
    return f"{text[: LONGEST - 1]}…" if shortened else text
