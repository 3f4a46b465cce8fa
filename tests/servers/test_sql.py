"""SQLite on a machine's disk: atomic under crashes, and the same run each time."""

import sqlite3
from functools import partial

import pytest

from distlab.host import Refused
from distlab.servers.sql import DatabaseServer, DiskDatabase, RemoteDatabase
from distlab.sim import Client, Node
from tests.servers.worlds import gives as gives_with_redis
from tests.servers.worlds import play
from tests.worlds import notes, world_of

SCHEMA = """
CREATE TABLE products (id INTEGER PRIMARY KEY, stock INTEGER NOT NULL CHECK (stock >= 0));
CREATE TABLE orders (id INTEGER PRIMARY KEY, product INTEGER REFERENCES products (id));
INSERT INTO products VALUES (1, 10);
"""


def server():
    return DatabaseServer("database", SCHEMA, show="SELECT 'stock', stock FROM products")


def take_one(connection):
    return connection.execute("UPDATE products SET stock = stock - 1 WHERE id = 1").changed


def stock(connection):
    return connection.execute("SELECT stock FROM products WHERE id = :id", id=1)[0][0]


def remote(program, *nodes, **settings):
    async def connected(client):
        return await program(RemoteDatabase(client), client)

    return play(connected, *(nodes or (server(),)), **settings)


gives = partial(gives_with_redis, play=remote)


@gives((1, 9))
async def test_a_transaction_returns_what_its_function_returns(database, client):
    return await database.transaction(take_one), await database.transaction(stock)


@gives(0)
async def test_an_update_that_meets_no_row_changes_none(database, client):
    return await database.transaction(
        lambda c: c.execute("UPDATE products SET stock = 0 WHERE id = :id", id=2).changed
    )


@gives(10)
async def test_a_refusal_in_the_function_rolls_everything_back(database, client):
    def sell_to_nobody(connection):
        take_one(connection)
        raise Refused("nobody wants it")

    with pytest.raises(Refused, match="nobody wants it"):
        await database.transaction(sell_to_nobody)
    return await database.transaction(stock)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("INSERT INTO products VALUES (1, 5)", "unique"),
        ("UPDATE products SET stock = -1", "check"),
        ("INSERT INTO products VALUES (2, NULL)", "not null"),
        ("INSERT INTO orders VALUES (1, 99)", "foreign key"),
    ],
)
def test_a_constraint_is_a_conflict_named_by_its_kind(sql, kind):
    def work(connection):
        take_one(connection)
        connection.execute(sql)

    async def program(database, client):
        await client.perform("buy", "product", None, database.transaction(work))
        return await database.transaction(stock)

    left, trace = remote(program)
    assert left == 10
    assert [event.why for event in trace.of_kind("failed")] == [kind]


@pytest.mark.parametrize(("crash_ms", "left"), [(1.5, 10), (2.5, 9)])
def test_a_crash_falls_before_the_commit_or_after_it(crash_ms, left):
    """The request arrives at 1 ms, is committed at 2 ms and answered at 3 ms."""

    async def program(database, client):
        with pytest.raises(TimeoutError):
            await database.transaction(take_one)
        return await database.transaction(stock)

    assert remote(program, faults=f"crash:database@{crash_ms}+50")[0] == left


@gives(10, faults="wipe:database@50+20")
async def test_a_wiped_disk_has_the_tables_and_nothing_else(database, client):
    await database.transaction(take_one)
    await client.sleep(100)
    return await database.transaction(stock)


def test_a_program_has_a_database_on_its_own_disk():
    class Shop(Node):
        async def on_start(self):
            database = DiskDatabase(self, SCHEMA)
            await database.transaction(take_one)
            self.note(f"{await database.transaction(stock)} left")

    trace = world_of(Shop("shop"), faults="crash:shop@10+10").run(100)
    assert notes(trace) == [(4, "9 left"), (24, "8 left")]


def test_a_database_that_is_part_of_the_configuration_is_lost_with_its_disk_all_the_same():
    class Shop(Node):
        def __init__(self, name):
            super().__init__(name)
            self.database = DiskDatabase(self, SCHEMA)

        async def on_start(self):
            await self.database.transaction(take_one)
            self.note(str(await self.database.transaction(stock)))

    trace = world_of(Shop("shop"), faults="crash:shop@10+10;wipe:shop@50+10").run(100)
    assert [left for _, left in notes(trace)] == ["9", "8", "9"]


@gives(9, faults="duplicate:client>database@0=100")
async def test_a_duplicated_request_is_one_transaction(database, client):
    await database.transaction(take_one)
    await client.sleep(20)
    return await database.transaction(stock)


def test_transactions_of_two_clients_do_not_mix():
    async def other(client):
        database = RemoteDatabase(client)
        for _ in range(3):
            await database.transaction(take_one)

    async def program(database, client):
        await other(client)
        await client.sleep(100)
        return await database.transaction(stock)

    assert remote(program, others=(other,))[0] == 4


@pytest.mark.parametrize("sql", ["SELECT random()", "SELECT CURRENT_TIMESTAMP", "SELECT date()"])
def test_sql_that_could_not_be_repeated_is_a_mistake_in_the_program(sql):
    async def program(database, client):
        await database.transaction(lambda connection: connection.execute(sql))

    with pytest.raises(sqlite3.DatabaseError, match="not authorized to use function"):
        remote(program)


def test_a_transaction_is_shown_by_its_name_and_the_server_by_its_query():
    async def program(database, client):
        await database.transaction(take_one)

    _, trace = remote(program)
    assert [str(event.what) for event in trace.of_kind("send")] == ["take_one", "1"]
    assert [event.what for event in trace.of_kind("state")] == ["stock 10", "stock 9"]


def test_no_answer_is_unknown():
    async def program(database, client):
        assert isinstance(client, Client)
        return await client.perform("buy", "product", None, database.transaction(take_one))

    _, trace = remote(program, faults="lose:database>client@0")
    assert [event.why for event in trace.of_kind("unknown")] == ["nothing within 200 ms"]
