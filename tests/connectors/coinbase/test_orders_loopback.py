"""Orders of a store through the gateway, over REST and a socket, at the simulated Coinbase."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from random import Random

import aiohttp
import pytest
from yarl import URL

from arb.orders.order import End, OrderState, Purpose
from arb.orders.store import OrderStore
from connectors.coinbase import orders_sign as sign
from connectors.coinbase.orders import CoinbaseOrders
from engine.code import Side as BookSide
from engine.code import Tif as BookTif
from engine.code import Type as BookType
from market.amount import AMOUNT_DECIMALS
from market.order import Side, Tif, Type
from sim.exchange.order import Request
from sim.market.listing import COINBASE
from sim.server.demo import ACCOUNT, CDP_KEY, demo_keys, demo_private_pem
from tests.connectors import order_stress
from tests.connectors.order_world import BTC_USD, PREFIX, Heard, listings
from tests.sim.server.coinbase_market import Venue, dial
from tests.sim.server.helpers import until

NAME = "BTC-USD.COINBASE"
#: The demo keys, with what this market knows of their funds.
KEYS = [
    replace(key, balances={name: key.balances[name] for name in ("USD", "BTC", "ETH")})
    for key in demo_keys()
    if key.venue == COINBASE
]
LOT = 10**6  # a hundredth of a coin


class Trading:
    """A store whose gateway is connected; answers can be lost on their way to us."""

    def __init__(self, venue, socket, session):
        self.venue, self.socket, self.session = venue, socket, session
        self.heard = Heard()
        self.gateway = CoinbaseOrders(PREFIX, listings(BTC_USD), self.heard.outlet)
        self.store = OrderStore(lambda slot: self.gateway, lambda *timer: None)
        self.fills = []
        self.store.on_fill = self.fills.append
        self.signer = sign.JwtSigner(CDP_KEY, demo_private_pem())
        self.nonces = iter(range(10**6))
        self.account = venue.exchange.account_of(ACCOUNT)
        self.is_deaf = False
        self.subscribed = False
        self.lost = 0

    async def read(self):
        async for frame in self.socket:
            self.subscribed |= json.loads(frame).get("channel") == "user"
            if self.is_deaf and '"channel":"user"' in frame:
                self.lost += 1
            else:
                self.gateway.frame(frame.encode())
            await self.flush()

    async def flush(self):
        """Hand on what was told, and send what was asked for, until nothing is left."""
        while self.heard.events or self.heard.requests:
            for event in self.heard.take():
                self.store.now = self.venue.now_s * 10**9
                self.store.take(event)
            requests, self.heard.requests[:] = list(self.heard.requests), []
            for request in requests:
                await self.send(request)

    async def send(self, request):
        nonce, now = f"{next(self.nonces)}", self.venue.now_s
        if not request.path:
            frame = sign.frame(request, self.signer, now, nonce)
            await self.socket.send(frame.decode())
            return
        host = f"127.0.0.1:{self.venue.server.port}"
        call = sign.call(request, self.signer, host, now, nonce, sign.LIFE_S)
        url = URL(self.venue.http + call.path, encoded=True)
        options = {"data": call.body, "headers": dict(call.headers)}
        async with self.session.request(call.method, url, **options) as reply:
            status, body = reply.status, await reply.read()
        if not self.is_deaf:
            self.gateway.reply(request.tag, status, body)

    def deafen(self, lost):
        self.is_deaf = lost

    async def place(self, side, price, lots, **fields):
        self.store.now = self.venue.now_s * 10**9
        order = self.store.place(0, side, price, lots, Purpose.MANUAL, "test", **fields)
        await self.flush()
        return order

    async def over(self, order):
        await until(lambda: order.state is OrderState.DONE)
        return order.end

    async def live(self, order):
        await until(lambda: order.state is OrderState.LIVE)
        return order

    def other(self, side, price, lots):
        """Have somebody else take what rests up to a price."""
        exchange = self.venue.exchange
        agent = self.venue.market._agents[side]
        fields = {"price": price, "tif": BookTif.IOC}
        exchange.place(agent, Request(NAME, side, BookType.LIMIT, lots, **fields))

    async def assert_as_at_the_venue(self):
        """Check fills and balances against the venue's own account of them."""
        self.gateway.ask_balances()
        await self.flush()
        exchange = self.venue.exchange
        theirs = [
            (one.price, one.lots, exchange.fee_amount(NAME, one.fee))
            for one in exchange.fills(self.account)
        ]
        ours = [
            (one.price, one.lots, Decimal(one.fee).scaleb(-AMOUNT_DECIMALS)) for one in self.fills
        ]
        assert sorted(ours) == sorted(theirs)
        told = {
            one.asset: tuple(Decimal(n).scaleb(-AMOUNT_DECIMALS) for n in (one.free, one.locked))
            for one in self.heard.balances
        }
        held = exchange.balances(self.account)
        assert {"BTC", "USD"} <= told.keys()
        assert {name: told[name] for name in held} == {
            name: (one.free, one.locked) for name, one in held.items()
        }


@asynccontextmanager
async def trading():
    venue = Venue(keys=KEYS)
    venue.market.busy = False
    async with venue, dial(venue.ws) as socket, aiohttp.ClientSession() as session:
        made = Trading(venue, socket, session)
        reader = asyncio.create_task(made.read())
        made.gateway.subscribe()
        await made.flush()
        await until(lambda: made.subscribed)
        yield made
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


@pytest.fixture
async def desk():
    async with trading() as made:
        yield made


def asks(desk):
    return desk.venue.exchange.book(NAME).side(1).levels(3)


async def test_orders_fill_change_end_and_add_up_as_at_the_venue(desk):
    resting = await desk.live(await desk.place(Side.BUY, 5_999_950, 10 * LOT, post_only=True))
    assert desk.store.replace(resting, 6_000_000, 20 * LOT)
    await desk.flush()
    await desk.live(resting)
    assert (resting.price, resting.lots) == (6_000_000, 20 * LOT)
    (price, first), (further, _), _ = asks(desk)
    taker = await desk.place(Side.BUY, further, first + LOT, tif=Tif.IOC)
    assert await desk.over(taker) is End.FILLED
    assert [fill.price for fill in desk.fills] == [price, further]
    desk.other(BookSide.SELL, 6_000_000, 3 * LOT)
    await until(lambda: resting.filled == 3 * LOT)
    assert desk.store.replace(resting, 6_000_000, 8 * LOT)
    await desk.flush()
    await desk.live(resting)
    assert desk.store.exposed(0) == (5 * LOT, 0)
    desk.store.cancel(resting)
    await desk.flush()
    assert await desk.over(resting) is End.CANCELED
    market = await desk.place(Side.SELL, 0, 2 * LOT, type=Type.MARKET, tif=Tif.IOC)
    assert await desk.over(market) is End.FILLED
    assert desk.store.totals.replaced == 2
    assert desk.gateway.counts == {}
    assert desk.store.exposed(0) == (0, 0)
    await desk.assert_as_at_the_venue()


async def test_refusals_are_told_in_the_words_of_the_venue(desk):
    crossing = await desk.place(Side.BUY, 6_100_000, LOT, post_only=True)
    assert await desk.over(crossing) is End.REJECTED
    assert crossing.reason.startswith("INVALID_LIMIT_PRICE_POST_ONLY")
    resting = await desk.live(await desk.place(Side.BUY, 5_000_000, LOT))
    assert desk.store.replace(resting, 5_000_000, 2)
    assert desk.store.cancel_all() == 1
    await desk.flush()
    assert await desk.over(resting) is End.CANCELED


async def test_an_order_whose_answers_were_lost_is_found_with_its_fills(desk):
    levels = asks(desk)
    lots = sum(size for _, size in levels)
    desk.is_deaf = True
    taker = await desk.place(Side.BUY, levels[-1][0], lots, tif=Tif.IOC)
    resting = await desk.place(Side.BUY, 5_000_000, LOT)
    await until(lambda: desk.lost >= 5)
    desk.is_deaf = False
    assert taker.state is resting.state is OrderState.SENT
    desk.store.now = taker.updated_ns + 60 * 10**9
    for one in (taker, resting):
        desk.store.on_timer(one.id)
    await desk.flush()
    assert await desk.over(taker) is End.FILLED
    assert [(fill.price, fill.lots) for fill in desk.fills] == levels
    await desk.live(resting)
    desk.store.cancel(resting)
    await desk.flush()
    assert await desk.over(resting) is End.CANCELED
    await desk.assert_as_at_the_venue()


async def test_an_order_that_never_came_is_known_to_be_none(desk):
    ended = []
    desk.store.on_end = ended.append
    order = desk.store.place(0, Side.BUY, 5_000_000, LOT, Purpose.MANUAL, "test")
    desk.heard.requests.clear()
    desk.store.now += 60 * 10**9
    desk.store.on_timer(order.id)
    await desk.flush()
    assert await desk.over(order) is End.NEVER_ARRIVED
    assert ended == [order]


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_lost_fills_and_balances_end_as_at_the_venue(desk, seed):
    draw = Random(seed)

    def flow():
        side = draw.choice(list(BookSide))
        price = 6_000_000 + draw.choice((-10, 10))
        desk.other(side, price, draw.randrange(1, 10) * LOT)

    await order_stress.trade(desk, draw, 6_000_000, LOT, (-25, -10, 0, 10), flow)
    await order_stress.finish(desk, lambda: len(desk.venue.exchange.fills(desk.account)))
    await desk.assert_as_at_the_venue()
    assert desk.store.totals.overfills == desk.store.totals.unresolved == 0
    assert desk.gateway.counts.keys() <= {"gap", "late", "stale"}
