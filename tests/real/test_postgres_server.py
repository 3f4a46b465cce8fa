"""A real PostgreSQL keeps what was committed or prepared, and is gone in the end."""

import psycopg
import pytest

from distlab.real.needed import NotHere
from distlab.real.postgres_server import postgres_server
from tests.real.waiting import alive, becomes


@pytest.fixture
def connect(postgres):
    return lambda: psycopg.connect(postgres.dsn, autocommit=True)


def test_a_prepared_transaction_survives_a_crash(postgres, connect):
    with connect() as connection:
        connection.execute("CREATE TABLE orders (number INTEGER)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO orders VALUES (1)")
        connection.execute("PREPARE TRANSACTION 'order 1'")
    postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        connect()
    postgres.restart()
    with connect() as connection:
        assert connection.execute("SELECT * FROM orders").fetchall() == []
        in_doubt = connection.execute("SELECT gid FROM pg_prepared_xacts").fetchall()
        assert in_doubt == [("order 1",)]
        connection.execute("COMMIT PREPARED 'order 1'")
        assert connection.execute("SELECT * FROM orders").fetchall() == [(1,)]


def test_a_crash_ends_its_connections(postgres, connect):
    with connect() as connection:
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        postgres.kill()
        assert becomes(lambda: not alive(pid))
    postgres.restart()


def test_without_the_password_nobody_gets_in(postgres):
    stranger = postgres.dsn.partition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@{stranger}")
    assert repr(postgres) == "<RealPostgres>"


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
