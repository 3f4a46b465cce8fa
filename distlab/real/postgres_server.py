"""A real PostgreSQL, started for a test or a notebook and ended for sure.

    with postgres_server() as server:
        database = SqlDatabase(sqlalchemy.create_engine(server.url))

It listens on a unix socket in a folder of its own (on Windows: on a loopback port), behind a
password made for it, and takes prepared transactions: those of a two-phase commit.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from distlab.real.child import Child, Folder
from distlab.real.needed import find

START_S = 30.0
PREPARED_TRANSACTIONS = 16
ORDERLY = getattr(signal, "SIGINT", signal.SIGTERM)  # PostgreSQL's fast shutdown


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.name != "posix" or os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class RealPostgres:
    """A server that can be paused, killed and started again; what was committed is kept.

    `url` is SQLAlchemy's, `dsn` is psycopg's.
    """

    def __init__(self) -> None:
        self._postgres = Path(find("postgres"))
        self._folder = Folder()
        self._as = _unprivileged()
        self._password = secrets.token_hex(16)
        port = "5432"
        self._where = ["-h", "", "-k", self._folder.path]
        host = quote(self._folder.path, safe="")
        if os.name != "posix":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = str(free.getsockname()[1])
            self._where, host = ["-h", "127.0.0.1", "-p", port], "127.0.0.1"
        self.dsn = f"postgresql://postgres:{self._password}@{host}:{port}/postgres"
        self.url = (
            f"postgresql+psycopg://postgres:{self._password}@/postgres?host={host}&port={port}"
        )
        self._initialise()
        self._start()

    def _initialise(self) -> None:
        password = Path(self._folder.path, "password")
        password.write_text(self._password, encoding="utf-8")
        if self._as:
            for path in (self._folder.path, password):
                shutil.chown(path, self._as["user"], self._as["group"])
        initdb = self._postgres.with_name(self._postgres.name.replace("postgres", "initdb"))
        options = ["-D", self._data, "-U", "postgres", "-A", "scram-sha-256", "--no-sync",
                   "--pwfile", str(password), "-E", "UTF8", "--locale", "C"]  # fmt: skip
        made = subprocess.run(
            [str(initdb), *options], capture_output=True, text=True, check=False, **self._as
        )
        if made.returncode:
            raise RuntimeError(f"{initdb} failed:\n{made.stderr[-1000:]}")
        password.unlink()

    @property
    def _data(self) -> str:
        return str(Path(self._folder.path, "data"))

    def _start(self) -> None:
        options = ["-c", f"max_prepared_transactions={PREPARED_TRANSACTIONS}"]
        self._log = Path(self._folder.path, "log")
        with self._log.open("ab") as log:
            self._child = Child(
                [str(self._postgres), "-D", self._data, *self._where, *options],
                end=ORDERLY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as,
            )

    def wait(self) -> None:
        """Until it answers. Raises `RuntimeError` with the end of its log when it never does."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.dsn, connect_timeout=5).close()
                return
            if not self._child.running:
                if "pre-existing shared memory" not in self._log.read_text("utf-8", "replace"):
                    break
                self._start()  # what was killed has children, which need a moment to notice
            time.sleep(0.02)
        log = self._log.read_text("utf-8", "replace")
        raise RuntimeError(f"{self._postgres} did not start:\n{log[-1000:]}")

    @property
    def pid(self) -> int:
        return self._child.pid

    def pause(self) -> None:
        """SIGSTOP of the process that takes new connections. Those that exist go on working."""
        self._child.pause()

    def resume(self) -> None:
        self._child.resume()

    def kill(self) -> None:
        """SIGKILL: a crash. The processes of its connections notice and end as well."""
        self._child.kill()

    def restart(self) -> None:
        """Again at the same address: it recovers what was committed or prepared."""
        self.kill()
        self._start()
        self.wait()

    def stop(self) -> None:
        self._child.stop()
        self._folder.remove()

    def __repr__(self) -> str:
        return "<RealPostgres>"


@contextlib.contextmanager
def postgres_server() -> Iterator[RealPostgres]:
    """Raises `distlab.real.needed.NotHere` with the doctor's words when there is none."""
    server = RealPostgres()
    try:
        server.wait()
        yield server
    finally:
        server.stop()
