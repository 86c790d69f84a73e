"""Orders of a store through the gateway, over a socket, at the simulated Binance."""

import asyncio
import json
from contextlib import asynccontextmanager
from decimal import ROUND_DOWN, Decimal
from random import Random

import pytest

from arb.orders.order import End, OrderState, Purpose
from arb.orders.store import OrderStore
from connectors.binance import orders_sign as sign
from connectors.binance.orders import BinanceOrders
from engine.code import Side as BookSide
from engine.code import Tif as BookTif
from market.amount import AMOUNT_DECIMALS
from market.order import Side, Tif, Type
from sim.market.listing import BINANCE
from sim.server.demo import ACCOUNT, demo_keys
from tests.connectors import order_stress
from tests.connectors.order_world import BTCUSDT, PREFIX, Heard, listings
from tests.sim.server.binance_world import BTC, serving
from tests.sim.server.helpers import until

DEMO = next(key for key in demo_keys() if key.venue == BINANCE)
CENT = Decimal("1e-8")


class Trading:
    """A store whose gateway is connected; a frame can be lost on its way to us."""

    def __init__(self, venue, socket):
        self.venue, self.socket = venue, socket
        self.heard = Heard()
        self.gateway = BinanceOrders(PREFIX, listings(BTCUSDT), self.heard.outlet)
        self.store = OrderStore(lambda slot: self.gateway, lambda *timer: None)
        self.fills = []
        self.store.on_fill = self.fills.append
        self.signer = sign.HmacSigner(DEMO.key, DEMO.secret)
        self.is_lost = lambda frame: False
        self.account = venue.exchange.account_of(ACCOUNT)

    async def read(self):
        async for frame in self.socket:
            if not self.is_lost(json.loads(frame)):
                self.gateway.frame(frame.encode())
                await self.flush()

    async def flush(self):
        """Hand on what was told, and send what was asked for."""
        while self.heard.events or self.heard.requests:
            for event in self.heard.take():
                self.store.now = self.venue.pump.now_ns()
                self.store.take(event)
            requests, self.heard.requests[:] = list(self.heard.requests), []
            for request in requests:
                frame = sign.frame(request, self.signer, self.venue.stamp(), 60_000)
                await self.socket.send(frame.decode())

    def deafen(self, lost):
        self.is_lost = lambda frame: lost

    async def place(self, side, price, lots, **fields):
        self.store.now = self.venue.pump.now_ns()
        order = self.store.place(0, side, price, lots, Purpose.MANUAL, "test", **fields)
        await self.flush()
        return order

    async def over(self, order):
        await until(lambda: order.state is OrderState.DONE)
        return order.end

    async def live(self, order):
        await until(lambda: order.state is OrderState.LIVE)
        return order

    def assert_as_at_the_venue(self):
        """Check fills and balances against the venue's own account of them."""
        exchange = self.venue.exchange
        theirs = [
            (str(one.trade_id), one.price, one.lots, cut(exchange.fee_amount(BTC.id, one.fee)))
            for one in exchange.fills(self.account)
        ]
        ours = [
            (one.trade_id, one.price, one.lots, Decimal(one.fee).scaleb(-AMOUNT_DECIMALS))
            for one in self.fills
        ]
        assert sorted(ours) == sorted(theirs)
        held = {
            name: (cut(one.free), cut(one.locked))
            for name, one in exchange.balances(self.account).items()
        }
        told = {
            one.asset: tuple(Decimal(n).scaleb(-AMOUNT_DECIMALS) for n in (one.free, one.locked))
            for one in self.heard.balances
        }
        assert told == {name: held[name] for name in told}
        assert {"BTC", "USDT"} <= told.keys()

    async def ask_balances(self):
        self.heard.balances.clear()
        self.gateway.ask_balances()
        await self.flush()
        await until(lambda: self.heard.balances)


def cut(amount):
    return amount.quantize(CENT, ROUND_DOWN)


@asynccontextmanager
async def trading():
    async with serving(keys=[DEMO]) as venue, venue.api() as socket:
        made = Trading(venue, socket)
        reader = asyncio.create_task(made.read())
        made.gateway.subscribe()
        made.gateway.ask_balances()
        await made.flush()
        account = made.account
        await until(lambda: venue.server._api._streams.wanted(account) and made.heard.balances)
        yield made
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


@pytest.fixture
async def desk():
    async with trading() as made:
        yield made


async def test_orders_fill_end_and_add_up_as_at_the_venue(desk):
    resting = await desk.live(await desk.place(Side.BUY, 5_000_000, 100_000, post_only=True))
    taker = await desk.place(Side.BUY, 5_002_000, 150_000, tif=Tif.IOC)
    assert await desk.over(taker) is End.FILLED
    desk.venue.quote(BookSide.SELL, 50_000, 0.3, tif=BookTif.IOC)
    await until(lambda: resting.filled == 30_000)
    desk.store.cancel(resting)
    await desk.flush()
    assert await desk.over(resting) is End.CANCELED
    market = await desk.place(Side.SELL, 0, 25_000, type=Type.MARKET, tif=Tif.IOC)
    assert await desk.over(market) is End.FILLED
    await until(lambda: desk.store.totals.fills == 4)
    await desk.ask_balances()
    desk.assert_as_at_the_venue()
    assert desk.gateway.counts == {}
    assert desk.store.exposed(0) == (0, 0)


async def test_refusals_and_expiries_are_told(desk):
    crossing = await desk.place(Side.BUY, 5_002_000, 1_000, post_only=True)
    assert await desk.over(crossing) is End.REJECTED
    assert crossing.reason == "-2010 Order would immediately match and take."
    whole = await desk.place(Side.BUY, 5_001_000, 900_000, tif=Tif.FOK)
    assert await desk.over(whole) is End.EXPIRED
    rest = await desk.place(Side.BUY, 5_001_000, 150_000, tif=Tif.IOC)
    assert await desk.over(rest) is End.EXPIRED
    assert rest.filled == 100_000


async def test_a_smaller_size_is_taken_in_one_step(desk):
    order = await desk.live(await desk.place(Side.BUY, 4_900_000, 100_000))
    order.state, order.new_price, order.new_lots = OrderState.REPLACING, order.price, 40_000
    desk.gateway.replace(order)
    await desk.flush()
    await desk.live(order)
    assert order.lots == 40_000
    (theirs,) = desk.venue.exchange.open_orders(desk.account)
    assert theirs.qty == 40_000
    desk.store.cancel(order)
    await desk.flush()
    assert await desk.over(order) is End.CANCELED


async def test_an_order_whose_answers_were_lost_is_found_with_its_fills(desk):
    lost = []
    desk.is_lost = lambda frame: lost.append(frame) or True
    order = await desk.place(Side.BUY, 5_002_000, 250_000, tif=Tif.IOC)
    never = await desk.place(Side.BUY, 4_000_000, 1)
    await until(lambda: any(frame.get("id") == "place2" for frame in lost))
    desk.is_lost = lambda frame: False
    desk.store.now = order.updated_ns + 60 * 10**9
    for one in (order, never):
        desk.store.on_timer(one.id)
    await desk.flush()
    assert await desk.over(order) is End.FILLED
    assert [fill.lots for fill in desk.fills] == [100_000, 150_000]
    assert await desk.over(never) is End.NEVER_ARRIVED


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_lost_fills_and_balances_end_as_at_the_venue(desk, seed):
    draw = Random(seed)

    def flow():
        side, price = draw.choice(list(BookSide)), 50_000 + draw.randrange(-15, 16)
        desk.venue.quote(side, price, draw.randrange(1, 90) / 1000, tif=BookTif.IOC)

    await order_stress.trade(desk, draw, 5_000_000, 1_000, (-1500, -500, 0, 500), flow)
    await order_stress.finish(desk, lambda: len(desk.venue.exchange.fills(desk.account)))
    await desk.ask_balances()
    desk.assert_as_at_the_venue()
    assert desk.store.totals.overfills == desk.store.totals.unresolved == 0
    assert desk.gateway.counts.keys() <= {"gap", "late", "stale"}
