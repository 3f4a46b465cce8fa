"""A real PostgreSQL keeps what was committed or prepared, and is gone in the end."""

import psycopg
import pytest

from distlab.real.needed import NotHere
from distlab.real.postgres_server import postgres_server
from tests.real.waiting import alive, becomes


@pytest.fixture(scope="module")
def server(require):
    require("postgres")
    with postgres_server() as server:
        yield server


@pytest.fixture
def connect(server):
    return lambda: psycopg.connect(server.dsn, autocommit=True)


def test_a_prepared_transaction_survives_a_crash(server, connect):
    with connect() as connection:
        connection.execute("CREATE TABLE orders (number INTEGER)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO orders VALUES (1)")
        connection.execute("PREPARE TRANSACTION 'order 1'")
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        connect()
    server.restart()
    with connect() as connection:
        assert connection.execute("SELECT * FROM orders").fetchall() == []
        in_doubt = connection.execute("SELECT gid FROM pg_prepared_xacts").fetchall()
        assert in_doubt == [("order 1",)]
        connection.execute("COMMIT PREPARED 'order 1'")
        assert connection.execute("SELECT * FROM orders").fetchall() == [(1,)]


def test_a_crash_ends_its_connections(server, connect):
    with connect() as connection:
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        server.kill()
        assert becomes(lambda: not alive(pid))
    server.restart()


def test_without_the_password_nobody_gets_in(server):
    stranger = server.dsn.partition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@{stranger}")
    assert repr(server) == "<RealPostgres>"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Psycopg cannot use the 'ProactorEventLoop' to run in async mode.", NotHere),
        ("the connection is closed", psycopg.InterfaceError),
    ],
)
def test_an_event_loop_that_psycopg_cannot_use_is_something_that_is_missing(require, text, told):
    require("postgres")
    with pytest.raises(told, match=text), postgres_server():
        raise psycopg.InterfaceError(text)  # what `AsyncConnection.connect` does on Windows
