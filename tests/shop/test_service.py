"""The shop's machines: what a crash leaves, what a fence refuses, and a service in a few lines."""

from dataclasses import dataclass

import pytest

from distlab.host import Conflict
from distlab.locks.fencing import Fence, StaleToken
from distlab.servers.service import ask
from distlab.shop.service import Shop, ShopService, ask_shop
from distlab.shop.stock import ReadStock, Sold, Stock, TakeOne, WriteStock
from distlab.shop.tables import POINTS
from distlab.sim.state import Kept
from tests.servers.worlds import play


def test_a_crash_leaves_what_was_sold_and_the_latest_token():
    async def program(client):
        await ask_shop(client, WriteStock(4, 34))
        await client.sleep(20)
        with pytest.raises(StaleToken, match="token 33 comes after token 34"):
            await ask_shop(client, WriteStock(3, 33))
        return await ask_shop(client, ReadStock())

    found, trace = play(program, Shop(5, Fence), faults="crash:shop@10+5")
    assert found == Stock(4)
    assert trace.of_kind("state")[-1].what.kept == (
        Kept("stock", "4", "client"),
        Kept("latest token", "34", "client"),
    )


@pytest.mark.parametrize("fenced", [(), (WriteStock,)])
def test_a_fence_looks_at_the_kinds_of_requests_that_it_is_told(fenced):
    async def program(client):
        await ask_shop(client, WriteStock(4, 34))
        return await ask_shop(client, ReadStock(33))

    assert play(program, Shop(5, Fence, fenced))[0] == Stock(4)


def test_without_a_fence_tokens_are_written_down_and_mean_nothing():
    async def program(client):
        await ask_shop(client, WriteStock(4, 34))
        return await ask_shop(client, WriteStock(3, 33))

    found, trace = play(program, Shop(5))
    assert found == Sold(3, 33)
    assert str(trace.of_kind("state")[-1].what) == "stock 3"


@dataclass(frozen=True, slots=True)
class AddPoints:
    """One point for each whole 100 cents; once for each order."""

    order_id: int
    cents: int

    def run(self, tables, buyer):
        row = {"order": self.order_id, "buyer": buyer, "points": self.cents // 100}
        tables.execute("INSERT INTO points VALUES (:order, :buyer, :points)", **row)
        return row["points"]


class Points(ShopService):
    on_add_points = ShopService.serve


def test_a_further_service_is_its_requests():
    async def program(client):
        first = await ask(client, "points", AddPoints(1, 250))
        with pytest.raises(Conflict, match="unique"):
            await ask(client, "points", AddPoints(1, 250))
        return first, client.monotonic_ms()

    (points, ms), _ = play(program, Points("points", POINTS))
    assert points == 2
    assert ms == 2 * (1 + 1 + 1 + 1) - 1, "there, two waits for the disk, back; no wait to refuse"


def test_a_copy_of_a_request_sells_nothing():
    async def program(client):
        await ask_shop(client, TakeOne())
        await client.sleep(50)
        return await ask_shop(client, ReadStock())

    found, trace = play(program, Shop(5), faults="duplicate:client>shop@0+500=100")
    assert found == Stock(4)
    assert len([e for e in trace.of_kind("deliver") if e.node == "shop"]) == 4
