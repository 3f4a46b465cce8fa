"""EDN, the notation in which Jepsen and Knossos write histories: read and written.

It reads nil, booleans, numbers, strings, keywords and symbols (as `Name`), characters, lists and
vectors (as tuples), sets (as tuples, too: nothing here asks for membership) and maps (as `Map`, a
dict that knows its line). It drops tags, and passes over comments and discarded forms (``#_``).
Sources: https://github.com/edn-format/edn.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from distlab.host import BadInput

TOKEN = re.compile(
    r"""(?P<space> [\s,]+ | ;[^\n]* )
    | (?P<open> \#\{ | [\[({] ) | (?P<close> [\])}] )
    | (?P<string> "(?:\\.|[^"\\])*" )
    | (?P<prefix> \#_ | \#[A-Za-z][^\s,;"\[\](){}]* )
    | (?P<atom> \\.[^\s,;"\[\](){}]* | [^\s,;"\[\](){}]+ )""",
    re.VERBOSE | re.DOTALL,
)
CLOSES = {"[": "]", "(": ")", "{": "}", "#{": "}"}
CONSTANTS = {"nil": None, "true": True, "false": False}
DEEPEST = 10_000  # beyond that, Python itself cannot compare two values
INTEGER, FLOAT = re.compile(r"[-+]?\d+N?"), re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?M?")


class Name(str):
    """A keyword (without its colon) or a symbol; equal to the same text."""

    __slots__ = ()


class Map(dict[Any, Any]):
    """A map, and the line on which it begins."""

    line = 0


def read(text: str, line: int = 1) -> Iterator[tuple[int, Any]]:
    """The forms of a text, each with its line. Raises `BadInput` naming the line."""
    stack: list[tuple[str, int, list[Any]]] = []  # what is open: how, where, what it holds so far
    at = 0
    while at < len(text):
        token = TOKEN.match(text, at)
        if not token:
            raise BadInput(f"line {line}: a string that does not end")
        kind, word, at = token.lastgroup, token[0], token.end()
        if kind in ("open", "prefix"):
            if len(stack) == DEEPEST:
                raise BadInput(f"line {line}: more than {DEEPEST:,} things within one another")
            stack.append((word, line, []))
        elif kind != "space":
            value, begun = _atom(word, line) if kind != "close" else None, line
            if kind == "close":
                value, begun = _closed(stack, word, line)
            while stack and stack[-1][0] not in CLOSES:
                tag, begun, _ = stack.pop()
                if tag == "#_":
                    break
            else:
                if stack:
                    stack[-1][2].append(value)
                else:
                    yield begun, value
        line += word.count("\n")
    if stack:
        raise BadInput(f"line {stack[-1][1]}: {stack[-1][0]} that nothing follows or closes")


def _closed(stack: list[tuple[str, int, list[Any]]], word: str, line: int) -> tuple[Any, int]:
    opened, begun, items = stack.pop() if stack else ("", line, [])
    if CLOSES.get(opened) != word:
        where = f" ({opened} of line {begun})" if opened else ""
        raise BadInput(f"line {line}: {word} closes nothing{where}")
    if opened != "{":
        return tuple(items), begun
    try:
        value = Map(zip(items[::2], items[1::2], strict=True))
    except (TypeError, ValueError):
        raise BadInput(f"line {begun}: a map needs a value for each key") from None
    named = Counter(key for key in items[::2] if isinstance(key, str))
    if len(named) < named.total():
        raise BadInput(f"line {begun}: the key {named.most_common(1)[0][0]!r} twice in one map")
    value.line = begun
    return value, begun


def _atom(word: str, line: int) -> Any:
    try:
        if word in CONSTANTS:
            return CONSTANTS[word]
        if word[0] == '"':
            return json.loads(word, strict=False)
        if INTEGER.fullmatch(word):
            return int(word.rstrip("N"))
        if FLOAT.fullmatch(word):
            return float(word.rstrip("M"))
    except ValueError:
        raise BadInput(f"line {line}: not a value: {word[:40]}") from None
    return word[1:] if word[0] == "\\" else Name(word.removeprefix(":"))


def write(value: Any) -> str:
    """A value as EDN, on one line. Raises `BadInput` for what EDN does not have."""
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, Name):
        return f":{value}"
    if isinstance(value, dict):
        inside = ", ".join(f"{write(key)} {write(each)}" for key, each in value.items())
        return f"{{{inside}}}"
    if isinstance(value, (tuple, list)):
        return f"[{' '.join(map(write, value))}]"
    if isinstance(value, (int, str)) or (isinstance(value, float) and value - value == 0):
        return json.dumps(value, ensure_ascii=False)
    raise BadInput(f"EDN has no notation for the value {value!r}")
