"""The shop's machines in the simulated world. Each service has a database on its own disk."""

from collections.abc import Callable
from typing import Any

from distlab.host import Connection
from distlab.servers.service import Service, ask
from distlab.servers.sql import SYNC_MS, DiskDatabase
from distlab.shop.stock import LATEST, Guard, ReadStock, Request, WriteStock, admit
from distlab.shop.tables import flash_sale
from distlab.sim import Client
from distlab.sim.state import Kept, State

SHOP, PATIENCE_MS = "shop", 60
FIRST_TOKEN = 33
"""The first fencing token of the sale: the lock was held 32 times before."""

MakeFence = Callable[[int], Guard]


class ShopService(Service):
    """A machine with a database, made by `statements`. A request is a message whose `run` is the
    transaction that answers it (`distlab.shop.stock`); a subclass says which it takes:

        class Points(ShopService):
            on_add_points = ShopService.serve

    `sync_ms` is how long the disk works before and after a commit.
    """

    def __init__(self, name: str, *statements: str, sync_ms: tuple[float, float] = SYNC_MS) -> None:
        super().__init__(name)
        self.statements, self.sync_ms = statements, sync_ms

    def on_start(self) -> None:
        self.database = DiskDatabase(self, ";\n".join(self.statements), self.sync_ms)

    async def serve(self, request: Request, sender: str) -> Any:
        """Run the request as one transaction, and return the answer."""
        buyer = sender.partition("#")[0]
        return await self.database.transaction(lambda tables: self.run(request, tables, buyer))

    def run(self, request: Request, tables: Connection, buyer: str) -> Any:
        """What is done within the transaction."""
        return request.run(tables, buyer)


class Shop(ShopService):
    """One product in a flash sale. Its disk takes no time.

    A `fence` looks at the tokens of requests of the kinds `fenced`. It is made when the machine
    boots, from the latest token on the disk.
    """

    def __init__(
        self,
        pieces: int = 1,
        fence: MakeFence | None = None,
        fenced: tuple[type, ...] = (ReadStock, WriteStock),
    ) -> None:
        super().__init__(SHOP, *flash_sale(pieces, FIRST_TOKEN - 1), sync_ms=(0, 0))
        self.fenced, self.fence = fenced, fence

    def on_start(self) -> None:
        super().on_start()
        self.guard = self.fence(self.database.look(LATEST)[0][0]) if self.fence else None

    on_read_stock = on_write_stock = on_take_one = on_next_token = ShopService.serve

    def run(self, request: Request, tables: Connection, buyer: str) -> Any:
        token = getattr(request, "token", None)
        if self.guard and isinstance(request, self.fenced) and token is not None:
            admit(tables, self.guard, token, buyer)
        return super().run(request, tables, buyer)

    def describe(self) -> State:
        ((stock, holder),) = self.database.look("SELECT stock, holder FROM products")
        orders = self.database.look("SELECT buyer FROM orders ORDER BY id DESC LIMIT 1")
        words = f"stock {stock}"
        rows = [Kept("stock", str(stock), orders[0][0] if orders else "")]
        if self.guard and self.guard.latest and self.fenced:
            words += f", token {self.guard.latest}"
            rows.append(Kept("latest token", str(self.guard.latest), holder or ""))
        return State(words, tuple(rows))


async def ask_shop(client: Client, request: Any, timeout_ms: float | None = PATIENCE_MS) -> Any:
    """What the shop answers. Raises what its fence raises, and `TimeoutError`."""
    return await ask(client, SHOP, request, timeout_ms)
