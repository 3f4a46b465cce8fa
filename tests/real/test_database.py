"""The Database port on real databases. SQLite and PostgreSQL give the same answers."""

import asyncio
import contextlib
import threading

import pytest
import sqlalchemy

from distlab.host import BadInput, Conflict, Refused, Unavailable
from distlab.real.database import SqlDatabase
from distlab.real.postgres_server import postgres_server
from tests.real.waiting import alive, becomes

ACCOUNTS = "CREATE TABLE accounts (name TEXT PRIMARY KEY, yuan INTEGER NOT NULL CHECK (yuan >= 0))"
PAYMENTS = "CREATE TABLE payments (payer TEXT REFERENCES accounts (name))"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/shop.db"
    else:
        url = request.getfixturevalue("postgres").url
    engine = sqlalchemy.create_engine(url)
    database = SqlDatabase(engine)

    def tables(connection):
        for table in ("payments", "accounts"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute(ACCOUNTS)
        connection.execute(PAYMENTS)

    do(database, tables)
    yield database
    engine.dispose()


def do(database, work):
    return asyncio.run(database.transaction(work))


def one(database, sql, **parameters):
    return do(database, lambda connection: connection.execute(sql, **parameters))


def test_rows_and_what_has_changed(database):
    added = one(database, "INSERT INTO accounts VALUES (:a, 10), (:b, 20)", a="ann", b="bo")
    assert (added, added.changed) == ([], 2)
    rows = one(database, "SELECT * FROM accounts WHERE yuan > :least ORDER BY name", least=5)
    assert (rows, rows.changed) == ([("ann", 10), ("bo", 20)], 0)
    rows = one(database, "UPDATE accounts SET yuan = 11 WHERE name = 'ann' RETURNING yuan")
    assert (rows, rows.changed) == ([(11,)], 1)
    assert one(database, "DELETE FROM accounts WHERE name = 'nobody'").changed == 0


def test_all_or_nothing(database):
    def pay(connection):
        connection.execute("INSERT INTO accounts VALUES ('ann', 10)")
        raise Refused("not today")

    with pytest.raises(Refused, match="not today"):
        do(database, pay)
    assert one(database, "SELECT * FROM accounts") == []


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("INSERT INTO accounts VALUES ('ann', 1)", "unique"),
        ("UPDATE accounts SET yuan = -1", "check"),
        ("INSERT INTO accounts VALUES ('bo', NULL)", "not null"),
        ("INSERT INTO payments VALUES ('bo')", "foreign key"),
    ],
)
def test_constraints_have_the_same_names_everywhere(database, sql, kind):
    one(database, "INSERT INTO accounts VALUES ('ann', 10)")
    with pytest.raises(Conflict, match=f"^{kind}$"):
        one(database, sql)


def test_a_refused_statement_spoils_the_whole_transaction(database):
    def stubborn(connection):
        connection.execute("INSERT INTO accounts VALUES ('ann', 10)")
        with pytest.raises(Conflict):
            connection.execute("INSERT INTO accounts VALUES ('ann', 10)")
        with pytest.raises(Conflict):
            connection.execute("INSERT INTO accounts VALUES ('bo', 10)")

    with pytest.raises(Conflict, match="unique"):
        do(database, stubborn)
    assert one(database, "SELECT * FROM accounts") == []


def test_as_if_no_other_ran_beside_it(database):
    """Read, then write what was read plus one: no increment is lost."""
    one(database, "INSERT INTO accounts VALUES ('ann', 0)")

    def increment(connection):
        [(yuan,)] = connection.execute("SELECT yuan FROM accounts")
        connection.execute("UPDATE accounts SET yuan = :more", more=yuan + 1)

    async def main():
        await asyncio.gather(*(database.transaction(increment) for _ in range(20)))

    asyncio.run(main())
    assert one(database, "SELECT yuan FROM accounts") == [(20,)]


def test_write_skew(database):
    """Two transactions that each read what the other writes (Berenson et al. 1995, A5B)."""
    one(database, "INSERT INTO accounts VALUES ('ann', 1), ('bo', 1)")
    both_have_read = threading.Barrier(2)

    def leave(name):
        def work(connection):
            [(left,)] = connection.execute("SELECT SUM(yuan) FROM accounts")
            with contextlib.suppress(threading.BrokenBarrierError):  # where one waits for the other
                both_have_read.wait(0.3)
            if left > 1:
                connection.execute("UPDATE accounts SET yuan = 0 WHERE name = :name", name=name)

        return work

    async def main():
        await asyncio.gather(database.transaction(leave("ann")), database.transaction(leave("bo")))

    asyncio.run(main())
    assert one(database, "SELECT SUM(yuan) FROM accounts") == [(1,)]


def test_a_transaction_that_is_cancelled_is_rolled_back(database):
    written, go_on = threading.Event(), threading.Event()

    def slow(connection):
        connection.execute("INSERT INTO accounts VALUES ('ann', 10)")
        written.set()
        assert go_on.wait(60)

    async def main():
        transaction = asyncio.create_task(database.transaction(slow))
        await asyncio.to_thread(written.wait)
        transaction.cancel()
        with pytest.raises(asyncio.CancelledError):
            await transaction
        go_on.set()

    asyncio.run(main())  # it waits for its threads
    assert one(database, "SELECT * FROM accounts") == []


def test_a_commit_that_is_on_its_way_is_waited_for(database):
    committing, go_on = threading.Event(), threading.Event()

    @sqlalchemy.event.listens_for(database._engine, "before_cursor_execute")
    def wait(_connection, _cursor, statement, *_):
        if statement == "COMMIT" and not committing.is_set():
            committing.set()
            assert go_on.wait(60)

    def add(connection):
        connection.execute("INSERT INTO accounts VALUES ('ann', 10)")

    async def main():
        transaction = asyncio.create_task(database.transaction(add))
        await asyncio.to_thread(committing.wait)
        transaction.cancel()
        await asyncio.wait([transaction], timeout=0.05)
        assert not transaction.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await transaction
        connection = database._engine.connect()
        rows = connection.exec_driver_sql("SELECT name FROM accounts").all()
        connection.close()
        return rows

    assert asyncio.run(main()) == [("ann",)]


def test_wrong_sql_is_an_error_of_the_programmer(database):
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="accountz"):
        one(database, "SELECT * FROM accountz")


def test_a_server_that_is_gone_is_a_refusal_and_one_that_dies_in_a_commit_is_unknown(require):
    require("postgres")
    with postgres_server() as server:
        engine = sqlalchemy.create_engine(server.url)
        database = SqlDatabase(engine)
        one(database, "CREATE TABLE t (a INTEGER)")

        def die(connection):
            connection.execute("INSERT INTO t VALUES (1)")
            [(pid,)] = connection.execute("SELECT pg_backend_pid()")
            server.kill()
            assert becomes(lambda: not alive(pid))

        with pytest.raises(TimeoutError, match="no answer to COMMIT"):
            do(database, die)
        with pytest.raises(Unavailable, match="not there"):
            one(database, "SELECT * FROM t")
        server.restart()
        assert one(database, "SELECT * FROM t") == []
        engine.dispose()


def test_another_kind_of_database():
    with pytest.raises(BadInput, match="'mssql': use SQLite or PostgreSQL"):
        SqlDatabase(sqlalchemy.create_mock_engine("mssql://", print))
