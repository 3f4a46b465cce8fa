"""What the notebook calls by a name, as the learner's cell says it now.

The kernel knows only what ran. A front end may send the text of a cell; when that text defines the
name in another way than what ran last, it runs first. So nobody is judged by forgotten code.
"""

import ast
import linecache
import sys
from dataclasses import dataclass
from typing import Any

from IPython import get_ipython

from distlab.course.shared import functions, is_own
from distlab.course.slips import Slip


@dataclass(frozen=True)
class Definition:
    """What stands behind a name. `text` is the cell that defined it, as far as that is known.

    `is_now` is true when the front end has told that the cell still says so.
    """

    value: Any
    text: str
    is_now: bool = False

    def words(self, name: str) -> str:
        """Which definition this is: its first line and its length; empty if that is unknown."""
        found = _defines(self.text, name) if self.text else None
        if found is None:
            return ""
        lines = self.text.splitlines()[found.lineno - 1 : found.end_lineno]
        long = f"{len(lines)} line{'s' * (len(lines) != 1)}"
        return f"`{lines[0].rstrip(': ')}`, {long}, {self._when(name)}"

    def _when(self, name: str) -> str:
        if self.text != _known(name).text:
            return "before your last change"
        return "as the cell says now" if self.is_now else "as it ran last"


def definition(name: str, text: str | None = None) -> Definition:
    """What the notebook calls `name` now. Raises what the cell raises when it has to run."""
    found = _known(name)
    shell = get_ipython()
    if text is None or shell is None:
        return found
    plain = shell.transform_cell(text)
    if _defines(plain, name) is None:
        return found
    if plain != found.text:
        _run(shell, plain)
    return Definition(_known(name).value, plain, is_now=True)


def _known(name: str) -> Definition:
    value = vars(sys.modules["__main__"]).get(name)
    files = (function.__code__.co_filename for function in functions(value))
    own = next(filter(is_own, files), "")
    return Definition(value, "".join(linecache.getlines(own)) if own else "")


def _defines(text: str, name: str) -> ast.stmt | None:
    """The statement of a cell that defines the name."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = [each for each in _parsed(text).body if isinstance(each, kinds) and each.name == name]
    return found[-1] if found else None


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise Slip(f"SyntaxError in line {error.lineno}: {error.msg}\n  {line}") from None


def _run(shell: Any, text: str) -> None:
    """Run a cell, but for the expressions: the panel that one of them shows is there already."""
    module = _parsed(text)
    module.body = [each for each in module.body if not isinstance(each, ast.Expr)]
    filename = shell.compile.cache(text, raw_code=text)
    exec(compile(module, filename, "exec"), shell.user_ns)
