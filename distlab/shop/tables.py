"""The shop's tables, in the SQL that SQLite and PostgreSQL share.

A service makes the tables that it needs, in a database of its own. Money is in whole cents. Columns
without NOT NULL are NULL until the first buyer writes them.
"""

USERS = "CREATE TABLE users (name TEXT PRIMARY KEY)"

PRODUCTS = """CREATE TABLE products (
    id INTEGER PRIMARY KEY, stock INTEGER NOT NULL CHECK (stock >= 0), frozen INTEGER NOT NULL,
    fence INTEGER NOT NULL, holder TEXT)"""
"""`frozen` pieces are reserved. `fence` is the latest fencing token that was let in, and `holder`
its buyer."""

ORDERS = """CREATE TABLE orders (
    id INTEGER PRIMARY KEY, buyer TEXT NOT NULL, product INTEGER NOT NULL,
    cents INTEGER NOT NULL, state TEXT NOT NULL, piece INTEGER, token INTEGER)"""
"""In a flash sale the pieces are numbered, and the order keeps the fencing token that it had."""

ACCOUNTS = """CREATE TABLE accounts (
    name TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0), frozen INTEGER NOT NULL)"""

POINTS = """CREATE TABLE points (
    order_id INTEGER PRIMARY KEY, buyer TEXT NOT NULL, points INTEGER NOT NULL)"""
"""The key is the order's, so that an order that is told twice earns points once."""

COUNTERS = "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
"""The last number that was given under each name."""

PRODUCT = 1
"""The product of the flash sale."""


def flash_sale(pieces: int, last_token: int = 0) -> tuple[str, ...]:
    """The statements that open a sale of one product. Fencing tokens go on after `last_token`."""
    return (
        PRODUCTS,
        ORDERS,
        COUNTERS,
        f"INSERT INTO products VALUES ({PRODUCT}, {pieces}, 0, 0, NULL)",
        f"INSERT INTO counters VALUES ('token', {last_token})",
    )
