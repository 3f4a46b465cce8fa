"""A real PostgreSQL, started for a test or a notebook and ended for sure.

    with postgres_server() as server:
        database = SqlDatabase(sqlalchemy.create_engine(server.url))

It listens on a unix socket in a folder of its own (on Windows: on a loopback port), behind a
password made for it, and takes prepared transactions: those of a two-phase commit.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psycopg

from distlab.real.needed import NotHere
from distlab.real.server import Server

PREPARED_TRANSACTIONS = 16


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root. For root it runs as the user `nobody`."""
    if os.name != "posix" or os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class RealPostgres(Server):
    """A server that can be paused, killed and started again. It keeps what was committed.

    `url` is for SQLAlchemy, `dsn` for psycopg. A pause stops only the process that takes new
    connections; existing connections go on. After a `kill` they notice it and end.
    """

    silent = (psycopg.OperationalError,)
    end = getattr(signal, "SIGINT", signal.SIGTERM)  # a fast shutdown

    def __init__(self) -> None:
        super().__init__("postgres")
        self.user = _unprivileged()
        self._data = str(self.folder / "data")
        host, port = quote(str(self.folder), safe=""), 5432
        self._where = ["-h", "", "-k", str(self.folder)]
        if os.name != "posix":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                host, port = free.getsockname()
            self._where = ["-h", host, "-p", str(port)]
        self.dsn = f"postgresql://postgres:{self.password}@{host}:{port}/postgres"
        user = f"postgresql+psycopg://postgres:{self.password}"
        self.url = f"{user}@/postgres?host={host}&port={port}"

    def initialise(self) -> None:
        """Make an empty database, as the unprivileged user."""
        password = self.folder / "password"
        password.write_text(self.password, encoding="utf-8")
        if self.user:
            for path in (self.folder, password):
                shutil.chown(path, self.user["user"], self.user["group"])
        initdb = self.program.with_name(self.program.name.replace("postgres", "initdb"))
        options = ["-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(password),
                   "--no-sync", "-E", "UTF8", "--locale", "C"]  # fmt: skip
        command = [str(initdb), "-D", self._data, *options]
        made = subprocess.run(command, capture_output=True, text=True, check=False, **self.user)
        if made.returncode:
            raise RuntimeError(f"{initdb} failed:\n{made.stderr[-1000:]}")
        password.unlink()

    def command(self) -> list[str]:
        options = ["-c", f"max_prepared_transactions={PREPARED_TRANSACTIONS}"]
        return [str(self.program), "-D", self._data, *self._where, *options]

    def ask(self) -> None:
        psycopg.connect(self.dsn, connect_timeout=5).close()

    def wait(self) -> None:
        try:
            super().wait()
        except RuntimeError:
            if "pre-existing shared memory" not in self.last_words():
                raise
            time.sleep(0.1)  # after a kill, the processes of its connections need a moment to end
            self.restart()


@contextlib.contextmanager
def postgres_server() -> Iterator[RealPostgres]:
    """One server. Raises `distlab.real.needed.NotHere` with the doctor's words when there is none.

    It raises the same when psycopg cannot work on the event loop that notebooks have on Windows.
    """
    server = RealPostgres()
    try:
        server.initialise()
        server.begin()
        server.wait()
        yield server
    except psycopg.InterfaceError as error:
        if "ProactorEventLoop" not in str(error):
            raise
        raise NotHere(str(error)) from error
    finally:
        server.stop()
